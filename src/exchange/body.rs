//! Message bodies: how large they were, what they hash to, and what was kept of them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::words::worded;

/// One message body. Sizes and digests are of what was on the wire, whatever was kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// Bytes of content that were transferred: after chunked framing, before `Content-Encoding`
    /// is undone.
    pub size: u64,
    /// Bytes after `Content-Encoding` was undone; equal to `size` without one, `None` when the
    /// encoding is unknown or the content does not decode.
    pub decoded_size: Option<u64>,
    /// sha256 of the decoded content, lower-case hex, when all of it arrived and decoded.
    pub sha256: Option<String>,
    /// sha256 of the content as transferred; present only where a `Content-Encoding` makes it
    /// differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded_sha256: Option<String>,
    /// sha256 of the whole of which this is a part (206), lower-case hex, over the parts put
    /// together in order, whichever exchanges brought them; present where the last missing byte
    /// came by this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assembled_sha256: Option<String>,
    /// Of several ranges in one answer (`multipart/byteranges`): what came of each, its first byte
    /// and the one after its last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(u64, u64)>,
    /// Whether the body arrived as its framing promised (RFC 9112 section 8).
    pub complete: bool,
    /// Trailer field lines as sent (RFC 9110 section 6.5), each name and value as Latin-1 text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
    /// What was kept.
    pub capture: Capture,
}

impl Body {
    /// Whether it was not kept because its `Content-Encoding` could not be undone.
    pub fn is_undecodable(&self) -> bool {
        let reason = Omission::Undecodable;
        matches!(&self.capture, Capture::Omitted { reason: why } if *why == reason)
    }

    /// Bytes of it that are in memory.
    pub(super) fn in_memory(&self) -> usize {
        match &self.capture {
            Capture::Memory { bytes } => bytes.len(),
            _ => 0,
        }
    }
}

/// What the trace keeps of a body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kept")]
#[non_exhaustive]
pub enum Capture {
    /// There was no content.
    #[default]
    Empty,
    /// The content is in memory: decoded, whole up to the point where the transfer ended.
    /// The journal turns this into `Stored`; in JSON it is base64.
    Memory {
        /// The content.
        #[serde(
            with = "base64_bytes",
            default,
            skip_serializing_if = "Bytes::is_empty"
        )]
        bytes: Bytes,
    },
    /// The content is in the session's body store.
    Stored {
        /// sha256 of the stored file, lower-case hex: its name in the store. It differs from the
        /// body's own digest where a secret was redacted.
        file: String,
        /// Bytes in the stored file.
        size: u64,
    },
    /// The content is being written to the body store by exchange id while it passes
    /// (`--keep-blobs`); the journal turns this into `Stored` or `Omitted`.
    Streamed,
    /// The content was not kept.
    Omitted {
        /// Why.
        reason: Omission,
    },
}

/// Why a body was not kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Omission {
    /// It is bulk data; `--keep-blobs` keeps it.
    Blob,
    /// It is larger than the limit for its kind (`--max-body`).
    TooLarge,
    /// Too many bodies were waiting to be written.
    Budget,
    /// The disk could not take it, or not fast enough.
    Disk,
    /// It was let go to bound memory; the session on disk may have it.
    Memory,
    /// Its `Content-Encoding` is unknown or broken, so it cannot be checked for secrets.
    Undecodable,
    /// The file the trace was read from does not hold it.
    Absent,
}

worded! {
    Omission: "omission" [told];
}

/// Bytes as base64 text.
mod base64_bytes {
    use bytes::Bytes;
    use data_encoding::BASE64;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(d)?;
        BASE64
            .decode(text.as_bytes())
            .map(Bytes::from)
            .map_err(serde::de::Error::custom)
    }
}

/// A list of byte strings, each as base64 text.
pub(super) mod base64_list {
    use std::sync::Arc;

    use data_encoding::BASE64;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        list: &[Vec<u8>],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_seq(list.iter().map(|bytes| BASE64.encode(bytes)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Arc<[Vec<u8>]>, D::Error> {
        Vec::<String>::deserialize(d)?
            .iter()
            .map(|text| {
                BASE64
                    .decode(text.as_bytes())
                    .map_err(serde::de::Error::custom)
            })
            .collect()
    }
}
