//! Bodies as HAR holds them: as text, as base64, or only described.

use bytes::Bytes;
use data_encoding::BASE64;

use super::model::{Extras, HarContent, PostData};
use super::text::first;
use crate::exchange::{Body, Capture, ParsedHead};
use crate::words::Lang;

/// What is at hand of one body.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// The decoded content.
    pub(super) bytes: Option<Bytes>,
    /// A file that holds it, relative to the HAR.
    pub(super) file: Option<String>,
}

/// The content of a response whose head arrived. Without a body it has not ended.
pub(super) fn response(
    head: &ParsedHead<'_>,
    body: Option<&Body>,
    received: u64,
    kept: &Kept,
) -> HarContent {
    match body {
        Some(body) => content(head, body, kept),
        None => HarContent {
            size: size(received),
            mime_type: first(head, "content-type"),
            ..HarContent::default()
        },
    }
}

/// The content of a request: text in HAR's field for it, anything else in a custom field.
pub(super) fn request(
    head: &ParsedHead<'_>,
    body: &Body,
    kept: &Kept,
) -> (Option<PostData>, Option<HarContent>) {
    if body.size == 0 && kept.bytes.as_ref().is_none_or(Bytes::is_empty) {
        return (None, None);
    }
    let content = content(head, body, kept);
    match &content.text {
        Some(_) if content.encoding.is_none() => {
            let post = PostData {
                mime_type: content.mime_type,
                text: content.text,
                ..PostData::default()
            };
            (Some(post), None)
        }
        _ => (None, Some(content)),
    }
}

fn content(head: &ParsedHead<'_>, body: &Body, kept: &Kept) -> HarContent {
    let mime_type = first(head, "content-type");
    let (text, encoding) = match &kept.bytes {
        Some(bytes) => encode(bytes, &mime_type),
        None if body.size == 0 => (Some(String::new()), None),
        None => (None, None),
    };
    let mut extra = Extras::default();
    let mut comment = None;
    if let Some(sha256) = &body.sha256 {
        extra.set("_sha256", sha256.as_str());
    }
    if let Some(file) = &kept.file {
        extra.set("_file", file.as_str());
    }
    if text.is_none() {
        let (status, reason) = missing(&body.capture, kept);
        extra.set("_bodyStatus", status);
        comment = Some(reason);
    } else if !body.complete {
        extra.set("_bodyStatus", "truncated");
        comment = Some("the transfer was cut off here".to_owned());
    } else if is_part(body, kept) {
        extra.set("_bodyStatus", "partial");
        comment = Some("the source shows this part of it".to_owned());
    }
    HarContent {
        size: size(body.decoded_size.unwrap_or(body.size)),
        compression: body
            .decoded_size
            .map(|decoded| size(decoded).saturating_sub(size(body.size))),
        mime_type,
        text,
        encoding,
        comment,
        extra,
    }
}

/// Whether less is at hand than passed.
fn is_part(body: &Body, kept: &Kept) -> bool {
    let given = kept.bytes.as_ref().map(|bytes| bytes.len() as u64);
    // What was taken out of it changes its length too; then it is known by its file.
    let whole = body.decoded_size.filter(|_| body.sha256.is_none());
    given.is_some_and(|given| whole.is_some_and(|whole| given < whole))
}

/// Why there is no text: a word for programs and a line for people.
fn missing(capture: &Capture, kept: &Kept) -> (String, String) {
    match capture {
        Capture::Omitted { reason } => {
            let line = format!("body not kept: {}", reason.told(Lang::En));
            (reason.word().to_owned(), line)
        }
        Capture::Stored { size, .. } if kept.file.is_some() => {
            let line = format!("the body ({size} bytes) is in a file of its own, see _file");
            ("stored".to_owned(), line)
        }
        _ => {
            let line = "body not kept: its file is missing or damaged".to_owned();
            ("missing".to_owned(), line)
        }
    }
}

/// Text where every reader makes the same bytes of it again, else base64.
fn encode(bytes: &[u8], mime_type: &str) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_safe(text, mime_type) => (Some(text.to_owned()), None),
        _ => (Some(BASE64.encode(bytes)), Some("base64".to_owned())),
    }
}

/// Whether a reader that encodes the text by what the media type says gets the same bytes.
fn is_safe(text: &str, mime_type: &str) -> bool {
    if text.contains('\0') {
        return false;
    }
    let mime_type = mime_type.to_ascii_lowercase();
    let mut parts = mime_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    match charset.map(|charset| charset.trim_matches('"')) {
        Some("utf-8" | "utf8") => true,
        None if essence.ends_with("json") => true,
        None | Some("us-ascii" | "ascii" | "iso-8859-1" | "latin1" | "windows-1252") => {
            text.is_ascii()
        }
        Some(_) => false,
    }
}

/// A size as HAR's signed number.
pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_only_where_readers_agree_on_its_bytes() {
        let is_text = |bytes: &[u8], media: &str| encode(bytes, media).1.is_none();
        assert!(is_text(b"plain", ""));
        assert!(is_text(b"plain", "text/plain; charset=iso-8859-1"));
        assert!(is_text(
            "\u{e9}".as_bytes(),
            "application/vnd.oci.image.index.v1+json"
        ));
        assert!(is_text(
            "\u{e9}".as_bytes(),
            "text/plain; Charset=\"UTF-8\""
        ));
        assert!(!is_text("\u{e9}".as_bytes(), "text/plain"));
        assert!(!is_text(b"plain", "text/plain; charset=utf-16"));
        assert!(!is_text(b"a\0b", "application/json"));
        assert!(!is_text(b"\xff", "application/json"));
    }
}
