//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{
    DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown, lchown,
};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::NamedTempFile;

/// User and group that files are to belong to, where that is not who writes them.
pub type Owner = Option<(u32, u32)>;

/// Who has called a program that runs as root, and is to own what it writes for them.
pub static CALLER: OnceLock<(u32, u32)> = OnceLock::new();

const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A file that cannot be written. Each text fits after "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file could not be created, written or put in place.
    #[error("write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that is no regular file stands where the file should go.
    #[error("write {}: it is {kind}, and only a regular file is replaced", path.display())]
    NotRegular {
        /// Which.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
}

/// A file that is written beside its place and renamed when it is whole. It is readable by us
/// alone. A symbolic link is never followed.
#[derive(Debug)]
pub struct OutputFile {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl OutputFile {
    /// Begins a file for this path.
    ///
    /// # Errors
    /// When the directory cannot be written to, or something other than a regular file stands
    /// in the place.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        check(path)?;
        let temporary = tempfile::Builder::new()
            .prefix(".pullscope-")
            .suffix(".partial")
            .tempfile_in(directory(path))
            .map_err(|source| failed(path, source))?;
        Ok(Self {
            writer: BufWriter::with_capacity(256 << 10, temporary),
            path: path.to_owned(),
        })
    }

    /// Brings the file onto the disk and into its place, and gives it back, open.
    ///
    /// # Errors
    /// When that fails; the place then holds what it held before.
    pub fn finish(self) -> Result<File, FileError> {
        let whole = self.writer.into_inner();
        let whole = whole.map_err(io::IntoInnerError::into_error);
        if let (Ok(file), Some((user, group))) = (&whole, CALLER.get()) {
            // What it is worth to whoever called sudo, it is worth to them alone.
            let _ = fchown(file.as_file(), Some(*user), Some(*group));
        }
        let put = whole.and_then(|temporary| put(temporary, &self.path));
        put.map_err(|source| failed(&self.path, source))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a file in one step, and onto the disk: whoever reads it meanwhile sees the old one or
/// the new one. It gets these permissions, and this owner (user and group), if one is given.
///
/// # Errors
/// When it cannot be written; the place then holds what it held before.
pub fn replace(path: &Path, content: &[u8], mode: u32, owner: Owner) -> io::Result<()> {
    put(written(path, content, mode, owner)?, path).map(drop)
}

/// As [`replace`], unless something is there already; whether nothing was.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path, content: &[u8], mode: u32, owner: Owner) -> io::Result<bool> {
    let file = written(path, content, mode, owner)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
        Ok(_) => Ok(true),
    }
}

fn written(path: &Path, content: &[u8], mode: u32, owner: Owner) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".pullscope-")
        .tempfile_in(directory(path))?;
    file.write_all(content)?;
    if let Some((user, group)) = owner {
        fchown(file.as_file(), Some(user), Some(group))?;
    }
    let permissions = fs::Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions)?;
    Ok(file)
}

/// Makes a directory of this mode, and those above it that are missing.
///
/// # Errors
/// When one of them cannot be made.
pub fn make_dirs(dir: &Path, mode: u32, owner: Owner) -> io::Result<()> {
    let missing: Vec<_> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(dir)?;
    if let Some((user, group)) = owner {
        for dir in missing {
            lchown(dir, Some(user), Some(group))?;
        }
    }
    Ok(())
}

/// Opens a file for reading that is no symbolic link.
///
/// # Errors
/// When it cannot be opened.
pub fn open_no_link(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(NO_LINK).open(path)
}

/// Opens a file for us alone, to write at its end, that is no symbolic link.
///
/// # Errors
/// When it cannot be opened or made.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    let mut how = File::options();
    how.create(true).append(true).mode(0o600);
    how.custom_flags(NO_LINK).open(path)
}

/// Brings a file onto the disk and into its place.
fn put(temporary: NamedTempFile, path: &Path) -> io::Result<File> {
    temporary.as_file().sync_all()?;
    let file = temporary.persist(path)?;
    // The rename is on the disk when the directory is.
    File::open(directory(path))?.sync_all()?;
    Ok(file)
}

/// The directory a file is in.
pub(crate) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Refuses to put a file in the place of a link, a directory or a device.
fn check(path: &Path) -> Result<(), FileError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) if metadata.is_symlink() => "a symbolic link",
        Ok(metadata) if metadata.is_dir() => "a directory",
        Ok(_) => "a device, a pipe or a socket",
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed(path, source)),
    };
    Err(FileError::NotRegular {
        path: path.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn security_22_a_file_appears_whole_and_for_us_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x.har");
        fs::write(&path, "old").unwrap();
        let mut output = OutputFile::create(&path).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let mut output = OutputFile::create(&root.path().join("x.har")).unwrap();
        output.write_all(b"new").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn security_22_links_and_devices_are_not_written_to() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        symlink(root.path().join("target"), &link).unwrap();
        for (path, kind) in [
            (link.as_path(), "a symbolic link"),
            (root.path(), "a directory"),
            (Path::new("/dev/null"), "a device, a pipe or a socket"),
        ] {
            let error = OutputFile::create(path).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
    }
}
