//! The hosts that a CA may sign for: name constraints (RFC 5280 section 4.2.1.10).

use std::net::IpAddr;
use std::str::FromStr;

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::base::host_pattern::{HostPattern, HostPatternError};

/// The hosts that a CA may sign for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningScope(Vec<HostPattern>);

/// Why a CA cannot be made for some hosts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SigningScopeError {
    /// It names no host.
    #[error(transparent)]
    Pattern(#[from] HostPatternError),
    /// No certificate can say it.
    #[error("a certificate cannot say {0}: give names, *.name, =name and addresses")]
    Stars(HostPattern),
}

impl FromStr for SigningScope {
    type Err = SigningScopeError;

    /// Reads a comma-separated list.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hosts: Vec<HostPattern> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let stars = |host: &&HostPattern| host.as_str().trim_start_matches("*.").contains('*');
        match hosts.iter().find(stars) {
            Some(host) => Err(SigningScopeError::Stars(host.clone())),
            None => Ok(Self(hosts)),
        }
    }
}

impl SigningScope {
    /// Reads what a CA's certificate says; `None` is a CA that may sign for every host.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Option<Self> {
        let constraints = certificate.name_constraints().ok().flatten()?.value;
        let named = |name| {
            constraints.excluded_subtrees.iter().flatten().any(|subtree| {
            matches!(subtree.base, GeneralName::DNSName(below) if below.strip_prefix('.') == Some(name))
        })
        };
        let permitted = constraints.permitted_subtrees.iter().flatten();
        let host = permitted.filter_map(|subtree| match subtree.base {
            GeneralName::DNSName(name) if named(name) => format!("={name}").parse().ok(),
            GeneralName::DNSName(name) => name.parse().ok(),
            GeneralName::IPAddress(bytes) => address(bytes)?.to_string().parse().ok(),
            _ => None,
        });
        Some(Self(host.collect()))
    }

    /// Whether the CA may sign for a host.
    pub fn permits(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(host))
    }

    /// The hosts as a list for people.
    pub fn describe(&self) -> String {
        let hosts: Vec<_> = self.0.iter().map(HostPattern::as_str).collect();
        hosts.join(", ")
    }

    /// What the CA's certificate says. Without it a name would be forbidden and addresses free, or
    /// the other way round: a kind of name that is not restricted is permitted.
    pub(super) fn constraints(&self) -> NameConstraints {
        let (mut permitted_subtrees, mut excluded_subtrees) = (Vec::new(), Vec::new());
        let (mut names, mut addresses) = (false, false);
        for host in self.0.iter().map(HostPattern::as_str) {
            let address = host.parse::<IpAddr>();
            names |= address.is_err();
            addresses |= address.is_ok();
            permitted_subtrees.push(if let Ok(address) = address {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            } else if let Some(exact) = host.strip_prefix('=') {
                excluded_subtrees.push(GeneralSubtree::DnsName(format!(".{exact}")));
                GeneralSubtree::DnsName(exact.to_owned())
            } else {
                // With a dot before it, only what is below is meant.
                GeneralSubtree::DnsName(host.trim_start_matches('*').to_owned())
            });
        }
        if !addresses {
            excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])));
            excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])));
        }
        if !names {
            excluded_subtrees.push(GeneralSubtree::DnsName(String::new()));
        }
        NameConstraints {
            permitted_subtrees,
            excluded_subtrees,
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
        let scope: SigningScope = "docker.io, Docker.com.,10.0.0.7,[::1],=quay.io,*.gcr.io"
            .parse()
            .unwrap();
        for good in [
            "docker.io",
            "auth.docker.io",
            "a.b.docker.com",
            "10.0.0.7",
            "::1",
            "quay.io",
            "eu.gcr.io",
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
            "cdn.quay.io",
            "gcr.io",
        ] {
            assert!(!scope.permits(bad), "{bad}");
        }
        assert_eq!(
            scope.describe(),
            "docker.io, docker.com, 10.0.0.7, ::1, =quay.io, *.gcr.io"
        );
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
        for text in [
            "",
            "docker.io,",
            "*",
            "cdn0*.quay.io",
            "a b",
            "https://x",
            "x/y",
        ] {
            assert!(text.parse::<SigningScope>().is_err(), "{text}");
        }
    }
}
