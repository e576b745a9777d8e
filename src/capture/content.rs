//! What a head says of the content under it, as far as keeping it depends on that.

use strum::EnumString;

use crate::exchange::{ContentRange, RawHead};

/// The kind and the coding of a message's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclaredContent {
    is_text: Option<bool>,
    coding: Option<Coding>,
    /// The first byte that it has of a whole, and the size of that, by `Content-Range`.
    range: Option<(u64, Option<u64>)>,
    /// Whether it may be several ranges of that (`multipart/byteranges`).
    has_parts: bool,
    status: Option<u16>,
}

/// A content coding that can be undone (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString)]
#[strum(ascii_case_insensitive)]
pub(super) enum Coding {
    #[strum(serialize = "", serialize = "identity")]
    Identity,
    #[strum(serialize = "gzip", serialize = "x-gzip")]
    Gzip,
    Deflate,
    Zstd,
    /// Another, or more than one.
    #[strum(disabled)]
    Unknown,
}

impl DeclaredContent {
    /// Reads a head that has passed no framer.
    pub fn of(head: &RawHead) -> Self {
        let mut content = Self::default();
        for field in head.fields() {
            content.note(field.name, field.value);
        }
        content
    }

    /// Takes one field into account; the first `Content-Type` stands.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        match name.len() {
            12 if name.eq_ignore_ascii_case(b"content-type") => {
                self.is_text.get_or_insert_with(|| is_text(value));
                let media = value.split(|byte| *byte == b';').next().unwrap_or_default();
                let media = media.trim_ascii();
                self.has_parts |= media.eq_ignore_ascii_case(b"multipart/byteranges");
            }
            16 if name.eq_ignore_ascii_case(b"content-encoding") => {
                self.coding = Some(match self.coding {
                    None => coding(value),
                    Some(_) => Coding::Unknown,
                });
            }
            13 if name.eq_ignore_ascii_case(b"content-range") => self.range = range(value),
            _ => {}
        }
    }

    /// The same, of an answer with this status.
    #[must_use]
    pub fn answering(self, status: Option<u16>) -> Self {
        Self { status, ..self }
    }

    /// The first byte that it has of what was asked for, and the size of that where it is said.
    pub(super) fn place(self) -> Option<(u64, Option<u64>)> {
        match self.status {
            Some(200) => Some((0, None)),
            Some(206) if self.has_parts() => Some((0, None)),
            Some(206) => self.range,
            _ => None,
        }
    }

    /// Whether it is several ranges of what was asked for.
    pub(super) fn has_parts(self) -> bool {
        self.has_parts && self.status == Some(206) && self.coding() == Coding::Identity
    }

    pub(super) fn is_text(self) -> bool {
        self.is_text == Some(true)
    }

    pub(super) fn coding(self) -> Coding {
        self.coding.unwrap_or(Coding::Identity)
    }
}

/// Whether the beginning of a body is a text: UTF-8 without control characters.
pub(super) fn reads_as_text(first: &[u8]) -> bool {
    let first = first.get(..FIRST).unwrap_or(first);
    let whole = match std::str::from_utf8(first) {
        Ok(_) => true,
        // A character that the end cuts.
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    whole
        && first
            .iter()
            .all(|b| !b.is_ascii_control() || b.is_ascii_whitespace())
}

fn is_text(value: &[u8]) -> bool {
    let value = std::str::from_utf8(value).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim();
    let is = |part: Option<&str>, word: &str| part.is_some_and(|p| p.eq_ignore_ascii_case(word));
    is(media.get(..5), "text/")
        || TEXT_ENDINGS.iter().any(|word| {
            let from = media.len().checked_sub(word.len());
            is(from.and_then(|from| media.get(from..)), word)
        })
}

fn coding(value: &[u8]) -> Coding {
    let named = std::str::from_utf8(value).ok();
    named
        .and_then(|name| name.parse().ok())
        .unwrap_or(Coding::Unknown)
}

/// The first byte and the size of the whole.
fn range(value: &[u8]) -> Option<(u64, Option<u64>)> {
    let range = ContentRange::read(std::str::from_utf8(value).ok()?)?;
    Some((range.from, range.total))
}

/// How much of a body is looked at.
const FIRST: usize = 512;

/// How media types of readable content end.
const TEXT_ENDINGS: [&str; 7] = [
    "json",
    "xml",
    "html",
    "prettyjws",
    "x-www-form-urlencoded",
    "yaml",
    "javascript",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_content_is_told_from_bulk_and_codings_from_one_another() {
        let read = |fields: &str| {
            DeclaredContent::of(&RawHead::new(format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n")))
        };
        for text in [
            "text/plain",
            "TEXT/HTML; charset=utf-8",
            "application/vnd.oci.image.manifest.v1+json",
            "Application/JSON ; x",
        ] {
            assert!(read(&format!("content-TYPE: {text}")).is_text(), "{text}");
        }
        for bulk in ["application/octet-stream", "json/x", "", "text"] {
            assert!(!read(&format!("Content-Type: {bulk}")).is_text(), "{bulk}");
        }
        assert!(!read("Content-Type: a/b\r\nContent-Type: text/plain").is_text());
        assert_eq!(read("A: b").coding(), Coding::Identity);
        assert_eq!(read("Content-Encoding: X-GZIP").coding(), Coding::Gzip);
        assert_eq!(read("Content-Encoding: br").coding(), Coding::Unknown);
        let twice = "Content-Encoding: gzip\r\nContent-Encoding: gzip";
        assert_eq!(read(twice).coding(), Coding::Unknown);
    }
}
