//! What stood between a request and its answer, by the words that say so: those of this proxy,
//! of browsers, and of other tools.

use strum::IntoStaticStr;

use super::Failure;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Obstacle {
    /// The name has no address.
    Name,
    /// Nothing listens there, or something rejects connections.
    Refused,
    /// There is no way to the address.
    Route,
    /// Nothing came in time.
    Timeout,
    /// The connection was closed or reset before an answer.
    Closed,
    /// What came where TLS was expected is none.
    PlainHttp,
    /// Client and server have no version or cipher of TLS in common.
    TlsParameters,
    /// The server wants a certificate of the client.
    ClientCertificate,
    /// TLS failed otherwise.
    Tls,
    /// The proxy in between wants credentials (407).
    ProxyLogin,
    /// The proxy in between does not lead there (403).
    ProxyRefused,
    /// The proxy in between failed otherwise.
    Proxy,
    /// The answer was malformed.
    Malformed,
    /// The address is one that pullscope does not dial.
    Forbidden,
    /// Something that nobody names.
    Unknown,
}

impl Obstacle {
    /// What a failure of this kind and these words was; `None` where nothing stood between the
    /// request and its server but the request itself, or pullscope.
    pub fn of(reason: Failure, detail: &str) -> Option<Self> {
        let usual = match reason {
            Failure::Dns => Self::Name,
            Failure::Connect => Self::Route,
            Failure::UpstreamProxy => Self::Proxy,
            Failure::Tls => Self::Tls,
            Failure::Timeout => return Some(Self::Timeout),
            Failure::BadResponse => return Some(Self::Malformed),
            Failure::NoResponse => Self::Closed,
            Failure::Unspecified => Self::Unknown,
            Failure::Forbidden => return Some(Self::Forbidden),
            Failure::BadRequest
            | Failure::HeadTooLarge
            | Failure::Misdirected
            | Failure::RequestTimeout
            | Failure::Loop
            | Failure::Overload
            | Failure::Internal => return None,
        };
        Some(Self::said_by(detail).unwrap_or(usual))
    }

    /// What these words name.
    fn said_by(words: &str) -> Option<Self> {
        let words = words.to_ascii_lowercase();
        let mut signs = SIGNS.iter();
        let sign = signs.find(|(sign, _)| words.contains(sign));
        sign.map(|(_, obstacle)| *obstacle)
    }

    /// Its machine word.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// Lower-case words, and what they name; the first that is there counts. `net::ERR_` is of
/// Chrome, `NS_ERROR_` of Firefox, the upper-case names without a prefix are of POSIX.
const SIGNS: &[(&str, Obstacle)] = &[
    ("certificate_required", Obstacle::ClientCertificate),
    ("client_auth_cert", Obstacle::ClientCertificate),
    ("client certificate", Obstacle::ClientCertificate),
    ("what it sent is no tls", Obstacle::PlainHttp),
    ("http response to https client", Obstacle::PlainHttp),
    ("does not look like a tls handshake", Obstacle::PlainHttp),
    ("wrong version number", Obstacle::PlainHttp),
    ("no common tls parameters", Obstacle::TlsParameters),
    ("alert handshake_failure", Obstacle::TlsParameters),
    ("handshake failure", Obstacle::TlsParameters),
    ("alert protocol_version", Obstacle::TlsParameters),
    ("insufficient_security", Obstacle::TlsParameters),
    ("ssl_version_or_cipher", Obstacle::TlsParameters),
    ("no_cypher_overlap", Obstacle::TlsParameters),
    ("answered 407", Obstacle::ProxyLogin),
    ("proxy authentication required", Obstacle::ProxyLogin),
    ("err_proxy_auth", Obstacle::ProxyLogin),
    ("code 407 from proxy", Obstacle::ProxyLogin),
    ("answered 403", Obstacle::ProxyRefused),
    ("code 403 from proxy", Obstacle::ProxyRefused),
    ("err_proxy", Obstacle::Proxy),
    ("err_tunnel", Obstacle::Proxy),
    ("proxy_connection", Obstacle::Proxy),
    ("unknown_proxy_host", Obstacle::Proxy),
    ("from proxy after connect", Obstacle::Proxy),
    ("name_not_resolved", Obstacle::Name),
    ("name_resolution_failed", Obstacle::Name),
    ("unknown_host", Obstacle::Name),
    ("enotfound", Obstacle::Name),
    ("eai_again", Obstacle::Name),
    ("getaddrinfo", Obstacle::Name),
    ("no such host", Obstacle::Name),
    ("name or service not known", Obstacle::Name),
    ("name resolution", Obstacle::Name),
    ("nodename nor servname", Obstacle::Name),
    ("could not resolve", Obstacle::Name),
    ("connection refused", Obstacle::Refused),
    ("connection_refused", Obstacle::Refused),
    ("econnrefused", Obstacle::Refused),
    ("actively refused", Obstacle::Refused),
    ("no route to host", Obstacle::Route),
    ("network is unreachable", Obstacle::Route),
    ("address_unreachable", Obstacle::Route),
    ("ehostunreach", Obstacle::Route),
    ("enetunreach", Obstacle::Route),
    ("internet_disconnected", Obstacle::Route),
    ("timed_out", Obstacle::Timeout),
    ("timed out", Obstacle::Timeout),
    ("etimedout", Obstacle::Timeout),
    ("net_timeout", Obstacle::Timeout),
    ("err_ssl", Obstacle::Tls),
    ("err_cert", Obstacle::Tls),
    ("sec_error", Obstacle::Tls),
    ("ssl_error", Obstacle::Tls),
    ("empty_response", Obstacle::Closed),
    ("connection_closed", Obstacle::Closed),
    ("connection_reset", Obstacle::Closed),
    ("net_reset", Obstacle::Closed),
    ("net_interrupt", Obstacle::Closed),
    ("econnreset", Obstacle::Closed),
    ("connection reset", Obstacle::Closed),
    ("socket hang up", Obstacle::Closed),
    ("closed the connection", Obstacle::Closed),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_many_tools_name_one_thing() {
        for (words, obstacle) in [
            ("net::ERR_NAME_NOT_RESOLVED", Obstacle::Name),
            ("NS_ERROR_UNKNOWN_HOST", Obstacle::Name),
            ("getaddrinfo ENOTFOUND r.example", Obstacle::Name),
            ("connect ECONNREFUSED 127.0.0.1:5000", Obstacle::Refused),
            ("NS_ERROR_CONNECTION_REFUSED", Obstacle::Refused),
            ("net::ERR_PROXY_CONNECTION_FAILED", Obstacle::Proxy),
            ("NS_ERROR_NET_TIMEOUT", Obstacle::Timeout),
            ("Error: socket hang up", Obstacle::Closed),
        ] {
            assert_eq!(Obstacle::said_by(words), Some(obstacle), "{words}");
        }
        assert_eq!(Obstacle::said_by("something else"), None);
    }

    #[test]
    fn what_is_not_said_follows_from_the_kind_of_failure() {
        let of = |reason, detail| Obstacle::of(reason, detail);
        assert_eq!(of(Failure::NoResponse, "?"), Some(Obstacle::Closed));
        assert_eq!(
            of(Failure::Tls, "TLS handshake with a: what it sent is no TLS"),
            Some(Obstacle::PlainHttp)
        );
        assert_eq!(
            of(
                Failure::UpstreamProxy,
                "asking the proxy p for a tunnel: it answered 407 X"
            ),
            Some(Obstacle::ProxyLogin)
        );
        assert_eq!(of(Failure::Loop, "connection refused"), None);
    }
}
