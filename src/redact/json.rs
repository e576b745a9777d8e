//! Secrets in JSON, found by the names of members without parsing: a body may be cut short.

use std::ops::Range;

use memchr::memchr;

use super::kind::{Candidate, SecretKind, SecretSort};
use super::name::{self, NameMeaning, NamePlace};

/// Finds the values of members whose names say that they are secret, and of pairs such as
/// `{"name": "password", "value": "…"}`.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    let mut seen = SeenMembers::default();
    let mut from = 0;
    while let Some(quote) = text.get(from..).and_then(|rest| memchr(b'"', rest)) {
        let name_start = from + quote + 1;
        from = name_start;
        let rest = text.get(name_start..).unwrap_or_default();
        let length = rest
            .iter()
            .take(MAX_NAME)
            .take_while(|b| is_name(**b))
            .count();
        let (name, rest) = rest.split_at(length);
        if let Some(value) = after(b'=', rest) {
            from = variable(text, name, text.len() - value.len(), out).unwrap_or(from);
            continue;
        }
        let Some(rest) = after(b'"', rest).map(<[u8]>::trim_ascii_start) else {
            continue;
        };
        let Some(rest) = after(b':', rest).map(<[u8]>::trim_ascii_start) else {
            continue;
        };
        let start = text.len() - rest.len();
        if let Some(end) = member(text, name_start, name, start, &mut seen, out) {
            from = end;
        }
    }
    if seen.is_secret {
        for object in seen.data {
            strings(text, object, SecretKind::Encoded, out);
        }
    }
}

/// What of the members before matters for those that follow.
#[derive(Default)]
struct SeenMembers {
    /// The last member `name` whose value is the name of a secret: where it ends, and what it says.
    named: Option<(usize, NameMeaning)>,
    /// The last member `value` that is a string.
    value: Option<Range<usize>>,
    /// Whether a Kubernetes Secret was seen.
    is_secret: bool,
    /// The members `data`, as a Secret has them.
    data: Vec<Range<usize>>,
    /// The end of the last list of `signatures`, which are public.
    signatures_end: usize,
}

/// Looks at one member; where its value ends, if nothing else is to be found in it.
fn member(
    text: &[u8],
    name_start: usize,
    name: &[u8],
    start: usize,
    seen: &mut SeenMembers,
    out: &mut Vec<Candidate>,
) -> Option<usize> {
    let rest = text.get(start..)?;
    let string = after(b'"', rest).map(|value| start + 1..start + 1 + string_length(value));
    match name {
        b"kind" => seen.is_secret |= is_any(text, string.as_ref(), &[b"Secret", b"SecretList"]),
        // Of what is nested in one that was seen, the end is known.
        b"data" | b"stringData"
            if rest.first() == Some(&b'{')
                && seen.data.last().is_none_or(|data| data.end <= start) =>
        {
            seen.data.push(start..start + extent(rest));
        }
        b"signatures" if rest.first() == Some(&b'[') && seen.signatures_end <= start => {
            seen.signatures_end = start + extent(rest);
        }
        _ => {}
    }
    if let Some(string) = &string {
        pair(text, name_start, name, string, seen, out);
    }
    let meaning = name::meaning(name, NamePlace::Member)?;
    if is_public(name, start, seen, meaning) {
        return None;
    }
    if let Some(range) = string {
        let end = range.end;
        let candidate = meaning.candidate(text, range, NamePlace::Member)?;
        out.push(candidate);
        return Some(end);
    }
    match rest.first()? {
        b'[' if meaning.kind == SecretKind::Credential => {
            return Some(list(text, start + 1, meaning, out));
        }
        // Its member `value` is the secret.
        b'{' => seen.named = Some((start + 1, meaning)),
        _ if meaning.kind == SecretKind::Credential => {
            let length = bare_length(rest);
            let end = start + length;
            if !meaning.is_plain && length < SHORTEST_NUMBER {
                return None;
            }
            out.push(Candidate {
                quote: Some(name_start - 1..name_start),
                ..Candidate::new(start..end, SecretKind::Credential).of_sort(meaning.sort)
            });
            return Some(end);
        }
        _ => {}
    }
    None
}

/// Whether this is the signature of a document: of a manifest, an attestation, an annotation.
fn is_public(name: &[u8], at: usize, seen: &SeenMembers, meaning: NameMeaning) -> bool {
    meaning.sort == SecretSort::Signature && (at < seen.signatures_end || name.contains(&b'/'))
}

