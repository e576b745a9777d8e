//! A pull or push: the exchanges that belong together, across connections and hosts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};

use super::ask::is_hub;
use super::step::{Part, Step};
use crate::exchange::ExchangeId;
use crate::registry::{Client, Descriptor, Digest, Platform, Reference};
use crate::words::worded;

/// The number of a pull in its session, from 1, by its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PullId(pub u64);

/// What a client did with one image, from the first request to the last byte.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pull {
    /// Its number.
    pub id: PullId,
    /// What the client was up to.
    pub purpose: Purpose,
    /// The client, by its own words.
    pub client: Client,
    /// The registry that answered for the image: host, and port where it is not the scheme's
    /// own.
    pub registry: String,
    /// Other registries that were asked for the same repository, in order: mirrors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// The repository; empty for a list of the registry's repositories.
    pub repository: String,
    /// The tag or digest that was asked for first.
    pub reference: Option<Reference>,
    /// The digest it stood for.
    pub digest: Option<Digest>,
    /// The platform the client chose.
    pub platform: Option<Platform>,
    /// When its first request began.
    pub started: Timestamp,
    /// When its last exchange ended; `None` while one is open.
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub state: State,
    /// The exchange that decided how it stands, where it is neither complete nor under way.
    pub decided_by: Option<ExchangeId>,
    /// Its exchanges, by their start.
    pub steps: Vec<Step>,
    /// The exchanges that described the image.
    pub image: ImageSteps,
    /// The configuration and the layers, in the manifest's order; blobs that no manifest named
    /// come last.
    pub blobs: Vec<Blob>,
    /// Figures.
    pub totals: Totals,
    /// The chain of exchanges that determined how long the pull took, by their start.
    pub critical_path: Vec<ExchangeId>,
}

/// What a client was up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// Fetching an image.
    Pull,
    /// Uploading an image.
    Push,
    /// Reading manifests or a configuration without any layer.
    Inspect,
    /// Listing tags, referrers or repositories.
    List,
    /// Deleting.
    Delete,
    /// Trying credentials at a registry.
    Login,
}

/// How a pull stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// An exchange is open.
    UnderWay,
    /// What the client asked for arrived.
    Complete,
    /// The client went without something it asked for.
    Failed,
    /// The client ended it before it had what it asked for.
    Stopped,
    /// It goes no further in this trace, and nothing failed.
    Unfinished,
    /// A part of it passed unread, or not here.
    PartlySeen,
    /// Nothing was asked for that could have come, or not: only `/v2/`, for one.
    Undecided,
}

/// The exchanges that described the image.
#[serde_with::skip_serializing_none]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageSteps {
    /// The one that brought the index.
    pub index: Option<ExchangeId>,
    /// The one that brought the manifest of the chosen platform.
    pub manifest: Option<ExchangeId>,
    /// The one that brought the configuration.
    pub config: Option<ExchangeId>,
}

/// One blob of the image and how far it got.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blob {
    /// What it is; `None` when no manifest names it.
    pub part: Option<Part>,
    /// Its digest, when one is known.
    pub digest: Option<Digest>,
    /// What the manifest says of it.
    pub descriptor: Option<Arc<Descriptor>>,
    /// How far it got.
    pub state: BlobState,
    /// Whether a transfer of it was cut off and taken up again.
    pub resumed: bool,
    /// Bytes of it that arrived, every part counted once.
    pub received: u64,
    /// The pieces it came in, by the start of their requests.
    pub pieces: Vec<BlobPiece>,
    /// Bytes that came more than once, without the first time.
    pub again: u64,
    /// Its size in bytes by descriptor, `Content-Length` or `Content-Range`.
    pub size: Option<u64>,
    /// From the first request for it to its last byte so far.
    pub took: Option<Duration>,
    /// The exchanges about it, redirects included, by their start.
    pub exchanges: Vec<ExchangeId>,
}

