//! What can go wrong with a session directory.

use std::io;
use std::path::PathBuf;

/// A session that cannot be begun or read. Each text fits after "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory could not be made.
    #[error("create the session directory {}: {source}", path.display())]
    CreateDirectory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory could not be opened.
    #[error("open the session directory {}: {source}", path.display())]
    OpenDirectory {
        /// Which.
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
    /// The journal could not be created or written to.
    #[error("write the journal in {}: {source}", path.display())]
    Write {
        /// The session directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal could not be read.
    #[error("read the journal in {}: {source}", path.display())]
    Read {
        /// The session directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
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
