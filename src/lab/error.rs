//! Why the lab did not start.

use std::io;
use std::net::SocketAddr;

/// Why the lab did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The port is taken, or the address is not ours.
    #[error("failed to listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The lab's CA could not be made.
    #[error("failed to make the lab's certification authority")]
    Authority(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The images could not be built.
    #[error("failed to build the lab's images")]
    Images(#[source] Box<dyn std::error::Error + Send + Sync>),
}
