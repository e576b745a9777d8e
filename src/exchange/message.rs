//! The heads of an exchange's two messages, with what is known of each.

use jiff::Timestamp;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::{Fidelity, RawHead};

/// A request head and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "StoredRequestHead")]
pub struct RequestHead {
    /// The absolute URL: `https://host/path` for what came through a TLS tunnel.
    pub url: String,
    /// The head as the client sent it.
    pub head: RawHead,
    /// How closely `head` follows the wire.
    pub fidelity: Fidelity,
}

/// In JSON the length of a head that secrets were taken out of stands beside it.
#[derive(Deserialize)]
struct StoredRequestHead {
    url: String,
    head: RawHead,
    #[serde(default)]
    head_size: Option<u32>,
    #[serde(default)]
    fidelity: Fidelity,
}

impl From<StoredRequestHead> for RequestHead {
    fn from(stored: StoredRequestHead) -> Self {
        Self {
            url: stored.url,
            head: stored.head.of_wire_len(stored.head_size),
            fidelity: stored.fidelity,
        }
    }
}

impl Serialize for RequestHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("RequestHead", 4)?;
        fields.serialize_field("url", &self.url)?;
        fields.serialize_field("head", &self.head)?;
        if let Some(size) = self.head.told_wire_len() {
            fields.serialize_field("head_size", &size)?;
        }
        fields.serialize_field("fidelity", &self.fidelity)?;
        fields.end()
    }
}

/// A response head and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "StoredResponseHead")]
pub struct ResponseHead {
    /// When the last byte of the head arrived.
    pub at: Timestamp,
    /// The head as the server sent it.
    pub head: RawHead,
    /// Interim heads (1xx) that came before it.
    pub interim: Vec<RawHead>,
    /// Who wrote it.
    pub origin: ResponseOrigin,
}

#[derive(Deserialize)]
struct StoredResponseHead {
    at: Timestamp,
    head: RawHead,
    #[serde(default)]
    head_size: Option<u32>,
    #[serde(default)]
    interim: Vec<RawHead>,
    #[serde(default)]
    origin: ResponseOrigin,
}

impl From<StoredResponseHead> for ResponseHead {
    fn from(stored: StoredResponseHead) -> Self {
        Self {
            at: stored.at,
            head: stored.head.of_wire_len(stored.head_size),
            interim: stored.interim,
            origin: stored.origin,
        }
    }
}

impl Serialize for ResponseHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ResponseHead", 5)?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("head", &self.head)?;
        if let Some(size) = self.head.told_wire_len() {
            fields.serialize_field("head_size", &size)?;
        }
        if !self.interim.is_empty() {
            fields.serialize_field("interim", &self.interim)?;
        }
        fields.serialize_field("origin", &self.origin)?;
        fields.end()
    }
}

/// Who wrote a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseOrigin {
    /// The upstream server.
    #[default]
    Upstream,
    /// pullscope itself, to say why there is no answer of the server's.
    Pullscope,
}
