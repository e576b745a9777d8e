//! What servers say, fit to be shown.

use crate::base::printable::printable;

/// The message of a registry's error, or the beginning of any other text.
pub(super) fn message(content: &[u8]) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    let message = json
        .as_ref()
        .and_then(|json| json.pointer("/errors/0/message")?.as_str());
    let text = match message {
        Some(message) => words(message),
        None => words(&String::from_utf8_lossy(content)),
    };
    (!text.is_empty()).then_some(text)
}

/// Text of a server's, fit to be shown: one line, not too long.
pub(super) fn words(text: &str) -> String {
    let text: String = text.chars().take(MAX_MESSAGE).collect();
    let words: Vec<_> = text.split_whitespace().collect();
    printable(&words.join(" ")).into_owned()
}

const MAX_MESSAGE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_made_fit_to_show() {
        let error = br#"{"errors":[{"code":"X","message":"no\u001b[31m such\nthing"}]}"#;
        assert_eq!(message(error).as_deref(), Some(r"no\x1b[31m such thing"));
        assert_eq!(message(b"<p>hi</p>").as_deref(), Some("<p>hi</p>"));
        assert_eq!(message(b" \n"), None);
        assert_eq!(
            message("x".repeat(999).as_bytes()).unwrap().len(),
            MAX_MESSAGE
        );
    }
}
