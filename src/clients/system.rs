//! The machine that is looked at and changed: files below a root, and programs that are run.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};
use thiserror::Error;

use super::diff::diff;

/// A machine's files. Paths are absolute, as the machine's own programs see them.
#[derive(Clone, Debug)]
pub struct System {
    root: PathBuf,
    /// What files are taken to hold, whatever they do hold; `None` is no file.
    as_before: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

/// A file with what is needed to put it back.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its bytes.
    #[serde_as(as = "Base64")]
    pub content: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A file could not be read.
#[derive(Debug, Error)]
#[error("failed to read {}: {source}", path.display())]
pub struct ReadError {
    /// Which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl System {
    /// The machine whose files are below `root`; `/` is this one.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            as_before: BTreeMap::new(),
        }
    }

    /// The same machine, with these files as they were before.
    #[must_use]
    pub fn as_before(
        mut self,
        files: impl IntoIterator<Item = (PathBuf, Option<Vec<u8>>)>,
    ) -> Self {
        self.as_before.extend(files);
        self
    }

    /// Whether this is the machine that this process runs on.
    pub fn is_this_machine(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The root that files are below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path of the machine is for this process.
    pub fn locate(&self, path: &Path) -> PathBuf {
        let inner = path
            .components()
            .filter(|part| matches!(part, Component::Normal(_)));
        self.root.join(inner.collect::<PathBuf>())
    }

    /// What a file holds; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is over 4 MiB.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
        match self.as_before.get(path) {
            Some(before) => Ok(before.clone()),
            None => Ok(self.stored(path)?.map(|file| file.content)),
        }
    }

    /// The same, as text; bytes that are none are replaced.
    ///
    /// # Errors
    /// As [`System::read`].
    pub fn text(&self, path: &Path) -> Result<Option<String>, ReadError> {
        let bytes = self.read(path)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// What a file holds now, and how it is kept.
    ///
    /// # Errors
    /// As [`System::read`].
    pub fn stored(&self, path: &Path) -> Result<Option<Stored>, ReadError> {
        let fail = |source| ReadError {
            path: self.locate(path),
            source,
        };
        let mut file = match fs::File::open(self.locate(path)) {
            Err(error) if is_absent(&error) => return Ok(None),
            opened => opened.map_err(fail)?,
        };
        let meta = file.metadata().map_err(fail)?;
        if meta.len() > LARGEST {
            return Err(fail(io::Error::other("it is over 4 MiB")));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(fail)?;
        Ok(Some(Stored {
            content,
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
            gid: meta.gid(),
        }))
    }

    /// What changes in a file that is to hold this, as a unified diff.
    ///
    /// # Errors
    /// As [`System::read`].
    pub fn diff(&self, path: &Path, to: Option<&[u8]>) -> Result<String, ReadError> {
        let now = self.stored(path)?.map(|stored| stored.content);
        Ok(diff(path, now.as_deref(), to))
    }

    /// The names in a directory, sorted; none when there is no such directory.
    pub fn names(&self, dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.locate(dir)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !matches!(self.as_before.get(&dir.join(name)), Some(None)))
            .collect();
        names.sort();
        names
    }

    /// Whether a directory is there.
    pub fn has_dir(&self, dir: &Path) -> bool {
        self.locate(dir).is_dir()
    }

    /// Whether a file is there.
    pub fn has_file(&self, path: &Path) -> bool {
        self.locate(path).is_file()
    }

    /// Whether systemd looks after the services (see `sd_booted(3)`).
    pub fn has_systemd(&self) -> bool {
        self.has_dir(Path::new("/run/systemd/system"))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Runs the machine's programs.
pub trait Runner {
    /// Runs a program with arguments and waits for its end.
    ///
    /// # Errors
    /// When it cannot be run, or does not end in time.
    fn run(&self, argv: &[&str]) -> io::Result<Ran>;
}

/// What a program left.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// Whether it ended with 0.
    pub success: bool,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub err: String,
}

/// Runs programs of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    /// How long one may take.
    pub limit: Duration,
}

impl Runner for Programs {
    fn run(&self, argv: &[&str]) -> io::Result<Ran> {
        let (program, words) = argv
            .split_first()
            .ok_or_else(|| io::Error::other("there is no program to run"))?;
        let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(err.try_clone()?)
            .spawn()?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                let seconds = self.limit.as_secs();
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("it did not end within {seconds} s"),
                ));
            }
            std::thread::sleep(GLANCE);
        };
        let text = |file: &mut fs::File| -> io::Result<String> {
            let mut bytes = Vec::new();
            file.rewind()?;
            file.take(LARGEST).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Ran {
            success: status.success(),
            out: text(&mut out)?,
            err: text(&mut err)?,
        })
    }
}

/// Runs nothing: for a machine whose files are all there is of it.
#[derive(Clone, Copy, Debug)]
pub struct NoPrograms;

impl Runner for NoPrograms {
    fn run(&self, argv: &[&str]) -> io::Result<Ran> {
        let program = argv.first().unwrap_or(&"?");
        Err(io::Error::other(format!(
            "{program} is not run for another root"
        )))
    }
}

const LARGEST: u64 = 4 * 1024 * 1024;
/// How often a program's end is looked for.
const GLANCE: Duration = Duration::from_millis(10);
