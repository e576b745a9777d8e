//! The hosts that a CA may sign for: name constraints (RFC 5280 section 4.2.1.10).

use std::net::IpAddr;
use std::str::FromStr;

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::proxy::target::is_domain;

/// The hosts that a CA may sign for. A domain stands for itself and all names below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningScope {
    domains: Vec<String>,
    addresses: Vec<IpAddr>,
}

/// Why a text names no host.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "invalid host {0:?}: give a domain such as docker.io, which stands for all names below it, or an IP address"
)]
pub struct SigningScopeError(String);

impl FromStr for SigningScope {
    type Err = SigningScopeError;

    /// Reads a comma-separated list.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scope = Self::default();
        for host in text.split(',').map(str::trim) {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            if let Ok(address) = name.trim_matches(['[', ']']).parse() {
                scope.addresses.push(address);
            } else if is_domain(&name) {
                scope.domains.push(name);
            } else {
                return Err(SigningScopeError(host.to_owned()));
            }
        }
        Ok(scope)
    }
}

impl SigningScope {
    /// Reads what a CA's certificate says; `None` is a CA that may sign for every host.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Option<Self> {
        let constraints = certificate.name_constraints().ok().flatten()?.value;
        let mut scope = Self::default();
        for subtree in constraints.permitted_subtrees.iter().flatten() {
            match subtree.base {
                GeneralName::DNSName(name) => scope.domains.push(name.to_ascii_lowercase()),
                GeneralName::IPAddress(bytes) => scope.addresses.extend(address(bytes)),
                _ => {}
            }
        }
        Some(scope)
    }

    /// Whether the CA may sign for a host: a lower-case DNS name, or an address without brackets.
    pub fn permits(&self, host: &str) -> bool {
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        self.domains.iter().any(|domain| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
    }

    /// The hosts, for people.
    pub fn describe(&self) -> String {
        let addresses = self.addresses.iter().map(ToString::to_string);
        let hosts: Vec<_> = self.domains.iter().cloned().chain(addresses).collect();
        hosts.join(", ")
    }

    pub(super) fn constraints(&self) -> NameConstraints {
        let domains = self.domains.iter().cloned().map(GeneralSubtree::DnsName);
        let addresses = self.addresses.iter().map(|address| {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
        });
        let mut excluded = Vec::new();
        // A kind of name of which nothing is permitted would be permitted altogether.
        if self.addresses.is_empty() {
            excluded.push(GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])));
            excluded.push(GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])));
        }
        if self.domains.is_empty() {
            excluded.push(GeneralSubtree::DnsName(String::new()));
        }
        NameConstraints {
            permitted_subtrees: domains.chain(addresses).collect(),
            excluded_subtrees: excluded,
        }
    }
}

/// An address with its mask, of which only whole addresses are ours.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let (address, mask) = bytes.split_at_checked(bytes.len() / 2)?;
    if mask.iter().any(|byte| *byte != 0xff) {
        return None;
    }
    if let Ok(four) = <[u8; 4]>::try_from(address) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(address).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_stands_for_what_is_below_it() {
        let scope: SigningScope = "docker.io, Docker.com.,10.0.0.7,[::1]".parse().unwrap();
        for good in [
            "docker.io",
            "auth.docker.io",
            "a.b.docker.com",
            "10.0.0.7",
            "::1",
        ] {
            assert!(scope.permits(good), "{good}");
        }
        for bad in [
            "notdocker.io",
            "docker.io.evil.test",
            "io",
            "10.0.0.8",
            "::2",
            "",
        ] {
            assert!(!scope.permits(bad), "{bad}");
        }
        assert_eq!(scope.describe(), "docker.io, docker.com, 10.0.0.7, ::1");
        let long = |length: usize| "x".repeat(length);
        let name = format!("{0}.{0}.{0}.{1}", long(63), long(61));
        assert_eq!(name.len(), 253);
        for good in [&name, "a_b.test", &long(63)] {
            assert!(good.parse::<SigningScope>().is_ok(), "{good}");
        }
        for bad in [
            format!("{name}x"),
            long(64),
            "a..b".to_owned(),
            "é.test".to_owned(),
        ] {
            assert!(bad.parse::<SigningScope>().is_err(), "{bad}");
        }
        for text in ["", "docker.io,", "*.docker.io", "a b", "https://x", "x/y"] {
            assert!(text.parse::<SigningScope>().is_err(), "{text}");
        }
    }
}
