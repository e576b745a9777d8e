//! Clients that take long to build, with distribution 3: BuildKit and buildx, nerdctl, cosign, and the
//! library of skopeo, podman and buildah. `tests/long.sh clients` builds and tries them.

use std::fs;
use std::time::Duration;

use pullscope::pulls::Purpose::{Inspect, Pull, Push};
use pullscope::pulls::State::Complete;

use crate::client::Containerd;
use crate::components::{available, program};
use crate::modern::{log_in, run};
use crate::process::{Finished, Process, isolated};
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS_TODAY, Site, reference};
use crate::token::{PASSWORD, USER};
use crate::told::{CHECKED, Told};

const START: Duration = Duration::from_secs(60);

/// BuildKit pulls and pushes by its daemon; the tokens are asked for by the command.
#[test]
#[ignore = "tests/long.sh clients runs it"]
fn buildkit_builds_and_pushes() {
    let needs = ["root", "go:buildkitd", "go:buildctl", "setpriv"];
    if !available(NEEDS_TODAY) || !available(&needs) {
        return;
    }
    let tried = Tried::start();
    let (dir, route) = (tried.site.dir(), tried.recorder.route());
    let socket = dir.join("buildkit.sock");
    let address = format!("unix://{}", socket.display());
    let flags = ["--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
    let mut command = isolated(&flags, "mount -t tmpfs tmpfs /run", program("go:buildkitd"));
    command.args([
        "--containerd-worker=false",
        "--oci-worker-snapshotter=native",
        "--addr",
        &address,
    ]);
    command.arg("--root").arg(dir.join("buildkit"));
    route.set(&mut command);
    let mut daemon = Process::start("buildkitd", dir, &mut command);
    daemon.until("its API", START, |_, log| {
        log.contains("running server").then_some(())
    });
    let dockerfile = format!("FROM {}\nCOPY Dockerfile /\n", reference());
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    let to = format!("{}/new/by-buildkit:1", registry::HOST);
    let output = format!("type=image,name={to},push=true");
    let here = dir.display().to_string();
    let (context, file) = (format!("context={here}"), format!("dockerfile={here}"));
    let build = [
        "--addr",
        &address,
        "build",
        "--frontend=dockerfile.v0",
        "--opt=platform=linux/amd64",
    ];
    let build = [
        &build[..],
        &["--local", &context, "--local", &file, "--output", &output],
    ]
    .concat();
    run("go:buildctl", &route, dir, &build).succeeded();
    let digest = tried.site.registry.digest("new/by-buildkit", "1");
    assert_ne!(digest, tried.site.image.manifest.digest);
    tried.told(
        "buildkit",
        &[
            (&reference(), Pull, Complete, &[]),
            (&to, Push, Complete, &[]),
        ],
    );
}

#[test]
#[ignore = "tests/long.sh clients runs it"]
fn buildx_imagetools_inspects_and_copies() {
    if !available(NEEDS_TODAY) || !available(&["go:buildx", "setpriv"]) {
        return;
    }
    let tried = Tried::start();
    let shown = tried
        .run("go:buildx", &["imagetools", "inspect", &reference()])
        .succeeded();
    assert!(
        shown.out.contains(&tried.site.image.manifest.digest),
        "{}",
        shown.out
    );
    let to = format!("{}/new/by-buildx:1", registry::HOST);
    tried
        .run(
            "go:buildx",
            &["imagetools", "create", "--tag", &to, &reference()],
        )
        .succeeded();
    tried.told(
        "buildx",
        &[
            // It reads manifest and configuration as one who has the layers already.
            (&reference(), Pull, Complete, &[]),
            (&reference(), Pull, Complete, &[]),
            (&to, Push, Complete, &[]),
        ],
    );
}

#[test]
#[ignore = "tests/long.sh clients runs it"]
fn nerdctl_pulls_and_pushes() {
    let needs = ["root", "go:nerdctl", "go:containerd", "go:ctr", "setpriv"];
    if !available(NEEDS_TODAY) || !available(&needs) {
        return;
    }
    let tried = Tried::start();
    let (dir, route) = (tried.site.dir(), tried.recorder.route());
    let containerd = Containerd::of_today(&route, dir, 0);
    let socket = containerd.socket().display().to_string();
    let data = dir.join("nerdctl").display().to_string();
    let nerdctl = |args: &[&str]| {
        let own = [
            "--address",
            &socket,
            "--data-root",
            &data,
            "--snapshotter=native",
        ];
        tried
            .run("go:nerdctl", &[&own[..], args].concat())
            .succeeded()
    };
    nerdctl(&["pull", "--platform=linux/amd64", &reference()]);
    let images = containerd.ctr(&route, &["images", "ls"]).succeeded().out;
    assert!(
        images.contains(&tried.site.image.manifest.digest),
        "{images}"
    );
    let to = format!("{}/new/by-nerdctl:1", registry::HOST);
    nerdctl(&["tag", &reference(), &to]);
    nerdctl(&["push", "--platform=linux/amd64", &to]);
    tried.told(
        "nerdctl",
        &[
            (&reference(), Pull, Complete, &[]),
            (&to, Push, Complete, &[]),
        ],
    );
}

#[test]
#[ignore = "tests/long.sh clients runs it"]
fn cosign_signs_and_verifies() {
    if !available(NEEDS_TODAY) || !available(&["go:cosign", "setpriv"]) {
        return;
    }
    let tried = Tried::start();
    let image = format!(
        "{}/library/tiny@{}",
        registry::HOST,
        tried.site.image.manifest.digest
    );
    // No transparency log, no certificate: neither is here.
    tried.run("go:cosign", &["generate-key-pair"]).succeeded();
    let sign = [
        "sign",
        "--key=cosign.key",
        "--use-signing-config=false",
        "--tlog-upload=false",
        "--yes",
    ];
    tried
        .run("go:cosign", &[&sign[..], &[&image]].concat())
        .succeeded();
    let verify = [
        "verify",
        "--key=cosign.pub",
        "--insecure-ignore-tlog=true",
        &image,
    ];
    tried.run("go:cosign", &verify).succeeded();
    // It begins anew for each thing that it does. The signature's digest is another one each time.
    let told = Told::of(tried.recorder);
    let names: Vec<_> = told.names();
    let signature = names.last().copied().unwrap_or_default();
    assert!(
        signature.contains("/library/tiny@sha256:") && signature != image,
        "{names:?}"
    );
    told.assert(
        "cosign",
        &[
            (&image, Inspect, Complete, &[]),
            (&image, Inspect, Complete, &[]),
            (signature, Push, Complete, &[]),
            (signature, Pull, Complete, &[]),
        ],
    );
}

/// What skopeo, podman and buildah of today do with registries.
#[test]
#[ignore = "tests/long.sh clients runs it"]
fn the_image_library_pulls_and_pushes() {
    if !available(NEEDS_TODAY) || !available(&["go:image-copy", "setpriv"]) {
        return;
    }
    let tried = Tried::start();
    let to = format!("{}/new/by-library:1", registry::HOST);
    let (from, to_registry) = (
        format!("docker://{}", reference()),
        format!("docker://{to}"),
    );
    tried.run("go:image-copy", &[&from, "dir:copy"]).succeeded();
    let login = format!("{USER}:{PASSWORD}");
    tried
        .run("go:image-copy", &["dir:copy", &to_registry, &login])
        .succeeded();
    let digest = tried.site.registry.digest("new/by-library", "1");
    assert_eq!(digest, tried.site.image.manifest.digest);
    tried.told(
        "library",
        &[
            (&reference(), Pull, Complete, &[]),
            (&to, Push, Complete, &[]),
        ],
    );
}

/// A site and a recording of what is asked of it.
struct Tried {
    recorder: Recorder,
    site: Site,
}

impl Tried {
    fn start() -> Self {
        let site = Site::of_today();
        log_in(&site.dir().join("home/.docker"));
        let recorder = Recorder::start(&site, CHECKED);
        Self { recorder, site }
    }

    fn run(&self, program: &str, args: &[&str]) -> Finished {
        run(program, &self.recorder.route(), self.site.dir(), args)
    }

    #[track_caller]
    fn told(self, what: &str, expected: &[crate::told::Expected<'_>]) {
        Told::of(self.recorder).assert(what, expected);
    }
}
