//! A sentence in every language, with `{placeholders}`; `{wait:span}` makes a span of time of a
//! number of seconds.

use crate::words::Lang;
use crate::words::figures::span;

/// One text of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

/// A text in English and in Chinese.
pub(crate) const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

impl Text {
    /// The text in a language, its placeholders as they stand.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }

    /// The text with its placeholders filled. A fact is put in as it is: what looks like a
    /// placeholder in it stays.
    pub(crate) fn fill<S: AsRef<str>>(self, lang: Lang, facts: &[(&str, S)]) -> String {
        let mut filled = String::new();
        for piece in pieces(self.of(lang)) {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Placeholder(name) => {
                    let (name, form) = name.split_once(':').unwrap_or((name, ""));
                    let fact = facts.iter().find(|(key, _)| *key == name);
                    debug_assert!(fact.is_some(), "no {name} for: {}", self.en);
                    let value = fact.map_or("?", |(_, value)| value.as_ref());
                    match value.parse().ok().filter(|_| form == "span") {
                        Some(seconds) => filled.push_str(&span(seconds, lang)),
                        None => filled.push_str(value),
                    }
                }
            }
        }
        filled
    }

    /// The names of its placeholders in a language, in order.
    pub fn placeholders(self, lang: Lang) -> Vec<&'static str> {
        pieces(self.of(lang))
            .filter_map(|piece| match piece {
                Piece::Placeholder(name) => Some(name),
                Piece::Words(_) => None,
            })
            .collect()
    }
}

enum Piece {
    Words(&'static str),
    Placeholder(&'static str),
}

fn pieces(text: &'static str) -> impl Iterator<Item = Piece> {
    text.split('{').enumerate().flat_map(|(number, part)| {
        let (name, words) = match part.split_once('}') {
            Some((name, words)) if number > 0 => (Some(name), words),
            _ => (None, part),
        };
        let name = name.map(Piece::Placeholder);
        name.into_iter().chain([Piece::Words(words)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_put_in_as_they_are() {
        let wait = text("{t:span} late", "迟了 {t:span}");
        assert_eq!(wait.fill(Lang::En, &[("t", "300")]), "5 min late");
        assert_eq!(wait.fill(Lang::Zh, &[("t", "300")]), "迟了 5 分钟");
        let both = text("{a} then {b}.", "先 {a}，后 {b}。");
        let facts = [("a", "{b}"), ("b", "}{")];
        assert_eq!(both.fill(Lang::En, &facts), "{b} then }{.");
        assert_eq!(both.fill(Lang::Zh, &facts), "先 {b}，后 }{。");
        assert_eq!(both.placeholders(Lang::Zh), ["a", "b"]);
    }

    #[test]
    #[should_panic(expected = "no b for")]
    #[cfg(debug_assertions)]
    fn a_fact_that_is_missing_is_a_mistake() {
        text("{b}", "{b}").fill(Lang::En, &[("a", "x")]);
    }
}
