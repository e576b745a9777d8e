//! The client's side: who connected, where to, and how TLS was agreed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConnectionId, Fidelity, RawHead};

/// A host and a port: the authority of a CONNECT request or of a URL (RFC 3986 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Authority {
    /// Lower-case DNS name without a trailing dot, or an IP address without brackets.
    pub host: String,
    /// TCP port, never 0.
    pub port: u16,
}

/// A client's connection to the proxy, from its CONNECT request on.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its number in this session.
    pub id: ConnectionId,
    /// The client's address as the kernel reports it.
    pub client: SocketAddr,
    /// When the CONNECT request, or the first proxied request, arrived.
    pub opened: Timestamp,
    /// Where the CONNECT request asked to go; `None` for plain-HTTP proxying.
    #[serde(default)]
    pub target: Option<Authority>,
    /// The head of the CONNECT request.
    #[serde(default)]
    pub connect_head: Option<RawHead>,
    /// How closely `connect_head` follows the wire.
    #[serde(default)]
    pub connect_fidelity: Fidelity,
    /// The name in the client's `ClientHello` (RFC 6066 section 3).
    #[serde(default)]
    pub sni: Option<String>,
    /// The TLS session with the client; `None` without TLS.
    #[serde(default)]
    pub tls: Option<Arc<TlsSession>>,
    /// How long the TLS handshake with the client took.
    #[serde(default, with = "super::timings::millis")]
    pub handshake: Option<Duration>,
}

/// What one TLS handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TlsSession {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The IANA name of the cipher suite.
    pub cipher: String,
    /// The protocol agreed by ALPN (RFC 7301), when one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// What the client offered by ALPN, in its order; empty where it offered nothing or we were the
    /// client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
}

impl Connection {
    /// A client that has connected, of which no more is known yet.
    pub fn new(id: ConnectionId, client: SocketAddr, opened: Timestamp) -> Self {
        Self {
            id,
            client,
            opened,
            target: None,
            connect_head: None,
            connect_fidelity: Fidelity::Regrouped,
            sni: None,
            tls: None,
            handshake: None,
        }
    }

    /// The connection of a request to this URL, where a file tells no more of it.
    pub fn of_request(id: ConnectionId, url: Option<&Url>, opened: Timestamp) -> Self {
        // Files do not say who the client is.
        let client = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let target = url.filter(|url| url.scheme() == "https");
        Self {
            target: target.and_then(Authority::of),
            ..Self::new(id, client, opened)
        }
    }
}

impl fmt::Display for Authority {
    /// Writes `host:port`, an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Authority {
    /// Where a URL leads.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// The authority as it stands in a URL of this scheme: the default port is left out.
    pub fn in_url(&self, scheme: &str) -> String {
        let default = matches!((scheme, self.port), ("http", 80) | ("https", 443));
        let full = self.to_string();
        match full.rsplit_once(':') {
            Some((host, _)) if default => host.to_owned(),
            _ => full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_ports_are_left_out_of_urls() {
        let host = |host: &str, port| Authority {
            host: host.into(),
            port,
        };
        assert_eq!(host("r.example", 443).in_url("https"), "r.example");
        assert_eq!(host("r.example", 80).in_url("https"), "r.example:80");
        assert_eq!(host("::1", 443).in_url("https"), "[::1]");
        assert_eq!(host("::1", 5000).in_url("https"), "[::1]:5000");
    }
}
