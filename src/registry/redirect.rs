//! Redirects: where the registry sends a client for the bytes.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use url::{Host, Url};

use super::SignedUrl;

/// One answer with a `Location` to follow (RFC 9110 section 15.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The status: 301, 302, 303, 307 or 308.
    pub status: u16,
    /// `Location` resolved against the request's URL; the text as sent where that fails.
    pub target: Arc<str>,
    /// The target's host, with its port where it is not the scheme's own.
    pub authority: Option<String>,
    /// Whether `Location` leaves the host to the request.
    pub relative: bool,
    /// Whether the target is another host or port.
    pub leaves: bool,
    /// Whether it leads from https to http.
    pub downgrade: bool,
    /// What the signature in the target says, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedUrl>,
}

impl Redirect {
    /// Reads an answer; `None` when it does not redirect.
    pub fn read(status: u16, from: &Url, location: &str) -> Option<Self> {
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let Ok(target) = from.join(location) else {
            return Some(Self {
                status,
                target: location.into(),
                ..Self::default()
            });
        };
        Some(Self {
            status,
            authority: authority(&target),
            relative: Url::parse(location).is_err(),
            leaves: authority(&target) != authority(from),
            downgrade: from.scheme() == "https" && target.scheme() == "http",
            signed: SignedUrl::read(&target),
            target: target.as_str().into(),
        })
    }
}

/// A URL's host, and its port where it is not the scheme's own.
pub(crate) fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The address a URL names outright, if it does not name a host.
pub(crate) fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Whether a host's name is one that only a network or a cluster of its own knows (RFC 6762,
/// RFC 8375, Kubernetes' DNS), as far as the name shows it.
pub(crate) fn is_inside_name(host: &str) -> bool {
    if literal_host(host) {
        return false;
    }
    let host = host.trim_end_matches('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.contains('.')
        || matches!(
            last,
            "local" | "internal" | "svc" | "lan" | "intranet" | "corp" | "home" | "localdomain"
        )
        || host.ends_with(".home.arpa")
}

/// Whether a host is an address.
fn literal_host(host: &str) -> bool {
    host.contains(':') || host.parse::<IpAddr>().is_ok()
}

/// Whether an address is reachable only from nearby: loopback, private (RFC 1918, RFC 4193),
/// shared (RFC 6598), or link-local, where clouds keep their metadata servers.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: &str, location: &str) -> Redirect {
        Redirect::read(307, &Url::parse(from).unwrap(), location).unwrap()
    }

    #[test]
    fn a_relative_location_stays_on_its_host() {
        let redirect = read("https://r.example/v2/a/blobs/x", "/downloads/y");
        assert_eq!(&*redirect.target, "https://r.example/downloads/y");
        assert!(redirect.relative && !redirect.leaves && !redirect.downgrade);
    }

    #[test]
    fn leaving_and_downgrading_are_seen() {
        let redirect = read("https://r.example/", "http://cdn.example:8080/x");
        assert!(redirect.leaves && redirect.downgrade && !redirect.relative);
        assert_eq!(redirect.authority.as_deref(), Some("cdn.example:8080"));
        assert!(!read("https://r.example/", "https://r.example:443/x").leaves);
    }

    #[test]
    fn other_answers_do_not_redirect() {
        let from = Url::parse("https://r.example/").unwrap();
        assert_eq!(Redirect::read(201, &from, "/v2/"), None);
        assert_eq!(Redirect::read(304, &from, "/v2/"), None);
        assert_eq!(
            Redirect::read(307, &from, "https://").unwrap().authority,
            None
        );
    }

    #[test]
    fn private_addresses() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["93.184.216.34", "100.128.0.1", "2606:2800::1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }
}
