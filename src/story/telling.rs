//! What is told, to whom, and when.

use jiff::Timestamp;

use super::{Span, Tone};
use crate::store::Store;
use crate::words::{Lang, phrase, say};

/// What the story is told from, and in which language.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The exchanges and pulls.
    pub store: &'a Store,
    /// The language.
    pub lang: Lang,
    /// The time, where it is told while things happen.
    pub now: Option<Timestamp>,
}

impl<'a> Telling<'a> {
    /// Of what is over.
    pub fn of(store: &'a Store, lang: Lang) -> Self {
        let now = None;
        Self { store, lang, now }
    }

    /// What is left until a moment, of the time since another; nothing after the fact.
    pub(super) fn left(&self, until: Timestamp, since: Timestamp) -> Option<Span> {
        let seconds = |from: Timestamp| until.duration_since(from).as_secs();
        let (left, whole) = (seconds(self.now?), seconds(since).max(1));
        let Ok(left) = u64::try_from(left) else {
            return Some(Span::dim(format!("  {}", say("label.over", self.lang))));
        };
        let whole = u64::try_from(whole).unwrap_or(1);
        let tone = if left > whole / 5 {
            Tone::Good
        } else {
            Tone::Warn
        };
        let text = phrase("label.left").fill(self.lang, &[("t", left.to_string())]);
        Some(Span::new(format!("  {text}"), tone).of_share(left, whole))
    }
}
