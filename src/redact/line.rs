//! `name: value` in texts of any sort: YAML, printed heads, literals of query languages.

use memchr::memchr_iter;

use super::kind::{Candidate, SecretKind};
use super::name::{self, NamePlace};

/// Finds values after a name and a colon: in quotes, or alone up to the end of their line.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    for colon in memchr_iter(b':', text) {
        let before = text.get(..colon).unwrap_or_default();
        if !before.last().is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let length = before
            .iter()
            .rev()
            .take(name::LONGEST)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            .count();
        let (before, name) = before.split_at(colon - length);
        let rest = text.get(colon + 1..).unwrap_or_default();
        let spaces = rest.iter().take_while(|b| **b == b' ').count();
        let value = rest.get(spaces..).unwrap_or_default();
        let (start, length) = match value.first() {
            Some(quote @ (b'"' | b'\'')) if !is_sentence(before) => {
                let quoted = value.get(1..).unwrap_or_default();
                let ends = |b: &u8| b == quote || *b == b'\n';
                let length = quoted.iter().position(ends).unwrap_or(quoted.len());
                (colon + spaces + 2, length)
            }
            Some(_) if spaces > 0 && begins_line(before) => {
                let line = value.split(|b| matches!(b, b'\r' | b'\n')).next();
                (colon + 1 + spaces, line.unwrap_or_default().len())
            }
            _ => continue,
        };
        let Some(meaning) = name::meaning(name, NamePlace::Prose) else {
            continue;
        };
        let range = start..start + length;
        let is_quoted = start > colon + 1 + spaces;
        if is_quoted || is_likely(text.get(range.clone()).unwrap_or_default()) {
            let found = meaning.candidate(text, range, NamePlace::Prose);
            // In prose a name may be wrong.
            out.extend(found.map(|found| match found.kind {
                SecretKind::Credential => Candidate {
                    kind: SecretKind::Supposed,
                    ..found
                },
                _ => found,
            }));
        }
    }
}

/// Whether what stands before a name begins its line: indentation, a dash, the marks of a dump.
fn begins_line(before: &[u8]) -> bool {
    let near = before.len().saturating_sub(DEEPEST);
    let near = before.get(near..).unwrap_or_default();
    let line = near.iter().rev().take_while(|b| **b != b'\n');
    line.clone().count() < DEEPEST && line.into_iter().all(|b| b" \t-*<>".contains(b))
}

/// Whether the name is a word among others: "unexpected token: …".
fn is_sentence(before: &[u8]) -> bool {
    let near = before.trim_ascii_end();
    near.len() < before.len() && near.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// No indentation of interest is deeper.
const DEEPEST: usize = 64;

/// Whether a value without quotes is more likely a secret than a word of a sentence.
fn is_likely(value: &[u8]) -> bool {
    let one_word = !value.iter().any(u8::is_ascii_whitespace);
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    one_word && value.len() >= 6 && mixed
}

#[cfg(test)]
mod tests {
    use super::super::kind::tests_of_finders;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tests_of_finders::found(find, text)
    }

    #[test]
    fn yaml_and_literals_are_read() {
        assert_eq!(
            found("user: me\n  dbPassword: s3cr3t-1\n- apiToken: 'a b c d'\n"),
            ["s3cr3t-1", "a b c d"]
        );
        assert_eq!(found("{ login(password: \"hunter2\") }"), ["hunter2"]);
        assert_eq!(found("> X-Auth-Token: abc123\r\n"), ["abc123"]);
    }

    #[test]
    fn sentences_are_left_alone() {
        for text in [
            "invalid token: expired1",
            "token: expired",
            "password: it is wrong 1",
            "https://token:8080/x",
            "sha256:0a1b2c3d",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
