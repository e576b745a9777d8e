//! Known secrets in a text, as they are, under escapes and inside base64.

use std::ops::Range;

use super::placeholder;
use super::replacement::Replacement;
use super::secrets::{SecretMeaning, Secrets};
use super::{base64, layer};

/// Finds where known secrets stand in a text. Placeholders are left whole.
pub(super) fn find(text: &[u8], secrets: &Secrets) -> Vec<Replacement> {
    let mut spans = Vec::new();
    if secrets.is_empty() {
        return spans;
    }
    let mut add = |range: Range<usize>, known: SecretMeaning| {
        if !placeholder::is_hurt_by(text, &range) {
            spans.push(Replacement {
                range,
                placeholder: known.name,
                sort: known.sort,
                quote: None,
            });
        }
    };
    layer::each(text, |bytes, source| {
        secrets.scan(bytes, |range, known| add(source(range), known));
        let worth = |digits| secrets.may_begin_in(digits);
        base64::each(bytes, worth, |decoded, digits| {
            secrets.scan(decoded, |range, known| add(source(digits(range)), known));
        });
    });
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::base64::tests::encode;
    use crate::redact::kind::SecretSort;
    use crate::redact::placeholder::Namer;
    use crate::redact::replacement::splice;

    fn spread(secret: &str, text: &str) -> String {
        let namer = Namer::default();
        let mut secrets = Secrets::default();
        let known = SecretMeaning {
            name: namer.name(secret.as_bytes()),
            sort: SecretSort::Token,
        };
        secrets.insert(secret.as_bytes(), known);
        let spans = find(text.as_bytes(), &secrets);
        let bytes = splice(text.as_bytes(), spans).unwrap_or_else(|| text.as_bytes().to_vec());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_secret_is_found_in_every_dress() {
        let secret = "p&ss \"w/rd+<é>";
        for dressed in [
            secret.to_owned(),
            "p%26ss%20%22w%2frd%2B%3C%C3%A9%3E".to_owned(),
            "p%2526ss%2520%2522w%252Frd%252B%253C%25C3%25A9%253E".to_owned(),
            "p&amp;ss &quot;w/rd+&lt;&#233;&gt;".to_owned(),
            r#"p&ss \"w\/rd+<\u00e9>"#.to_owned(),
            r"p\u0026ss \u0022w/rd\u002b\u003cé\u003e".to_owned(),
        ] {
            let text = spread(secret, &format!("[{dressed}]"));
            assert!(
                text.starts_with("[REDACTED-") && text.len() == 17,
                "{dressed}: {text}"
            );
        }
    }

    #[test]
    fn a_secret_is_found_inside_base64() {
        for user in [
            "",
            ":",
            "u:",
            "us:",
            "use:",
            "user:",
            "user::",
            "long-user:",
        ] {
            let text = encode(format!("{user}hunter2").as_bytes());
            let spread = spread("hunter2", &format!("sent {text} to"));
            assert!(
                spread.contains("REDACTED-") && spread.ends_with(" to"),
                "{spread}"
            );
            // The six digits of the placeholder are random and may be like anything.
            let (before, after) = spread.split_once("REDACTED-").unwrap();
            let left = format!("{before} {}", after.get(6..).unwrap());
            assert!(!left.contains(text.get(text.len() / 2..text.len() - 4).unwrap()));
        }
    }

    #[test]
    fn placeholders_are_left_alone() {
        assert_eq!(
            spread("abc123", "x REDACTED-abc123 y"),
            "x REDACTED-abc123 y"
        );
    }
}
