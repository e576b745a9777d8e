//! Header fields whose values are secrets, or hold some.

use std::collections::HashSet;
use std::sync::LazyLock;

use memchr::memchr;

use super::kind::{Candidate, SecretKind};
use super::name::NamePlace;
use super::query::{self, Mode};
use super::rule::FieldRule;
use super::url_parts;
use crate::base::table;

/// Finds what the rule says about a value.
pub(super) fn find(value: &[u8], rule: FieldRule, out: &mut Vec<Candidate>) {
    let whole = 0..value.len();
    match rule {
        FieldRule::Credentials => find_credentials(value, out),
        FieldRule::Cookies => find_cookies(value, usize::MAX, out),
        // What follows are its attributes.
        FieldRule::SetCookie => find_cookies(value, 1, out),
        FieldRule::DockerConfig => out.push(Candidate::new(whole, SecretKind::DockerConfig)),
        FieldRule::Opaque => out.push(Candidate::new(whole, SecretKind::Credential)),
        FieldRule::Address => out.push(Candidate::new(whole, SecretKind::Address)),
        FieldRule::Named(meaning) => out.extend(meaning.candidate(value, whole, NamePlace::Field)),
        FieldRule::Authority => url_parts::find_user_info_of_authority(value, out),
        FieldRule::Challenge | FieldRule::Url | FieldRule::Plain => {}
    }
}

fn find_credentials(value: &[u8], out: &mut Vec<Candidate>) {
    let space = value.iter().position(|b| matches!(b, b' ' | b'\t'));
    let (scheme, rest) = value.split_at(space.unwrap_or(value.len()));
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_slice()) {
        out.push(Candidate::new(0..value.len(), SecretKind::Credential));
        return;
    }
    let kind = match scheme.as_slice() {
        b"basic" => SecretKind::Basic,
        _ => SecretKind::Credential,
    };
    let start = value.len() - rest.trim_ascii_start().len();
    out.push(Candidate::new(start..value.len(), kind));
    // A signature in parts: all of it goes, and each part is worth recognising elsewhere.
    query::find(value, Mode::Prose, out);
}

/// Names of schemes, without which a first word is part of the secret. They are those of the
/// IANA registry and of the object stores.
static SCHEMES: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| {
    let names = table::lines(include_str!("schemes.txt"));
    names.map(str::as_bytes).collect()
});

/// The first so many cookies: of each the value of `name=value`, or all of a pair without a name.
fn find_cookies(value: &[u8], count: usize, out: &mut Vec<Candidate>) {
    let mut start = 0;
    for pair in value.split(|&b| b == b';').take(count) {
        let skip = memchr(b'=', pair).map_or(0, |equals| equals + 1);
        let range = start + skip..start + pair.len();
        out.push(Candidate::new(range, SecretKind::Cookie));
        start += pair.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::find::find;
    use crate::redact::shape::Shape;

    fn found<'a>(name: &str, value: &'a str) -> Vec<&'a str> {
        find(
            value.as_bytes(),
            Shape::Field(FieldRule::of(name.as_bytes())),
        )
        .into_iter()
        .map(|candidate| value.get(candidate.range).unwrap())
        .collect()
    }

    #[test]
    fn the_scheme_stays_and_the_credentials_go() {
        assert_eq!(
            found("AUTHORIZATION", "Basic dXNlcjpwYXNz"),
            ["dXNlcjpwYXNz"]
        );
        assert_eq!(found("Proxy-Authorization ", "bearer \t x y"), ["x y"]);
        assert_eq!(
            found("authorization", "no-scheme-at-all"),
            ["no-scheme-at-all"]
        );
        assert_eq!(found("authorization", "unheard of"), ["unheard of"]);
        for alone in ["Bearer", "Bearer ", "Negotiate", ""] {
            assert!(found("Authorization", alone).is_empty(), "{alone:?}");
        }
    }

    #[test]
    fn what_a_server_asks_for_is_no_credential() {
        // A challenge may be one word, which looks like a token.
        for name in ["WWW-Authenticate", "Proxy-Authenticate"] {
            assert!(found(name, "Bearer oYG2MIGzoAMKAQChCwYJ").is_empty());
        }
        assert_eq!(
            found("X-Said", "Bearer oYG2MIGzoAMKAQChCwYJ"),
            ["oYG2MIGzoAMKAQChCwYJ"]
        );
    }

    #[test]
    fn a_login_is_known_as_one() {
        let kinds = |value: &str| {
            let rule = FieldRule::of(b"authorization");
            let found = find(value.as_bytes(), Shape::Field(rule)).into_iter();
            found.map(|candidate| candidate.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds("Basic dXNlcjpwYXNz"), [SecretKind::Basic]);
        assert_eq!(kinds("Bearer dXNlcjpwYXNz"), [SecretKind::Credential]);
    }

    #[test]
    fn a_signature_in_parts_is_learned_in_parts() {
        let value = "AWS4-HMAC-SHA256 Credential=AK/1/2, SignedHeaders=host, Signature=ab12";
        assert_eq!(
            found("Authorization", value),
            [
                "Credential=AK/1/2, SignedHeaders=host, Signature=ab12",
                "AK/1/2",
                "ab12"
            ]
        );
    }

    #[test]
    fn cookies_keep_their_names() {
        assert_eq!(found("Cookie", "a=b; c=d=e;lonely"), ["b", "d=e", "lonely"]);
        assert_eq!(
            found("set-cookie", "__cfduid=d04e; expires=Sat; path=/"),
            ["d04e"]
        );
        assert!(found("cookie", "a=; b=").is_empty());
    }

    #[test]
    fn challenges_and_identifiers_stay() {
        for (name, value) in [
            (
                "WWW-Authenticate",
                r#"Bearer realm="https://a/token",service="s",scope="repository:a/b:pull""#,
            ),
            ("Proxy-Authenticate", "Basic realm=dXNlcjpwYXNz"),
            ("x-amz-request-id", "02DD1574BF2664F6"),
            (
                "Docker-Content-Digest",
                "sha256:a15790640a6690aa1730c38cf0a440e2aa44aaca9b0e8931a9f2b0d7cc90fd65",
            ),
            ("Link", r#"</v2/_catalog?n=1&last=a>; rel="next""#),
        ] {
            assert!(found(name, value).is_empty(), "{name}: {value}");
        }
    }

    #[test]
    fn urls_in_fields_are_read() {
        assert_eq!(
            found("Location", "/v2/a/blobs/uploads/1?_state=s)x"),
            ["s)x"]
        );
        assert_eq!(found("Link", "</x?token=abc>; rel=next"), ["abc"]);
        assert_eq!(
            found("docker-ratelimit-source", "203.0.113.9"),
            ["203.0.113.9"]
        );
    }
}
