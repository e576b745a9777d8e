//! What is to be changed on a machine, before it is changed.

use std::path::PathBuf;

use super::system::{ReadError, System};

/// Files to write and commands to run, for one client.
#[derive(Clone, Debug)]
pub struct ChangePlan {
    /// The client's name on the command line.
    pub client: &'static str,
    /// The files, in the order in which they are written.
    pub files: Vec<FileChange>,
    /// What makes the files take effect, each a program and its arguments.
    pub restart: Vec<Vec<String>>,
    /// What makes their absence take effect, after an undo.
    pub undone: Vec<Vec<String>>,
    /// What the user should know before agreeing.
    pub notes: Vec<String>,
}

/// One file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Where, as the machine's own programs see it.
    pub path: PathBuf,
    /// What it is to hold.
    pub content: Vec<u8>,
}

impl FileChange {
    pub(super) fn new(path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            content: content.into(),
        }
    }
}

/// The words of a command, at its spaces.
pub(super) fn command(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

impl ChangePlan {
    /// Whether every file is as it is to be.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn is_done(&self, system: &System) -> Result<bool, ReadError> {
        for file in &self.files {
            let stored = system.stored(&file.path)?;
            if stored.is_none_or(|stored| stored.content != file.content) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What changes, as a unified diff.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn diff(&self, system: &System) -> Result<String, ReadError> {
        let file = |file: &FileChange| system.diff(&file.path, Some(&file.content));
        self.files.iter().map(file).collect()
    }
}

/// The line by which files that `setup` writes are known.
pub const MARK: &str = "Written by `pullscope setup";
