//! The container clients of today, each as one thing that pulls and pushes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::client::{Containerd, Dockerd, Route};
use crate::process::{Finished, Process, command};
use crate::registry;
use crate::token::{PASSWORD, USER};

/// The platform they are told to pull for, whatever machine this is.
const PLATFORM: &str = "linux/amd64";
const RUN: Duration = Duration::from_secs(120);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modern {
    Crane,
    Oras,
    Regctl,
    /// containerd 2, which pulls for `ctr`.
    Containerd,
    /// `ctr --local` of containerd 2, which pulls by itself.
    Ctr,
    Docker,
}

/// One that is ready to work.
pub(crate) struct Ready {
    modern: Modern,
    route: Route,
    dir: PathBuf,
    daemon: Daemon,
}

enum Daemon {
    None,
    Containerd(Containerd),
    Docker(Dockerd),
}

impl Modern {
    /// The name of its record.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crane => "crane",
            Self::Oras => "oras",
            Self::Regctl => "regctl",
            Self::Containerd => "containerd-2",
            Self::Ctr => "ctr-2-local",
            Self::Docker => "docker-29",
        }
    }

    /// What it calls itself to servers.
    pub(crate) fn agent(self) -> &'static str {
        match self {
            Self::Containerd | Self::Ctr => "containerd",
            Self::Docker => "docker",
            _ => self.name(),
        }
    }

    /// The programs that it takes.
    pub(crate) fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Crane => &["go:crane", "setpriv"],
            Self::Oras => &["go:oras", "setpriv"],
            Self::Regctl => &["go:regctl", "setpriv"],
            Self::Containerd | Self::Ctr => &["root", "go:containerd", "go:ctr", "setpriv"],
            Self::Docker => &[
                "root",
                "go:dockerd",
                "go:docker",
                "go:containerd",
                "setpriv",
            ],
        }
    }

    /// Whether it keeps an index whole, and not only the manifest of its platform.
    pub(crate) fn keeps_indexes(self) -> bool {
        matches!(self, Self::Containerd | Self::Ctr | Self::Docker)
    }

    /// What it speaks, as it says when TLS begins.
    pub(crate) fn offers(self) -> &'static [&'static str] {
        match self {
            Self::Crane | Self::Oras | Self::Regctl => &["h2", "http/1.1"],
            _ => &[],
        }
    }

    /// Makes it ready, everything of it in `dir`.
    pub(crate) fn start(self, route: &Route, dir: &Path) -> Ready {
        let daemon = match self {
            Self::Containerd | Self::Ctr => Daemon::Containerd(Containerd::of_today(route, dir, 0)),
            Self::Docker => Daemon::Docker(Dockerd::of_today(route, dir)),
            _ => Daemon::None,
        };
        Ready {
            modern: self,
            route: route.clone(),
            dir: dir.to_owned(),
            daemon,
        }
    }
}

impl Ready {
    /// Pulls an image and keeps it.
    pub(crate) fn pull(&self, image: &str) -> Finished {
        let ocidir = format!("ocidir://{}:it", self.layout().display());
        let layout = self.layout().display().to_string();
        let tagged = format!("{layout}:it");
        match self.modern {
            Modern::Crane => self.run(&[
                "pull",
                "--platform",
                PLATFORM,
                "--format=oci",
                image,
                &layout,
            ]),
            Modern::Oras => self.run(&[
                "copy",
                "--platform",
                PLATFORM,
                image,
                "--to-oci-layout",
                &tagged,
            ]),
            Modern::Regctl => self.run(&["image", "copy", "--platform", PLATFORM, image, &ocidir]),
            Modern::Containerd => self.ctr(&[
                "pull",
                "--platform",
                PLATFORM,
                "--snapshotter=native",
                "--skip-metadata",
                image,
            ]),
            Modern::Ctr => self.ctr(&[
                "pull",
                "--local",
                "--platform",
                PLATFORM,
                "--snapshotter=native",
                "--skip-metadata",
                image,
            ]),
            Modern::Docker => self.docker(&["pull", "--platform", PLATFORM, image]),
        }
    }

