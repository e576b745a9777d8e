//! The heads of an exchange's two messages, with what is known of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fidelity, RawHead};

/// A request head and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHead {
    /// The absolute URL: `https://host/path` for what came through a TLS tunnel.
    pub url: String,
    /// The head as the client sent it.
    #[serde(flatten, with = "sized")]
    pub head: RawHead,
    /// How closely `head` follows the wire.
    #[serde(default)]
    pub fidelity: Fidelity,
}

/// A response head and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// When the last byte of the head arrived.
    pub at: Timestamp,
    /// The head as the server sent it.
    #[serde(flatten, with = "sized")]
    pub head: RawHead,
    /// Interim heads (1xx) that came before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interim: Vec<RawHead>,
    /// Who wrote it.
    #[serde(default)]
    pub origin: ResponseOrigin,
}

/// In JSON the length of a head that secrets were taken out of stands beside it.
mod sized {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::RawHead;

    #[derive(Serialize, Deserialize)]
    struct SizedHead<'a> {
        head: Cow<'a, RawHead>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head_size: Option<u32>,
    }

    pub(super) fn serialize<S: Serializer>(head: &RawHead, s: S) -> Result<S::Ok, S::Error> {
        let head_size = head.told_wire_len();
        let head = Cow::Borrowed(head);
        SizedHead { head, head_size }.serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<RawHead, D::Error> {
        let sized = SizedHead::deserialize(d)?;
        Ok(sized.head.into_owned().of_wire_len(sized.head_size))
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
