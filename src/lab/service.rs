//! One provider: its registry, its token server and its blob store, and what they share.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Mutex;

use jiff::Timestamp;

use super::answer::Answer;
use super::catalog::{self, CatalogError, LabImage, Repository};
use super::clock::after;
use super::keys::{KeyError, Keys};
use super::provider::{HostRole, ProviderProfile};
use super::{Clock, Fault, FaultSpec, IncomingRequest, OutgoingResponse, Provider};

/// Everything a provider has and knows.
#[derive(Debug)]
pub(super) struct ProviderService {
    pub(super) provider: Provider,
    pub(super) images: Vec<LabImage>,
    pub(super) repositories: Mutex<BTreeMap<String, Repository>>,
    /// What has come of the uploads that are open.
    pub(super) uploads: Mutex<HashMap<String, Vec<u8>>>,
    /// How often each blob was redirected.
    pub(super) redirected: Mutex<HashMap<String, usize>>,
    pub(super) keys: Keys,
    faults: Vec<FaultSpec>,
    /// Bytes a second of a slow layer.
    pub(super) slow_rate: u32,
    clock: Clock,
    /// How often each layer's download was broken off, by digest.
    pub(super) broken_off: Mutex<HashMap<String, u32>>,
}

/// Why there are no registries.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl ProviderService {
    /// Builds the provider's images as its faults want them.
    pub(super) fn build(
        provider: Provider,
        faults: &[FaultSpec],
        slow_rate: u32,
        clock: Clock,
    ) -> Result<Self, BuildError> {
        let (images, repositories) = catalog::build(provider, faults)?;
        Ok(Self {
            provider,
            images,
            repositories: repositories.into(),
            uploads: Mutex::default(),
            redirected: Mutex::default(),
            keys: Keys::new()?,
            faults: faults.to_vec(),
            slow_rate,
            clock,
            broken_off: Mutex::default(),
        })
    }

    pub(super) fn profile(&self) -> &'static ProviderProfile {
        self.provider.profile()
    }

    /// Answers a request to one of its hosts.
    pub(super) fn answer(
        &self,
        role: HostRole,
        request: &IncomingRequest,
        client: SocketAddr,
    ) -> OutgoingResponse {
        let profile = self.profile();
        let is_token = profile
            .tokens
            .as_ref()
            .is_some_and(|server| server.host == request.host && server.path == request.path);
        // A store may share the registry's host.
        let mut stores = profile.stores.iter();
        let store =
            stores.find(|store| store.host == profile.registry && store.has_path(&request.path));
        let result = match role {
            _ if is_token => self.token(request),
            HostRole::Registry => match store {
                Some(store) => Ok(self.store(store, request, client)),
                None => self.registry(request, client),
            },
            HostRole::Blobs(at) => match profile.stores.get(at) {
                Some(store) => Ok(self.store(store, request, client)),
                None => Err(KeyError),
            },
            HostRole::Tokens => Ok(self.refuse(Answer::refusal(
                "404 Not Found",
                "NOT_FOUND",
                "there is nothing here but the token server's path",
            ))),
        };
        result.unwrap_or_else(|error: KeyError| {
            OutgoingResponse::text("500 Internal Server Error", &error.to_string())
        })
    }

    /// The faults that were ordered for this provider.
    pub(super) fn faults(&self) -> impl Iterator<Item = Fault> {
        let strikes = |spec: &&FaultSpec| spec.strikes(self.provider, spec.fault);
        self.faults.iter().filter(strikes).map(|spec| spec.fault)
    }

    /// Whether this fault was ordered for this provider.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults().any(|ordered| ordered == fault)
    }

    /// The time of the registry and of its blob store.
    pub(super) fn registry_time(&self) -> Timestamp {
        // The mirror has no other clock that could be wrong.
        let has_only_clock = self.profile().tokens.is_none();
        self.time(has_only_clock && self.has(Fault::SkewedClock))
    }

    /// The time of the token server.
    pub(super) fn token_time(&self) -> Timestamp {
        self.time(self.has(Fault::SkewedClock))
    }

    /// A refusal of the token server.
    pub(super) fn refuse(&self, refusal: Answer) -> OutgoingResponse {
        self.profile().say(refusal, self.token_time())
    }

    fn time(&self, skewed: bool) -> Timestamp {
        let now = self.clock.now();
        if skewed { after(now, SKEW) } else { now }
    }
}

/// Seconds by which a skewed clock is ahead.
const SKEW: i64 = 3_600;
