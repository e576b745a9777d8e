//! What a request asks for, as far as it matters for where it belongs.

use std::hash::Hash;

use jiff::Timestamp;

use super::observed::Observed;
pub(super) use crate::base::fast::hash;
use crate::exchange::{ExchangeId, Side};
use crate::registry::{Credentials, Digest, Reading, Reference, Route};

/// Where an exchange stands in the order in which exchanges are looked at.
pub(super) type Place = (Timestamp, ExchangeId);

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// `/v2/`, or its forerunner `/v1/_ping`.
    Ping,
    /// A token.
    Token,
    /// A manifest is read.
    Manifest(Reference),
    /// A manifest is sent or deleted.
    Change(Reference),
    /// A blob is read.
    Blob(Reference),
    /// Whether a blob is there; an upload; a blob is deleted.
    Store,
    /// Tags, from their beginning or from a later page on.
    Tags { first: bool },
    /// What refers to a manifest.
    Referrers,
    /// The repositories of a registry.
    Catalog,
    /// Something outside the registry API.
    Other,
}

impl Ask {
    pub(super) fn of(observed: Observed<'_>) -> Self {
        let reading = observed.reading;
        let Some(endpoint) = &reading.endpoint else {
            return if reading.token_request.is_some() {
                Self::Token
            } else if reading.path() == "/v1/_ping" {
                // Where `/v2/` fails, some clients ask whether the registry is an older one.
                Self::Ping
            } else {
                Self::Other
            };
        };
        let reads = matches!(&*reading.method, "GET" | "HEAD");
        match &endpoint.route {
            Route::Ping => Self::Ping,
            Route::Manifest(reference) if reads => Self::Manifest(reference.clone()),
            Route::Manifest(reference) => Self::Change(reference.clone()),
            Route::Blob(reference) if reading.method == "GET" => Self::Blob(reference.clone()),
            Route::Blob(_) | Route::UploadStart { .. } | Route::Upload { .. } => Self::Store,
            Route::Tags(page) => Self::Tags {
                first: page.last.is_none(),
            },
            Route::Referrers { .. } => Self::Referrers,
            Route::Catalog(_) => Self::Catalog,
        }
    }
}

/// Tells clients apart: where they come from, and what they call themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ClientKey {
    pub(super) address: u64,
    agent: u64,
}

impl ClientKey {
    pub(super) fn of(observed: Observed<'_>) -> Self {
        Self {
            address: hash(&observed.exchange.connection.client.ip()),
            agent: hash(&observed.reading.agent),
        }
    }
}

pub(super) fn digest_key(digest: &Digest) -> u64 {
    hash(digest)
}

/// A digest has the same key, whether a reference or a descriptor names it.
pub(super) fn reference_key(reference: &Reference) -> u64 {
    match reference {
        Reference::Digest(digest) => digest_key(digest),
        Reference::Tag(text) | Reference::Malformed { text, .. } => hash(text.as_str()),
    }
}

/// When the exchange ended, as far as it had by `moment`.
pub(super) fn ended_by(observed: Observed<'_>, moment: Timestamp) -> Option<Timestamp> {
    let (at, _) = observed.exchange.ended.as_ref()?;
    (*at <= moment).then_some(*at)
}

/// Whether its answer's head had arrived by `moment`.
pub(super) fn answered_by(observed: Observed<'_>, moment: Timestamp) -> bool {
    let response = observed.exchange.response.as_ref();
    response.is_some_and(|response| response.at <= moment)
}

/// Whether it ended without a success: an error status, or no whole answer. A 401 is one.
pub(super) fn failed(observed: Observed<'_>) -> bool {
    let exchange = observed.exchange;
    let is_broken = exchange.has_failed() || exchange.cut_by().is_some();
    is_broken || matches!(observed.reading.status, Some(400..))
}

/// Whether trying again may help: no whole answer, 408, 429 or 5xx.
pub(super) fn failed_for_now(observed: Observed<'_>) -> bool {
    failed(observed) && !matches!(observed.reading.status, Some(400..=407 | 409..=428))
}

/// Whether its client ended it.
pub(super) fn hung_up(observed: Observed<'_>) -> bool {
    observed.exchange.cut_by() == Some(Side::Client)
}

/// Whether a client that was not served by one registry may ask the next for the same: mirrors
/// are asked before what they stand in for, and docker has them for Docker Hub alone.
pub(super) fn leads_on(from: &Reading, next: &Reading) -> bool {
    let endpoint = from.endpoint.as_ref();
    match endpoint.and_then(|endpoint| endpoint.namespace.as_deref()) {
        Some(namespace) if is_hub(namespace) => is_hub(&next.authority),
        Some(namespace) => *next.authority == *namespace,
        None if is_hub(&from.authority) => false,
        None => is_hub(&next.authority) || next.client.name != "docker",
    }
}

/// Whether credentials are shown where nothing of a repository is wanted: to see whether they
/// are good.
pub(super) fn shows_login(observed: Observed<'_>) -> bool {
    let reading = observed.reading;
    match (&reading.token_request, Ask::of(observed)) {
        (Some(request), Ask::Token) => {
            request.main_scope().is_none() && request.credentials != Credentials::Anonymous
        }
        (_, Ask::Ping) => reading.authorization.is_some(),
        _ => false,
    }
}

/// Docker Hub, by any of its names.
pub(super) fn is_hub(host: &str) -> bool {
    matches!(
        host,
        "registry-1.docker.io" | "docker.io" | "index.docker.io"
    )
}

/// Where an exchange stands.
pub(super) fn place(observed: Observed<'_>) -> Place {
    (observed.exchange.started, observed.exchange.id)
}
