//! What a server of the lab has to say, before a provider's dialect puts it in words.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::image::StoredBlob;
use super::range::ByteRange;
use super::signed_url;

/// A registry's answer.
#[derive(Debug)]
pub(super) enum RegistryAnswer {
    /// The registry speaks the API, and the client may use it.
    Pong,
    /// The registry wants a token: `WWW-Authenticate`.
    Challenge { value: String },
    /// A manifest or an index.
    Manifest {
        blob: Arc<StoredBlob>,
        by_tag: bool,
        /// `Docker-Content-Digest`, unless it is left out.
        digest: Option<String>,
    },
    /// The client has this manifest already.
    NotModified { digest: String },
    /// The blob is elsewhere.
    Redirect { location: String, digest: String },
    /// The tags of a repository.
    Tags {
        name: String,
        tags: Vec<&'static str>,
    },
    /// There is nothing for the client; a token server says so in the same way.
    Refusal(ErrorAnswer),
}

/// A blob store's answer.
pub(super) type StoreAnswer = Result<StoredPart, Withheld>;

/// A blob, or a part of it. The bytes may be damaged.
#[derive(Debug)]
pub(super) struct StoredPart {
    pub(super) blob: Arc<StoredBlob>,
    pub(super) part: ByteRange,
    pub(super) bytes: Bytes,
}

/// A registry's error answer (OCI distribution-spec, "Error Codes").
#[derive(Debug)]
pub(super) struct ErrorAnswer {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) detail: Value,
    /// Fields beside the usual ones.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// Why a blob store hands nothing out.
#[derive(Debug)]
pub(super) enum Withheld {
    /// The URL is not good.
    Url(signed_url::Refused),
    /// There is no such object.
    Missing,
    /// The range lies beyond the object.
    Range { size: usize },
}

impl ErrorAnswer {
    pub(super) fn new(
        status: u16,
        reason: &'static str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            reason,
            code,
            message: message.into(),
            detail: Value::Null,
            fields: Vec::new(),
        }
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(404, "Not Found", code, message)
    }

    pub(super) fn detail(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    pub(super) fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The error body; each provider has its own order of the members.
    pub(super) fn body(&self, members: [&str; 3]) -> Value {
        let error: serde_json::Map<_, _> = members
            .into_iter()
            .map(|member| {
                let value = match member {
                    "code" => json!(self.code),
                    "message" => json!(self.message),
                    _ => self.detail.clone(),
                };
                (member.to_owned(), value)
            })
            .collect();
        json!({ "errors": [error] })
    }
}

impl From<ErrorAnswer> for RegistryAnswer {
    fn from(refusal: ErrorAnswer) -> Self {
        Self::Refusal(refusal)
    }
}

impl Withheld {
    /// Status and reason.
    pub(super) fn status(&self) -> (u16, &'static str) {
        match self {
            Self::Missing | Self::Url(signed_url::Refused::NoSuchPath) => (404, "Not Found"),
            Self::Url(_) => (403, "Forbidden"),
            Self::Range { .. } => (416, "Requested Range Not Satisfiable"),
        }
    }

    /// Code and message of an S3-style error document.
    pub(super) fn error(&self) -> (&'static str, &'static str) {
        use signed_url::Refused;
        match self {
            Self::Missing | Self::Url(Refused::NoSuchPath) => {
                ("NoSuchKey", "The specified key does not exist.")
            }
            Self::Url(Refused::Unsigned) => ("AccessDenied", "Access denied"),
            Self::Url(Refused::Forged) => (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            Self::Url(Refused::Expired { .. }) => ("AccessDenied", "Request has expired."),
            Self::Range { .. } => ("InvalidRange", "The requested range is not satisfiable"),
        }
    }

    /// `Content-Range` of an answer to an impossible range (RFC 9110 section 14.4).
    pub(super) fn content_range(&self) -> Option<String> {
        match self {
            Self::Range { size } => Some(format!("bytes */{size}")),
            Self::Url(_) | Self::Missing => None,
        }
    }
}