/// Puts a member `name` and a member `value` of one object together, in either order.
fn pair(
    text: &[u8],
    name_start: usize,
    name: &[u8],
    string: &Range<usize>,
    seen: &mut SeenMembers,
    out: &mut Vec<Candidate>,
) {
    let is = |words: &[&[u8]]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    let same_object = |from: usize, to: usize| {
        let between = text.get(from..to).unwrap_or_default();
        between.len() <= FARTHEST && !between.iter().any(|b| matches!(b, b'{' | b'}'))
    };
    if is(&[b"name", b"key"]) {
        let value = text.get(string.clone()).unwrap_or_default();
        let meaning = name::meaning(value, NamePlace::Member);
        seen.named = meaning.map(|meaning| (string.end, meaning));
        if let (Some(meaning), Some(value)) = (meaning, seen.value.clone())
            && same_object(value.end, name_start)
        {
            out.extend(meaning.candidate(text, value, NamePlace::Member));
        }
    } else if is(&[b"value"]) {
        seen.value = Some(string.clone());
        if let Some((end, meaning)) = seen.named.take()
            && same_object(end, name_start)
        {
            out.extend(meaning.candidate(text, string.clone(), NamePlace::Member));
        }
    }
}

/// A string that is a variable, as the configuration of an image has them: `"NPM_TOKEN=…"`.
/// Its value ends with the string, whatever is in it. Where it ends.
fn variable(text: &[u8], name: &[u8], start: usize, out: &mut Vec<Candidate>) -> Option<usize> {
    if name.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let meaning = name::meaning(name, NamePlace::Prose)?;
    let end = start + string_length(text.get(start..)?);
    out.push(meaning.candidate(text, start..end, NamePlace::Prose)?);
    Some(end)
}

/// The strings at the beginning of a list; where they end.
fn list(text: &[u8], start: usize, meaning: NameMeaning, out: &mut Vec<Candidate>) -> usize {
    let mut from = start;
    while let Some(value) = text.get(from..).map(<[u8]>::trim_ascii_start)
        && let Some(string) = after(b'"', value)
    {
        let start = text.len() - string.len();
        let end = start + string_length(string);
        out.push(Candidate::new(start..end, meaning.kind).of_sort(meaning.sort));
        let rest = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
        from = text.len() - after(b',', rest).unwrap_or(rest).len();
    }
    from
}

/// All values that are strings within an object.
fn strings(text: &[u8], within: Range<usize>, kind: SecretKind, out: &mut Vec<Candidate>) {
    let mut from = within.start;
    while let Some(quote) = text
        .get(from..within.end)
        .and_then(|rest| memchr(b'"', rest))
    {
        let start = from + quote + 1;
        let length = string_length(text.get(start..within.end).unwrap_or_default());
        from = start + length + 1;
        let next = text.get(from..within.end).unwrap_or_default();
        if next.trim_ascii_start().first() != Some(&b':') {
            out.push(Candidate::new(start..start + length, kind));
        }
    }
}

fn is_any(text: &[u8], range: Option<&Range<usize>>, words: &[&[u8]]) -> bool {
    range
        .and_then(|range| text.get(range.clone()))
        .is_some_and(|value| words.contains(&value))
}

/// No name of interest is longer.
const MAX_NAME: usize = name::LONGEST;

/// A number with fewer digits counts something.
const SHORTEST_NUMBER: usize = 6;
/// No more stands between a name and its value.
const FARTHEST: usize = 4_096;

/// The length of a list or an object, or of what there is of one that is cut short.
fn extent(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The length of a string's content up to its closing quote, or to the end of a cut text.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|&b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(text.len())
}

/// The length of a number; objects, arrays and literals are not secrets themselves.
fn bare_length(text: &[u8]) -> usize {
    text.iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
        .count()
}

fn after(mark: u8, text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(&[mark])
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.$@/[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::kind::tests_of_finders;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tests_of_finders::found(find, text)
    }

    #[test]
    fn a_token_response_is_known_whatever_its_layout() {
        let body = "{\"token\":\"a\",\n \"access_token\" : \"b\\\"c\",\"expires_in\":300,\"Id_Token\":\"d\"}";
        assert_eq!(found(body), ["a", "b\\\"c", "d"]);
    }

    #[test]
    fn a_cut_body_is_read_to_its_end() {
        assert_eq!(found(r#"{"token":"abc"#), ["abc"]);
        assert_eq!(found(r#"{"token":"abc\"#), ["abc\\"]);
        assert_eq!(found(r#"{"token":""#), [""]);
        assert!(found(r#"{"token":"#).iter().all(|value| value.is_empty()));
    }

    #[test]
    fn numbers_are_secrets_and_literals_are_not() {
        assert_eq!(found(r#"{"password": 12345, "x":1}"#), ["12345"]);
        for literal in ["null", "true", "{}", "[]"] {
            let text = format!(r#"{{"password":{literal}}}"#);
            assert!(found(&text).iter().all(|value| value.is_empty()), "{text}");
        }
    }

    #[test]
    fn a_secret_in_an_object_of_its_own_is_found() {
        let text = r#"{"password":{"type":"plain","value":"a"},"value":"b"}"#;
        assert_eq!(found(text), ["a"]);
    }

    #[test]
    fn the_story_is_kept() {
        let body = r#"{"errors":[{"code":"DENIED","message":"token expired","detail":null}]}"#;
        assert!(found(body).is_empty());
        assert!(found(r#"{"signatures":[{"signature":"s","protected":"p"}]}"#).is_empty());
    }
}
