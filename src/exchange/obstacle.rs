//! What stood between a request and its answer, by the words that say so: those of this proxy,
//! of browsers, and of other tools.

use strum::{EnumString, IntoStaticStr};

use super::Failure;
use crate::base::table::rows;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, EnumString)]
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
        let mut signs = rows(SIGNS);
        let [_, obstacle] = signs.find(|[sign, _]| words.contains(sign))?;
        obstacle.parse().ok()
    }

    /// Its machine word.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

const SIGNS: &str = include_str!("obstacles.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_one() {
        for [sign, obstacle] in rows(SIGNS) {
            assert_eq!(sign, sign.to_lowercase());
            assert!(obstacle.parse::<Obstacle>().is_ok(), "{obstacle}");
        }
    }

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
