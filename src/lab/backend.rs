//! What is behind the listeners: the four registries, or a recording.

use std::net::SocketAddr;

use super::registries::{self, Registries};
use super::replay::Replay;
use super::{IncomingRequest, LabError, LabImage, LabOptions, OutgoingResponse};

/// Who answers.
#[derive(Debug)]
pub(super) enum Backend {
    /// The four providers.
    Registries(Registries),
    /// A recording.
    Replay(Replay),
}

impl Backend {
    /// Prepares what the options ask for.
    pub(super) async fn build(options: LabOptions) -> Result<Self, LabError> {
        if let Some(replay) = options.replay {
            return Ok(Self::Replay(replay));
        }
        let build = move || Registries::build(&options.faults, options.slow_rate, &options.clock);
        let registries = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| LabError::Images(error.into()))?
            .map_err(|error| LabError::Images(error.into()))?;
        Ok(Self::Registries(registries))
    }

    /// The host names it answers under.
    pub(super) fn hosts(&self) -> Vec<String> {
        match self {
            Self::Registries(_) => registries::hosts(),
            Self::Replay(replay) => replay.hosts(),
        }
    }

    /// The images there are to pull, as far as that is known.
    pub(super) fn images(&self) -> Vec<LabImage> {
        match self {
            Self::Registries(registries) => registries.images(),
            Self::Replay(_) => Vec::new(),
        }
    }

    /// Answers one request.
    pub(super) fn answer(&self, request: &IncomingRequest, client: SocketAddr) -> OutgoingResponse {
        match self {
            Self::Registries(registries) => registries.answer(request, client),
            Self::Replay(replay) => replay.answer(request),
        }
    }
}
