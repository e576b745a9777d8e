//! Setting a client up for good: what is to be changed, per client.

mod podman;
mod recipes;
mod unit;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use recipes::recipe;
pub(super) use unit::{DAEMON_JSON, OURS, daemon_json, k3s_unit};

use super::plan::Plan;
use super::system::{ReadError, Runner, System};
use crate::config::ClientName;

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

/// What is to be changed for a client to use the proxy and trust the CA.
///
/// # Errors
/// When that cannot be done here; the error says what to do instead.
pub fn plan(
    client: ClientName,
    system: &System,
    programs: &dyn Runner,
    wanted: &Wanted,
) -> Result<Plan, SetupError> {
    match client {
        ClientName::Docker => unit::docker(system, programs, wanted),
        ClientName::Containerd => unit::service(&unit::CONTAINERD, system, wanted),
        ClientName::Buildkit => unit::service(&unit::BUILDKIT, system, wanted),
        ClientName::Crio => unit::service(&unit::CRIO, system, wanted),
        ClientName::K3s => unit::k3s(system, wanted),
        ClientName::Podman => podman::plan(system, wanted),
        other => Err(SetupError::ByEnvironment(other.name())),
    }
}

/// Where the CA's certificate is put for services of the whole machine.
pub const TRUST_DIR: &str = "/etc/pullscope/ca";

/// The line by which files that `setup` writes are known.
pub const MARK: &str = "Written by `pullscope setup";

fn certificate(dir: &Path) -> PathBuf {
    dir.join("pullscope.pem")
}

/// A list for `SSL_CERT_DIR`, to which Go adds nothing of its own once it is set, though it still
/// reads the system's one big file.
fn certificate_dirs(system: &System, present: Option<&str>, own: &Path) -> String {
    let present = present.filter(|dirs| !dirs.is_empty());
    let mut dirs: Vec<String> = match present {
        Some(dirs) => dirs.split(':').map(str::to_owned).collect(),
        None => SYSTEM_DIRS
            .iter()
            .filter(|dir| **dir == SYSTEM_DIRS[0] || system.has_dir(Path::new(dir)))
            .map(|dir| (*dir).to_owned())
            .collect(),
    };
    let own = own.display().to_string();
    if !dirs.contains(&own) {
        dirs.push(own);
    }
    dirs.join(":")
}

/// The directories that Go reads by default on Linux.
const SYSTEM_DIRS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
