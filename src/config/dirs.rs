//! Where pullscope keeps its files (XDG base directories).

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use thiserror::Error;

/// pullscope's directories. None of them is created by asking for it.
#[derive(Clone, Debug)]
pub struct Dirs {
    data: PathBuf,
    state: PathBuf,
    config: PathBuf,
    home: PathBuf,
    owner: Option<(u32, u32)>,
}

/// There is no home directory to put anything into.
#[derive(Debug, Error)]
#[error("failed to find your home directory; set HOME, or XDG_DATA_HOME and XDG_STATE_HOME")]
pub struct NoHome;

impl Dirs {
    /// The directories of the user who runs this; under sudo, of the user who called sudo.
    ///
    /// # Errors
    /// When there is no home directory.
    pub fn of_user() -> Result<Self, NoHome> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        if let Some(caller) = Caller::of_sudo() {
            let place = |name: &str, inner: &str| {
                variable(name)
                    .filter(|path| path.is_absolute())
                    .unwrap_or_else(|| caller.home.join(inner))
            };
            return Ok(Self {
                data: place("XDG_DATA_HOME", ".local/share").join("pullscope"),
                state: place("XDG_STATE_HOME", ".local/state").join("pullscope"),
                config: place("XDG_CONFIG_HOME", ".config"),
                owner: Some((caller.uid, caller.gid)),
                home: caller.home.clone(),
            });
        }
        let base = etcetera::choose_base_strategy().map_err(|_| NoHome)?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Self {
            data: base.data_dir().join("pullscope"),
            state: state.join("pullscope"),
            config: base.config_dir(),
            home: base.home_dir().to_owned(),
            owner: None,
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

    /// `$XDG_CONFIG_HOME`: where programs have their settings.
    pub fn config_home(&self) -> &Path {
        &self.config
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("pullscope/config.toml")
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// User and group that the files are to belong to, where that is not who runs this.
    pub fn owner(&self) -> Option<(u32, u32)> {
        self.owner
    }
}

/// Who called sudo.
#[derive(Debug, PartialEq, Eq)]
struct Caller {
    uid: u32,
    gid: u32,
    home: PathBuf,
}

impl Caller {
    fn of_sudo() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let uid = std::env::var("SUDO_UID").ok()?.parse().ok()?;
        let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
        Self::find(uid, &passwd)
    }

    /// The entry of a user in passwd(5); root is no caller.
    fn find(uid: u32, passwd: &str) -> Option<Self> {
        if uid == 0 {
            return None;
        }
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':').skip(2);
            if fields.next()?.parse::<u32>().ok()? != uid {
                return None;
            }
            let gid = fields.next()?.parse().ok()?;
            let home = PathBuf::from(fields.nth(1)?);
            home.is_absolute().then_some(Self { uid, gid, home })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_of_sudo_is_found_by_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1001:Ann:/home/ann:/bin/sh\n";
        assert_eq!(
            Caller::find(1000, passwd),
            Some(Caller {
                uid: 1000,
                gid: 1001,
                home: "/home/ann".into()
            })
        );
        assert_eq!(Caller::find(0, passwd), None);
        assert_eq!(Caller::find(7, passwd), None);
    }
}
