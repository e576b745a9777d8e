//! How an exchange went on the wire: digests, phases, limits, connections.

use std::time::Duration;

use jiff::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::block::{cell, spaced};
use super::digest::full;
use super::labelled::Labelled;
use super::{Block, Cell, Span, Tone};
use crate::base::clock;
use crate::exchange::{Ending, Exchange, Phase, Side, TlsSession, Verification};
use crate::registry::{Kind, RateLimit, Reading};
use crate::store::Entry;
use crate::words::figures::{bytes, span};
use crate::words::{Lang, phrase, say};

/// The digests that ought to be one.
pub(super) fn digests(reading: &Reading, lang: Lang) -> Vec<Block> {
    let digests = &reading.digests;
    let mut fields = Labelled::new(lang);
    for (label, digest) in [
        ("label.requested", &digests.requested),
        ("label.stated", &digests.stated),
        ("label.computed", &digests.computed),
    ] {
        let Some(digest) = digest else { continue };
        let mut value = full(digest);
        if Some(digest) == digests.computed.as_ref()
            && let Some(agree) = digests.agree()
        {
            value.extend([Span::plain(" "), Span::mark(agree)]);
        }
        fields.add(label, value);
    }
    fields.under(say("label.digests", lang))
}

/// What a message is, where no document says it: type, length, range.
pub(super) fn message(entry: &Entry, lang: Lang) -> Vec<Block> {
    let reading = &entry.reading;
    let mut fields = Labelled::new(lang);
    let says_it = matches!(
        entry.kind,
        Kind::Challenge | Kind::Token | Kind::Redirect | Kind::Error
    );
    if says_it {
        return Vec::new();
    }
    fields.text("image.media-type", reading.content_type.as_str());
    fields.texts("message.length", reading.content_length.map(bytes));
    fields.toned(
        "message.range",
        Tone::Warn,
        reading.range.as_deref().unwrap_or_default(),
    );
    fields.under(say("message.content", lang))
}

/// The errors, limits and warnings an answer states, and how it ended when not well.
pub(super) fn stated(entry: &Entry, lang: Lang) -> Vec<Block> {
    let reading = &entry.reading;
    let mut fields = Labelled::new(lang);
    if let Some((_, ending)) = &entry.exchange.ended
        && let Some(text) = ended(ending, lang)
    {
        fields.toned("label.ended", Tone::Bad, text);
    }
    // The first 401 is no error, whatever its body says.
    let asked_to_log_in = !reading.challenges.is_empty() && reading.authorization.is_none();
    let errors = reading.errors.iter().filter(|_| !asked_to_log_in);
    for error in errors {
        let mut value = vec![Span::new(&error.code, Tone::Bad)];
        if !error.message.is_empty() {
            value.push(Span::plain(format!(" {}", error.message)));
        }
        if let Some(detail) = &error.detail {
            value.push(Span::dim(format!(" {detail}")));
        }
        fields.add("label.error", value);
    }
    if let Some(limit) = &reading.rate_limit {
        fields.add("rate.rate-limit", rate_limit(limit, lang));
    }
    for warning in &reading.warnings {
        fields.toned("label.warning", Tone::Warn, &warning.text);
    }
    fields.blocks()
}

fn rate_limit(limit: &RateLimit, lang: Lang) -> Cell {
    let figures = [
        ("rate.remaining", limit.remaining.map(|n| n.to_string())),
        ("rate.of-limit", limit.limit.map(|n| n.to_string())),
        ("rate.window", limit.window.map(|n| span(n, lang))),
        ("rate.retry-after", limit.retry_after.map(|n| span(n, lang))),
    ];
    let told = figures
        .into_iter()
        .filter_map(|(key, n)| Some(phrase(key).with(lang, n?)));
    let text: Vec<_> = told.chain(limit.source.clone()).collect();
    let tone = if limit.is_low() || limit.retry_after.is_some() {
        Tone::Warn
    } else {
        Tone::Plain
    };
    vec![Span::new(text.join(", "), tone)]
}

/// How something ended, when not well.
pub(super) fn ended(ending: &Ending, lang: Lang) -> Option<String> {
    let (words, detail) = match ending {
        Ending::Complete => return None,
        Ending::Aborted { by, detail } => {
            let key = match by {
                Side::Client => "cut.client",
                Side::Upstream => "cut.server",
                Side::Shutdown => "cut.shutdown",
                Side::Capture => "cut.capture",
                Side::File => "cut.file",
            };
            (say(key, lang), detail)
        }
        Ending::Failed { reason, detail } => (reason.name(lang), detail),
    };
    Some(format!("{words}: {detail}"))
}

/// When an exchange began, was answered and ended.
pub fn moments(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let started = exchange.started;
    let mut fields = Labelled::new(lang);
    if exchange.untimed {
        let told = vec![Span::label("label.not-measured", lang)];
        fields.add("label.started", told);
        return fields.under(say("label.moments", lang));
    }
    let after = |at: Timestamp| {
        let after = clock::passed(started, at);
        spaced([
            Span::plain(format!("{at:.3}")),
            Span::dim(format!("+{}", millis(after))),
        ])
    };
    fields.text("label.started", format!("{started:.3}"));
    if let Some(response) = &exchange.response {
        fields.add("label.response-head", after(response.at));
    }
    if let Some((ended, _)) = &exchange.ended {
        fields.add("label.ended", after(*ended));
    }
    fields.under(say("label.moments", lang))
}

