//! What is to be changed on a machine, before it is changed.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::system::{ReadError, System};
use crate::base::printable::printable_lines;

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
        let mut text = String::new();
        for file in &self.files {
            let now = system.stored(&file.path)?.map(|stored| stored.content);
            text.push_str(&diff(&file.path, now.as_deref(), Some(&file.content)));
        }
        Ok(text)
    }
}

/// The line by which files that `setup` writes are known.
pub const MARK: &str = "Written by `pullscope setup";

/// The unified diff of one file; `None` stands for no file. Empty when nothing changes.
pub fn diff(path: &Path, from: Option<&[u8]>, to: Option<&[u8]>) -> String {
    if from == to {
        return String::new();
    }
    let side = |letter: char, content: Option<&[u8]>| match content {
        Some(_) => format!("{letter}{}", path.display()),
        None => "/dev/null".to_owned(),
    };
    let text =
        |content: Option<&[u8]>| String::from_utf8_lossy(content.unwrap_or_default()).into_owned();
    let (old, new) = (text(from), text(to));
    let changes = TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(&side('a', from), &side('b', to))
        .to_string();
    if changes.is_empty() {
        // Bytes that are no text, or an empty file that appears or goes.
        return format!("--- {}\n+++ {}\n", side('a', from), side('b', to));
    }
    // What a file holds must not steer the terminal.
    printable_lines(&changes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_new_changed_and_removed_files() {
        let path = Path::new("/etc/x.conf");
        assert_eq!(
            diff(path, None, Some(b"one\n")),
            "--- /dev/null\n+++ b/etc/x.conf\n@@ -0,0 +1 @@\n+one\n"
        );
        assert_eq!(
            diff(path, Some(b"one\n"), Some(b"two\n")),
            "--- a/etc/x.conf\n+++ b/etc/x.conf\n@@ -1 +1 @@\n-one\n+two\n"
        );
        assert_eq!(
            diff(path, Some(b"one\n"), None),
            "--- a/etc/x.conf\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
        );
        assert_eq!(diff(path, Some(b"one"), Some(b"one")), "");
        assert_eq!(
            diff(path, None, Some(b"")),
            "--- /dev/null\n+++ b/etc/x.conf\n"
        );
    }

    #[test]
    fn a_diff_does_not_steer_the_terminal() {
        let shown = diff(Path::new("/x"), None, Some(b"\x1b[31mred\n"));
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}
