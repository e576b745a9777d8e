//! `WWW-Authenticate` challenges (RFC 9110 section 11.6.1), read as leniently as registries
//! write them: several in one field or in many, values quoted or not.

use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};
use url::Url;

use super::Scope;
use crate::base::token::is_tchar;
use crate::exchange::head::latin1;
use crate::words::worded;

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// The scheme as sent, such as `Bearer`.
    pub scheme: String,
    /// Its parameters in order, names in lower case.
    pub params: Vec<(String, String)>,
    /// Something in its text that is not as RFC 9110 wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ChallengeProblem>,
}

/// What in a challenge's text is not as RFC 9110 section 11.6.1 wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum ChallengeProblem {
    /// A value with special characters is not quoted.
    Unquoted,
    /// A quoted value is not closed.
    Unclosed,
    /// Parameters are not separated by commas.
    NoComma,
    /// A comma stands between the scheme and its parameters.
    OddComma,
}

worded! {
    ChallengeProblem: "challenge-problem" [name];
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

    /// Where a token is to be had, when that can be told: a realm that is the URL of a server, or
    /// a path at the server that asked.
    pub fn token_server(&self, asked: &Url) -> Option<Url> {
        let realm = self.realm()?.trim();
        let whole = ["http://", "https://"];
        let is_whole = whole.iter().any(|scheme| {
            let start = realm.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if !is_whole && !realm.starts_with('/') {
            return None;
        }
        asked.join(realm).ok().filter(Url::has_host)
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

struct Reader {
    rest: std::collections::VecDeque<char>,
    found: Vec<Challenge>,
    /// Whether a comma stood before what is read now.
    comma: bool,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self {
            rest: text.chars().collect(),
            found: Vec::new(),
            comma: false,
        }
    }

    fn read(mut self) -> Vec<Challenge> {
        loop {
            self.skip(char::is_whitespace);
            self.comma = self.skip(|c| c == ',' || c.is_whitespace());
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
        let is_first = self.found.last().is_none_or(|c| c.params.is_empty());
        let mut problem = match (is_first, self.comma) {
            (true, true) => Some(ChallengeProblem::OddComma),
            (false, false) => Some(ChallengeProblem::NoComma),
            _ => None,
        };
        self.rest.pop_front();
        self.skip(char::is_whitespace);
        let value = if self.rest.front() == Some(&'"') {
            self.rest.pop_front();
            self.quoted(&mut problem)
        } else {
            let value = self.take(|c| c != ',' && !c.is_whitespace());
            if !value.bytes().all(is_tchar) {
                problem = problem.or(Some(ChallengeProblem::Unquoted));
            }
            value
        };
        let Some(challenge) = self.found.last_mut() else {
            return;
        };
        challenge.params.push((name.to_ascii_lowercase(), value));
        challenge.problem = challenge.problem.or(problem);
    }

    fn quoted(&mut self, problem: &mut Option<ChallengeProblem>) -> String {
        let mut value = String::new();
        loop {
            match self.rest.pop_front() {
                Some('"') => return value,
                Some('\\') => value.extend(self.rest.pop_front()),
                Some(c) => value.push(c),
                None => {
                    *problem = Some(ChallengeProblem::Unclosed);
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
        assert_eq!(all[0].problem, Some(ChallengeProblem::Unquoted));
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
    fn commas_that_are_missing_or_too_many_are_remarked_upon() {
        let all = read(&["Bearer realm=\"https://t\" service=\"s\" error=\"invalid_client\""]);
        let [one] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(one.param("service"), Some("s"));
        assert_eq!(one.error(), Some("invalid_client"));
        assert_eq!(one.problem, Some(ChallengeProblem::NoComma));
        let all = read(&["Bearer, error=access_denied, error_description=no"]);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].error(), Some("access_denied"));
        assert_eq!(all[0].problem, Some(ChallengeProblem::OddComma));
        for fine in [
            "Bearer realm=\"https://t\" , service=\"s\"",
            "Bearer realm=\"https://t\",,service=s, Basic realm=r",
            "Negotiate, Basic realm=\"r\"",
        ] {
            assert!(read(&[fine]).iter().all(|c| c.problem.is_none()), "{fine}");
        }
    }

    #[test]
    fn a_token_server_is_a_url_or_a_path() {
        let asked = Url::parse("https://r.example/v2/a/manifests/1").unwrap();
        let server = |realm: &str| {
            let all = read(&[&format!("Bearer realm=\"{realm}\"")]);
            all[0].token_server(&asked).map(String::from)
        };
        let whole = Some("https://t.example/token".to_owned());
        assert_eq!(server("https://t.example/token"), whole);
        assert_eq!(server("HTTPS://t.example/token"), whole);
        assert_eq!(
            server("/v2/token").as_deref(),
            Some("https://r.example/v2/token")
        );
        for useless in [
            "",
            "image factory",
            "t.example",
            "https://",
            "ftp://t.example",
        ] {
            assert_eq!(server(useless), None, "{useless}");
        }
        assert_eq!(read(&["Bearer"])[0].token_server(&asked), None);
    }

    #[test]
    fn an_unclosed_quote_takes_the_rest() {
        let all = read(&["Bearer realm=\"https://t"]);
        assert_eq!(all[0].realm(), Some("https://t"));
        assert_eq!(all[0].problem, Some(ChallengeProblem::Unclosed));
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
