//! Why a pull failed.

use std::io;
use std::net::SocketAddr;

use super::PullStep;

/// Why a pull failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The certificate to trust cannot be used.
    #[error("failed to read the CA certificate: {0}")]
    Ca(String),
    /// The proxy cannot be reached.
    #[error("failed to connect to the proxy at {proxy}")]
    Connect {
        /// Where it should be.
        proxy: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The proxy does not lead to the host.
    #[error("the proxy refused to connect to {host}: {answer}")]
    Refused {
        /// Where to.
        host: String,
        /// What it answered.
        answer: String,
    },
    /// TLS with the host failed.
    #[error("TLS with {host} failed")]
    Tls {
        /// Which host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The request or its answer was broken off.
    #[error("the request for the {step} to {host} failed")]
    Http {
        /// What was asked for.
        step: PullStep,
        /// Of whom.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There was no answer in time.
    #[error("{host} did not answer the request for the {step} in time")]
    Timeout {
        /// What was asked for.
        step: PullStep,
        /// Of whom.
        host: String,
    },
    /// The server refuses.
    #[error("{host} answered the request for the {step} with {status}: {message}")]
    Status {
        /// What was asked for.
        step: PullStep,
        /// Of whom.
        host: String,
        /// The status code.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// An answer that cannot be worked with.
    #[error("the answer of {host} to the request for the {step} is of no use: {reason}")]
    Unusable {
        /// What was asked for.
        step: PullStep,
        /// Of whom.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The image does not exist for this platform.
    #[error("no manifest for {wanted}; the index has {offered}")]
    NoPlatform {
        /// The platform asked for.
        wanted: String,
        /// The platforms there are.
        offered: String,
    },
    /// The content is not what the digest names.
    #[error("the {step} has the digest {actual} instead of {expected}")]
    Digest {
        /// What it should be.
        step: PullStep,
        /// The digest asked for.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// A blob broke off again and again.
    #[error("the {step} {digest} broke off {attempts} times")]
    BrokenOff {
        /// What it is.
        step: PullStep,
        /// Which blob.
        digest: String,
        /// How often it was tried.
        attempts: u32,
    },
}

impl PullError {
    pub(super) fn unusable(
        step: PullStep,
        host: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Unusable {
            step,
            host: host.into(),
            reason: reason.into(),
        }
    }
}
