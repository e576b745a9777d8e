//! One provider: its registry, its token server and its blob store, and what they share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use jiff::Timestamp;

use super::answer::ErrorAnswer;
use super::catalog::{CatalogError, LabImage, TaggedRepository};
use super::clock::after;
use super::keys::{KeyError, Keys};
use super::provider::HostRole;
use super::{Clock, Fault, FaultSpec, IncomingRequest, OutgoingResponse, Provider, dialect};

/// Everything a provider has and knows.
#[derive(Debug)]
pub(super) struct ProviderService {
    pub(super) provider: Provider,
    pub(super) repository: TaggedRepository,
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
        Ok(Self {
            provider,
            repository: TaggedRepository::build(provider, faults)?,
            keys: Keys::new()?,
            faults: faults.to_vec(),
            slow_rate,
            clock,
            broken_off: Mutex::default(),
        })
    }

    /// The image there is to pull.
    pub(super) fn image(&self) -> LabImage {
        self.repository.image
    }

    /// Answers a request to one of its hosts.
    pub(super) fn answer(
        &self,
        role: HostRole,
        request: &IncomingRequest,
        client: SocketAddr,
    ) -> OutgoingResponse {
        let is_token = self
            .provider
            .token_server()
            .is_some_and(|(host, path)| host == request.host && path == request.path);
        let result = match role {
            _ if is_token => self.token(request),
            HostRole::Registry => self.registry(request, client),
            HostRole::Blobs => Ok(self.store(request)),
            HostRole::Tokens => Ok(self.refuse(ErrorAnswer::not_found(
                "NOT_FOUND",
                "there is nothing here but the token server's path",
            ))),
        };
        result.unwrap_or_else(|error: KeyError| {
            OutgoingResponse::text(500, "Internal Server Error", &error.to_string())
        })
    }

    /// Whether this fault was ordered for this provider.
    pub(super) fn has(&self, fault: Fault) -> bool {
        let mut specs = self.faults.iter();
        specs.any(|spec| spec.strikes(self.provider, fault))
    }

    /// The time of the registry and of its blob store.
    pub(super) fn registry_time(&self) -> Timestamp {
        // The mirror has no other clock that could be wrong.
        let has_only_clock = self.provider.token_server().is_none();
        self.time(has_only_clock && self.has(Fault::SkewedClock))
    }

    /// The time of the token server.
    pub(super) fn token_time(&self) -> Timestamp {
        self.time(self.has(Fault::SkewedClock))
    }

    /// A refusal of the token server.
    pub(super) fn refuse(&self, refusal: ErrorAnswer) -> OutgoingResponse {
        dialect::registry(self.provider, refusal.into(), self.token_time())
    }

    fn time(&self, skewed: bool) -> Timestamp {
        let now = self.clock.now();
        if skewed { after(now, SKEW) } else { now }
    }
}

/// Seconds by which a skewed clock is ahead.
const SKEW: i64 = 3_600;
