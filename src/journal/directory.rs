//! A session's directory: made for us alone, and every file in it opened through it.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::JournalError;

/// The name of the file of events.
const JOURNAL: &str = "journal.ndjson";
const OPEN: &str = "open the session directory";
/// The path of the body store inside the session directory.
const BODIES: [&str; 2] = ["blobs", "sha256"];

/// An open directory. Its files are opened relative to it and never through a symbolic link, so
/// nobody can redirect them by renaming something on the way.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// Makes a session directory, or takes an existing one that only we can write to.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => {
                    JournalError::unsafe_directory(path, "it is no directory")
                }
                _ => JournalError::failed_to("create the session directory", path)(source),
            })?;
        let directory = Self::open(path)?;
        directory.check()?;
        Ok(directory)
    }

    /// Opens a session directory to read it.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Self {
                fd,
                path: path.to_owned(),
            }),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let reason = "it is a symbolic link or no directory";
                Err(JournalError::unsafe_directory(path, reason))
            }
            Err(errno) => Err(JournalError::failed_to(OPEN, path)(errno.into())),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the file of events, which must not exist, and brings its name onto the disk.
    pub(super) fn create_journal(&self) -> Result<File, JournalError> {
        self.create_file(OsStr::new(JOURNAL))
            .and_then(|file| Ok(rustix::fs::fsync(&self.fd).map(|()| file)?))
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => JournalError::Occupied {
                    path: self.path.clone(),
                },
                _ => JournalError::failed_to("write the journal in", &self.path)(source),
            })
    }

    /// Opens the file of events to read it.
    pub(super) fn open_journal(&self) -> io::Result<File> {
        self.open_file(OsStr::new(JOURNAL))
    }

    /// Makes the body store's directory, or takes the one that is there.
    pub(super) fn create_bodies(&self) -> io::Result<Self> {
        let [outer, inner] = BODIES;
        self.create_directory(outer)?.create_directory(inner)
    }

    /// Opens the body store's directory.
    pub(super) fn open_bodies(&self) -> io::Result<Self> {
        let [outer, inner] = BODIES;
        self.open_directory(outer)?.open_directory(inner)
    }

    /// Creates a file of ours alone; it must not exist.
    pub(super) fn create_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        let fd = rustix::fs::openat(&self.fd, name, flags | OFlags::CLOEXEC, mode)?;
        Ok(File::from(fd))
    }

    /// Opens a regular file to read it.
    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        // A FIFO would make an open without NONBLOCK wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.fd, name, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::other("it is no regular file"))
        }
    }

    /// Whether something of this name is there.
    pub(super) fn contains(&self, name: &OsStr) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Renames a file within the directory.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes a file. That it is gone already is no error.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn create_directory(&self, name: &str) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.fd, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => self.open_directory(name),
            Err(errno) => Err(errno.into()),
        }
    }

    fn open_directory(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self {
            fd: rustix::fs::openat(&self.fd, name, flags, Mode::empty())?,
            path: self.path.join(name),
        })
    }

    /// Refuses a directory in which somebody else could exchange our files.
    fn check(&self) -> Result<(), JournalError> {
        let stat = rustix::fs::fstat(&self.fd)
            .map_err(|errno| JournalError::failed_to(OPEN, &self.path)(errno.into()))?;
        let mode = Mode::from_raw_mode(stat.st_mode);
        let reason = if stat.st_uid != rustix::process::geteuid().as_raw() {
            "it belongs to another user"
        } else if mode.intersects(Mode::WGRP | Mode::WOTH) {
            "others may write to it"
        } else {
            return Ok(());
        };
        Err(JournalError::unsafe_directory(&self.path, reason))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn security_22_a_new_session_is_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let directory = Directory::create(&path).unwrap();
        directory.create_journal().unwrap();
        let bodies = directory.create_bodies().unwrap();
        bodies.create_file(OsStr::new("x")).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("journal.ndjson")), 0o600);
        assert_eq!(mode(&path.join("blobs")), 0o700);
        assert_eq!(mode(&path.join("blobs/sha256")), 0o700);
        assert_eq!(mode(&path.join("blobs/sha256/x")), 0o600);
    }

    #[test]
    fn a_directory_others_can_write_to_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shared");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let error = Directory::create(&path).unwrap_err();
        assert!(error.to_string().ends_with("others may write to it"));
    }

    #[test]
    fn a_symbolic_link_and_a_file_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        symlink(root.path(), &link).unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            let error = Directory::create(&path).unwrap_err();
            assert!(
                matches!(error, JournalError::UnsafeDirectory { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn security_22_a_journal_is_never_written_over_nor_through_a_link() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::create(root.path()).unwrap();
        let target = root.path().join("target");
        symlink(&target, root.path().join(JOURNAL)).unwrap();
        let error = directory.create_journal().unwrap_err();
        assert!(matches!(error, JournalError::Occupied { .. }), "{error}");
        assert!(!target.exists());
        assert!(directory.open_journal().is_err());
    }

    #[test]
    fn a_body_store_behind_a_link_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let directory = Directory::create(root.path()).unwrap();
        symlink(elsewhere.path(), root.path().join("blobs")).unwrap();
        assert!(directory.create_bodies().is_err());
        assert!(directory.open_bodies().is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_foreign_directory_is_refused() {
        // Only the superuser can give a directory away; to everybody else the root directory
        // is a foreign one.
        if rustix::process::geteuid().is_root() {
            let root = tempfile::tempdir().unwrap();
            std::os::unix::fs::chown(root.path(), Some(65_534), None).unwrap();
            let error = Directory::create(root.path()).unwrap_err();
            assert!(error.to_string().ends_with("it belongs to another user"));
        } else {
            let error = Directory::create(Path::new("/")).unwrap_err();
            assert!(error.to_string().ends_with("it belongs to another user"));
        }
    }
}
