//! Changing files so that it can be undone: what was there is on disk before anything is changed.
//!
//! One record per client says what each file held before and is to hold after. It is written
//! before the first file is, so a run that was cut off at any moment can be undone; restoring is
//! repeatable, so that an undo that was cut off can be run again.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};
use thiserror::Error;

use super::diff::diff;
use super::plan::ChangePlan;
use super::system::{ReadError, Stored, System};
use crate::base::atomic_file::{directory, make_dirs, open_no_link, replace};

/// The records of a user, in a directory.
#[derive(Clone, Debug)]
pub struct Records {
    dir: PathBuf,
}

/// What was changed for one client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    schema: u32,
    client: String,
    root: PathBuf,
    files: Vec<Saved>,
    /// Directories that were made, the outer ones first.
    folders: Vec<PathBuf>,
    restart: Vec<Vec<String>>,
}

#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    path: PathBuf,
    before: Option<Stored>,
    #[serde_as(as = "Base64")]
    after: Vec<u8>,
}

/// Why files could not be changed, or changed back.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// A file could not be looked at.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file or directory could not be changed.
    #[error("failed to {operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A symbolic link is not replaced by a file.
    #[error("refusing to write {}: it is a symbolic link", .0.display())]
    Link(PathBuf),
    /// The record is not one of ours.
    #[error(
        "refusing to use the record {}: {problem}. It says what to restore; look at it, restore \
         by hand, and remove it", path.display()
    )]
    Record {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody changed a file since.
    #[error(
        "refusing to undo: {} was changed by someone else since. Take this change back, or \
         move the file away, and undo again:\n{changes}", path.display()
    )]
    ChangedSince {
        /// Which file.
        path: PathBuf,
        /// What was changed, as a diff.
        changes: String,
    },
}

impl Records {
    /// The records in this directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// What was changed for a client on a machine, if anything was.
    ///
    /// # Errors
    /// When there is a record that cannot be used.
    pub fn load(&self, client: &str, system: &System) -> Result<Option<Record>, ChangeError> {
        let path = self.path(client, system);
        let refuse = |problem: String| ChangeError::Record {
            path: path.clone(),
            problem,
        };
        let mut file = match open_no_link(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| refuse(error.to_string()))?,
        };
        let meta = file.metadata().map_err(|error| refuse(error.to_string()))?;
        // What it says is written with the rights of whoever runs this.
        if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
            return Err(refuse("others could have written it".to_owned()));
        }
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|error| refuse(error.to_string()))?;
        let record: Record =
            serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        if record.schema != SCHEMA || record.client != client || record.root != system.root() {
            return Err(refuse("it is of another version or client".to_owned()));
        }
        Ok(Some(record))
    }

    /// Changes the files as planned.
    ///
    /// # Errors
    /// When a file cannot be written. What was written by then can be undone.
    pub fn apply(&self, plan: &ChangePlan, system: &System) -> Result<(), ChangeError> {
        let mut record = self.load(plan.client, system)?.unwrap_or_else(|| Record {
            schema: SCHEMA,
            client: plan.client.to_owned(),
            root: system.root().to_owned(),
            files: Vec::new(),
            folders: Vec::new(),
            restart: Vec::new(),
        });
        record.restart.clone_from(&plan.undone);
        for file in &plan.files {
            let place = system.locate(&file.path);
            if fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_symlink()) {
                return Err(ChangeError::Link(place));
            }
            for folder in missing_folders(system, &file.path) {
                if !record.folders.contains(&folder) {
                    record.folders.push(folder);
                }
            }
            let mut files = record.files.iter_mut();
            if let Some(saved) = files.find(|saved| saved.path == file.path) {
                saved.after.clone_from(&file.content);
            } else {
                record.files.push(Saved {
                    path: file.path.clone(),
                    before: system.stored(&file.path)?,
                    after: file.content.clone(),
                });
            }
        }
        self.save(&record, system)?;
        for file in &plan.files {
            let place = system.locate(&file.path);
            let kept = system.stored(&file.path)?;
            let folder = directory(&place);
            make_dirs(folder, 0o755, None).map_err(failed("create", folder))?;
            let mode = kept.as_ref().map_or(0o644, |kept| kept.mode);
            let owner = kept.map(|kept| (kept.uid, kept.gid));
            write(&place, &file.content, mode, owner)?;
        }
        Ok(())
    }

    /// Puts every file back as it was, and forgets about it.
    ///
    /// # Errors
    /// When a file was changed by somebody else since, or cannot be written. Nothing is changed
    /// in the first case; in the second the undo can be run again.
    pub fn undo(&self, record: &Record, system: &System) -> Result<(), ChangeError> {
        record.check(system)?;
        for saved in record.files.iter().rev() {
            let place = system.locate(&saved.path);
            match &saved.before {
                Some(before) => {
                    let owner = Some((before.uid, before.gid));
                    write(&place, &before.content, before.mode, owner)?;
                }
                None => remove(&place)?,
            }
        }
        for folder in record.folders.iter().rev() {
            // One that has something else in it by now stays.
            let _ = fs::remove_dir(system.locate(folder));
        }
        remove(&self.path(&record.client, system))?;
        let _ = fs::remove_dir(&self.dir);
        Ok(())
    }

    fn save(&self, record: &Record, system: &System) -> Result<(), ChangeError> {
        make_dirs(&self.dir, 0o700, None).map_err(failed("create", &self.dir))?;
        let text = serde_json::to_vec_pretty(record).unwrap_or_default();
        write(&self.path(&record.client, system), &text, 0o600, None)
    }

    fn path(&self, client: &str, system: &System) -> PathBuf {
        let other = if system.is_this_machine() {
            String::new()
        } else {
            // Another root has records of its own.
            let root = system.root().to_string_lossy();
            format!("@{}", BASE64.encode(root.as_bytes()).replace('/', "_"))
        };
        self.dir.join(format!("{client}{other}.json"))
    }
}

