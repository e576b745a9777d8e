//! What a message head may look like, and how long its body is.
//!
//! Stricter than RFC 9112 wherever two parsers could disagree about where a message ends: what
//! is ambiguous is refused, never repaired.

use memchr::{memchr, memchr2};
use thiserror::Error;

use crate::base::token::is_token;
use crate::exchange::RawHead;
use crate::exchange::head::{lines, passes};

use super::content::DeclaredContent;

/// What a head that is in order says of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckedHead {
    pub(super) framing: BodyLength,
    /// Of a response.
    pub(super) status: Option<u16>,
    pub(super) content: DeclaredContent,
}

/// How the end of a message body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// There is no body.
    None,
    /// This many bytes.
    Length(u64),
    /// Chunked transfer coding.
    Chunked,
    /// All bytes up to the end of the connection.
    UntilClose,
    /// The connection leaves HTTP (101, or a CONNECT that succeeded).
    Switched,
}

/// What a response answers, as far as its framing depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RequestMethod {
    Head,
    Connect,
    #[default]
    Other,
}

/// Why a head is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The head is longer than the limit.
    #[error("the head is longer than {0} bytes")]
    TooLong(usize),
    /// The head has more fields than the limit.
    #[error("the head has more than {0} fields")]
    TooManyFields(usize),
    /// The start line is malformed.
    #[error("the first line is not an HTTP/1.x {0} line")]
    StartLine(&'static str),
    /// A line does not end in CRLF, or holds a CR or NUL.
    #[error("a line holds a bare CR, a bare LF or a NUL")]
    LineEnd,
    /// A field line is malformed.
    #[error("a header line is malformed: {0}")]
    FieldLine(&'static str),
    /// `Transfer-Encoding` and `Content-Length` stand together.
    #[error("it has both Transfer-Encoding and Content-Length")]
    TwoLengths,
    /// `Transfer-Encoding` is not exactly one `chunked`.
    #[error("its Transfer-Encoding is not exactly \"chunked\"")]
    TransferEncoding,
    /// `Content-Length` is not one number.
    #[error("its Content-Length is not one number")]
    ContentLength,
    /// An HTTP/1.1 request does not have exactly one Host.
    #[error("it does not have exactly one Host header")]
    Host,
    /// Chunked framing is malformed.
    #[error("its chunked framing is malformed")]
    Chunk,
    /// The head did not arrive in time.
    #[error("the head did not arrive in time")]
    Late,
    /// More interim responses came than anything has use for.
    #[error("more than {0} interim responses came before the final one")]
    TooManyInterim(usize),
    /// Bytes arrived that belong to no message.
    #[error("bytes arrived that belong to no response")]
    Unsolicited,
}

/// Checks a request head and says what it is the head of.
pub(super) fn request(head: &RawHead, max_fields: usize) -> Result<CheckedHead, Violation> {
    let version = request_line(head.start_line())?;
    let fields = Fields::read(head, max_fields)?;
    if fields.hosts > 1 || (fields.hosts == 0 && version == Version::Http11) {
        return Err(Violation::Host);
    }
    Ok(CheckedHead {
        framing: fields.length(version)?.unwrap_or(BodyLength::None),
        status: None,
        content: fields.content,
    })
}

/// Checks a response head and says what it is the head of, given what it answers.
pub(super) fn response(
    head: &RawHead,
    asked: RequestMethod,
    max_fields: usize,
) -> Result<CheckedHead, Violation> {
    let (version, status) = status_line(head.start_line())?;
    let fields = Fields::read(head, max_fields)?;
    let length = fields.length(version)?;
    let framing = match (status, asked) {
        (101, _) => BodyLength::Switched,
        (200..=299, RequestMethod::Connect) if status != 204 => BodyLength::Switched,
        (100..=199 | 204 | 304, _) | (_, RequestMethod::Head) => BodyLength::None,
        _ => length.unwrap_or(BodyLength::UntilClose),
    };
    Ok(CheckedHead {
        framing,
        status: Some(status),
        content: fields.content,
    })
}

impl RequestMethod {
    /// By the request's method.
    pub(super) fn by(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// What one walk over the field lines of a head finds.
#[derive(Default)]
struct Fields<'a> {
    count: usize,
    hosts: usize,
    /// The first `Transfer-Encoding` and how many there are.
    coding: (&'a [u8], usize),
    /// The first `Content-Length` and how many there are.
    length: (&'a [u8], usize),
    content: DeclaredContent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

fn request_line(line: &[u8]) -> Result<Version, Violation> {
    let wrong = Violation::StartLine("request");
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(wrong);
    };
    let target_ok = !target.is_empty() && target.iter().all(|&b| b > b' ' && b != 0x7f);
    if !is_token(method) || !target_ok {
        return Err(wrong);
    }
    parse_version(version).ok_or(wrong)
}

fn status_line(line: &[u8]) -> Result<(Version, u16), Violation> {
    let wrong = Violation::StartLine("status");
    let mut words = line.splitn(3, |&b| b == b' ');
    let version = words
        .next()
        .and_then(parse_version)
        .ok_or_else(|| wrong.clone())?;
    let digits = words.next().ok_or_else(|| wrong.clone())?;
    let reason = words.next().unwrap_or_default();
    let status = std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok());
    match status {
        Some(status @ 100..=999) if digits.len() == 3 && is_field_text(reason) => {
            Ok((version, status))
        }
        _ => Err(wrong),
    }
}

fn parse_version(word: &[u8]) -> Option<Version> {
    match word {
        b"HTTP/1.1" => Some(Version::Http11),
        b"HTTP/1.0" => Some(Version::Http10),
        _ => None,
    }
}

impl<'a> Fields<'a> {
    /// Checks every line after the first and notes what the message's framing and content hang
    /// on.
    fn read(head: &'a RawHead, max_fields: usize) -> Result<Self, Violation> {
        passes::count(head);
        let bytes = head.as_bytes();
        let body = bytes.strip_suffix(b"\r\n\r\n").ok_or(Violation::LineEnd)?;
        let mut fields = Self::default();
        for (index, line) in lines(body).enumerate() {
            // Splitting at LF leaves a CR at the end of every line but the last.
            let last = line.as_ptr_range().end == body.as_ptr_range().end;
            let line = match (line.strip_suffix(b"\r"), last) {
                (Some(line), false) => line,
                (None, true) => line,
                _ => return Err(Violation::LineEnd),
            };
            if memchr2(b'\r', 0, line).is_some() {
                return Err(Violation::LineEnd);
            }
            if index > 0 {
                let (name, value) = field_line(line)?;
                fields.note(name, value);
            }
        }
        if fields.count > max_fields {
            return Err(Violation::TooManyFields(max_fields));
        }
        Ok(fields)
    }

    fn note(&mut self, name: &[u8], value: &'a [u8]) {
        self.count += 1;
        let first = |(first, count): &mut (&'a [u8], usize)| {
            if *count == 0 {
                *first = value;
            }
            *count += 1;
        };
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            14 if name.eq_ignore_ascii_case(b"content-length") => first(&mut self.length),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => first(&mut self.coding),
            _ => self.content.note(name, value),
        }
    }

    /// The framing that the head's own fields ask for.
    fn length(&self, version: Version) -> Result<Option<BodyLength>, Violation> {
        if let (coding, count @ 1..) = self.coding {
            let one_chunked = count == 1 && coding.eq_ignore_ascii_case(b"chunked");
            if !one_chunked || version == Version::Http10 {
                return Err(Violation::TransferEncoding);
            }
            return match self.length {
                (_, 0) => Ok(Some(BodyLength::Chunked)),
                _ => Err(Violation::TwoLengths),
            };
        }
        let (digits, count) = self.length;
        if count == 0 {
            return Ok(None);
        }
        let number = (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(digits)
            .ok()
            .filter(|_| number && count == 1);
        match text.and_then(|text| text.parse().ok()) {
            Some(length) => Ok(Some(BodyLength::Length(length))),
            None => Err(Violation::ContentLength),
        }
    }
}

/// A field's name and its value without the white space around it.
fn field_line(line: &[u8]) -> Result<(&[u8], &[u8]), Violation> {
    if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
        return Err(Violation::FieldLine("a line is folded (obs-fold)"));
    }
    let (name, value) = match memchr(b':', line) {
        Some(at) => line.split_at(at),
        None => return Err(Violation::FieldLine("there is no colon")),
    };
    if !is_token(name) {
        return Err(Violation::FieldLine("the name is not a token"));
    }
    if !is_field_text(value) {
        return Err(Violation::FieldLine("the value holds a control character"));
    }
    Ok((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// RFC 9110 section 5.5: visible characters, white space and obs-text.
fn is_field_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|&b| b == b'\t' || (b >= b' ' && b != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(head: &str) -> Result<BodyLength, Violation> {
        request(&RawHead::new(head), 5).map(|message| message.framing)
    }

    fn answer(head: &str) -> Result<BodyLength, Violation> {
        response(&RawHead::new(head), RequestMethod::Other, 5).map(|message| message.framing)
    }

    #[test]
    fn framing_is_read_by_the_book() {
        assert_eq!(
            ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            Ok(BodyLength::None)
        );
        assert_eq!(ask("GET / HTTP/1.0\r\n\r\n"), Ok(BodyLength::None));
        let sized = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(ask(sized), Ok(BodyLength::Length(12)));
        let chunked = "PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
        assert_eq!(ask(chunked), Ok(BodyLength::Chunked));
        assert_eq!(answer("HTTP/1.1 200\r\n\r\n"), Ok(BodyLength::UntilClose));
        assert_eq!(
            answer("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"),
            Ok(BodyLength::None)
        );
        assert_eq!(answer("HTTP/1.1 101 S\r\n\r\n"), Ok(BodyLength::Switched));
        let head = RawHead::new("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        let checked = response(&head, RequestMethod::by("HEAD"), 5);
        assert_eq!(checked.map(|message| message.framing), Ok(BodyLength::None));
    }

    #[test]
    fn what_two_parsers_could_read_in_two_ways_is_refused() {
        let with = |lines: &str| ask(&format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n"));
        let te = Violation::TransferEncoding;
        for (lines, why) in [
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 1",
                Violation::TwoLengths,
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                te.clone(),
            ),
            ("Transfer-Encoding: gzip, chunked", te.clone()),
            ("Transfer-Encoding: identity", te.clone()),
            (
                "Transfer-Encoding: \x0bchunked",
                Violation::FieldLine("the value holds a control character"),
            ),
            (
                "Content-Length: 1\r\nContent-Length: 1",
                Violation::ContentLength,
            ),
            ("Content-Length: 1, 1", Violation::ContentLength),
            ("Content-Length: +1", Violation::ContentLength),
            ("Content-Length: 0x1", Violation::ContentLength),
            (
                "Content-Length: 99999999999999999999",
                Violation::ContentLength,
            ),
            (
                "Content-Length : 1",
                Violation::FieldLine("the name is not a token"),
            ),
            (
                "X: a\r\n folded",
                Violation::FieldLine("a line is folded (obs-fold)"),
            ),
            ("X: a\nY: b", Violation::LineEnd),
            ("X: a\rb", Violation::LineEnd),
            ("X: a\0b", Violation::LineEnd),
            ("no colon", Violation::FieldLine("there is no colon")),
            ("Host: b", Violation::Host),
            (
                "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1",
                Violation::TooManyFields(5),
            ),
        ] {
            assert_eq!(with(lines), Err(why), "{lines:?}");
        }
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(ask(old), Err(te));
        assert_eq!(ask("GET / HTTP/1.1\r\n\r\n"), Err(Violation::Host));
    }

    #[test]
    fn start_lines_are_strict() {
        for line in [
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/2.0",
            " GET / HTTP/1.1",
            "G(T / HTTP/1.1",
        ] {
            let refused = ask(&format!("{line}\r\nHost: a\r\n\r\n"));
            assert_eq!(refused, Err(Violation::StartLine("request")), "{line:?}");
        }
        for line in [
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1",
            "HTTP/3 200 OK",
            "200 OK",
        ] {
            let refused = answer(&format!("{line}\r\n\r\n"));
            assert_eq!(refused, Err(Violation::StartLine("status")), "{line:?}");
        }
    }
}
