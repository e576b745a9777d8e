//! The four providers, and the host names each answers to.

use std::fmt;
use std::str::FromStr;

/// Whose registry a host of the lab belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Docker Hub.
    Hub,
    /// A registry mirror of Docker Hub at Aliyun.
    Mirror,
    /// Google Container Registry.
    Gcr,
    /// Red Hat Quay.
    Quay,
}

/// A name that is none of the providers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown provider '{0}' (the lab has hub, mirror, gcr and quay)")]
pub struct UnknownProvider(String);

impl Provider {
    /// All of them, in the order the demo shows them.
    pub const ALL: [Self; 4] = [Self::Hub, Self::Mirror, Self::Gcr, Self::Quay];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Mirror => "mirror",
            Self::Gcr => "gcr",
            Self::Quay => "quay",
        }
    }

    /// The host of its registry.
    pub fn registry(self) -> &'static str {
        match self {
            Self::Hub => "registry-1.docker.io",
            Self::Mirror => "2h3po24q.mirror.aliyuncs.com",
            Self::Gcr => "gcr.io",
            Self::Quay => "quay.io",
        }
    }

    /// The host its registry redirects blob requests to.
    pub(super) fn blob_store(self) -> &'static str {
        match self {
            Self::Hub => "production.cloudflare.docker.com",
            Self::Mirror => "acs-cn-hangzhou-mirror.oss-cn-hangzhou.aliyuncs.com",
            Self::Gcr => "storage.googleapis.com",
            Self::Quay => "cdn02.quay.io",
        }
    }

    /// Host and path of its token server; the mirror has none.
    pub(super) fn token_server(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Hub => Some(("auth.docker.io", "/token")),
            Self::Mirror => None,
            Self::Gcr => Some(("gcr.io", "/v2/token")),
            Self::Quay => Some(("quay.io", "/v2/auth")),
        }
    }

    /// What its challenges call the service, and what its tokens call the audience.
    pub(super) fn service(self) -> &'static str {
        match self {
            Self::Hub => "registry.docker.io",
            Self::Mirror | Self::Gcr | Self::Quay => self.registry(),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.name() == text)
            .ok_or_else(|| UnknownProvider(text.to_owned()))
    }
}

/// Which part of a provider's service a host is. A token server may share the registry's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRole {
    Registry,
    Tokens,
    Blobs,
}

/// The provider and the role of a host name, given without a port and in lower case.
pub(super) fn host(name: &str) -> Option<(Provider, HostRole)> {
    Provider::ALL.into_iter().find_map(|provider| {
        if name == provider.registry() {
            Some((provider, HostRole::Registry))
        } else if name == provider.blob_store() {
            Some((provider, HostRole::Blobs))
        } else if provider
            .token_server()
            .is_some_and(|(host, _)| host == name)
        {
            Some((provider, HostRole::Tokens))
        } else {
            None
        }
    })
}

/// Every host name of the four providers.
pub(super) fn hosts() -> Vec<String> {
    let mut hosts = Vec::new();
    for provider in Provider::ALL {
        let tokens = provider.token_server().map(|(host, _)| host);
        for host in [
            Some(provider.registry()),
            tokens,
            Some(provider.blob_store()),
        ] {
            hosts.extend(host.map(str::to_owned).filter(|host| !hosts.contains(host)));
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_listed_once_and_found() {
        let hosts = hosts();
        assert_eq!(hosts.len(), 9);
        for name in &hosts {
            assert!(host(name).is_some(), "{name}");
        }
        assert_eq!(host("gcr.io"), Some((Provider::Gcr, HostRole::Registry)));
        assert_eq!(
            host("auth.docker.io"),
            Some((Provider::Hub, HostRole::Tokens))
        );
        assert_eq!(host("example.com"), None);
    }

    #[test]
    fn names_read_back() {
        for provider in Provider::ALL {
            assert_eq!(provider.to_string().parse(), Ok(provider));
        }
        let error = "ghcr".parse::<Provider>().unwrap_err().to_string();
        assert!(error.contains("hub, mirror, gcr and quay"), "{error}");
    }
}
