//! What can go wrong with a session directory.

use std::io;
use std::path::{Path, PathBuf};

/// A session that cannot be begun or read. Each text fits after "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file or the directory could not be used.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The session directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could put files into the directory, or out of it.
    #[error("use {} as the session directory: {reason}", path.display())]
    UnsafeDirectory {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The directory holds a session already; a journal is never written over.
    #[error("begin a session in {}: it holds a journal already", path.display())]
    Occupied {
        /// Which.
        path: PathBuf,
    },
    /// The journal's first line is not the header of one.
    #[error("read the journal in {}: its first line is no journal header: {reason}", path.display())]
    NoHeader {
        /// The session directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The journal was written by a later pullscope.
    #[error(
        "read the journal in {}: it has schema {schema}, and this pullscope reads up to {known}",
        path.display()
    )]
    Schema {
        /// The session directory.
        path: PathBuf,
        /// What the journal has.
        schema: u32,
        /// What can be read.
        known: u32,
    },
}

impl JournalError {
    /// What an operation that failed on a session directory becomes.
    pub(super) fn failed_to(
        operation: &'static str,
        path: &Path,
    ) -> impl Fn(io::Error) -> Self + Copy {
        move |source| Self::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    }

    /// Why a session directory is not used.
    pub(super) fn unsafe_directory(path: &Path, reason: &'static str) -> Self {
        Self::UnsafeDirectory {
            path: path.to_owned(),
            reason,
        }
    }
}
