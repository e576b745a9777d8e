//! How an exchange ended. Every exchange ends exactly once.

use serde::{Deserialize, Deserializer, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::base::cause;
use crate::words::worded;

/// The end of an exchange. An HTTP error status is an answer, not a failure: it is `Complete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
#[non_exhaustive]
pub enum Ending {
    /// Request and response passed whole.
    Complete,
    /// It was cut off after it had begun to pass.
    Aborted {
        /// Who cut it off.
        by: Side,
        /// What was seen, for people.
        #[serde(deserialize_with = "in_plain_words")]
        detail: String,
    },
    /// No answer of the server could be passed on; the proxy answered itself, or closed.
    Failed {
        /// The kind of failure.
        reason: Failure,
        /// What was seen, for people.
        #[serde(deserialize_with = "in_plain_words")]
        detail: String,
    },
}

/// Who ended a transfer early.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Side {
    /// The client closed, reset, or stopped reading.
    Client,
    /// The server closed, reset, or stalled.
    Upstream,
    /// pullscope was shutting down.
    Shutdown,
    /// The capture stopped without a word: the process was killed.
    Capture,
    /// Nobody is known to: the file it was read from tells no more.
    File,
}

/// Why no answer of the server could be passed on.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Failure {
    /// The client's request is malformed or ambiguous (400).
    BadRequest,
    /// The client's request head is over a limit (431).
    HeadTooLarge,
    /// The request names another host than its tunnel (421).
    Misdirected,
    /// The client did not finish its request in time (408).
    RequestTimeout,
    /// The request would lead back to pullscope (508).
    Loop,
    /// The target address is one that pullscope does not dial (403).
    Forbidden,
    /// Too many connections at once (503).
    Overload,
    /// The name could not be resolved (502, or 504 after a timeout).
    Dns,
    /// The TCP connection failed (502).
    Connect,
    /// The upstream proxy refused or failed (502).
    UpstreamProxy,
    /// The server's certificate is invalid or its TLS failed (502).
    Tls,
    /// The server took longer than a limit (504).
    Timeout,
    /// The server's response head is malformed, ambiguous or over a limit (502).
    BadResponse,
    /// The server closed before it answered (502).
    NoResponse,
    /// It failed, and no more is known than somebody else's word for it (502).
    Unspecified,
    /// A fault in pullscope (500).
    Internal,
}

/// Recordings of earlier versions hold the words of libraries.
fn in_plain_words<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let said = String::deserialize(from)?;
    Ok(cause::plain(&said).into_owned())
}

impl Failure {
    /// The status pullscope answers with.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::RequestTimeout => 408,
            Self::Misdirected => 421,
            Self::HeadTooLarge => 431,
            Self::Internal => 500,
            Self::Dns
            | Self::Connect
            | Self::UpstreamProxy
            | Self::Tls
            | Self::BadResponse
            | Self::NoResponse
            | Self::Unspecified => 502,
            Self::Overload => 503,
            Self::Timeout => 504,
            Self::Loop => 508,
        }
    }
}

worded! {
    Side: "side.told";
    Failure: "failure" [name], "failure.told";
}
