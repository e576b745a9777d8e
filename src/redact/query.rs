//! Parameters of URLs and forms: `name=value` wherever it stands.

use memchr::memchr_iter;

use super::kind::Candidate;
use super::name::{self, NamePlace};

/// How parameters stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The text is one URL: a value ends with its parameter.
    Url,
    /// The text is one form: the same, and there is no fragment.
    Form,
    /// URLs stand somewhere in it, and end at quotes, brackets and white space.
    Prose,
}

/// Finds the parameters whose values are secrets. Expiry times, algorithms and dates stay.
pub(super) fn find(text: &[u8], mode: Mode, out: &mut Vec<Candidate>) {
    for equals in memchr_iter(b'=', text) {
        let before = text.get(..equals).unwrap_or_default();
        let length = before
            .iter()
            .rev()
            .take(MAX_NAME)
            .take_while(|b| is_name(**b))
            .count();
        let (before, name) = before.split_at(equals - length);
        let in_query = match before.last() {
            Some(b'?' | b'&' | b'#') => true,
            Some(byte) if is_name(*byte) => continue,
            Some(_) => false,
            None => mode != Mode::Prose,
        };
        let place = if in_query {
            NamePlace::Query
        } else {
            NamePlace::Prose
        };
        let Some(meaning) = name::meaning(name, place) else {
            continue;
        };
        let value = text.get(equals + 1..).unwrap_or_default();
        let (skip, length) = extent(value, mode);
        let start = equals + 1 + skip;
        out.extend(meaning.candidate(text, start..start + length, place));
    }
}

/// No name of interest is longer.
const MAX_NAME: usize = name::LONGEST;

/// Where a value begins after its `=`, and its length.
fn extent(value: &[u8], mode: Mode) -> (usize, usize) {
    let until = |value: &[u8], is_end: fn(u8) -> bool| {
        value.iter().position(|b| is_end(*b)).unwrap_or(value.len())
    };
    match mode {
        Mode::Form => (0, until(value, |b| b == b'&')),
        Mode::Url => (0, until(value, |b| matches!(b, b'&' | b'#'))),
        Mode::Prose => {
            if let Some((quote @ (b'"' | b'\''), quoted)) = value.split_first() {
                let ends = |b: &u8| b == quote || matches!(b, b'\r' | b'\n');
                return (1, quoted.iter().position(ends).unwrap_or(quoted.len()));
            }
            let length = until(value, |b| {
                b.is_ascii_whitespace() || b.is_ascii_control() || b"&#\"'<>\\`)]}|".contains(&b)
            });
            let value = value.get(..length).unwrap_or_default();
            let marks = value.iter().rev().take_while(|b| b",;.:!?".contains(b));
            (0, length - marks.count())
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mode: Mode, text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        find(text.as_bytes(), mode, &mut out);
        out.iter()
            .map(|c| text.get(c.range.clone()).unwrap())
            .collect()
    }

    #[test]
    fn only_a_time_may_stand_before_a_signature() {
        for (stamp, stays) in [
            ("12345678-", false),
            ("123456789-", true),
            ("123456789012-", true),
            ("1234567890123-", false),
            ("1597907265", false),
        ] {
            let url = format!("/d?verify={stamp}abc");
            let secret = if stays {
                "abc"
            } else {
                url.rsplit('=').next().unwrap()
            };
            assert_eq!(found(Mode::Url, &url), [secret], "{stamp}");
        }
    }

    #[test]
    fn a_longer_name_is_another_name() {
        let long = format!("/d?x{}signature=abcdef", "x".repeat(MAX_NAME));
        assert!(found(Mode::Url, &long).is_empty());
        let joined = format!("{}.password=abcdef", "x".repeat(MAX_NAME));
        assert!(found(Mode::Prose, &joined).is_empty());
    }

    #[test]
    fn signed_urls_of_every_provider_are_known() {
        for (url, secrets) in [
            ("https://c/d?verify=1597907265-RDid%3D", &["RDid%3D"][..]),
            (
                "/d?Expires=1&OSSAccessKeyId=LTAI4&Signature=%2FNO",
                &["LTAI4", "%2FNO"],
            ),
            ("/?Expires=1&Signature=a~b&Key-Pair-Id=APK", &["a~b", "APK"]),
            (
                "/?X-Amz-Algorithm=A&X-Amz-Credential=AK%2F2&X-Amz-Date=D&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=s",
                &["AK%2F2", "t", "s"],
            ),
            (
                "/?se=2020&sig=x&sp=r&spr=https&sr=b&sv=1&skoid=o&sktid=i",
                &["x", "o", "i"],
            ),
            (
                "/?x-oss-expires=5&x-oss-credential=c&x-oss-date=d&x-oss-signature=e",
                &["c", "e"],
            ),
            ("/?q-sign-algorithm=sha1&q-ak=k&q-signature=h", &["k", "h"]),
            (
                "/?GoogleAccessId=g@x&Expires=1&Signature=s#f",
                &["g@x", "s"],
            ),
            (
                "/token?account=me&service=s&scope=repository%3Aa%3Apull&offline_token=true",
                &["me"],
            ),
            (
                "/x?POLICY=p&Token=T&hmac=h&cf_sign=c&code=9&_state=s",
                &["p", "T", "h", "c", "9", "s"],
            ),
        ] {
            assert_eq!(found(Mode::Url, url), secrets, "{url}");
        }
    }

    #[test]
    fn a_form_is_read_from_its_first_name() {
        let form = "password=it's%20me)&grant_type=password&username=u&refresh_token=r";
        assert_eq!(found(Mode::Form, form), ["it's%20me)", "u", "r"]);
    }

    #[test]
    fn prose_ends_a_value_and_keeps_common_words() {
        assert_eq!(
            found(Mode::Prose, "see (https://h/?sig=abc), exit code=1"),
            ["abc"]
        );
        assert_eq!(
            found(Mode::Prose, r#"<a href="/?Signature=a,b.">"#),
            ["a,b"]
        );
        assert_eq!(found(Mode::Prose, "\nX-Amz-Credential=AK/2&a=b"), ["AK/2"]);
        assert_eq!(found(Mode::Prose, r#"Signature="a b", x="#), ["a b"]);
        assert!(found(Mode::Prose, "my-token=1 MYPASSWORD=2 account=3 x.token=4").is_empty());
    }
}
