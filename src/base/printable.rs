//! The one sanitiser of every text output: what came over the wire cannot move the cursor,
//! recolour the terminal, hide itself or turn the reading direction around.
//!
//! Escaped are C0 and C1 control characters with DEL and ESC, line and paragraph separators,
//! the marks and overrides of bidirectional text (Unicode Standard Annex 9), and characters
//! without a width, which make two different names look like one.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text fit for one line: every hidden character is shown as an escape such as `\n`,
/// `\x1b` or `\u{202e}`. A backslash stands for itself.
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// As [`printable`] for a text of several lines: line feeds and tabs stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// Bytes fit for one line: UTF-8 as [`printable`] shows it, every other byte as `\xff`.
pub fn printable_bytes(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        shown.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a string never fails.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// Whether a character is hidden or acts on the terminal, and so is never shown as it is.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        u32::from(c),
        // C1 controls; soft hyphen.
        0x80..=0x9f | 0xad
        // Fillers and joiners without a glyph.
        | 0x034f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x3164 | 0xffa0
        // Direction: the Arabic letter mark, marks, embeddings, overrides, isolates.
        | 0x061c | 0x200b..=0x200f | 0x202a..=0x202e
        // Separators of lines and paragraphs; word joiner, invisible operators, isolates.
        | 0x2028 | 0x2029 | 0x2060..=0x206f
        // The byte order mark, annotation marks, tags and their variation selectors.
        | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0xe0fff
        // Musical formatting and shorthand format controls.
        | 0x1d173..=0x1d17a | 0x1bca0..=0x1bca3
        // Private use: a font may show anything for these.
        | 0xe000..=0xf8ff | 0xf0000..=0x10_fffd
    )
}

fn escape(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let fits = |c: char| !is_hidden(c) || stays(c);
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        // Writing to a string never fails.
        let _ = match c {
            c if fits(c) => {
                shown.push(c);
                Ok(())
            }
            '\n' => shown.write_str("\\n"),
            '\r' => shown.write_str("\\r"),
            '\t' => shown.write_str("\\t"),
            '\0'..='\u{ff}' => write!(shown, "\\x{:02x}", u32::from(c)),
            _ => write!(shown, "\\u{{{:x}}}", u32::from(c)),
        };
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_instead() {
        assert_eq!(printable("a\x1b[31mb\x07"), "a\\x1b[31mb\\x07");
        assert_eq!(printable("a\r\n\tb\x7f\u{9b}m"), "a\\r\\n\\tb\\x7f\\x9bm");
        assert_eq!(printable("gnp\u{202e}.exe"), "gnp\\u{202e}.exe");
        assert_eq!(printable("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(printable_lines("{\n\t\"a\": 1\r\n}"), "{\n\t\"a\": 1\\r\n}");
        assert_eq!(
            printable_bytes(b"a\xff\x00\xe4\xb8\xad"),
            "a\\xff\\x00\u{4e2d}"
        );
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in ["docker/19.03 (linux\\)", "镜像仓库", "Grüße ✓ …", "ไทย"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text: String) {
            prop_assert!(!printable(&text).chars().any(is_hidden));
            prop_assert!(!printable_bytes(text.as_bytes()).chars().any(is_hidden));
            let lines = printable_lines(&text);
            prop_assert!(!lines.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn any_bytes_are_shown(bytes: Vec<u8>) {
            prop_assert!(!printable_bytes(&bytes).chars().any(is_hidden));
        }
    }
}
