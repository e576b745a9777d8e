//! Clients that do not accept our certificate.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Connection, Ending, Side, Tunnel, TunnelKind};
use crate::base::clock;
use crate::base::table::rows;
use crate::words::{Lang, row, worded};

/// A client ended the TLS handshake with us: an event of its own, there is no exchange.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandshakeFailed {
    /// The connection, with its target, SNI and the CONNECT head (and so the user agent).
    pub connection: Connection,
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub rejection: Rejection,
    /// The name of the client's program, where it runs on this machine and could be told.
    #[serde(default)]
    pub process: Option<String>,
    /// What the clients at the same address called themselves in earlier requests (`User-Agent`),
    /// where that was one and the same.
    #[serde(default)]
    pub earlier: Option<String>,
}

impl HandshakeFailed {
    /// What a tunnel shows in which a client finished TLS and left at once without a word, as
    /// GnuTLS's do that do not trust a certificate.
    pub fn after_tls(tunnel: &Tunnel) -> Option<Self> {
        let connection = &tunnel.connection;
        let (at, ending) = tunnel.ended.as_ref()?;
        let by_client = match ending {
            Ending::Complete => true,
            Ending::Aborted { by, .. } => *by == Side::Client,
            Ending::Failed { .. } => false,
        };
        let at_once = clock::passed(connection.opened, *at) <= AT_ONCE;
        let is_silent = tunnel.kind == TunnelKind::Unused && connection.tls.is_some();
        (is_silent && by_client && at_once).then(|| Self {
            connection: connection.clone(),
            at: *at,
            rejection: Rejection::Left,
            process: None,
            earlier: None,
        })
    }
}

/// Who does not want what it was shown goes within this time.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How a TLS handshake with a client ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Rejection {
    /// The client sent a TLS alert (RFC 8446 section 6.2).
    Alert {
        /// The alert's number, such as 48.
        code: u8,
        /// The alert's name, such as `unknown_ca`.
        name: String,
        /// Whether this alert speaks of our certificate.
        certificate: bool,
    },
    /// The client closed or reset after it saw our certificate: it probably does not trust it.
    Closed,
    /// The client finished TLS and left at once without a request: it may not trust our
    /// certificate. Nobody records this; it is what an unused tunnel shows.
    Left,
    /// What the client sent is not a TLS handshake we can answer.
    Protocol {
        /// What was wrong.
        detail: String,
    },
    /// The client did not finish in time.
    Timeout,
}

impl Rejection {
    /// An alert by its number, with the name the TLS registry gives it.
    pub fn alert(code: u8) -> Self {
        let number = code.to_string();
        let known = rows(ALERTS).find(|[known, _, _]| *known == number);
        let [_, name, about] = known.unwrap_or(["", "unknown", ""]);
        Self::Alert {
            code,
            name: name.to_owned(),
            certificate: !about.is_empty(),
        }
    }

    /// Whether this probably means that the client does not trust our CA.
    pub fn is_distrust(&self) -> bool {
        match self {
            Self::Alert { certificate, .. } => *certificate,
            Self::Closed | Self::Left => true,
            Self::Protocol { .. } | Self::Timeout => false,
        }
    }

    /// How it ended, in the vocabulary of HTTP Toolkit (`log._tlsErrors` in a HAR).
    pub fn toolkit_cause(&self) -> &'static str {
        match self {
            Self::Alert {
                certificate: true, ..
            } => "cert-rejected",
            Self::Closed | Self::Left => "closed",
            Self::Timeout => "handshake-timeout",
            Self::Alert { .. } | Self::Protocol { .. } => "unknown",
        }
    }

    /// How it ended, in a sentence's half.
    pub fn told(&self, lang: Lang) -> String {
        let phrase = row("rejection", self.word());
        match self {
            Self::Alert { code, name, .. } => {
                phrase.fill(lang, &[("code", &*code.to_string()), ("name", name)])
            }
            Self::Protocol { detail } => phrase.fill(lang, &[("detail", detail)]),
            Self::Closed | Self::Left | Self::Timeout => phrase.of(lang).to_owned(),
        }
    }

    /// The kind of error, as telemetry has it (`error.type`).
    pub fn error_type(&self) -> String {
        match self {
            Self::Alert { name, .. } => format!("tls_alert_{name}"),
            Self::Closed => "closed_in_tls_handshake".to_owned(),
            Self::Left => "closed_after_tls_handshake".to_owned(),
            Self::Protocol { .. } => "no_tls_handshake".to_owned(),
            Self::Timeout => "tls_handshake_timeout".to_owned(),
        }
    }
}

const ALERTS: &str = include_str!("alerts.txt");

worded! {
    Rejection: "rejection";
}
