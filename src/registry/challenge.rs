//! `WWW-Authenticate` challenges (RFC 9110 section 11.6.1), read as leniently as registries
//! write them: several in one field or in many, values quoted or not.

use serde::Serialize;

use super::Scope;
use crate::base::token::is_tchar;
use crate::exchange::head::latin1;

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// The scheme as sent, such as `Bearer`.
    pub scheme: String,
    /// Its parameters in order, names in lower case.
    pub params: Vec<(String, String)>,
    /// Something in its text that is not as RFC 9110 wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
}

impl Challenge {
    /// Reads the challenges of every `WWW-Authenticate` field, in order.
    pub fn read_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<Self> {
        values
            .into_iter()
            .flat_map(|value| Reader::new(&latin1(value)).read())
            .collect()
    }

    /// A parameter's value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it asks for a token.
    pub fn is_bearer(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("bearer")
    }

    /// Whether it asks for user name and password.
    pub fn is_basic(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("basic")
    }

    /// Where tokens are to be had, or the name of what is protected.
    pub fn realm(&self) -> Option<&str> {
        self.param("realm")
    }

    /// The scopes a token must grant.
    pub fn scopes(&self) -> Vec<Scope> {
        self.params
            .iter()
            .filter(|(key, _)| key == "scope")
            .flat_map(|(_, value)| Scope::read_list(value))
            .collect()
    }

    /// Why a token that was sent is not enough (RFC 6750 section 3.1).
    pub fn error(&self) -> Option<&str> {
        self.param("error")
    }
}

const UNQUOTED: &str = "a value with special characters is not quoted";
const UNCLOSED: &str = "a quoted value is not closed";

struct Reader {
    rest: std::collections::VecDeque<char>,
    found: Vec<Challenge>,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self {
            rest: text.chars().collect(),
            found: Vec::new(),
        }
    }

    fn read(mut self) -> Vec<Challenge> {
        loop {
            self.skip(|c| c == ',' || c.is_whitespace());
            if self.rest.is_empty() {
                return self.found;
            }
            let word = self.take(|c| !matches!(c, '=' | ',' | '"') && !c.is_whitespace());
            let spaced = self.skip(char::is_whitespace);
            if self.rest.front() == Some(&'=') {
                self.param(&word);
            } else if word.is_empty() {
                self.rest.pop_front();
            } else if spaced || !self.continues(&word) {
                self.found.push(Challenge {
                    scheme: word,
                    params: Vec::new(),
                    problem: None,
                });
            }
        }
    }

    /// Takes `=value` as a parameter of the latest challenge.
    fn param(&mut self, name: &str) {
        self.rest.pop_front();
        self.skip(char::is_whitespace);
        let mut problem = None;
        let value = if self.rest.front() == Some(&'"') {
            self.rest.pop_front();
            self.quoted(&mut problem)
        } else {
            let value = self.take(|c| c != ',' && !c.is_whitespace());
            if !value.bytes().all(is_tchar) {
                problem = Some(UNQUOTED);
            }
            value
        };
        let Some(challenge) = self.found.last_mut() else {
            return;
        };
        challenge.params.push((name.to_ascii_lowercase(), value));
        challenge.problem = challenge.problem.or(problem);
    }

    fn quoted(&mut self, problem: &mut Option<&'static str>) -> String {
        let mut value = String::new();
        loop {
            match self.rest.pop_front() {
                Some('"') => return value,
                Some('\\') => value.extend(self.rest.pop_front()),
                Some(c) => value.push(c),
                None => {
                    *problem = Some(UNCLOSED);
                    return value;
                }
            }
        }
    }

    /// Whether a bare word belongs to an unquoted value with a comma in it, as in
    /// `scope=repository:a:pull,push`; if so it is put back there.
    fn continues(&mut self, word: &str) -> bool {
        let known = ["basic", "bearer", "digest", "negotiate", "ntlm"];
        if known.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) {
            return false;
        }
        let Some((_, value)) = self.found.last_mut().and_then(|c| c.params.last_mut()) else {
            return false;
        };
        value.push(',');
        value.push_str(word);
        true
    }

    fn skip(&mut self, fits: impl Fn(char) -> bool) -> bool {
        let before = self.rest.len();
        while self.rest.front().is_some_and(|&c| fits(c)) {
            self.rest.pop_front();
        }
        self.rest.len() < before
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        while let Some(&c) = self.rest.front().filter(|&&c| fits(c)) {
            word.push(c);
            self.rest.pop_front();
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> Vec<Challenge> {
        Challenge::read_all(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn the_usual_bearer_challenge() {
        let all = read(&[
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
             scope=\"repository:a/b:pull,push registry:catalog:*\",error=\"insufficient_scope\"",
        ]);
        let [one] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert!(one.is_bearer() && one.problem.is_none());
        assert_eq!(one.realm(), Some("https://auth.docker.io/token"));
        assert_eq!(one.param("service"), Some("registry.docker.io"));
        assert_eq!(one.scopes().len(), 2);
        assert_eq!(one.error(), Some("insufficient_scope"));
    }

    #[test]
    fn values_without_quotes_are_read_and_remarked_upon() {
        let all = read(&[
            "Bearer realm=https://r.example/token?a=b,service=r,scope=repository:a:pull,push",
        ]);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].realm(), Some("https://r.example/token?a=b"));
        assert_eq!(all[0].scopes()[0].actions, ["pull", "push"]);
        assert_eq!(all[0].problem, Some(UNQUOTED));
    }

    #[test]
    fn several_challenges_in_one_field_and_in_many() {
        let all = read(&[
            "Basic realm=\"a, \\\"b\\\"\", Bearer realm=\"https://t\", Negotiate",
            "basic realm=x",
        ]);
        let schemes: Vec<_> = all.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["Basic", "Bearer", "Negotiate", "basic"]);
        assert_eq!(all[0].realm(), Some("a, \"b\""));
        assert!(all[3].is_basic());
    }

    #[test]
    fn spaces_around_the_equals_sign_are_harmless() {
        let all = read(&["Bearer  realm = \"https://t\" , service = s"]);
        assert_eq!(all[0].realm(), Some("https://t"));
        assert_eq!(all[0].param("service"), Some("s"));
    }

    #[test]
    fn an_unclosed_quote_takes_the_rest() {
        let all = read(&["Bearer realm=\"https://t"]);
        assert_eq!(all[0].realm(), Some("https://t"));
        assert_eq!(all[0].problem, Some(UNCLOSED));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(values: Vec<Vec<u8>>) {
            Challenge::read_all(values.iter().map(Vec::as_slice));
        }

        #[test]
        fn any_punctuation_is_read(text in "[ ,=\"\\\\a-c]{0,40}") {
            read(&[&text]);
        }
    }
}
