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
    /// Docker Hub of 2026, whose blobs are in three places.
    #[serde(rename = "hub-2026")]
    #[strum(serialize = "hub-2026")]
    HubToday,
    /// GitHub's container registry.
    Ghcr,
    /// Google Artifact Registry.
    Gar,
    /// Amazon's registry, private.
    Ecr,
    /// Amazon's registry, public.
    EcrPublic,
    /// Azure's registry.
    Acr,
    /// Harbor, which people run themselves.
    Harbor,
    /// GitLab's registry.
    Gitlab,
    /// Red Hat Quay of 2026, behind Akamai.
    #[serde(rename = "quay-2026")]
    #[strum(serialize = "quay-2026")]
    QuayToday,
}

/// Of which time a lab's registries are: those of one time have the same hosts as those of another.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Era {
    /// As captured in August 2020.
    #[default]
    #[strum(serialize = "2020")]
    Article,
    /// As public reports show them.
    #[strum(serialize = "2026")]
    Today,
}

impl Era {
    /// Its providers, in the order the demo shows them.
    pub fn providers(self) -> impl Iterator<Item = Provider> {
        let all = Provider::ALL.iter().copied();
        all.filter(move |provider| provider.era() == self)
    }
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
    /// Whether it takes pushes.
    #[serde(default)]
    pub(super) push: bool,
    /// Whether it lists what refers to a manifest (OCI distribution-spec, "Listing Referrers").
    #[serde(default)]
    pub(super) referrers: bool,
    /// User name and password, where it wants those and no token.
    pub(super) login: Option<String>,
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

    /// Of which time it is.
    pub fn era(self) -> Era {
        match self {
            Self::Hub | Self::Mirror | Self::Gcr | Self::Quay => Era::Article,
            _ => Era::Today,
        }
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
        let is_own = answer.names().any(|name| self.answers.contains_key(name));
        let shared = dialect(self.speaks.as_deref());
        match shared {
            Some(shared) if !is_own => {
                let said = answer.by(|name| self.word(name), |name| shared.answer(name), now);
                let also = self.also.iter().filter_map(|field| field.split_once(": "));
                also.fold(said, |said, (name, value)| said.field(name, value))
            }
            _ => answer.by(|name| self.word(name), |name| self.answer(name), now),
        }
    }

    /// An answer of one of its blob stores.
    pub(super) fn store_says(
        &self,
        store: &'static BlobStore,
        answer: Answer,
        now: Timestamp,
    ) -> OutgoingResponse {
        answer.by(|name| self.word(name), |name| template_of(store, name), now)
    }

    pub(super) fn answer(&self, name: &str) -> Option<&str> {
        self.answers.get(name).map(String::as_str)
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

/// Every host of a time's providers, some of them twice.
pub(super) fn hosts(era: Era) -> impl Iterator<Item = (&'static str, Provider, HostRole)> {
    era.providers().flat_map(|provider| {
        let profile = provider.profile();
        let tokens = profile.tokens.iter();
        let tokens = tokens.map(|server| (server.host.as_str(), HostRole::Tokens));
        let stores = profile.stores.iter().enumerate();
        let stores = stores.map(|(at, store)| (store.host.as_str(), HostRole::Blobs(at)));
        let registry = [&profile.registry].into_iter().chain(&profile.alias);
        let registry = registry.map(|host| (host.as_str(), HostRole::Registry));
        let all = registry.chain(tokens).chain(stores);
        all.map(move |(host, role)| (host, provider, role))
    })
}

/// What a store says, by itself or as others do.
pub(super) fn template_of(store: &'static BlobStore, name: &str) -> Option<&'static str> {
    let shared = || dialect(store.speaks.as_deref())?.answer(name);
    store.answer(name).or_else(shared)
}

/// The answers that several share.
pub(super) fn dialect(name: Option<&str>) -> Option<&'static ProviderProfile> {
    PROFILES.get(name?)
}

static PROFILES: LazyLock<BTreeMap<String, ProviderProfile>> = LazyLock::new(|| {
    let files = FILES.iter();
    files
        .flat_map(|file| read(file).unwrap_or_default())
        .collect()
});
static NOBODY: LazyLock<ProviderProfile> = LazyLock::new(ProviderProfile::default);

fn read(file: &str) -> Result<BTreeMap<String, ProviderProfile>, toml::de::Error> {
    toml::from_str(file)
}

const FILES: [&str; 2] = [
    include_str!("data/2020.toml"),
    include_str!("data/2026.toml"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_listed_once_and_found() {
        for (era, count) in [(Era::Article, 10), (Era::Today, 21)] {
            let names: std::collections::BTreeSet<_> = hosts(era).map(|(host, ..)| host).collect();
            assert_eq!(names.len(), count, "{names:?}");
        }
        let first = |name: &str| hosts(Era::Article).find(|(host, ..)| *host == name);
        let found = first("gcr.io").unwrap();
        assert_eq!((found.1, found.2), (Provider::Gcr, HostRole::Registry));
        let found = first("auth.docker.io").unwrap();
        assert_eq!((found.1, found.2), (Provider::Hub, HostRole::Tokens));
        assert!(first("example.com").is_none());
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
        for file in FILES {
            read(file)
                .map_err(|error| error.message().to_owned())
                .unwrap();
        }
        for provider in Provider::ALL {
            assert!(!provider.registry().is_empty(), "{provider}");
        }
    }
}
