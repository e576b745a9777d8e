//! What a server of the lab has to say, before it is put in its provider's words.

use std::sync::Arc;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::OutgoingResponse;
use super::digest::{crc32c, crc64, md5, random};
use super::image::StoredBlob;
use super::response::BodyDelivery;
use super::template;

/// An answer: which of the provider's templates say it, and what they want to know.
#[derive(Debug)]
pub(super) struct Answer {
    /// The most exact first; the provider may have only the last.
    names: &'static [&'static str],
    facts: Vec<(&'static str, String)>,
    /// Fields beside the usual ones.
    fields: Vec<(&'static str, String)>,
    blob: Option<Arc<StoredBlob>>,
    content: Option<Bytes>,
    delivery: BodyDelivery,
}

impl Answer {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            facts: Vec::new(),
            fields: Vec::new(),
            blob: None,
            content: None,
            delivery: BodyDelivery::Whole,
        }
    }

    /// There is nothing for the client (OCI distribution-spec, "Error Codes"); a token server says
    /// so in the same way.
    pub(super) fn refusal(status: &str, code: &str, message: &str) -> Self {
        Self::new(&["refusal"])
            .status(status)
            .fact("code", code)
            .fact("message", json!(message).to_string())
            .detail(&Value::Null)
    }

    /// A blob store hands nothing out; `status` is that of an S3-like store, and so are the words.
    pub(super) fn withheld(status: &str, code: &str, words: &str) -> Self {
        Self::new(&["withheld"])
            .status(status)
            .fact("code", code)
            .fact("words", words)
            .fact("request-id", HEXUPPER.encode(&random(12)))
    }

    /// Something the store has, or a part of it. The bytes may be damaged.
    pub(super) fn stored(blob: &Arc<StoredBlob>, content: Bytes) -> Self {
        Self {
            blob: Some(blob.clone()),
            content: Some(content),
            ..Self::new(&["blob"])
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    pub(super) fn named(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }

    pub(super) fn fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.retain(|(known, _)| *known != name);
        self.facts.push((name, value.into()));
        self
    }

    pub(super) fn maybe(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    pub(super) fn status(self, status: &str) -> Self {
        self.fact("STATUS", status.to_uppercase())
            .fact("status", status)
    }

    pub(super) fn detail(self, detail: &Value) -> Self {
        self.fact("detail", detail.to_string())
    }

    /// A field beside the usual ones.
    pub(super) fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub(super) fn delivered(self, delivery: BodyDelivery) -> Self {
        Self { delivery, ..self }
    }

    /// The answer in a provider's words.
    pub(super) fn by(
        mut self,
        words: impl Fn(&str) -> Option<String>,
        templates: impl Fn(&str) -> Option<&'static str>,
        now: Timestamp,
    ) -> OutgoingResponse {
        let template = self.names.iter().find_map(|name| templates(name));
        let (fields, content) = (std::mem::take(&mut self.fields), self.content.take());
        let fact = |name: &str| {
            let known = self.facts.iter().find(|(known, _)| *known == name);
            let known = known.map(|(_, value)| value.clone());
            known.or_else(|| words(name)).or_else(|| self.sum(name))
        };
        template::answer(template.unwrap_or_default(), fields, content, now, &fact)
            .delivered(self.delivery)
    }

    /// Checksums of the blob.
    fn sum(&self, name: &str) -> Option<String> {
        let blob = self.blob.as_ref()?;
        let bytes = &blob.bytes[..];
        Some(match name {
            "size" => bytes.len().to_string(),
            "type" => blob.media_type.clone(),
            "etag" => blob.digest.clone(),
            "md5" => HEXLOWER.encode(&md5(bytes)),
            "MD5" => HEXUPPER.encode(&md5(bytes)),
            "md5-base64" => BASE64.encode(&md5(bytes)),
            // The ETag of an upload in one part.
            "md5-of-md5" => HEXLOWER.encode(&md5(&md5(bytes))),
            "crc32c" => BASE64.encode(&crc32c(bytes)),
            "crc64" => crc64(bytes).to_string(),
            _ => return None,
        })
    }
}

impl Answer {
    /// There is no such object.
    pub(super) fn missing() -> Self {
        Self::withheld(
            "404 Not Found",
            "NoSuchKey",
            "The specified key does not exist.",
        )
    }
}
