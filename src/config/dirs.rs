//! Where pullscope keeps its files (XDG base directories).

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use thiserror::Error;

/// pullscope's directories. None of them is created by asking for it.
#[derive(Clone, Debug)]
pub struct Dirs {
    data: PathBuf,
    state: PathBuf,
}

/// There is no home directory to put anything into.
#[derive(Debug, Error)]
#[error("failed to find your home directory; set HOME, or XDG_DATA_HOME and XDG_STATE_HOME")]
pub struct NoHome;

impl Dirs {
    /// The directories of the user who runs this.
    ///
    /// # Errors
    /// When there is no home directory.
    pub fn of_user() -> Result<Self, NoHome> {
        let base = etcetera::choose_base_strategy().map_err(|_| NoHome)?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Self {
            data: base.data_dir().join("pullscope"),
            state: state.join("pullscope"),
        })
    }

    /// The CA's directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where sessions go that were given no place.
    pub fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }
}