/// The phases of an exchange.
pub(super) fn timing(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let timings = &exchange.timings;
    let mut fields = Labelled::new(lang);
    for (phase, took) in timings.phases() {
        if let Some(took) = took {
            fields.named(Span::dim(phase.name(lang)), cell(millis(took)));
        }
    }
    if !fields.is_empty() {
        fields.toned("label.total", Tone::Strong, millis(timings.total()));
    }
    let mut blocks = fields.under(say("label.timing", lang));
    blocks.extend(moments(exchange, lang));
    blocks
}

/// Who was connected to whom, and how.
pub fn connection(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let mut fields = Labelled::new(lang);
    let connection = &exchange.connection;
    if connection.client.port() != 0 {
        let mut value = peer(&connection.client.to_string(), connection.tls.as_deref());
        let number = phrase("connection.number").fill(lang, &[("n", connection.id.to_string())]);
        value.push(Span::dim(format!("  {number}")));
        fields.add("connection.from", value);
    }
    // What we do not speak ourselves, a client never gets: it is worth knowing that it would.
    let tls = connection.tls.as_deref();
    let offered = tls.filter(|tls| {
        tls.offered
            .iter()
            .any(|name| tls.alpn.as_ref() != Some(name))
    });
    let offered = offered.map(|tls| tls.offered.join(", "));
    fields.texts("connection.offered", offered);
    fields.texts("connection.sni", connection.sni.as_deref());
    if let Some(upstream) = &exchange.upstream {
        if let Some(address) = upstream.address {
            let mut value = peer(&address.to_string(), upstream.tls.as_ref());
            let how = if upstream.reused {
                "connection.reused"
            } else {
                "connection.opened-for-this"
            };
            value.push(Span::dim(format!("  {}", say(how, lang))));
            fields.add("connection.to", value);
        }
        fields.texts("connection.via", upstream.via.as_deref());
        if let Some(said) = &upstream.verification {
            let told = said.told(lang);
            let verdict = match said {
                Verification::Verified => Span::new(format!("✓ {told}"), Tone::Good),
                Verification::Rejected { .. } => Span::new(told, Tone::Bad),
                Verification::Overridden { .. } => Span::new(told, Tone::Warn),
            };
            fields.named(Span::dim(Phase::Ssl.name(lang)), vec![verdict]);
        }
    }
    fields.under(say("connection.connection", lang))
}

/// The certificates that a server sent when the connection was opened, its own first.
pub fn certificates(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let upstream = exchange.upstream.iter().filter(|upstream| !upstream.reused);
    let all = upstream
        .flat_map(|upstream| upstream.certificates.iter())
        .zip(1..);
    all.flat_map(|(der, number)| {
        let heading = phrase("connection.certificate").fill(lang, &[("n", number.to_string())]);
        certificate(der, exchange.started, lang).under(&heading)
    })
    .collect()
}

fn certificate(der: &[u8], used: Timestamp, lang: Lang) -> Labelled {
    let mut fields = Labelled::new(lang);
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let why = say("connection.unreadable", lang);
        fields.toned("image.problem", Tone::Bad, why);
        return fields;
    };
    fields.text("connection.subject", certificate.subject().to_string());
    fields.text("connection.issuer", certificate.issuer().to_string());
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        let names = names.value.general_names.iter().take(MOST_NAMES);
        let names: Vec<String> = names.map(ToString::to_string).collect();
        fields.text("connection.names", names.join(", "));
    }
    let validity = certificate.validity();
    let used = used.as_second();
    let holds = (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&used);
    let tone = if holds { Tone::Plain } else { Tone::Bad };
    let facts = [
        ("from", validity.not_before.to_string()),
        ("to", validity.not_after.to_string()),
    ];
    let valid = phrase("connection.from-to").fill(lang, &facts);
    fields.toned("connection.valid", tone, valid);
    let serial = certificate.raw_serial_as_string();
    fields.toned("connection.serial", Tone::Dim, serial);
    fields
}

fn peer(address: &str, tls: Option<&TlsSession>) -> Cell {
    let mut cell = cell(address);
    if let Some(tls) = tls {
        let alpn = tls.alpn.as_deref().unwrap_or("-");
        let told = format!("  {} {} {alpn}", tls.version, tls.cipher);
        cell.push(Span::dim(told));
    }
    cell
}

/// A duration for people: `92 ms`, `3.1 s`, `2.5 min`.
pub(crate) fn millis(duration: Duration) -> String {
    let tenths = |part: u128, of: u128| format!("{}.{}", part / of, part % of * 10 / of);
    match duration.as_micros() {
        0 => "0 ms".to_owned(),
        micros @ 1..10_000 => format!("{} ms", tenths(micros, 1_000)),
        micros @ 10_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros @ 1_000_000..120_000_000 => format!("{} s", tenths(micros, 1_000_000)),
        micros => format!("{} min", tenths(micros, 60_000_000)),
    }
}

/// Names of a certificate that are shown.
const MOST_NAMES: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        let said = |micros| millis(Duration::from_micros(micros));
        assert_eq!(
            [0, 40, 1_540, 92_400, 3_140_000, 150_000_000].map(said),
            ["0 ms", "0.0 ms", "1.5 ms", "92 ms", "3.1 s", "2.5 min"]
        );
    }
}
