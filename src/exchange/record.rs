//! One exchange as it is known so far, and one tunnel.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Body, Connection, Ending, ExchangeId, Fidelity, RawHead, Timings, TunnelId, Upstream};
use crate::words::worded;

/// One request and its response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number in this session.
    pub id: ExchangeId,
    /// When the first byte of the request arrived.
    pub started: Timestamp,
    /// The client's connection.
    pub connection: Connection,
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestHead>,
    /// The request's body, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<Body>,
    /// The server's side, once a connection was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// The response, once its head arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseHead>,
    /// The response's body, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Body>,
    /// Bytes of request content forwarded so far.
    #[serde(default)]
    pub sent: u64,
    /// Bytes of response content forwarded so far.
    #[serde(default)]
    pub received: u64,
    /// The phases.
    #[serde(default)]
    pub timings: Timings,
    /// When and how it ended; `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Timestamp, Ending)>,
    /// Whether secrets were taken out of this record.
    #[serde(default)]
    pub redacted: bool,
}

/// A request head and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHead {
    /// The absolute URL: `https://host/path` for what came through a TLS tunnel.
    pub url: String,
    /// The head as the client sent it.
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
    pub head: RawHead,
    /// Interim heads (1xx) that came before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interim: Vec<RawHead>,
    /// Who wrote it.
    #[serde(default)]
    pub origin: ResponseOrigin,
}

/// Who wrote a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseOrigin {
    /// The upstream server.
    #[default]
    Upstream,
    /// pullscope itself, to say why there is no answer of the server's.
    Pullscope,
}

/// A CONNECT tunnel whose content was passed on unread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tunnel {
    /// Its number in this session.
    pub id: TunnelId,
    /// The client's connection.
    pub connection: Connection,
    /// Why its content was not read.
    pub kind: TunnelKind,
    /// The server's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// Bytes from client to server so far.
    #[serde(default)]
    pub sent: u64,
    /// Bytes from server to client so far.
    #[serde(default)]
    pub received: u64,
    /// The phases of connecting.
    #[serde(default)]
    pub timings: Timings,
    /// When and how it ended; `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Timestamp, Ending)>,
}

/// Why a tunnel was passed on unread.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TunnelKind {
    /// The user excluded the host (`--passthrough`, or not in `--intercept`).
    Passthrough,
    /// The client spoke neither TLS nor HTTP.
    Opaque,
    /// The client switched protocols with an HTTP Upgrade; the exchange with this request's
    /// answer precedes it.
    Upgraded,
    /// The tunnel closed, timed out or failed before anything could be read in it.
    Unused,
}

worded! {
    TunnelKind: "tunnel" [name];
}