impl Record {
    /// What the files held before anything was changed.
    pub fn before(&self) -> impl Iterator<Item = (PathBuf, Option<Vec<u8>>)> {
        self.files.iter().map(|saved| {
            let before = saved.before.as_ref().map(|before| before.content.clone());
            (saved.path.clone(), before)
        })
    }

    /// What makes the change back take effect.
    pub fn restart(&self) -> &[Vec<String>] {
        &self.restart
    }

    /// What undoing changes, as a unified diff.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn diff(&self, system: &System) -> Result<String, ReadError> {
        let file = |saved: &Saved| {
            let before = saved.before.as_ref().map(|before| &*before.content);
            system.diff(&saved.path, before)
        };
        self.files.iter().map(file).collect()
    }

    fn check(&self, system: &System) -> Result<(), ChangeError> {
        for saved in &self.files {
            let Some(now) = system.stored(&saved.path)? else {
                continue;
            };
            let before = saved.before.as_ref().map(|before| &before.content);
            if now.content != saved.after && Some(&now.content) != before {
                return Err(ChangeError::ChangedSince {
                    changes: diff(&saved.path, Some(&saved.after), Some(&now.content)),
                    path: saved.path.clone(),
                });
            }
        }
        Ok(())
    }
}

/// The directories above a file that are not there, the outer ones first.
fn missing_folders(system: &System, path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !system.has_dir(folder))
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

