//! Secrets of the lab's own, where a recording had its secrets taken out.

use std::borrow::Cow;

use aws_lc_rs::rand;
use memchr::memmem;

use crate::base::clock;
use crate::base::hex::sha256;

/// Puts a secret in the place of each mark that redaction left: one and the same for one and the
/// same mark, so that a URL that an answer names is the one that is served.
#[derive(Debug)]
pub(super) struct StandIns {
    seed: [u8; 16],
}

impl StandIns {
    /// Secrets that nobody else's lab has.
    pub(super) fn new() -> Self {
        let mut seed = [0; 16];
        // Without randomness they are those of any lab, which works as well: they protect nothing.
        if rand::fill(&mut seed).is_err() {
            seed = [0; 16];
        }
        Self { seed }
    }

    /// The text with secrets in it again; as it is where nothing was taken out.
    pub(super) fn fill<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut filled = Vec::new();
        let mut done = 0;
        for at in memmem::find_iter(text, WORD) {
            let rest = text.get(at..).unwrap_or_default();
            let mark = rest.get(..length(rest)).unwrap_or_default();
            filled.extend_from_slice(text.get(done..at).unwrap_or_default());
            filled.extend_from_slice(self.secret(mark).as_bytes());
            done = at + mark.len();
        }
        if done == 0 {
            return text.into();
        }
        filled.extend_from_slice(text.get(done..).unwrap_or_default());
        filled.into()
    }

    /// The same of the content of an answer: a token that was issued long ago is not used by
    /// clients that look at its age, so it is issued now.
    pub(super) fn fill_content<'a>(&self, content: &'a [u8]) -> Cow<'a, [u8]> {
        let filled = self.fill(content);
        if matches!(filled, Cow::Borrowed(_)) {
            return filled;
        }
        match reissued(&filled) {
            Some(content) => content.into(),
            None => filled,
        }
    }

    /// A secret may be the signature of a token or of a URL: hexadecimal digits are good for both.
    fn secret(&self, mark: &[u8]) -> String {
        sha256(&[&self.seed[..], mark].concat())
    }
}

/// `issued_at` as of now.
fn reissued(content: &[u8]) -> Option<Vec<u8>> {
    const KEY: &[u8] = b"\"issued_at\"";
    let after = memmem::find(content, KEY)? + KEY.len();
    let quote = |from: usize| {
        let rest = content.get(from..)?;
        Some(from + memchr::memchr(b'"', rest)? + 1)
    };
    let start = quote(after)?;
    let between = content.get(after..start)?;
    if !between
        .iter()
        .all(|b| b.is_ascii_whitespace() || b":\"".contains(b))
    {
        return None;
    }
    let end = quote(start)? - 1;
    let now = format!("{:.0}", clock::system());
    Some([content.get(..start)?, now.as_bytes(), content.get(end..)?].concat())
}

/// The length of the mark that a text begins with.
fn length(text: &[u8]) -> usize {
    let tag = text.get(WORD.len()..WORD.len() + TAG);
    let is_tag = tag.is_some_and(|tag| match tag {
        [b'-', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    });
    WORD.len() + if is_tag { TAG } else { 0 }
}

/// What every mark begins with.
const WORD: &[u8] = b"REDACTED";
/// A hyphen and six hexadecimal digits may follow.
const TAG: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_has_a_secret_of_its_own() {
        let lab = StandIns::new();
        let fill = |text: &str| String::from_utf8(lab.fill(text.as_bytes()).into_owned()).unwrap();
        let [one, other] = ["REDACTED-00aa11", "REDACTED-00aa12"].map(fill);
        assert_ne!(one, other);
        assert_eq!(
            fill("a=REDACTED-00aa11&b=REDACTED"),
            format!("a={one}&b={}", fill("REDACTED"))
        );
        assert_eq!(fill("nothing"), "nothing");
        assert!(matches!(lab.fill(b"nothing"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_token_is_issued_now() {
        let lab = StandIns::new();
        let content = br#"{"token":"a.b.REDACTED-00aa11","issued_at": "2020-01-01T00:00:00Z"}"#;
        let filled = lab.fill_content(content);
        let filled: serde_json::Value = serde_json::from_slice(&filled).unwrap();
        let issued: jiff::Timestamp = filled["issued_at"].as_str().unwrap().parse().unwrap();
        assert!(clock::system().duration_since(issued).as_secs() < 60);
        let token = filled["token"].as_str().unwrap();
        assert!(token.starts_with("a.b.") && !token.contains("REDACTED"));
        let kept = br#"{"issued_at":"2020-01-01T00:00:00Z"}"#;
        assert_eq!(*lab.fill_content(kept), kept[..]);
    }
}
