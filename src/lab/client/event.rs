//! What a pull tells while it goes on.

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullEvent {
    /// A response head arrived.
    Answered {
        /// What was asked for.
        step: PullStep,
        /// The host that answered.
        host: String,
        /// The status code.
        status: u16,
    },
    /// The index names the platform's manifest.
    Chosen {
        /// The platform, such as `linux/amd64`.
        platform: String,
        /// Its manifest.
        digest: String,
    },
    /// More of a blob arrived.
    Progress {
        /// Which blob.
        digest: String,
        /// Bytes so far.
        received: u64,
        /// Bytes in all, as the manifest says.
        total: u64,
    },
    /// A blob broke off and will be resumed.
    Interrupted {
        /// Which blob.
        digest: String,
        /// Bytes so far.
        received: u64,
        /// What happened.
        reason: String,
    },
    /// Content is complete and has its digest.
    Verified {
        /// What it is.
        step: PullStep,
        /// Its digest.
        digest: String,
        /// Its size in bytes.
        size: u64,
    },
}

/// What a request of a pull is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "lowercase")]
#[non_exhaustive]
pub enum PullStep {
    /// `GET /v2/`
    Ping,
    /// The token server.
    Token,
    /// The tag: an index, or the manifest itself.
    Tag,
    /// The platform's manifest.
    Manifest,
    /// The image's config.
    Config,
    /// A layer.
    Layer,
    /// What refers to a manifest.
    Referrers,
    /// A blob on its way to the registry.
    Upload,
}