fn write(
    path: &Path,
    content: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> Result<(), ChangeError> {
    replace(path, content, mode, owner).map_err(failed("write", path))
}

fn remove(path: &Path) -> Result<(), ChangeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ChangeError {
    let path = path.to_owned();
    move |source| ChangeError::Io {
        operation,
        path,
        source,
    }
}

const SCHEMA: u32 = 1;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clients::plan::FileChange;

    struct Machine {
        dir: tempfile::TempDir,
    }

    impl Machine {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("root/etc")).unwrap();
            Self { dir }
        }

        fn system(&self) -> System {
            System::at(self.dir.path().join("root"))
        }

        fn records(&self) -> Records {
            Records::in_dir(self.dir.path().join("data/setup"))
        }

        fn file(&self, path: &str) -> PathBuf {
            self.dir.path().join("root").join(path)
        }
    }

    fn plan(files: &[(&str, &str)]) -> ChangePlan {
        let change = |(path, content): &(&str, &str)| FileChange {
            path: path.into(),
            content: content.as_bytes().to_vec(),
        };
        ChangePlan {
            client: "docker",
            files: files.iter().map(change).collect(),
            restart: vec![],
            undone: vec![],
            notes: vec![],
        }
    }

    #[test]
    fn what_was_there_comes_back_with_its_mode_and_new_folders_go() {
        let machine = Machine::new();
        fs::write(machine.file("etc/old.conf"), "old\n").unwrap();
        fs::set_permissions(
            machine.file("etc/old.conf"),
            fs::Permissions::from_mode(0o640),
        )
        .unwrap();
        let (system, records) = (machine.system(), machine.records());
        let plan = plan(&[("/etc/old.conf", "new\n"), ("/etc/a/b/new.conf", "x\n")]);
        records.apply(&plan, &system).unwrap();
        assert!(plan.is_done(&system).unwrap());
        assert_eq!(
            fs::metadata(machine.file("etc/old.conf")).unwrap().mode() & 0o777,
            0o640
        );
        // Twice changes nothing, nor what is restored.
        records.apply(&plan, &system).unwrap();
        let record = records.load("docker", &system).unwrap().unwrap();
        assert!(record.diff(&system).unwrap().contains("-new\n+old\n"));
        records.undo(&record, &system).unwrap();
        assert_eq!(
            fs::read_to_string(machine.file("etc/old.conf")).unwrap(),
            "old\n"
        );
        assert_eq!(
            fs::metadata(machine.file("etc/old.conf")).unwrap().mode() & 0o777,
            0o640
        );
        assert!(!machine.file("etc/a").exists());
        assert!(records.load("docker", &system).unwrap().is_none());
        assert!(!machine.dir.path().join("data/setup").exists());
    }

    #[test]
    fn a_run_that_was_cut_off_anywhere_is_undone() {
        for written in 0..3 {
            let machine = Machine::new();
            fs::write(machine.file("etc/one"), "1").unwrap();
            let (system, records) = (machine.system(), machine.records());
            let whole = plan(&[
                ("/etc/one", "I"),
                ("/etc/two", "II"),
                ("/etc/d/three", "III"),
            ]);
            records.apply(&whole, &system).unwrap();
            // As it is when the process ends after so many files.
            for file in whole.files.iter().skip(written) {
                let place = system.locate(&file.path);
                if file.path.ends_with("one") {
                    fs::write(place, "1").unwrap();
                } else {
                    fs::remove_file(place).unwrap();
                }
            }
            let record = records.load("docker", &system).unwrap().unwrap();
            records.undo(&record, &system).unwrap();
            assert_eq!(fs::read_to_string(machine.file("etc/one")).unwrap(), "1");
            assert!(!machine.file("etc/two").exists());
            assert!(!machine.file("etc/d").exists());
        }
    }

    #[test]
    fn somebody_elses_change_is_not_overwritten() {
        let machine = Machine::new();
        let (system, records) = (machine.system(), machine.records());
        records
            .apply(
                &plan(&[("/etc/new", "x\n"), ("/etc/other", "y\n")]),
                &system,
            )
            .unwrap();
        fs::write(machine.file("etc/other"), "z\n").unwrap();
        let record = records.load("docker", &system).unwrap().unwrap();
        let error = records.undo(&record, &system).unwrap_err().to_string();
        assert!(
            error.contains("/etc/other") && error.contains("+z"),
            "{error}"
        );
        assert!(machine.file("etc/new").exists());
        // As the message says: move it away, and undo again.
        fs::remove_file(machine.file("etc/other")).unwrap();
        records.undo(&record, &system).unwrap();
        assert!(!machine.file("etc/new").exists());
    }

    #[test]
    fn links_are_not_followed_and_a_record_that_others_can_write_is_not_used() {
        let machine = Machine::new();
        let (system, records) = (machine.system(), machine.records());
        std::os::unix::fs::symlink("/nowhere", machine.file("etc/link")).unwrap();
        let linked = plan(&[("/etc/link", "x")]);
        assert!(matches!(
            records.apply(&linked, &system),
            Err(ChangeError::Link(_))
        ));
        records.apply(&plan(&[("/etc/new", "x")]), &system).unwrap();
        let path = records.path("docker", &system);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            records.load("docker", &system),
            Err(ChangeError::Record { .. })
        ));
    }
}
