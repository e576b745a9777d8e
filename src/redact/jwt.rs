//! JSON Web Tokens (RFC 7519): the signature is the secret, header and claims are the story.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::kind::{Candidate, SecretKind};
use super::query::{self, Mode};
use super::{base64, json, layer, placeholder, url_parts};

/// What of a token has to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenSecret {
    /// The signature, at this range of the token.
    Signed(Range<usize>),
    /// All of it: its claims carry secrets of their own, such as a signed URL.
    Loaded,
    /// Nothing more: its signature is missing or gone already.
    Spent,
}

/// Reads a text that is one JWT and nothing else; `None` when it is no JWT.
pub(super) fn read(token: &[u8]) -> Option<TokenSecret> {
    let mut parts = token.split(|&b| b == b'.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let start = token.len() - signature.len();
    if !object(header)?.starts_with(b"{") || !signature.iter().all(|&b| is_base64url(b)) {
        return None;
    }
    // Claims that hold a placeholder do not decode any more.
    if signature.is_empty() || placeholder::is(signature) {
        return Some(TokenSecret::Spent);
    }
    let claims = object(claims)?;
    if name_a_secret(&claims) {
        return Some(TokenSecret::Loaded);
    }
    Some(TokenSecret::Signed(start..token.len()))
}

/// Whether claims name something secret by a parameter, a member or a URL's user.
fn name_a_secret(claims: &[u8]) -> bool {
    let mut found = false;
    layer::each(claims, |bytes, _| {
        let mut seen = Vec::new();
        query::find(bytes, Mode::Prose, &mut seen);
        url_parts::find(bytes, &mut seen);
        json::find(bytes, &mut seen);
        found |= seen.iter().any(|candidate| {
            let value = bytes.get(candidate.range.clone()).unwrap_or_default();
            candidate.kind != SecretKind::Identity && !value.is_empty() && !placeholder::is(value)
        });
    });
    found
}

/// Finds the tokens in a text: around each dot before claims, which begin with `{`.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    for dot in DOT.find_iter(text) {
        let before = text.get(..dot).unwrap_or_default();
        let run = before
            .iter()
            .rev()
            .take_while(|b| is_base64url(**b))
            .count();
        let after = text.get(dot + 1..).unwrap_or_default();
        let claims = base64url_run(after);
        if run < MIN_PART || claims < MIN_PART || after.get(claims) != Some(&b'.') {
            continue;
        }
        let end = dot + 2 + claims + base64url_run(after.get(claims + 1..).unwrap_or_default());
        for start in header_starts(before, dot - run) {
            match text.get(start..end).and_then(read) {
                Some(TokenSecret::Signed(signature)) => {
                    let range = start + signature.start..end;
                    out.push(Candidate::new(range, SecretKind::Credential));
                }
                Some(TokenSecret::Loaded) => {
                    out.push(Candidate::new(start..end, SecretKind::Opaque));
                }
                Some(TokenSecret::Spent) => {}
                None => continue,
            }
            break;
        }
    }
}

// Every text is searched for these: they are prepared once.
static DOT: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b".e"));
static HEADER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"eyJ"));

/// Shorter parts cannot hold a JSON object with a member.
const MIN_PART: usize = 8;

/// Where a header may begin: with the run of token characters, or at `{"` in it.
fn header_starts(before: &[u8], run: usize) -> impl Iterator<Item = usize> {
    let inner = before.get(run + 1..).and_then(|rest| HEADER.find(rest));
    std::iter::once(run).chain(inner.map(|at| run + 1 + at))
}

/// The JSON object that a part of a token encodes.
fn object(part: &[u8]) -> Option<Vec<u8>> {
    base64::decode(part).filter(|json| json.starts_with(b"{"))
}

fn base64url_run(text: &[u8]) -> usize {
    text.iter().take_while(|b| is_base64url(**b)).count()
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::kind::tests_of_finders;
    use super::*;

    /// A token with these claims and this signature.
    pub(in super::super) fn token(claims: &str, signature: &str) -> String {
        let part = |json: &str| {
            let text = base64::tests::encode(json.as_bytes());
            text.trim_end_matches('=')
                .replace('+', "-")
                .replace('/', "_")
        };
        format!(
            "{}.{}.{signature}",
            part(r#"{"alg":"RS256"}"#),
            part(claims)
        )
    }

    fn found(text: &str) -> Vec<&str> {
        tests_of_finders::found(find, text)
    }

    #[test]
    fn the_signature_is_the_secret() {
        let jwt = token(r#"{"sub":"me"}"#, "c2lnbmF0dXJl");
        let start = jwt.rfind('.').unwrap() + 1;
        assert_eq!(
            read(jwt.as_bytes()),
            Some(TokenSecret::Signed(start..jwt.len()))
        );
        assert_eq!(found(&format!("error: token {jwt}.")), ["c2lnbmF0dXJl"]);
        assert_eq!(found(&format!("jwt_{jwt}")), ["c2lnbmF0dXJl"]);
    }

    #[test]
    fn a_token_needs_its_three_parts() {
        let jwt = token(r#"{"sub":"me"}"#, "c2lnbmF0dXJl");
        let (signed, _) = jwt.rsplit_once('.').unwrap();
        // Without the dot before the signature, and with a signature of other letters.
        assert!(found(signed).is_empty());
        assert_eq!(read(format!("{signed}.a=b").as_bytes()), None);
        let (header, claims) = signed.split_once('.').unwrap();
        assert!(found(&format!("{header}.eyJh.c2lnbmF0dXJl")).is_empty());
        assert!(found(&format!("e.{claims}.c2lnbmF0dXJl")).is_empty());
        assert_eq!(read(format!("bm90IGpzb24.{claims}.x").as_bytes()), None);
    }

    #[test]
    fn what_only_looks_like_one_is_left_to_others() {
        for text in [
            "",
            "a.b.c",
            "eyJhbGciOiJ9.e.x",
            "one.example.com",
            "a.b.c.d.e",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
            assert!(found(text).is_empty(), "{text}");
        }
        let encrypted = format!("{}.c.d", token("{}", "b"));
        assert_eq!(read(encrypted.as_bytes()), None);
    }

    #[test]
    fn claims_with_secrets_in_them_are_not_kept() {
        let jwt = token(r#"{"uri":"https://s3/x?X-Amz-Signature=0123abcd"}"#, "sig");
        assert_eq!(read(jwt.as_bytes()), Some(TokenSecret::Loaded));
        assert_eq!(found(&jwt), [jwt.as_str()]);
    }

    #[test]
    fn a_spent_token_stays() {
        for signature in ["", "REDACTED-012def", "REDACTED"] {
            let jwt = token(r#"{"sub":"me"}"#, signature);
            assert_eq!(read(jwt.as_bytes()), Some(TokenSecret::Spent));
            assert!(found(&jwt).is_empty());
        }
    }
}
