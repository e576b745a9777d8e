//! One tunnel whose content nobody read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Connection, Ending, Timings, TunnelId, Upstream};
use crate::words::worded;

/// A CONNECT tunnel whose content was passed on unread.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tunnel {
    /// Its number in this session.
    pub id: TunnelId,
    /// The client's connection.
    pub connection: Connection,
    /// Why its content was not read.
    pub kind: TunnelKind,
    /// The server's side.
    #[serde(default)]
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
    #[serde(default)]
    pub ended: Option<(Timestamp, Ending)>,
}

/// Why a tunnel was passed on unread.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
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
