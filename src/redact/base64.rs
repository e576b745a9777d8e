//! Base64 (RFC 4648), in either alphabet, with or without padding, at any alignment.

use std::ops::Range;

/// The shortest run worth decoding: six bytes.
const MIN_RUN: usize = 8;

/// Decodes a text that is base64 and nothing else but padding at its end; `None` otherwise.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|b| **b == b'=').count();
    let digits = text.get(..text.len() - padding)?;
    if padding > 2 || digits.len() % 4 == 1 || !digits.iter().all(|b| sextet(*b).is_some()) {
        return None;
    }
    let mut out = Vec::new();
    decode_run(digits, &mut out);
    Some(out)
}

/// Looks at what each run of base64 digits decodes to when read from its first, second, third
/// and fourth digit, so that whatever was encoded is seen even where the run begins earlier.
/// `look` also gets the function that leads from a range of the decoded bytes to the digits.
pub(super) fn each(
    text: &[u8],
    mut look: impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>),
) {
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let run = rest.iter().take_while(|b| sextet(**b).is_some()).count();
        if run >= MIN_RUN {
            for skip in 0..4 {
                let digits = rest.get(skip..run).unwrap_or_default();
                decode_run(digits, &mut decoded);
                let first = at + skip;
                look(&decoded, &|range| {
                    first + range.start * 8 / 6..first + (range.end * 8).div_ceil(6)
                });
            }
        }
        at += run + 1;
    }
}

/// Decodes base64 digits, the bits that make no whole byte left out.
fn decode_run(digits: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (mut bits, mut have) = (0_u32, 0);
    for digit in digits {
        bits = (bits << 6 | u32::from(sextet(*digit).unwrap_or(0))) & 0xFFFF;
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have & 0xFF) as u8);
        }
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;

    use super::*;

    pub(in super::super) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
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
                each(text.as_bytes(), |bytes, digits| {
                    if let Some(at) = memchr::memmem::find(bytes, b"hunter2") {
                        seen.push(digits(at..at + 7));
                    }
                });
                assert_eq!(seen.len(), 1, "{text}");
                let range = seen.remove(0);
                assert!((10..=11).contains(&range.len()) && range.end <= text.len());
            }
        }
    }
}