    /// The digest of what it keeps of an image.
    pub(crate) fn has(&self, image: &str) -> String {
        match self.modern {
            Modern::Containerd | Modern::Ctr => {
                let list = self.ctr(&["ls", &format!("name=={image}")]).succeeded();
                let mut words = list.out.split_whitespace();
                let digest = words.find(|word| word.starts_with("sha256:"));
                digest.expect("it keeps it").to_owned()
            }
            Modern::Docker => {
                let format = "--format={{index .RepoDigests 0}}";
                let shown = self
                    .docker(&["image", "inspect", format, image])
                    .succeeded();
                let digest = shown.out.trim().rsplit_once('@').map(|(_, digest)| digest);
                digest.expect("it keeps it").to_owned()
            }
            _ => {
                let index = fs::read(self.layout().join("index.json")).expect("it is a layout");
                let index: Value = serde_json::from_slice(&index).expect("an index is JSON");
                let digest = index["manifests"][0]["digest"].as_str();
                digest.expect("it keeps it").to_owned()
            }
        }
    }

    /// Where docker keeps its images.
    pub(crate) fn store(&self) -> String {
        self.docker(&["info", "--format={{.DriverStatus}}"])
            .succeeded()
            .out
    }

    /// Lets it log in as who may push.
    pub(crate) fn log_in(&self) {
        log_in(&match &self.daemon {
            Daemon::Docker(docker) => docker.config().to_owned(),
            _ => self.dir.join("home/.docker"),
        });
    }

    /// Pushes what it keeps of an image to another place.
    pub(crate) fn push(&self, image: &str, to: &str) -> Finished {
        let ocidir = format!("ocidir://{}:it", self.layout().display());
        let layout = self.layout().display().to_string();
        let tagged = format!("{layout}:it");
        let user = format!("{USER}:{PASSWORD}");
        match self.modern {
            Modern::Crane => self.run(&["push", &layout, to]),
            Modern::Oras => self.run(&["copy", "--from-oci-layout", &tagged, to]),
            Modern::Regctl => self.run(&["image", "copy", &ocidir, to]),
            Modern::Containerd => self.ctr(&["push", "--user", &user, to, image]),
            Modern::Ctr => self.ctr(&["push", "--local", "--user", &user, to, image]),
            Modern::Docker => {
                self.docker(&["tag", image, to]).succeeded();
                self.docker(&["push", to])
            }
        }
    }

    fn run(&self, args: &[&str]) -> Finished {
        let name = self.modern.name();
        run(&format!("go:{name}"), &self.route, &self.dir, args)
    }

    fn ctr(&self, args: &[&str]) -> Finished {
        let Daemon::Containerd(containerd) = &self.daemon else {
            panic!("{:?} has no containerd", self.modern);
        };
        containerd.ctr(&self.route, &[&["images"], args].concat())
    }

    fn docker(&self, args: &[&str]) -> Finished {
        let Daemon::Docker(docker) = &self.daemon else {
            panic!("{:?} has no dockerd", self.modern);
        };
        docker.docker(args)
    }

    fn layout(&self) -> PathBuf {
        self.dir.join("layout")
    }
}

/// Lets who has this for a folder of docker's configuration log in as who may push.
pub(crate) fn log_in(folder: &Path) {
    let auth = BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes());
    let config = json!({"auths": {registry::HOST: {"auth": auth}}}).to_string();
    fs::create_dir_all(folder).expect("the folder is writable");
    fs::write(folder.join("config.json"), config).expect("the folder is writable");
}

/// Runs a program that asks registries by itself, at home in `dir`.
pub(crate) fn run(program: &str, route: &Route, dir: &Path, args: &[&str]) -> Finished {
    let home = dir.join("home");
    fs::create_dir_all(&home).expect("the folder is writable");
    let mut command = command(program);
    command.args(args).env("HOME", home).current_dir(dir);
    // Keys are made without a password.
    command.env("COSIGN_PASSWORD", "");
    for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    route.set(&mut command);
    Process::start(program, dir, &mut command).finish(RUN)
}
