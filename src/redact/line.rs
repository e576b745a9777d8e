//! `name: value` and `name = value` in texts of any sort: YAML, settings, printed heads, literals of
//! languages; and the options of commands.

use memchr::{memchr2_iter, memmem};

use super::kind::{Candidate, SecretKind};
use super::name::{self, NamePlace};

/// Finds values after a name and a colon or an equals sign: in quotes, or alone up to the end of
/// their line. What stands close to an equals sign is a parameter, and found as one.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    options(text, out);
    for mark in memchr2_iter(b':', b'=', text) {
        let before = text.get(..mark).unwrap_or_default();
        let is_colon = text.get(mark) == Some(&b':');
        let rest = text.get(mark + 1..).unwrap_or_default();
        // As Ruby and Perl have it.
        let arrow = usize::from(!is_colon && rest.first() == Some(&b'>'));
        let spaces = arrow + blanks(rest.get(arrow..).unwrap_or_default());
        let is_close = spaces == 0 && !before.ends_with(b" ");
        let before = match before.trim_ascii_end() {
            _ if is_colon => before,
            _ if is_close => continue,
            [quoted @ .., b'"' | b'\''] if arrow > 0 => quoted,
            trimmed => trimmed,
        };
        if !before.last().is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let length = before
            .iter()
            .rev()
            .take(name::LONGEST)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            .count();
        let (before, name) = before.split_at(before.len() - length);
        let value = rest.get(spaces..).unwrap_or_default();
        let (start, length) = match value.first() {
            Some(quote @ (b'"' | b'\'')) if !is_colon || !is_sentence(before) => {
                let quoted = value.get(1..).unwrap_or_default();
                let ends = |b: &u8| b == quote || *b == b'\n';
                let length = quoted.iter().position(ends).unwrap_or(quoted.len());
                (mark + spaces + 2, length)
            }
            Some(_) if (spaces > 0 || !is_colon) && begins_line(before) => {
                let mut lines = value.split_inclusive(|b| *b == b'\n');
                let mut line = lines.next().unwrap_or_default();
                let mut start = mark + 1 + spaces;
                if is_colon && [&b"|"[..], b"|-", b">", b">-"].contains(&line.trim_ascii()) {
                    start += line.len();
                    line = lines.next().unwrap_or_default();
                }
                (start + blanks(line), line.trim_ascii().len())
            }
            _ => continue,
        };
        let Some(meaning) = name::meaning(name, NamePlace::Prose) else {
            continue;
        };
        let range = start..start + length;
        let is_quoted = start > mark + 1 + spaces && matches!(value.first(), Some(b'"' | b'\''));
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

/// Finds what options of commands are given: `--password …`, also as two elements of a list.
fn options(text: &[u8], out: &mut Vec<Candidate>) {
    let ends = |b: &u8, marks: &[u8]| b.is_ascii_whitespace() || marks.contains(b);
    for dashes in memmem::find_iter(text, b"--") {
        let rest = text.get(dashes + 2..).unwrap_or_default();
        let end = rest.iter().take(name::LONGEST).position(|b| ends(b, GAP));
        let (name, rest) = rest.split_at(end.unwrap_or_default());
        let Some(meaning) = name::meaning(name, NamePlace::Prose) else {
            continue;
        };
        let gap = rest.iter().take_while(|b| GAP.contains(b)).count();
        let rest = rest.get(gap..).unwrap_or_default();
        let end = rest.iter().position(|b| ends(b, b"\"'\\,;)&|<>`"));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        // `id=…` says where it is.
        let mut digits = word.iter().skip_while(|b| **b != b'=');
        if is_likely(word) && digits.all(|b| *b == b'=') {
            let start = text.len() - rest.len();
            let range = start..start + word.len();
            out.extend(meaning.candidate(text, range, NamePlace::Prose));
        }
    }
}

/// What may stand between an option and its value.
const GAP: &[u8] = b" \t\"',";

/// How many spaces a text begins with.
fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b' ').count()
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
        assert_eq!(
            found("[a]\naws_secret_access_key = s3cr3t-1\n"),
            ["s3cr3t-1"]
        );
        assert_eq!(found("const csrfToken = 'abc123';"), ["abc123"]);
        assert_eq!(found("{\"password\" => \"hunter2\"}"), ["hunter2"]);
        assert_eq!(found("password: |-\n    s3cr3t-1\nport: 1\n"), ["s3cr3t-1"]);
    }

    #[test]
    fn options_of_commands_are_read() {
        assert_eq!(
            found("login --username me --password s3cr3t-1 r.example"),
            ["s3cr3t-1"]
        );
        assert_eq!(found(r#"["--api-token", "s3cr3t-1=="]"#), ["s3cr3t-1=="]);
        for text in [
            "build --secret id=npmrc1,src=x",
            "login --password $DEPLOY_PASSWORD",
            "login --password-stdin abcdef1",
            "run -u 1000:1000 -p 8080:8080",
            "run -p 8080:80a",
            "x --token-file /run/t0ken1",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn sentences_are_left_alone() {
        for text in [
            "invalid token: expired1",
            "token: expired",
            "password: it is wrong 1",
            "https://token:8080/x",
            "sha256:0a1b2c3d",
            "if token == expired1",
            "password = it is wrong 1",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
