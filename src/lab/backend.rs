//! What is behind the listeners: the providers, or a recording.

use std::net::SocketAddr;

use super::provider::hosts;
use super::replay::Replay;
use super::service::{BuildError, ProviderService};
use super::{Era, IncomingRequest, LabError, LabImage, LabOptions, OutgoingResponse};

/// Who answers.
#[derive(Debug)]
pub(super) enum Backend {
    /// The providers of a time.
    Registries(Era, Vec<ProviderService>),
    /// A recording.
    Replay(Replay),
}

impl Backend {
    /// Prepares what the options ask for.
    pub(super) async fn build(options: LabOptions) -> Result<Self, LabError> {
        if let Some(replay) = options.replay {
            return Ok(Self::Replay(replay));
        }
        let era = options.era;
        let build = move || -> Result<_, BuildError> {
            let (faults, rate, clock) = (&options.faults, options.slow_rate, &options.clock);
            let build = |provider| ProviderService::build(provider, faults, rate, clock.clone());
            options.era.providers().map(build).collect()
        };
        let registries = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| LabError::Images(error.into()))?
            .map_err(|error| LabError::Images(error.into()))?;
        Ok(Self::Registries(era, registries))
    }

    /// The host names it answers under.
    pub(super) fn hosts(&self) -> Vec<String> {
        match self {
            Self::Registries(era, _) => {
                let mut names: Vec<_> = hosts(*era).map(|(host, ..)| host.to_owned()).collect();
                let mut seen = std::collections::HashSet::new();
                names.retain(|host| seen.insert(host.clone()));
                names
            }
            Self::Replay(replay) => replay.hosts(),
        }
    }

    /// The images there are to pull, as far as that is known.
    pub(super) fn images(&self) -> Vec<LabImage> {
        match self {
            Self::Registries(_, services) => services
                .iter()
                .flat_map(|service| service.images.clone())
                .collect(),
            Self::Replay(_) => Vec::new(),
        }
    }

    /// Answers one request.
    pub(super) fn answer(&self, request: &IncomingRequest, client: SocketAddr) -> OutgoingResponse {
        let (era, services) = match self {
            Self::Registries(era, services) => (*era, services),
            Self::Replay(replay) => return replay.answer(request),
        };
        let mut hosts = hosts(era);
        let found = hosts.find(|(host, ..)| *host == request.host);
        let found = found.and_then(|(_, provider, role)| {
            let mut services = services.iter();
            let service = services.find(|service| service.provider == provider)?;
            Some(service.answer(role, request, client))
        });
        found.unwrap_or_else(|| {
            let (host, known) = (&request.host, self.hosts().join(", "));
            let sentence = format!("there is no host '{host}' here; it has {known}");
            OutgoingResponse::text("404 Not Found", &sentence)
        })
    }
}
