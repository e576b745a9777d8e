//! Base64 (RFC 4648), in either alphabet, with or without padding, at any alignment.

use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, Encoding};

/// The shortest run worth decoding: six bytes.
const MIN_RUN: usize = 8;

/// The bits of seven digits of base64.
pub(super) const SEVEN_DIGITS: u64 = (1 << 42) - 1;

/// Decodes a text that is base64 and nothing else but padding at its end; `None` otherwise.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|b| **b == b'=').count();
    let digits = text.get(..text.len() - padding)?;
    DIGITS.decode(digits).ok().filter(|_| padding <= 2)
}

/// User and password of Basic credentials (RFC 7617 section 2).
pub(super) fn user_and_password(encoded: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let decoded = decode(encoded)?;
    let colon = decoded.iter().position(|&b| b == b':')?;
    let password = decoded.get(colon + 1..)?.to_vec();
    Some((decoded.get(..colon)?.to_vec(), password))
}

/// Looks at what each run of base64 digits decodes to when read from its first, second, third
/// and fourth digit, so that whatever was encoded is seen even where the run begins earlier.
/// `look` also gets the function that leads from a range of the decoded bytes to the digits.
///
/// Nothing is looked at of a run in which `worth` knows no seven digits, given as the number of
/// their bits.
pub(super) fn each(
    text: &[u8],
    worth: impl Fn(u64) -> bool,
    mut look: impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>),
) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let run = rest.iter().take_while(|b| sextet(**b).is_some()).count();
        let digits = rest.get(..run).unwrap_or_default();
        if run >= MIN_RUN && sevens(digits).any(&worth) {
            for skip in 0..4 {
                // A digit alone makes no byte.
                let end = run - usize::from((run - skip) % 4 == 1);
                let digits = rest.get(skip..end).unwrap_or_default();
                let decoded = DIGITS.decode(digits).unwrap_or_default();
                let first = at + skip;
                look(&decoded, &|range| {
                    first + range.start * 8 / 6..first + (range.end * 8).div_ceil(6)
                });
            }
        }
        at += run + 1;
    }
}

/// Each seven digits of a run, as the number of their bits.
fn sevens(digits: &[u8]) -> impl Iterator<Item = u64> {
    let mut bits = 0_u64;
    let after = digits.iter().map(move |digit| {
        bits = bits << 6 | u64::from(sextet(*digit).unwrap_or(0));
        bits & SEVEN_DIGITS
    });
    after.skip(6)
}

/// Both alphabets, without padding; bits at the end that make no whole byte are left out.
static DIGITS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    let encoding = specification.encoding();
    encoding.expect("the two alphabets differ in these digits only")
});

fn sextet(byte: u8) -> Option<u8> {
    SEXTETS
        .get(usize::from(byte))
        .copied()
        .filter(|s| *s != NO_DIGIT)
}

/// What each byte stands for, in either alphabet.
const SEXTETS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 64")]
        let sextet = value as u8;
        table[digits[value] as usize] = sextet;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};
const NO_DIGIT: u8 = 0xFF;

#[cfg(test)]
pub(super) mod tests {
    use data_encoding::BASE64;

    use super::*;

    pub(in super::super) fn encode(bytes: &[u8]) -> String {
        BASE64.encode(bytes)
    }

    #[test]
    fn both_alphabets_and_any_padding_decode() {
        for text in ["aGk/Pj4+", "aGk_Pj4-", "aGk="] {
            assert!(
                decode(text.as_bytes()).unwrap().starts_with(b"hi"),
                "{text}"
            );
        }
        assert_eq!(decode(b"aGk").unwrap(), b"hi");
        for text in ["aGk!", "a", "a===", "aG=k"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&bytes).as_bytes()).unwrap(), bytes);
    }

    #[test]
    fn a_secret_is_seen_at_every_alignment() {
        for prefix in ["", "u", "us", "use"] {
            for junk in ["", "A", "AB", "ABC"] {
                let text = format!("{junk}{}", encode(format!("{prefix}hunter2").as_bytes()));
                let mut seen = Vec::new();
                each(
                    text.as_bytes(),
                    |_| true,
                    |bytes, digits| {
                        if let Some(at) = memchr::memmem::find(bytes, b"hunter2") {
                            seen.push(digits(at..at + 7));
                        }
                    },
                );
                assert_eq!(seen.len(), 1, "{text}");
                let range = seen.remove(0);
                assert!((10..=11).contains(&range.len()) && range.end <= text.len());
            }
        }
    }
}
