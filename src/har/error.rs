//! What can go wrong with a HAR file.

use std::io;
use std::path::PathBuf;

use crate::base::atomic_file::FileError;

/// A HAR that cannot be written or read. Each text fits after "failed to …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarError {
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The HAR could not be written to a stream.
    #[error("write the HAR: {0}")]
    Stream(io::Error),
    /// The file could not be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no HAR, from this place on.
    #[error("read {} as HAR: line {line}, column {column}: {reason}", path.display())]
    NoHar {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The file is JSON without a HAR's parts.
    #[error("read {} as HAR: it has no log with entries", path.display())]
    NoEntries {
        /// Which.
        path: PathBuf,
    },
}
