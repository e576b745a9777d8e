//! What a client is to use, and why it cannot be made to.

use std::path::PathBuf;

use thiserror::Error;

use crate::clients::system::ReadError;

/// What a client is to use.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The proxy's URL.
    pub proxy: String,
    /// The CA's certificate, PEM.
    pub ca: String,
    /// Where a user's own client keeps its settings; `None` is for the whole machine.
    pub user: Option<UserPlaces>,
}

/// Where a client that one user runs keeps things.
#[derive(Clone, Debug)]
pub struct UserPlaces {
    /// `$XDG_CONFIG_HOME`.
    pub config: PathBuf,
    /// A directory for the CA's certificate.
    pub trust: PathBuf,
}

/// Why a client cannot be set up here.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Something stands in the way.
    #[error("{0}")]
    Blocked(String),
    /// There is no systemd that would give the client its environment.
    #[error(
        "there is no systemd here to start {0} with other settings. Start it with the lines \
         that `pullscope setup --print {0}` prints"
    )]
    NoSystemd(&'static str),
    /// Nothing can be written: it takes its settings from its caller.
    #[error("{0} takes its settings from the command that starts it: there is nothing to write")]
    ByEnvironment(&'static str),
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
