//! What the rules say: for each a title, what happened, and what to do about it.
//!
//! Where a rule tells several cases apart, its fact `case` names the sentence, and its fact `fix`
//! the remedy; a case without a remedy of its own shares the first.

mod access;
mod content;
mod trust;

use super::Text;

/// The texts of one rule.
#[derive(Clone, Copy, Debug)]
pub struct FindingText {
    /// The rule's word.
    pub rule: &'static str,
    /// A few words, as a headline.
    pub title: Text,
    /// What happened, by case; the first is the usual one and has no name.
    pub sentences: &'static [(&'static str, Text)],
    /// What to do about it, by case or client; the first is the usual one and has no name.
    pub fixes: &'static [(&'static str, Text)],
}

impl FindingText {
    /// The texts of every rule.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [trust::TEXTS, access::TEXTS, content::TEXTS]
            .into_iter()
            .flatten()
    }

    /// The texts of the rule of this word.
    pub fn find(rule: &str) -> Option<&'static Self> {
        Self::all().find(|texts| texts.rule == rule)
    }
}
