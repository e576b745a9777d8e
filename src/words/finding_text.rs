//! What a rule says: a title, what happened, and what to do about it.
//!
//! Where a rule tells several cases apart, its fact `case` names the sentence, and its fact `fix`
//! the remedy; a case without a remedy of its own shares the first.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Phrase;
use super::catalogue::{all, rows};

/// The texts of one rule: the table `finding` and its word.
#[derive(Clone, Debug)]
pub struct FindingText {
    /// A few words, as a headline.
    pub title: Phrase,
    /// What happened, by case; the first is the usual one and has no name.
    pub sentences: Vec<(&'static str, Phrase)>,
    /// What to do about it, by case or client; the first is the usual one and has no name.
    pub fixes: Vec<(&'static str, Phrase)>,
}

impl FindingText {
    /// The words of the rules that have texts.
    #[cfg(test)]
    pub fn rules() -> impl Iterator<Item = &'static str> {
        BY_RULE.keys().copied()
    }

    /// The texts of the rule of this word.
    pub fn find(rule: &str) -> Option<&'static Self> {
        BY_RULE.get(rule)
    }
}

static BY_RULE: LazyLock<HashMap<&'static str, FindingText>> = LazyLock::new(|| {
    let titles = all().filter(|(_, row, _)| *row == "title");
    let rules = titles.filter_map(|(table, _, title)| {
        let rule = table.strip_prefix("finding.")?;
        let texts = FindingText {
            title,
            sentences: cases(table, "says"),
            fixes: cases(table, "fix"),
        };
        Some((rule, texts))
    });
    rules.collect()
});

/// The usual text, and those of the cases.
fn cases(table: &str, part: &str) -> Vec<(&'static str, Phrase)> {
    let usual = rows(table).filter(|(row, _)| *row == part);
    let usual = usual.map(|(_, phrase)| ("", phrase));
    let inner = format!("{table}.{part}");
    usual.chain(rows(&inner)).collect()
}
