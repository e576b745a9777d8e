//! All four providers: which of them a request is for.

use std::net::SocketAddr;

use super::catalog::{CatalogError, Image};
use super::keys::KeyError;
use super::provider::host;
use super::service::Service;
use super::{Clock, FaultSpec, Provider, Request, Response, provider};

/// The four providers.
#[derive(Debug)]
pub(super) struct Registries(Vec<Service>);

/// Why there are no registries.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Registries {
    /// Builds the images as the faults want them.
    pub(super) fn build(
        faults: &[FaultSpec],
        slow_rate: u32,
        clock: &Clock,
    ) -> Result<Self, BuildError> {
        let services = Provider::ALL
            .into_iter()
            .map(|provider| Service::build(provider, faults, slow_rate, clock.clone()));
        Ok(Self(services.collect::<Result<_, _>>()?))
    }

    /// The images there are to pull.
    pub(super) fn images(&self) -> Vec<Image> {
        self.0.iter().map(Service::image).collect()
    }

    /// Answers a request to any host.
    pub(super) fn answer(&self, request: &Request, client: SocketAddr) -> Response {
        host(&request.host)
            .and_then(|(provider, role)| {
                let mut services = self.0.iter();
                let service = services.find(|service| service.image().provider == provider)?;
                Some(service.answer(role, request, client))
            })
            .unwrap_or_else(|| unknown_host(&request.host))
    }
}

fn unknown_host(host: &str) -> Response {
    let sentence = format!(
        "there is no host '{host}' here; it has {}",
        provider::hosts().join(", ")
    );
    Response::text(404, "Not Found", &sentence)
}
