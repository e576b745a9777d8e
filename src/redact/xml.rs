//! Secrets in XML and HTML: the error bodies of object stores, settings, pages.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

use super::kind::Candidate;
use super::name::{self, NameMeaning, NamePlace};

/// Finds the content of elements whose names say that they are secret, and the values beside such
/// names: `<input name="csrf_token" value="…">`, `<meta name="csrf-token" content="…">`.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    for open in memchr_iter(b'<', text) {
        let start = open + 1;
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .take(MAX_NAME)
            .take_while(|b| is_name(**b))
            .count();
        let (name, rest) = rest.split_at(length);
        if name.is_empty() {
            continue;
        }
        let tag = match rest.first() {
            Some(b'>') => 0,
            Some(b' ' | b'\t' | b'\r' | b'\n') => {
                let rest = rest.get(..LONGEST_TAG).unwrap_or(rest);
                // Where another tag begins, this is none.
                let Some(end) = memchr2(b'<', b'>', rest).filter(|at| rest.get(*at) == Some(&b'>'))
                else {
                    continue;
                };
                let attributes = start + length..start + length + end;
                named(text, attributes, out);
                end
            }
            _ => continue,
        };
        // The name after a prefix: `<ns:Password>`.
        let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
        if let Some(meaning) = name::meaning(local, NamePlace::Member) {
            let content = start + length + tag + 1;
            let range = extent(text, content);
            out.extend(meaning.candidate(text, range, NamePlace::Member));
        }
    }
}

/// The content of an element up to the next tag.
fn extent(text: &[u8], start: usize) -> Range<usize> {
    let content = text.get(start..).unwrap_or_default();
    if let Some(data) = content.strip_prefix(CDATA) {
        let start = start + CDATA.len();
        let end = memchr::memmem::find(data, b"]]>").unwrap_or(data.len());
        return start..start + end;
    }
    start..start + memchr(b'<', content).unwrap_or(content.len())
}

/// The value of a tag whose attribute `name` says that it is secret.
fn named(text: &[u8], attributes: Range<usize>, out: &mut Vec<Candidate>) {
    let mut meaning: Option<NameMeaning> = None;
    let mut value = None;
    let tag = text.get(attributes.clone()).unwrap_or_default();
    for equals in memchr_iter(b'=', tag) {
        let (before, after) = tag.split_at(equals);
        let Some((quote @ (b'"' | b'\''), after)) = after.get(1..).and_then(<[u8]>::split_first)
        else {
            continue;
        };
        let Some(length) = memchr(*quote, after) else {
            continue;
        };
        let start = before.iter().rposition(|b| !b.is_ascii_alphanumeric());
        let word = before
            .get(start.map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        let is = |words: &[&[u8]]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
        if is(&[b"name", b"key"]) {
            let name = after.get(..length).unwrap_or_default();
            meaning = name::meaning(name, NamePlace::Member);
        } else if is(&[b"value", b"content"]) {
            let start = attributes.start + equals + 2;
            value = Some(start..start + length);
        }
    }
    if let (Some(meaning), Some(value)) = (meaning, value) {
        out.extend(meaning.candidate(text, value, NamePlace::Member));
    }
}

/// No name of interest is longer.
const MAX_NAME: usize = name::LONGEST;
/// No tag of interest is longer.
const LONGEST_TAG: usize = 4_096;
/// What text as it is begins with.
const CDATA: &[u8] = b"<![CDATA[";

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stores_error_is_known() {
        let text = "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA1</AWSAccessKeyId>\
                    <RequestId>R</RequestId><StringToSignBytes>41 57</StringToSignBytes><AccessKeyId>cut";
        let mut out = Vec::new();
        find(text.as_bytes(), &mut out);
        let found: Vec<_> = out
            .iter()
            .map(|c| text.get(c.range.clone()).unwrap())
            .collect();
        assert_eq!(found, ["AKIA1", "41 57", "cut"]);
    }
}
