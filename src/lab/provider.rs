//! The providers: the host names each answers to, and how it speaks, as `data/*.toml` has it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;
use strum::VariantArray as _;

use super::OutgoingResponse;
use super::answer::Answer;
use super::signed_url::BlobStore;
use super::token::TokenServer;

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
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[strum(parse_err_ty = UnknownProvider, parse_err_fn = UnknownProvider::of)]
#[non_exhaustive]
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
#[error("unknown provider '{0}' (the lab has {known})", known = list(Provider::ALL))]
pub struct UnknownProvider(String);

/// How a provider's services are called, and what they say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderProfile {
    /// The host of its registry.
    #[serde(default)]
    pub(super) registry: String,
    /// Another name of that host.
    alias: Option<String>,
    /// What its challenges call the service, and what its tokens call the audience.
    #[serde(default)]
    pub(super) service: String,
    /// Names in `data/images.toml`.
    #[serde(default)]
    pub(super) images: Vec<String>,
    /// A mirror has none.
    pub(super) tokens: Option<TokenServer>,
    #[serde(default)]
    pub(super) stores: Vec<BlobStore>,
    /// What its registry and its token server say.
    #[serde(default)]
    answers: HashMap<String, String>,
    /// Whose answers are its own where it has no other.
    speaks: Option<String>,
    /// Fields that those answers end with.
    #[serde(default)]
    also: Vec<String>,
    /// What stands in answers under a name.
    #[serde(default)]
    words: HashMap<String, String>,
}

impl Provider {
    /// All of them, in the order the demo shows them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The host of its registry.
    pub fn registry(self) -> &'static str {
        &self.profile().registry
    }

    pub(super) fn profile(self) -> &'static ProviderProfile {
        PROFILES.get(self.name()).unwrap_or(&NOBODY)
    }
}

impl ProviderProfile {
    /// An answer of its registry or of its token server.
    pub(super) fn say(&'static self, answer: Answer, now: Timestamp) -> OutgoingResponse {
        let own = |name: &str| self.answers.get(name).map(String::as_str);
        let shared = self.speaks.as_ref().and_then(|name| PROFILES.get(name));
        let is_own = answer.names().any(|name| own(name).is_some());
        match shared {
            Some(shared) if !is_own => {
                let theirs = |name: &str| shared.answers.get(name).map(String::as_str);
                let said = answer.by(self, theirs, now);
                let also = self.also.iter().filter_map(|field| field.split_once(": "));
                also.fold(said, |said, (name, value)| said.field(name, value))
            }
            _ => answer.by(self, own, now),
        }
    }

    pub(super) fn word(&self, name: &str) -> Option<String> {
        self.words.get(name).cloned()
    }
}

impl UnknownProvider {
    fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Names, for a sentence.
pub(super) fn list(items: &[impl fmt::Display]) -> String {
    let names: Vec<_> = items.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Which part of a provider's service a host is. A token server may share the registry's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRole {
    Registry,
    Tokens,
    /// The blob store of this number.
    Blobs(usize),
}

/// The provider and the role of a host name, given without a port and in lower case.
pub(super) fn host(name: &str) -> Option<(Provider, HostRole)> {
    let mut hosts = hosts();
    hosts.find_map(|(host, provider, role)| (host == name).then_some((provider, role)))
}

/// Every host of the providers, some of them twice.
pub(super) fn hosts() -> impl Iterator<Item = (&'static str, Provider, HostRole)> {
    Provider::ALL.iter().flat_map(|provider| {
        let profile = provider.profile();
        let tokens = profile
            .tokens
            .iter()
            .map(|server| (server.host.as_str(), HostRole::Tokens));
        let stores = profile.stores.iter().enumerate();
        let stores = stores.map(|(at, store)| (store.host.as_str(), HostRole::Blobs(at)));
        let registry = [&profile.registry].into_iter().chain(&profile.alias);
        let registry = registry.map(|host| (host.as_str(), HostRole::Registry));
        let all = registry.chain(tokens).chain(stores);
        all.map(|(host, role)| (host, *provider, role))
    })
}

static PROFILES: LazyLock<BTreeMap<String, ProviderProfile>> =
    LazyLock::new(|| toml::from_str(include_str!("data/2020.toml")).unwrap_or_default());
static NOBODY: LazyLock<ProviderProfile> = LazyLock::new(ProviderProfile::default);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_listed_once_and_found() {
        let hosts: std::collections::BTreeSet<_> = hosts().map(|(host, ..)| host).collect();
        assert_eq!(hosts.len(), 10);
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
            assert_eq!(provider.to_string().parse(), Ok(*provider));
        }
        let error = "nobody".parse::<Provider>().unwrap_err().to_string();
        assert!(error.contains("hub, mirror, gcr, quay"), "{error}");
    }

    #[test]
    fn every_provider_has_a_profile() {
        let read = toml::from_str::<BTreeMap<String, ProviderProfile>>;
        let read = read(include_str!("data/2020.toml")).map_err(|error| error.message().to_owned());
        read.unwrap();
        for provider in Provider::ALL {
            assert!(!provider.registry().is_empty(), "{provider}");
        }
    }
}
