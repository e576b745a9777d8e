//! What the program around says, in every language.

use crate::words::{Lang, phrase};

/// A text in every language: it is chosen when it is drawn, so that it follows the view's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said([String; Lang::ALL.len()]);

impl Said {
    /// A row of the catalogue with its placeholders filled.
    pub fn phrase(key: &'static str, facts: &[(&str, &str)]) -> Self {
        Self(Lang::ALL.map(|lang| phrase(key).fill(lang, facts)))
    }

    /// A text for each language.
    pub(crate) fn each(texts: [String; Lang::ALL.len()]) -> Self {
        Self(texts)
    }

    /// A row of the catalogue about what is called `n`.
    pub(crate) fn about(key: &'static str, n: &Self) -> Self {
        Self(Lang::ALL.map(|lang| phrase(key).with(lang, n.of(lang))))
    }

    /// A row of the catalogue as it stands.
    pub fn row(key: &'static str) -> Self {
        Self::phrase(key, &[])
    }

    /// The text in a language.
    pub fn of(&self, lang: Lang) -> &str {
        self.0.get(lang as usize).map_or("", String::as_str)
    }
}

/// Names, and what others said: the same in every language.
impl<T: Into<String>> From<T> for Said {
    fn from(text: T) -> Self {
        let text = text.into();
        Self(Lang::ALL.map(|_| text.clone()))
    }
}
