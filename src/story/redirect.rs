//! Redirects, and the way that a download came by.

use jiff::Timestamp;

use super::block::{cell, spaced};
use super::labelled::Labelled;
use super::transfer::millis;
use super::{Block, Span, Telling, Tone, outcome, short_url};
use crate::exchange::ExchangeId;
use crate::pulls::{Pull, Step, Why};
use crate::registry::SignedUrl;
use crate::store::Entry;
use crate::words::figures::{bytes, span};
use crate::words::{phrase, say};

/// Where an answer leads.
pub(super) fn redirect(entry: &Entry, telling: &Telling<'_>) -> Vec<Block> {
    let reading = &entry.reading;
    let Some(redirect) = &reading.redirect else {
        return Vec::new();
    };
    let lang = telling.lang;
    let (name, target) = ("redirect.target", short_url(&redirect.target));
    let mut fields = Labelled::new(lang);
    if redirect.downgrade {
        fields.toned(name, Tone::Bad, target);
        fields.toned(name, Tone::Bad, say("redirect.downgrade", lang));
    } else {
        fields.text(name, target);
        if !redirect.leaves {
            fields.add(name, vec![Span::label("redirect.same-host", lang)]);
        }
    }
    if let Some(signed) = &redirect.signed {
        fields.text("redirect.signed-by", signed.signer.name());
        if let Some(expires) = signed.expires {
            let mut until = cell(expires.to_string());
            let asked = reading.server_time().or_else(|| entry.exchange.measured());
            let left = asked.map(|asked| seconds(asked, expires));
            if let Some(Some(left)) = left {
                let text = phrase("redirect.after-date").with(lang, span(left, lang));
                until.push(Span::dim(format!("  {text}")));
            } else if left.is_some() {
                let text = format!("  {}", say("redirect.expired-when-it-came", lang));
                until.push(Span::new(text, Tone::Bad));
            }
            until.extend(asked.and_then(|asked| telling.left(expires, asked)));
            fields.add("redirect.signed-until", until);
        }
    } else if redirect.leaves {
        let none = Span::label("redirect.no-known-scheme", lang);
        fields.add("redirect.signed-by", vec![none]);
    }
    fields.blocks()
}

/// Whether it was a redirect that led to an exchange.
pub(super) fn was_redirected(entry: &Entry, pull: Option<&Pull>) -> bool {
    let step = pull.and_then(|pull| pull.step(entry.exchange.id));
    step.and_then(before).is_some()
}

/// The requests from the first to where the bytes came from, and whether credentials went along.
pub fn way(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let Some(pull) = pull else {
        return Vec::new();
    };
    let mut first = entry.exchange.id;
    let mut way = Vec::new();
    for _ in 0..LONGEST_WAY {
        match pull.step(first).and_then(before) {
            Some(earlier) => first = earlier,
            None => break,
        }
    }
    let mut next = Some(first);
    while let Some(id) = next.filter(|_| way.len() < LONGEST_WAY) {
        let mut steps = pull.steps.iter();
        next = steps
            .find(|step| before(step) == Some(id))
            .map(|step| step.exchange);
        way.push(id);
    }
    let mut fields = Labelled::new(telling.lang);
    for (at, id) in way.iter().enumerate() {
        hop(&mut fields, *id, at > 0, (entry, pull), telling);
    }
    fields.blocks()
}

fn before(step: &Step) -> Option<ExchangeId> {
    let cause = step.cause.filter(|cause| cause.why == Why::Redirect)?;
    Some(cause.exchange)
}

fn hop(
    fields: &mut Labelled,
    id: ExchangeId,
    led_here: bool,
    (asked_about, pull): (&Entry, &Pull),
    telling: &Telling<'_>,
) {
    let lang = telling.lang;
    let Some(entry) = telling.store.entry(id) else {
        return;
    };
    let (exchange, reading) = (&entry.exchange, &entry.reading);
    let place = pull.steps.iter().position(|step| step.exchange == id);
    let number = place.map_or_else(String::new, |at| (at + 1).to_string());
    let name = Span::dim(format!("{} {number}", say("label.step", lang)));
    let url = exchange.request.as_ref();
    let url = url.map(|request| short_url(&request.url));
    let tone = if id == asked_about.exchange.id {
        Tone::Strong
    } else {
        Tone::Plain
    };
    let url = Span::new(url.unwrap_or_default(), tone);
    fields.named(name.clone(), vec![url]);
    let received = (exchange.received > 0).then(|| bytes(exchange.received));
    let took = Some(exchange.took()).filter(|took| !took.is_zero());
    let figures: Vec<_> = received.into_iter().chain(took.map(millis)).collect();
    let figures = format!(" {}", figures.join("  "));
    let mut about = spaced([outcome::status(entry), Span::dim(figures)]);
    let sent = match &reading.authorization {
        None if led_here => {
            let text = format!("✓ {}", say("redirect.not-sent", lang));
            Some(Span::new(text, Tone::Good))
        }
        None => None,
        Some(sent) if led_here => {
            let text = phrase("redirect.sent-along").with(lang, &sent.scheme);
            Some(Span::new(text, Tone::Warn))
        }
        Some(sent) => Some(Span::plain(&sent.scheme)),
    };
    if let Some(sent) = sent {
        let field = say("redirect.authorization", lang);
        about.extend([Span::dim(format!("  {field}: ")), sent]);
    }
    fields.named(name.clone(), about);
    let signed = reading.url.as_deref().and_then(SignedUrl::read);
    if let Some(expires) = signed.and_then(|signed| signed.expires)
        && let Some(used) = exchange.measured().or_else(|| reading.server_time())
    {
        let used = match seconds(used, expires) {
            Some(left) => {
                let facts = [("t", left.to_string())];
                Span::dim(phrase("redirect.used-before-expiry").fill(lang, &facts))
            }
            None => Span::new(say("redirect.used-after-expiry", lang), Tone::Bad),
        };
        fields.named(name, vec![used]);
    }
}

/// The whole seconds from one moment to a later one.
fn seconds(from: Timestamp, to: Timestamp) -> Option<u64> {
    u64::try_from(to.duration_since(from).as_secs()).ok()
}

/// Clients follow fewer redirects than this.
const LONGEST_WAY: usize = 20;
