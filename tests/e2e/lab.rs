//! `pullscope lab`, run as a user runs it: the article's registries under their public names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, bound};
use crate::site::Upstream;

/// The program under test.
pub(crate) const PULLSCOPE: &str = env!("CARGO_BIN_EXE_pullscope");
const START: Duration = Duration::from_secs(30);

/// What users pull: Docker Hub, gcr.io and quay.io. The mirror has Docker Hub's image.
pub(crate) const IMAGES: [&str; 3] = [
    "docker.io/library/alpine:latest",
    "gcr.io/google-containers/kube-controller-manager:v1.16.10",
    "quay.io/watchdogpolska/alpine-curl:latest",
];
/// The mirror's name.
pub(crate) const MIRROR: &str = "2h3po24q.mirror.aliyuncs.com";

/// A running lab; dropping it ends it.
pub(crate) struct Lab {
    _process: Process,
    connect_to: Vec<String>,
    root: PathBuf,
    dir: TempDir,
}

impl Lab {
    /// A lab in which these faults strike.
    pub(crate) fn start(faults: &[&str]) -> Self {
        let args: Vec<_> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
        Self::with(&args)
    }

    /// A lab with these arguments.
    pub(crate) fn with(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let root = dir.path().join("lab.pem");
        let mut command = bound(PULLSCOPE);
        command
            .args(["lab", "--http-listen", "127.0.0.1:0", "--ca-out"])
            .arg(&root)
            .args(args);
        let mut process = Process::start("lab", dir.path(), &mut command);
        let connect_to = process.until("the record command", START, |out, _| {
            let whole = out.contains("--upstream-ca");
            whole.then(|| out.lines().filter_map(mapping).map(str::to_owned).collect())
        });
        Self {
            _process: process,
            connect_to,
            root,
            dir,
        }
    }

    /// The folder for everything of this test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Upstream for Lab {
    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn connect_to(&self) -> Vec<String> {
        self.connect_to.clone()
    }
}

/// The digest of the manifest that a folder of `skopeo copy … dir:` holds.
pub(crate) fn copied(folder: &Path) -> String {
    let manifest = std::fs::read(folder.join("manifest.json")).expect("skopeo wrote it");
    let parsed: Value = serde_json::from_slice(&manifest).expect("a manifest is JSON");
    assert!(
        parsed["layers"]
            .as_array()
            .is_some_and(|layers| !layers.is_empty()),
        "{parsed}"
    );
    crate::image::sha256(&manifest)
}

fn mapping(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("--connect-to '")?
        .split('\'')
        .next()
}
