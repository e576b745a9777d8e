//! `Warning` fields (RFC 7234 section 5.5; obsolete in HTTP, alive in the distribution-spec).

use serde::Serialize;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Its code; registries use 299, "miscellaneous persistent warning".
    pub code: u16,
    /// Who warns; `-` when it is not said.
    pub agent: String,
    /// The text for people.
    pub text: String,
}

impl Warning {
    /// Reads one field value: `299 - "text"`. `None` when it has no such form.
    pub fn read(value: &[u8]) -> Option<Self> {
        let value = crate::exchange::head::latin1(value);
        let (code, rest) = value.trim().split_once(' ')?;
        let (agent, text) = rest.trim_start().split_once(' ')?;
        let text = text.trim();
        let text = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => text.to_owned(),
        };
        Some(Self {
            code: code.parse().ok()?,
            agent: agent.to_owned(),
            text,
        })
    }
}

/// The text up to the closing quote, escapes undone.
fn unquote(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_form_of_the_spec() {
        let warning = Warning::read(b"299 - \"Your \\\"auth\\\" expires\" \"date\"").unwrap();
        assert_eq!((warning.code, warning.agent.as_str()), (299, "-"));
        assert_eq!(warning.text, "Your \"auth\" expires");
        assert_eq!(Warning::read(b"299 r.example bare").unwrap().text, "bare");
        assert_eq!(Warning::read(b"soon"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            Warning::read(&bytes);
        }
    }
}
