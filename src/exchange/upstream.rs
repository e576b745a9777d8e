//! The server's side: which socket, which address, which certificates.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{SocketId, TlsSession};
use crate::words::{Lang, row, worded};

/// The connection an exchange was forwarded on, or would have been.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Upstream {
    /// The socket's number in this session; the same for exchanges that shared it.
    #[serde(default)]
    pub socket: SocketId,
    /// The address that was dialled (of the upstream proxy, where one is in between).
    #[serde(default)]
    pub address: Option<SocketAddr>,
    /// Our end of the socket.
    #[serde(default)]
    pub local: Option<SocketAddr>,
    /// The upstream proxy in between, without its credentials.
    #[serde(default)]
    pub via: Option<String>,
    /// Whether an earlier exchange had opened the socket.
    #[serde(default)]
    pub reused: bool,
    /// The TLS session with the server.
    #[serde(default)]
    pub tls: Option<TlsSession>,
    /// The server's certificate chain as it presented it, DER, leaf first; also a rejected one.
    /// Exchanges on one socket share it.
    #[serde(
        default,
        skip_serializing_if = "<[_]>::is_empty",
        with = "super::body::base64_list"
    )]
    pub certificates: Arc<[Vec<u8>]>,
    /// What our verification of that chain said.
    #[serde(default)]
    pub verification: Option<Verification>,
}

/// The outcome of verifying an upstream certificate chain.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case", tag = "result")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Verification {
    /// The chain is valid for the name.
    Verified,
    /// The chain is invalid; the connection was refused.
    Rejected {
        /// Why.
        reason: String,
    },
    /// The chain is invalid, and the user asked to go on for this host.
    Overridden {
        /// Why it is invalid.
        reason: String,
    },
}

impl Verification {
    /// The outcome in a few words.
    pub fn told(&self, lang: Lang) -> String {
        let phrase = row("verification", self.word());
        match self {
            Self::Verified => phrase.of(lang).to_owned(),
            Self::Rejected { reason } | Self::Overridden { reason } => {
                phrase.fill(lang, &[("reason", reason)])
            }
        }
    }
}

worded! {
    Verification: "verification";
}
