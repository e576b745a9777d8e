//! What stands where a secret was.

use std::ops::Range;
use std::sync::LazyLock;

use aws_lc_rs::{hmac, rand::SystemRandom};
use data_encoding::HEXLOWER;
use memchr::memmem::Finder;

use super::layer;

/// The word every placeholder begins with.
const WORD: &[u8] = b"REDACTED";
/// Looked for around every secret: it is prepared once.
static ANY_WORD: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(WORD));
/// The length of a tagged placeholder: `REDACTED-` and six hex digits.
const TAGGED: usize = WORD.len() + 1 + 6;

/// `REDACTED`, or `REDACTED-` and six hex digits that are the same for the same secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placeholder(Option<[u8; 3]>);

impl Placeholder {
    /// The placeholder where there is no session to compare secrets in.
    pub(super) const BARE: Self = Self(None);

    /// Appends it.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(WORD);
        if let Some(tag) = self.0 {
            out.push(b'-');
            out.extend(HEXLOWER.encode(&tag).into_bytes());
        }
    }
}

/// Names secrets by placeholders, under a key that lives and dies with a session.
#[derive(Clone)]
pub(super) struct Namer(hmac::Key);

impl Default for Namer {
    /// A namer with a fresh random key.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self(key.expect("the operating system provides randomness"))
    }
}

impl Namer {
    /// The placeholder of this secret, however it is escaped.
    pub(super) fn name(&self, secret: &[u8]) -> Placeholder {
        let tag = hmac::sign(&self.0, &layer::settle(secret));
        match *tag.as_ref() {
            [a, b, c, ..] => Placeholder(Some([a, b, c])),
            _ => Placeholder::BARE,
        }
    }
}

/// Whether this is a placeholder and nothing else.
pub(super) fn is(text: &[u8]) -> bool {
    text == WORD || (text.len() == TAGGED && begins_tagged(text))
}

/// Whether replacing `range` would cut into a placeholder, or rename one.
pub(super) fn is_hurt_by(text: &[u8], range: &Range<usize>) -> bool {
    let from = range.start.saturating_sub(TAGGED - 1);
    let to = (range.end + TAGGED - 1).min(text.len());
    let Some(near) = text.get(from..to) else {
        return false;
    };
    ANY_WORD.find_iter(near).any(|at| {
        let (start, end) = (from + at, from + at + TAGGED);
        let swallowed = range.start <= start && end <= range.end && range.len() > TAGGED;
        near.get(at..).is_some_and(begins_tagged)
            && start < range.end
            && range.start < end
            && !swallowed
    })
}

fn begins_tagged(text: &[u8]) -> bool {
    text.strip_prefix(WORD)
        .and_then(|rest| rest.strip_prefix(b"-"))
        .and_then(|rest| rest.get(..6))
        .is_some_and(|tag| tag.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(placeholder: Placeholder) -> String {
        let mut out = Vec::new();
        placeholder.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_session_names_a_secret_alike_and_another_differently() {
        let (one, two) = (Namer::default(), Namer::default());
        assert_eq!(one.name(b"a/b="), one.name(b"a%2Fb%3d"));
        assert_ne!(one.name(b"secret"), one.name(b"secrets"));
        // 24 bits each: five secrets that all collide do not happen.
        let secrets = [b"a", b"b", b"c", b"d", b"e"];
        assert!(secrets.iter().any(|s| one.name(*s) != two.name(*s)));
        assert!(is(text(one.name(b"secret")).as_bytes()));
    }

    #[test]
    fn only_a_whole_placeholder_is_one() {
        assert!(is(b"REDACTED") && is(b"REDACTED-00fa19"));
        for other in [
            "",
            "REDACTED-",
            "REDACTED-00FA19",
            "REDACTED-00fa19x",
            "xREDACTED",
        ] {
            assert!(!is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn tags_are_of_hexadecimal_digits() {
        assert_eq!(
            text(Placeholder(Some([0x01, 0xAB, 0xF9]))),
            "REDACTED-01abf9"
        );
    }

    #[test]
    fn a_placeholder_far_from_a_range_is_not_looked_at_and_one_beside_it_is_whole() {
        // Behind much text, where a mistake in where to look does not help itself.
        let text = format!("{}REDACTED-00fa19{}", "x".repeat(40), "y".repeat(40));
        let (start, end) = (40, 55);
        let text = text.as_bytes();
        assert!(!is_hurt_by(text, &(start - 7..start)));
        assert!(is_hurt_by(text, &(start - 7..start + 1)));
        assert!(!is_hurt_by(text, &(end..end + 7)));
        assert!(is_hurt_by(text, &(end - 1..end + 7)));
        assert!(is_hurt_by(text, &(start..end)));
        assert!(!is_hurt_by(text, &(start..end + 1)));
        assert!(!is_hurt_by(text, &(0..6)) && !is_hurt_by(text, &(80..90)));
    }

    #[test]
    fn a_placeholder_is_not_cut() {
        let text = b"ab REDACTED-00fa19 cd";
        assert!(is_hurt_by(text, &(12..18)));
        assert!(is_hurt_by(text, &(0..5)));
        assert!(is_hurt_by(text, &(17..21)));
        assert!(is_hurt_by(text, &(3..18)));
        assert!(!is_hurt_by(text, &(0..3)));
        assert!(!is_hurt_by(text, &(18..21)));
        assert!(!is_hurt_by(text, &(2..19)));
    }
}
