//! How an exchange went: one judgement for every output.

use super::{Span, Tone};
use crate::exchange::Ending;
use crate::registry::Kind;
use crate::store::Entry;

/// The status of an answer; `!` where it was cut off.
pub fn status(entry: &Entry) -> Span {
    let tone = tone(entry);
    let Some(status) = entry.reading.status else {
        return Span::new("---", tone);
    };
    let cut = if was_cut(entry) { "!" } else { "" };
    Span::new(format!("{status}{cut}"), tone)
}

/// How an exchange went.
pub fn tone(entry: &Entry) -> Tone {
    match entry.reading.status {
        _ if was_cut(entry) => Tone::Bad,
        None if entry.exchange.ended.is_some() => Tone::Bad,
        None => Tone::Dim,
        Some(_) if entry.kind == Kind::Challenge => Tone::Warn,
        Some(400..) if entry.kind == Kind::Error => Tone::Bad,
        // The errors among them answer a question.
        Some(300..) => Tone::Plain,
        Some(_) => Tone::Good,
    }
}

/// Whether an exchange did not end as it should.
pub fn was_cut(entry: &Entry) -> bool {
    let ended = &entry.exchange.ended;
    ended
        .as_ref()
        .is_some_and(|(_, ending)| *ending != Ending::Complete)
}
