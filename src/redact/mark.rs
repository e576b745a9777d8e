//! Secrets that a mark of their own gives away, whatever stands around them: tokens whose issuers
//! begin them all alike, private keys, and parts of forms. All marks are searched for at once.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use super::kind::{Candidate, SecretKind, SecretSort};
use super::multipart;
use crate::base::table;

/// Finds what is marked.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    let Some(marks) = &*MARKS else { return };
    let mut done = 0;
    for found in marks.find_iter(text) {
        match found.pattern().as_usize() {
            0 => multipart::find(text, found.start(), out),
            1 => private_key(text, found.start(), found.end(), out),
            _ if found.start() < done => {}
            _ => done = token(text, found.start(), found.end(), out),
        }
    }
}

/// Made once: every text is searched by it.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let tokens = table::lines(include_str!("marks.txt")).map(str::as_bytes);
    let marks = [multipart::MARK, PRIVATE_KEY].into_iter().chain(tokens);
    // Of this kind many bytes are looked at together.
    let kind = MatchKind::LeftmostFirst;
    AhoCorasick::builder().match_kind(kind).build(marks).ok()
});

/// What the first line of a private key in PEM says (RFC 7468), also of OpenSSH's and PGP's.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY";

/// Fewer characters than this after the mark are no token.
const SHORTEST: usize = 16;

/// Looks at what follows the mark of a token; where that ends.
fn token(text: &[u8], start: usize, end: usize, out: &mut Vec<Candidate>) -> usize {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        return end;
    }
    let mark = text.get(start..end).unwrap_or_default();
    let is_base64 = mark.iter().all(u8::is_ascii_alphanumeric);
    let of_token =
        |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b) || is_base64 && b"+/=".contains(b);
    let rest = text.get(end..).unwrap_or_default();
    let length = rest.iter().take_while(|b| of_token(b)).count();
    let rest = rest.get(..length).unwrap_or_default();
    // The end of a sentence is no part of it.
    let length = length - rest.iter().rev().take_while(|b| **b == b'.').count();
    let rest = rest.get(..length).unwrap_or_default();
    let is_random = rest.iter().any(u8::is_ascii_digit) || rest.iter().any(u8::is_ascii_uppercase);
    if length >= SHORTEST && is_random && !rest.starts_with(b"REDACTED") {
        out.push(Candidate::new(start..end + length, SecretKind::Opaque));
    }
    end + length
}

/// What stands between `-----BEGIN … PRIVATE KEY-----` and `-----END`.
fn private_key(text: &[u8], start: usize, end: usize, out: &mut Vec<Candidate>) {
    let line = text
        .get(start.saturating_sub(LONGEST_LABEL)..start)
        .unwrap_or_default();
    if memmem::rfind(line, b"-----BEGIN ").is_none() || memmem::rfind(line, b"-----END ").is_some()
    {
        return;
    }
    let all = text.get(end..).unwrap_or_default();
    let rest = all.strip_prefix(b" BLOCK").unwrap_or(all);
    let Some(key) = rest.strip_prefix(b"-----") else {
        return;
    };
    let from = text.len() - key.len();
    let key = key.get(..LONGEST_KEY).unwrap_or(key);
    let length = memmem::find(key, b"-----END ").unwrap_or_else(|| {
        // Cut short: as far as it goes on like a key.
        key.iter()
            .take_while(|b| {
                b.is_ascii_whitespace() || b.is_ascii_alphanumeric() || b"+/=\\:,-".contains(b)
            })
            .count()
    });
    let key = Candidate::new(from..from + length, SecretKind::Opaque);
    out.push(key.of_sort(SecretSort::Key));
}

/// No key is longer.
const LONGEST_KEY: usize = 32 << 10;
/// No label of a PEM block is longer.
const LONGEST_LABEL: usize = 48;

#[cfg(test)]
mod tests {
    use super::super::kind::tests_of_finders;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tests_of_finders::found(find, text)
    }

    #[test]
    fn a_token_is_known_by_its_beginning_and_length() {
        let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        assert_eq!(found(&format!("use {token}.")), [token]);
        assert_eq!(found(&format!("https://x/{token}/y")).len(), 1);
        for innocent in [
            "ghp_short1",
            "npm_config_registry_of_mine",
            "xghp_16C7e42F292c6912E7710c838347",
            "dckr_pat_REDACTED-00ff00-aaaaaaaaa",
        ] {
            assert!(found(innocent).is_empty(), "{innocent}");
        }
    }

    #[test]
    fn a_private_key_goes_and_its_frame_stays() {
        for (label, key) in [
            ("RSA PRIVATE KEY", "\nMIIE+/=\n"),
            ("PRIVATE KEY", "\nMC4C\n"),
        ] {
            let text = format!("-----BEGIN {label}-----{key}-----END {label}-----\n");
            assert_eq!(found(&text), [key]);
        }
        assert_eq!(found("-----BEGIN PRIVATE KEY-----\nMIIE"), ["\nMIIE"]);
        assert!(found("-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----").is_empty());
        assert!(found("the PRIVATE KEY is missing").is_empty());
        let labels = ["", "EC ", "RSA ", "DSA ", "OPENSSH ", "ENCRYPTED "];
        let secrets = labels.map(|kind| (format!("{kind}PRIVATE KEY"), true));
        let public = ["PUBLIC KEY", "CERTIFICATE"].map(|label| (label.to_owned(), false));
        for (label, is_secret) in secrets.into_iter().chain(public) {
            let pem = format!(
                "-----BEGIN {label}-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END {label}-----\n"
            );
            let encoded = crate::redact::base64::tests::encode(pem.as_bytes());
            let count = found(&format!("key {encoded}")).len();
            assert_eq!(count, usize::from(is_secret), "{label}");
        }
    }
}
