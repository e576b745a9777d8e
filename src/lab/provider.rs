//! The four providers, and the host names each answers to.

/// Whose registry a host of the lab belongs to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = UnknownProvider, parse_err_fn = UnknownProvider::of)]
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
        self.into()
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

impl UnknownProvider {
    fn of(text: &str) -> Self {
        Self(text.to_owned())
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
        let tokens = provider.token_server().map(|(host, _)| host);
        let role = match name {
            name if name == provider.registry() => HostRole::Registry,
            name if name == provider.blob_store() => HostRole::Blobs,
            name if Some(name) == tokens => HostRole::Tokens,
            _ => return None,
        };
        Some((provider, role))
    })
}

/// Every host name of the four providers.
pub(super) fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for provider in Provider::ALL {
        let tokens = provider.token_server().map(|(host, _)| host);
        let own = [provider.registry()].into_iter().chain(tokens);
        for host in own.chain([provider.blob_store()]) {
            if !hosts.iter().any(|known| known == host) {
                hosts.push(host.to_owned());
            }
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
