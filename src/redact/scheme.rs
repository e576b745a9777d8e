//! Credentials that follow the name of their scheme in prose: `Bearer <token>`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::base64;
use super::kind::{Candidate, SecretKind};

/// Finds tokens after `Bearer` and encoded passwords after `Basic`. A challenge, such as
/// `Bearer realm="…"`, is none.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    for (tail, kind) in [
        (&*BEARER, SecretKind::Credential),
        (&*BASIC, SecretKind::Basic),
    ] {
        for at in tail.find_iter(text) {
            let first = at.checked_sub(1).and_then(|at| text.get(at));
            if !first.is_some_and(|b| matches!(b, b'b' | b'B')) {
                continue;
            }
            let start = at + tail.needle().len();
            let rest = text.get(start..).unwrap_or_default();
            let length = rest.iter().take_while(|b| is_token68(**b)).count();
            let word = rest.get(..length).unwrap_or_default();
            let fits = match kind {
                SecretKind::Basic => base64::user_and_password(word).is_some(),
                _ => looks_random(word),
            };
            if fits {
                out.push(Candidate::new(start..start + length, kind));
            }
        }
    }
}

// Every text is searched for these: they are prepared once.
static BEARER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"earer "));
static BASIC: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"asic "));

/// Whether this is more likely a token than a word: long, and of several sorts of characters.
fn looks_random(word: &[u8]) -> bool {
    let content = word.trim_ascii_end();
    content.len() >= 16
        && content
            .iter()
            .any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && content.iter().any(u8::is_ascii_alphabetic)
}

/// RFC 9110 section 11.2.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::kind::tests_of_finders;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tests_of_finders::found(find, text)
    }

    #[test]
    fn credentials_in_prose_are_found() {
        assert_eq!(
            found("sent 'Bearer AJAD5v0sN9g4glsF+y==' to"),
            ["AJAD5v0sN9g4glsF+y=="]
        );
        assert_eq!(found("authorization: basic dXNlcjpwYXNz"), ["dXNlcjpwYXNz"]);
    }

    #[test]
    fn challenges_and_prose_stay() {
        for text in [
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#,
            r#"Bearer authorization_uri="https://x""#,
            "a Bearer token is missing, Basic authentication too",
            "Bearer ",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
