//! JSON in which no hidden character stands as it is.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::printable::is_hidden;

/// A value as compact JSON, with what would act on a terminal escaped. Readers get the same text.
pub(super) fn plain(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    let mut plain = String::with_capacity(json.len());
    for part in json.split_inclusive(is_hidden) {
        let hidden = part.chars().next_back().filter(|last| is_hidden(*last));
        let Some(hidden) = hidden else {
            plain.push_str(part);
            continue;
        };
        plain.push_str(part.trim_end_matches(hidden));
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            // Writing to a string never fails.
            let _ = write!(plain, "\\u{unit:04x}");
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        let plain = |text: &str| plain(&text).unwrap();
        assert_eq!(plain("a\u{202e}b\u{9b}"), "\"a\\u202eb\\u009b\"");
        assert_eq!(plain("\u{e0001}镜像\n"), "\"\\udb40\\udc01镜像\\n\"");
    }

    proptest! {
        #[test]
        fn readers_get_the_same_text(text: String) {
            let json = plain(&text).unwrap();
            prop_assert!(!json.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
