//! A message head as the pieces in which secrets may stand.

use std::ops::Range;

use memchr::memchr;

use super::rule::FieldRule;
use super::shape::Shape;

/// The pieces of a head that may be rewritten: the target of the request line or the whole of a
/// status line, and the values of the fields. Names and line ends are in none of them.
pub(super) fn pieces(head: &[u8]) -> Vec<(Range<usize>, Shape)> {
    let mut pieces = Vec::new();
    let mut rule = FieldRule::Plain;
    let mut start = 0;
    for (number, line) in head.split_inclusive(|&b| b == b'\n').enumerate() {
        let content = line.trim_ascii_end();
        let piece = if number == 0 {
            start_line(content)
        } else if content.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            rule = rule.continued();
            Some((0..content.len(), Shape::Field(rule)))
        } else if let Some(colon) = memchr(b':', content) {
            rule = FieldRule::of(content.get(..colon).unwrap_or_default());
            Some((colon + 1..content.len(), Shape::Field(rule)))
        } else {
            rule = FieldRule::Plain;
            Some((0..content.len(), Shape::Text))
        };
        if let Some((range, shape)) = piece {
            let value = content.get(range.clone()).unwrap_or_default();
            let skip = value.len() - value.trim_ascii_start().len();
            let range = start + range.start + skip..start + range.end;
            pieces.push((range, shape));
        }
        start += line.len();
    }
    pieces
}

/// The target of a request line (RFC 9112 section 3); any other line as a whole.
fn start_line(line: &[u8]) -> Option<(Range<usize>, Shape)> {
    let first = line.iter().position(|&b| b == b' ');
    let last = line.iter().rposition(|&b| b == b' ');
    let (Some(first), Some(last)) = (first, last) else {
        return Some((0..line.len(), Shape::Text));
    };
    let is_version = line.get(last + 1..)?.starts_with(b"HTTP/");
    match line.get(..first)? {
        _ if !is_version || first == last => Some((0..line.len(), Shape::Text)),
        b"CONNECT" => Some((first + 1..last, Shape::Authority)),
        _ => Some((first + 1..last, Shape::Url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Vec<(&str, Shape)> {
        pieces(head.as_bytes())
            .into_iter()
            .map(|(range, shape)| (head.get(range).unwrap(), shape))
            .filter(|(text, _)| !text.is_empty())
            .collect()
    }

    #[test]
    fn a_request_falls_into_target_and_values() {
        assert_eq!(
            read("GET /v2/ HTTP/1.1\r\nHost:r\r\nAUTHORIZATION :  Bearer x \r\nno colon\r\n\r\n"),
            [
                ("/v2/", Shape::Url),
                ("r", Shape::Field(FieldRule::Authority)),
                ("Bearer x", Shape::Field(FieldRule::Credentials)),
                ("no colon", Shape::Text),
            ]
        );
        assert_eq!(
            read("CONNECT u@h:1 HTTP/1.1\r\n"),
            [("u@h:1", Shape::Authority)]
        );
        assert_eq!(read("GET /a b HTTP/1.1")[0].0, "/a b");
    }

    #[test]
    fn other_first_lines_are_read_as_text() {
        for line in [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 200",
            "\u{16}garbage",
            "GET /?sig=x",
        ] {
            assert_eq!(read(line), [(line, Shape::Text)]);
        }
    }

    #[test]
    fn a_folded_value_keeps_its_rule() {
        let head = "GET / HTTP/1.1\r\nAuthorization:\r\n Basic abc\r\nLocation: /a\r\n\t/b\r\n";
        assert_eq!(
            read(head).get(1..).unwrap(),
            [
                ("Basic abc", Shape::Field(FieldRule::Opaque)),
                ("/a", Shape::Field(FieldRule::Url)),
                ("/b", Shape::Field(FieldRule::Url)),
            ]
        );
    }
}
