//! Some words in every language, with `{placeholders}`; `{wait:span}` makes a span of time of a
//! number of seconds.

use super::Lang;
use super::figures::span;

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase(pub(super) [&'static str; Lang::ALL.len()]);

impl Phrase {
    /// The words in a language, their placeholders as they stand.
    pub fn of(self, lang: Lang) -> &'static str {
        self.0.get(lang as usize).copied().unwrap_or_default()
    }

    /// The words with their placeholders filled. A fact is put in as it is: what looks like a
    /// placeholder in it stays.
    pub fn fill<S: AsRef<str>>(self, lang: Lang, facts: &[(&str, S)]) -> String {
        let mut filled = String::new();
        for piece in pieces(self.of(lang)) {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Placeholder(name) => {
                    let (name, form) = name.split_once(':').unwrap_or((name, ""));
                    let fact = facts.iter().find(|(key, _)| *key == name);
                    debug_assert!(fact.is_some(), "no {name} for: {}", self.of(lang));
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

    /// The words with their only placeholder, `{n}`, filled.
    pub fn with(self, lang: Lang, n: impl AsRef<str>) -> String {
        self.fill(lang, &[("n", n)])
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
        let wait = Phrase(["{t:span} late", "迟了 {t:span}"]);
        assert_eq!(wait.fill(Lang::En, &[("t", "300")]), "5 min late");
        assert_eq!(wait.fill(Lang::Zh, &[("t", "300")]), "迟了 5 分钟");
        let both = Phrase(["{a} then {b}.", "先 {a}，后 {b}。"]);
        let facts = [("a", "{b}"), ("b", "}{")];
        assert_eq!(both.fill(Lang::En, &facts), "{b} then }{.");
        assert_eq!(both.fill(Lang::Zh, &facts), "先 {b}，后 }{。");
        assert_eq!(both.placeholders(Lang::Zh), ["a", "b"]);
        assert_eq!(Phrase(["{n} left", ""]).with(Lang::En, "{n}"), "{n} left");
    }

    #[test]
    #[should_panic(expected = "no b for")]
    #[cfg(debug_assertions)]
    fn a_fact_that_is_missing_is_a_mistake() {
        Phrase(["{b}", "{b}"]).fill(Lang::En, &[("a", "x")]);
    }
}
