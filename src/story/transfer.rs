//! How an exchange went on the wire: digests, phases, limits, connections.

use std::time::Duration;

use super::block::cell;
use super::digest::full;
use super::{Block, Cell, Span, Tone};
use crate::exchange::Phase;
use crate::exchange::{Exchange, TlsSession, Verification};
use crate::registry::{RateLimit, Reading};
use crate::words::figures::span;
use crate::words::{Lang, phrase, say};

type Pairs = Vec<(Span, Cell)>;

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
            Some((Span::dim(label.of(lang)), value))
        })
        .collect();
    section(say("label.digests", lang), pairs)
}

/// The errors, limits and warnings an answer states.
pub(super) fn stated(reading: &Reading, lang: Lang) -> Vec<Block> {
    let mut pairs = Pairs::new();
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
        pairs.push((Span::dim(say("label.error", lang)), value));
    }
    if let Some(limit) = &reading.rate_limit {
        pairs.push((
            Span::dim(say("rate.rate-limit", lang)),
            rate_limit(limit, lang),
        ));
    }
    for warning in &reading.warnings {
        let value = vec![Span::new(&warning.text, Tone::Warn)];
        pairs.push((Span::dim(say("label.warning", lang)), value));
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

/// The phases of an exchange.
pub(super) fn timing(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let timings = &exchange.timings;
    let mut pairs: Pairs = timings
        .phases()
        .filter_map(|(phase, took)| Some((Span::dim(phase.name(lang)), cell(millis(took?)))))
        .collect();
    if !pairs.is_empty() {
        let total = vec![Span::strong(millis(timings.total()))];
        pairs.push((Span::dim(say("label.total", lang)), total));
    }
    section(say("label.timing", lang), pairs)
}

/// Who was connected to whom, and how.
pub(super) fn connection(exchange: &Exchange, lang: Lang) -> Vec<Block> {
    let mut pairs = Pairs::new();
    let client = exchange.connection.client;
    if client.port() != 0 {
        let tls = exchange.connection.tls.as_ref();
        pairs.push((
            Span::dim(say("connection.from", lang)),
            peer(&client.to_string(), tls),
        ));
    }
    if let Some(upstream) = &exchange.upstream {
        if let Some(address) = upstream.address {
            let mut value = peer(&address.to_string(), upstream.tls.as_ref());
            if upstream.reused {
                value.push(Span::dim(format!("  {}", say("connection.reused", lang))));
            }
            pairs.push((Span::dim(say("connection.to", lang)), value));
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

fn section(name: &str, pairs: Pairs) -> Vec<Block> {
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
