//! How an exchange went on the wire: digests, phases, limits, connections.

use std::time::Duration;

use jiff::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::block::{cell, spaced};
use super::digest::full;
use super::token::Pairs;
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
    let all = [
        (phrase("label.requested"), &digests.requested),
        (phrase("label.stated"), &digests.stated),
        (phrase("label.computed"), &digests.computed),
    ];
    let pairs: Pairs = all
        .into_iter()
        .filter_map(|(label, digest)| {
            let digest = digest.as_ref()?;
            let mut value = full(digest);
            if Some(digest) == digests.computed.as_ref()
                && let Some(agree) = digests.agree()
            {
                value.extend([Span::plain(" "), Span::mark(agree)]);
            }
            Some((label.dim(lang), value))
        })
        .collect();
    section(say("label.digests", lang), pairs)
}

/// What a message is, where no document says it: type, length, range.
pub(super) fn message(entry: &Entry, lang: Lang) -> Vec<Block> {
    let reading = &entry.reading;
    let mut pairs = Pairs::new();
    let says_it = matches!(
        entry.kind,
        Kind::Challenge | Kind::Token | Kind::Redirect | Kind::Error
    );
    if says_it {
        return Vec::new();
    }
    if !reading.content_type.is_empty() {
        pairs.push((
            Span::label("image.media-type", lang),
            cell(reading.content_type.as_str()),
        ));
    }
    if let Some(length) = reading.content_length {
        pairs.push((Span::label("message.length", lang), cell(bytes(length))));
    }
    if let Some(range) = &reading.range {
        pairs.push((
            Span::label("message.range", lang),
            vec![Span::new(range, Tone::Warn)],
        ));
    }
    section(say("message.content", lang), pairs)
}

/// The errors, limits and warnings an answer states, and how it ended when not well.
pub(super) fn stated(entry: &Entry, lang: Lang) -> Vec<Block> {
    let reading = &entry.reading;
    let mut pairs = Pairs::new();
    if let Some((_, ending)) = &entry.exchange.ended
        && let Some(text) = ended(ending, lang)
    {
        pairs.push((
            Span::label("label.ended", lang),
            vec![Span::new(text, Tone::Bad)],
        ));
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
        pairs.push((Span::label("label.error", lang), value));
    }
    if let Some(limit) = &reading.rate_limit {
        pairs.push((
            Span::label("rate.rate-limit", lang),
            rate_limit(limit, lang),
        ));
    }
    for warning in &reading.warnings {
        let value = vec![Span::new(&warning.text, Tone::Warn)];
        pairs.push((Span::label("label.warning", lang), value));
    }
    if pairs.is_empty() {
        Vec::new()
    } else {
        vec![Block::Pairs(pairs)]
    }
}

fn rate_limit(limit: &RateLimit, lang: Lang) -> Cell {
    let number = |n: u64| n.to_string();
    let parts = [
        limit
            .remaining
            .map(|n| phrase("rate.remaining").with(lang, number(n))),
        limit
            .limit
            .map(|n| phrase("rate.of-limit").with(lang, number(n))),
        limit
            .window
            .map(|n| phrase("rate.window").with(lang, span(n, lang))),
        limit
            .retry_after
            .map(|n| phrase("rate.retry-after").with(lang, span(n, lang))),
        limit.source.clone(),
    ];
    let text: Vec<_> = parts.into_iter().flatten().collect();
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
            let words = match by {
                Side::Client => say("cut.client", lang),
                Side::Upstream => say("cut.server", lang),
                Side::Shutdown => say("cut.shutdown", lang),
                Side::Capture => say("cut.capture", lang),
                Side::File => say("cut.file", lang),
            };
            (words, detail)
        }
        Ending::Failed { reason, detail } => (reason.name(lang), detail),
    };
    Some(format!("{words}: {detail}"))
}

/// When an exchange began, was answered and ended.
pub fn moments(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let started = exchange.started;
    if exchange.untimed {
        let told = Span::dim(say("label.not-measured", lang));
        let pairs = vec![(Span::label("label.started", lang), vec![told])];
        return section(say("label.moments", lang), pairs);
    }
    let after = |at: Timestamp| {
        let after = clock::passed(started, at);
        spaced([
            Span::plain(format!("{at:.3}")),
            Span::dim(format!("+{}", millis(after))),
        ])
    };
    let mut pairs = vec![(
        Span::label("label.started", lang),
        cell(format!("{started:.3}")),
    )];
    if let Some(response) = &exchange.response {
        pairs.push((Span::label("label.response-head", lang), after(response.at)));
    }
    if let Some((ended, _)) = &exchange.ended {
        pairs.push((Span::label("label.ended", lang), after(*ended)));
    }
    section(say("label.moments", lang), pairs)
}