impl Blob {
    /// Whether a part of it came that is not its beginning.
    pub fn is_in_ranges(&self) -> bool {
        self.pieces.iter().any(|piece| piece.from > 0)
    }
}

/// Bytes of a blob that one exchange brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlobPiece {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The host, and the port where it is not the scheme's own.
    pub host: Arc<str>,
    /// Its first byte.
    pub from: u64,
    /// The byte after its last.
    pub to: u64,
    /// Whether it takes up a transfer that broke off.
    #[serde(skip)]
    pub resumes: bool,
}

/// How far a blob got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum BlobState {
    /// Named by the manifest and not asked for yet, while the pull goes on.
    Queued,
    /// Its bytes are on their way, or it has been asked for.
    Downloading,
    /// It arrived whole and its digest is the right one.
    Verified,
    /// It arrived whole, and its digest could not be computed.
    Whole,
    /// It arrived, and its digest is not the one asked for.
    Mismatch,
    /// It was asked for and did not arrive whole.
    Failed,
    /// The client ended its transfer.
    Stopped,
    /// Only parts of it were asked for, and they arrived.
    Partial,
    /// How it went on was not seen: the client was sent elsewhere for it, or the trace ends.
    Unseen,
    /// It was never asked for: the client has it already.
    AlreadyPresent,
    /// It was never asked for, and nothing says that the client has it: the pull failed before,
    /// or only the image's description was wanted.
    Unasked,
    /// The manifest holds it (`data`), so no request follows.
    Inline,
    /// The manifest names places outside the registry (`urls`).
    Foreign,
    /// It was sent to the registry.
    Pushed,
    /// The registry had it already when the client was about to send it.
    Mounted,
}

/// Figures of a pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Exchanges.
    pub exchanges: usize,
    /// Bytes of response content that passed.
    pub received: u64,
    /// Bytes of request content that passed.
    pub sent: u64,
    /// Bytes the manifest promises for configuration and layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised: Option<u64>,
    /// From the first request to the last byte so far.
    pub took: Duration,
}

/// Pulls stand in the order of their first exchange.
pub fn order(pull: &Pull) -> (Timestamp, Option<ExchangeId>) {
    (pull.started, pull.steps.first().map(|step| step.exchange))
}

impl Pull {
    /// The image as a user would type it: `alpine:3.20`, `quay.io/coreos/etcd:v3.5`.
    pub fn name(&self) -> String {
        let familiar = self.image();
        match &self.reference {
            Some(Reference::Digest(digest)) => format!("{familiar}@{digest}"),
            Some(reference) => format!("{familiar}:{reference}"),
            None => familiar,
        }
    }

    /// The same without its tag or digest: `alpine`, `quay.io/coreos/etcd`; the registry where no
    /// repository was named.
    pub fn image(&self) -> String {
        if self.repository.is_empty() {
            return self.registry.clone();
        }
        match self.registry.as_str() {
            hub if is_hub(hub) => {
                let repository = self.repository.strip_prefix("library/");
                let repository = repository.unwrap_or(&self.repository);
                // What begins like a host would be read as one.
                let first = repository.split_once('/').map_or("", |(first, _)| first);
                if first.contains(['.', ':']) || first == "localhost" {
                    format!("docker.io/{repository}")
                } else {
                    repository.to_owned()
                }
            }
            registry => format!("{registry}/{}", self.repository),
        }
    }

    /// The layers among its blobs.
    pub fn layers(&self) -> impl Iterator<Item = &Blob> {
        self.blobs
            .iter()
            .filter(|blob| matches!(blob.part, Some(Part::Layer { .. })))
    }

    /// The step that an exchange is.
    pub fn step(&self, exchange: ExchangeId) -> Option<&Step> {
        self.steps.iter().find(|step| step.exchange == exchange)
    }
}

worded! {
    BlobState: "blob-state" [name];
    Purpose: "purpose" [name];
    State: "pull-state" [name];
}
