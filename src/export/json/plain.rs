//! JSON in which no hidden character stands as it is.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::base::printable::is_hidden;

/// Compact JSON whose strings escape what would act on a terminal. Readers get the same text.
pub(super) struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            if let Some(hidden) = chars.next() {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize as _;

    use super::*;

    fn write(text: &str) -> String {
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Plain);
        text.serialize(&mut serializer).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(write("a\u{202e}b\u{9b}"), "\"a\\u202eb\\u009b\"");
        assert_eq!(write("\u{e0001}镜像\n"), "\"\\udb40\\udc01镜像\\n\"");
    }

    proptest! {
        #[test]
        fn readers_get_the_same_text(text: String) {
            let json = write(&text);
            prop_assert!(!json.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
