//! Secrets of a URL that are no parameters: its user and what some servers put into its path.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::kind::{Candidate, SecretKind};

/// Finds users, passwords and secret path segments of the URLs in a text.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    find_user_info(text, out);
    find_path_secrets(text, out);
}

/// Of a text that is one authority, with or without a scheme: all before the last `@`, since
/// people put passwords with `/` and `#` into proxy variables.
pub(super) fn find_user_info_of_authority(text: &[u8], out: &mut Vec<Candidate>) {
    let start = SCHEME_END.find(text).map_or(0, |at| at + 3);
    if let Some(at) = memchr::memrchr(b'@', text).filter(|at| *at > start) {
        out.push(Candidate::new(start..at, SecretKind::UserInfo));
    }
}

fn find_user_info(text: &[u8], out: &mut Vec<Candidate>) {
    for scheme in SCHEME_END.find_iter(text) {
        let start = scheme + 3;
        let rest = text.get(start..).unwrap_or_default();
        let authority = rest
            .iter()
            .position(|b| {
                b.is_ascii_whitespace() || b.is_ascii_control() || b"/?#\"'<>\\".contains(b)
            })
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        if let Some(at) = memchr::memrchr(b'@', authority) {
            out.push(Candidate::new(start..start + at, SecretKind::UserInfo));
        }
    }
}

/// Google's `/artifacts-downloads/…/downloads/<secret>` and Quay's `/_storage_proxy/<token>/…`.
///
/// `downloads` is also a good name for a repository: elsewhere than under the first part, a
/// segment after it counts only when it is long and looks random.
fn find_path_secrets(text: &[u8], out: &mut Vec<Candidate>) {
    let secret = |start: usize| {
        let end = start + length_until(text, start, |b| b == b'/' || is_path_end(b));
        Candidate::new(start..end, SecretKind::Opaque)
    };
    for proxy in STORAGE_PROXY.find_iter(text) {
        out.push(secret(proxy + STORAGE_PROXY.needle().len()));
    }
    let mut done = 0;
    for artifact in ARTIFACTS.find_iter(text) {
        if artifact >= done {
            done = artifact + length_until(text, artifact, is_path_end);
            let path = text.get(artifact..done).unwrap_or_default();
            let last = memmem::rfind(path, DOWNLOADS);
            out.extend(last.map(|at| secret(artifact + at + DOWNLOADS.len())));
        }
    }
    for downloads in ANY_DOWNLOADS.find_iter(text) {
        let candidate = secret(downloads + DOWNLOADS.len());
        if looks_random(text.get(candidate.range.clone()).unwrap_or_default()) {
            out.push(candidate);
        }
    }
}

// Every text is searched for these: they are prepared once.
static SCHEME_END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"://"));
static STORAGE_PROXY: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"/_storage_proxy/"));
static ARTIFACTS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"/artifacts-downloads/"));
static ANY_DOWNLOADS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(DOWNLOADS));

/// What stands before the secret in Google's paths.
const DOWNLOADS: &[u8] = b"/downloads/";

fn looks_random(segment: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| segment.iter().any(sort);
    segment.len() >= 32
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

fn length_until(text: &[u8], start: usize, is_end: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    rest.iter().position(|&b| is_end(b)).unwrap_or(rest.len())
}

fn is_path_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || b"?#&\"'<>\\".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::url;

    #[test]
    fn users_and_passwords_go() {
        for (before, after) in [
            ("http://u:p@proxy:3128/", "http://REDACTED@proxy:3128/"),
            ("http://u:p%40x@h", "http://REDACTED@h"),
            ("http://u:p@x@h/@y", "http://REDACTED@h/@y"),
            ("http://h/@y?z=a@b", "http://h/@y?z=a@b"),
            ("http://@h/", "http://@h/"),
        ] {
            assert_eq!(url(before), after);
        }
    }

    #[test]
    fn a_user_ends_where_the_authority_does() {
        for end in ["/", "?", "#", "\"", "'", "<", ">", "\\", " ", "\n", "\u{1}"] {
            let mut out = Vec::new();
            find_user_info(format!("http://h{end}x@y").as_bytes(), &mut out);
            assert!(out.is_empty(), "{end:?}");
        }
    }

    #[test]
    fn only_what_looks_random_is_a_secret_of_a_path() {
        let long = "a1B2".repeat(8);
        for (segment, secret) in [
            (long.clone(), true),
            (long.get(1..).unwrap().to_owned(), false),
            (long.to_ascii_lowercase(), false),
            (long.to_ascii_uppercase(), false),
            ("aBcD".repeat(8), false),
        ] {
            for end in ["/x", "?x", " x", "\u{1}x", ""] {
                let mut out = Vec::new();
                let text = format!("/downloads/{segment}{end}");
                find_path_secrets(text.as_bytes(), &mut out);
                let found: Vec<_> = out.iter().map(|c| c.range.clone()).collect();
                let wanted = 11..11 + segment.len();
                assert_eq!(found.contains(&wanted), secret, "{text}");
            }
        }
    }

    #[test]
    fn proxies_are_read_leniently() {
        let found = |text: &str| {
            let mut out = Vec::new();
            find_user_info_of_authority(text.as_bytes(), &mut out);
            out.first()
                .map(|c| text.get(c.range.clone()).unwrap().to_owned())
        };
        assert_eq!(found("http://u:p/#@h:1").unwrap(), "u:p/#");
        assert_eq!(found("u:p@h:1").unwrap(), "u:p");
        assert_eq!(found("h:1"), None);
    }

    #[test]
    fn path_secrets_go_and_repositories_stay() {
        let random = "AF3kZ9xQ2mN7bV5cL8jH4gF6dS1aP0oI";
        for (before, after) in [
            (
                "/artifacts-downloads/namespaces/p/repositories/r/downloads/ab12?alt=media"
                    .to_owned(),
                "/artifacts-downloads/namespaces/p/repositories/r/downloads/REDACTED?alt=media"
                    .to_owned(),
            ),
            (
                format!("https://h/x/downloads/{random}"),
                "https://h/x/downloads/REDACTED".into(),
            ),
            (
                "/_storage_proxy/eyJ.eyJ.x/https/s3/k".into(),
                "/_storage_proxy/REDACTED/https/s3/k".into(),
            ),
            (
                "/v2/my/downloads/manifests/latest".into(),
                "/v2/my/downloads/manifests/latest".into(),
            ),
        ] {
            assert_eq!(url(&before), after);
        }
    }

    #[test]
    fn a_clean_url_is_unchanged() {
        let clean = "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull";
        assert_eq!(url(clean), clean);
        assert_eq!(url("?sig=\u{20ac}&x=\u{20ac}"), "?sig=REDACTED&x=\u{20ac}");
    }
}
