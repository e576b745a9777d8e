//! The body store while it is written: each body once, under the name of its sha256.
//!
//! Bodies are not synced one by one. After a power failure one may be damaged, which its name
//! gives away when it is read.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use super::directory::Directory;
use crate::base::hex::sha256;
use crate::exchange::Capture;

/// Puts bodies beside their place and renames them when they are whole.
#[derive(Debug)]
pub(super) struct BodyFiles {
    directory: Directory,
    begun: u64,
}

/// A body that is being written.
pub(super) struct Partial {
    file: File,
    name: OsString,
    hash: digest::Context,
    size: u64,
}

impl BodyFiles {
    pub(super) fn new(directory: Directory) -> Self {
        Self {
            directory,
            begun: 0,
        }
    }

    /// Stores a body that is in memory.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<Capture> {
        let name = sha256(bytes);
        if self.directory.contains(OsStr::new(&name)) {
            let size = bytes.len() as u64;
            return Ok(Capture::Stored { file: name, size });
        }
        let mut partial = self.begin()?;
        partial
            .write(bytes)
            .inspect_err(|_| self.discard(&partial))?;
        self.finish(&partial)
    }

    /// Begins a body that comes in pieces.
    pub(super) fn begin(&mut self) -> io::Result<Partial> {
        let name = OsString::from(format!(".partial-{}", self.begun));
        self.begun += 1;
        Ok(Partial {
            file: self.directory.create_file(&name)?,
            name,
            hash: digest::Context::new(&digest::SHA256),
            size: 0,
        })
    }

    /// Gives a body its name.
    pub(super) fn finish(&self, partial: &Partial) -> io::Result<Capture> {
        let file = HEXLOWER.encode(partial.hash.clone().finish().as_ref());
        let size = partial.size;
        if self.directory.contains(OsStr::new(&file)) {
            self.discard(partial);
        } else {
            let renamed = self.directory.rename(&partial.name, OsStr::new(&file));
            renamed.inspect_err(|_| self.discard(partial))?;
        }
        Ok(Capture::Stored { file, size })
    }

    /// Removes what was written of a body.
    pub(super) fn discard(&self, partial: &Partial) {
        if let Err(error) = self.directory.remove(&partial.name) {
            tracing::debug!(%error, "cannot remove a partial body");
        }
    }
}

impl Partial {
    /// Appends a piece.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn names(root: &std::path::Path) -> Vec<String> {
        let entries = fs::read_dir(root.join("blobs/sha256")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_same_content_is_stored_once_however_it_came() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::create(root.path()).unwrap();
        let mut bodies = BodyFiles::new(directory.create_bodies().unwrap());
        let put = bodies.put(b"hello").unwrap();
        let mut partial = bodies.begin().unwrap();
        partial.write(b"hel").unwrap();
        partial.write(b"lo").unwrap();
        assert_eq!(names(root.path()).len(), 2);
        let streamed = bodies.finish(&partial).unwrap();
        assert_eq!(put, streamed);
        assert_eq!(
            put,
            Capture::Stored {
                file: HELLO.to_owned(),
                size: 5
            }
        );
        assert_eq!(names(root.path()), [HELLO]);
    }

    #[test]
    fn a_discarded_body_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::create(root.path()).unwrap();
        let mut bodies = BodyFiles::new(directory.create_bodies().unwrap());
        let mut partial = bodies.begin().unwrap();
        partial.write(b"hello").unwrap();
        bodies.discard(&partial);
        assert!(names(root.path()).is_empty());
    }
}