/// The phases of an exchange.
pub(super) fn timing(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let timings = &exchange.timings;
    let mut pairs: Pairs = timings
        .phases()
        .filter_map(|(phase, took)| Some((Span::dim(phase.name(lang)), cell(millis(took?)))))
        .collect();
    if !pairs.is_empty() {
        let total = vec![Span::strong(millis(timings.total()))];
        pairs.push((Span::label("label.total", lang), total));
    }
    let mut blocks = section(say("label.timing", lang), pairs);
    blocks.extend(moments(exchange, lang));
    blocks
}

/// Who was connected to whom, and how.
pub fn connection(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let mut pairs = Pairs::new();
    let connection = &exchange.connection;
    if connection.client.port() != 0 {
        let mut value = peer(&connection.client.to_string(), connection.tls.as_deref());
        let number = phrase("connection.number").fill(lang, &[("n", connection.id.to_string())]);
        value.push(Span::dim(format!("  {number}")));
        pairs.push((Span::label("connection.from", lang), value));
    }
    if let Some(sni) = &connection.sni {
        pairs.push((Span::label("connection.sni", lang), cell(sni)));
    }
    if let Some(upstream) = &exchange.upstream {
        if let Some(address) = upstream.address {
            let mut value = peer(&address.to_string(), upstream.tls.as_ref());
            let how = if upstream.reused {
                say("connection.reused", lang)
            } else {
                say("connection.opened-for-this", lang)
            };
            value.push(Span::dim(format!("  {how}")));
            pairs.push((Span::label("connection.to", lang), value));
        }
        if let Some(via) = &upstream.via {
            pairs.push((Span::label("connection.via", lang), cell(via)));
        }
        let verdict = upstream.verification.as_ref().map(|said| {
            let told = said.told(lang);
            match said {
                Verification::Verified => Span::new(format!("✓ {told}"), Tone::Good),
                Verification::Rejected { .. } => Span::new(told, Tone::Bad),
                Verification::Overridden { .. } => Span::new(told, Tone::Warn),
            }
        });
        if let Some(verdict) = verdict {
            pairs.push((Span::dim(Phase::Ssl.name(lang)), vec![verdict]));
        }
    }
    section(say("connection.connection", lang), pairs)
}

/// The certificates that a server sent when the connection was opened, its own first.
pub fn certificates(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let upstream = exchange.upstream.iter().filter(|upstream| !upstream.reused);
    let all = upstream
        .flat_map(|upstream| upstream.certificates.iter())
        .zip(1..);
    all.flat_map(|(der, number)| {
        let heading = phrase("connection.certificate").fill(lang, &[("n", number.to_string())]);
        section(&heading, certificate(der, exchange.started, lang))
    })
    .collect()
}

fn certificate(der: &[u8], used: Timestamp, lang: Lang) -> Pairs {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let why = vec![Span::new(say("connection.unreadable", lang), Tone::Bad)];
        return vec![(Span::label("image.problem", lang), why)];
    };
    let mut pairs = vec![
        (
            Span::label("connection.subject", lang),
            cell(certificate.subject().to_string()),
        ),
        (
            Span::label("connection.issuer", lang),
            cell(certificate.issuer().to_string()),
        ),
    ];
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        let names = names.value.general_names.iter().take(MOST_NAMES);
        let names: Vec<String> = names.map(ToString::to_string).collect();
        pairs.push((
            Span::label("connection.names", lang),
            cell(names.join(", ")),
        ));
    }
    let validity = certificate.validity();
    let used = used.as_second();
    let holds = (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&used);
    let tone = if holds { Tone::Plain } else { Tone::Bad };
    let facts = [
        ("from", validity.not_before.to_string()),
        ("to", validity.not_after.to_string()),
    ];
    let valid = Span::new(phrase("connection.from-to").fill(lang, &facts), tone);
    pairs.push((Span::label("connection.valid", lang), vec![valid]));
    let serial = vec![Span::dim(certificate.raw_serial_as_string())];
    pairs.push((Span::label("connection.serial", lang), serial));
    pairs
}

fn peer(address: &str, tls: Option<&TlsSession>) -> Cell {
    let mut cell = cell(address);
    if let Some(tls) = tls {
        let alpn = tls.alpn.as_deref().unwrap_or("-");
        cell.push(Span::dim(format!(
            "  {} {} {alpn}",
            tls.version, tls.cipher
        )));
    }
    cell
}

/// Names and values under a heading.
pub(super) fn section(name: &str, pairs: Pairs) -> Vec<Block> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let heading = Block::Heading(vec![Span::strong(name)]);
    vec![heading, Block::Inset(vec![Block::Pairs(pairs)])]
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
