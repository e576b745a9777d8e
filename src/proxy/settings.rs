//! What a proxy is started with.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::capture::BodyStore;

use super::certificate::{ClientCertificate, RootCertificate};
use super::key_log::KeyLog;
use super::limits::Limits;
use super::peer::PeerLookup;
use super::upstream::{ConnectTo, UpstreamProxy};
use crate::base::host_pattern::HostPattern;

/// Everything the proxy needs to know, resolved.
pub struct Settings {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The `Proxy-Authorization` value that every request must carry, when one is needed.
    pub credentials: Option<String>,
    /// Hosts in private or loopback address ranges that clients on other machines may reach.
    pub allowed_targets: Vec<HostPattern>,
    /// Overrides of where to dial.
    pub connect_to: Vec<ConnectTo>,
    /// Roots to trust beside the system's.
    pub upstream_roots: Vec<RootCertificate>,
    /// Which upstream proxy to use.
    pub upstream_proxy: UpstreamProxy,
    /// Hosts whose tunnels are passed on unread.
    pub passthrough: Vec<HostPattern>,
    /// When not empty, only these hosts are intercepted.
    pub intercept: Vec<HostPattern>,
    /// Hosts whose certificates may be invalid.
    pub insecure: Vec<HostPattern>,
    /// Certificates to present to servers that ask for one.
    pub client_certificates: Vec<ClientCertificate>,
    /// Largest JSON or text body to keep, in bytes.
    pub max_body: u64,
    /// Whether bodies are hashed.
    pub hash: bool,
    /// Where bulk bodies go, when they are kept.
    pub body_store: Option<Arc<dyn BodyStore>>,
    /// Where TLS secrets of both sides go, when the user asked.
    pub key_log: Option<KeyLog>,
    /// Names the programs of local clients, where that is wanted.
    pub peer: Option<PeerLookup>,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// Settings for an address, everything else at its default.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            credentials: None,
            allowed_targets: Vec::new(),
            connect_to: Vec::new(),
            upstream_roots: Vec::new(),
            upstream_proxy: UpstreamProxy::default(),
            passthrough: Vec::new(),
            intercept: Vec::new(),
            insecure: Vec::new(),
            client_certificates: Vec::new(),
            max_body: 4 * 1024 * 1024,
            hash: true,
            body_store: None,
            key_log: None,
            peer: None,
            limits: Limits::default(),
        }
    }

    /// Whether the tunnels to this host are read.
    pub fn intercepts(&self, host: &str) -> bool {
        let any = |patterns: &[HostPattern]| patterns.iter().any(|pattern| pattern.matches(host));
        !any(&self.passthrough) && (self.intercept.is_empty() || any(&self.intercept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ca::SigningScope;

    /// `--passthrough`, `--intercept` and `ca regenerate --only` mean the same by one pattern.
    #[test]
    fn a_pattern_names_the_same_hosts_wherever_it_stands() {
        for (pattern, host, covered) in [
            ("docker.io", "docker.io", true),
            ("docker.io", "registry-1.docker.io", true),
            ("docker.io", "mydocker.io", false),
            ("*.docker.io", "registry-1.docker.io", true),
            ("*.docker.io", "docker.io", false),
            ("=docker.io", "docker.io", true),
            ("=docker.io", "registry-1.docker.io", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("[::1]", "::1", true),
        ] {
            let hosts: HostPattern = pattern.parse().unwrap();
            let mut settings = Settings::new(([127, 0, 0, 1], 0).into());
            settings.passthrough = vec![hosts.clone()];
            assert_eq!(
                settings.intercepts(host),
                !covered,
                "--passthrough {pattern} {host}"
            );
            settings.passthrough.clear();
            settings.intercept = vec![hosts];
            assert_eq!(
                settings.intercepts(host),
                covered,
                "--intercept {pattern} {host}"
            );
            let scope: SigningScope = pattern.parse().unwrap();
            assert_eq!(scope.permits(host), covered, "--only {pattern} {host}");
        }
    }
}
