//! All four providers: which of them a request is for.

use std::net::SocketAddr;

use super::catalog::LabImage;
use super::provider::host;
use super::service::{BuildError, ProviderService};
use super::{Clock, FaultSpec, IncomingRequest, OutgoingResponse, Provider, provider};

/// The four providers.
#[derive(Debug)]
pub(super) struct Registries(Vec<ProviderService>);

impl Registries {
    /// Builds the images as the faults want them.
    pub(super) fn build(
        faults: &[FaultSpec],
        slow_rate: u32,
        clock: &Clock,
    ) -> Result<Self, BuildError> {
        let services = Provider::ALL
            .iter()
            .map(|provider| ProviderService::build(*provider, faults, slow_rate, clock.clone()));
        Ok(Self(services.collect::<Result<_, _>>()?))
    }

    /// The images there are to pull.
    pub(super) fn images(&self) -> Vec<LabImage> {
        self.0
            .iter()
            .flat_map(|service| service.images.iter().copied())
            .collect()
    }

    /// Answers a request to any host.
    pub(super) fn answer(&self, request: &IncomingRequest, client: SocketAddr) -> OutgoingResponse {
        host(&request.host)
            .and_then(|(provider, role)| {
                let mut services = self.0.iter();
                let service = services.find(|service| service.provider == provider)?;
                Some(service.answer(role, request, client))
            })
            .unwrap_or_else(|| unknown_host(&request.host))
    }
}

fn unknown_host(host: &str) -> OutgoingResponse {
    let sentence = format!(
        "there is no host '{host}' here; it has {}",
        hosts().join(", ")
    );
    OutgoingResponse::text("404 Not Found", &sentence)
}

/// Every host name of the providers, once.
pub(super) fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for (host, ..) in provider::hosts() {
        if !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts
}
