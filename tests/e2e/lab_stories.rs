//! Real clients pull from the lab, and each of their pulls is one pull in the store.

use std::fs;
use std::path::Path;

use pullscope::har;
use pullscope::pulls::BlobState;
use pullscope::pulls::BlobState::{AlreadyPresent, Verified};
use pullscope::pulls::{Pull, Purpose, State};
use pullscope::registry::{InMemoryOnly, Platform};
use pullscope::store::Store;

use crate::client::{Containerd, Dockerd, podman, skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab};
use crate::recorder::Recorder;

/// How the images are called for short.
const NAMES: [&str; 3] = [
    "alpine:latest",
    "gcr.io/google-containers/kube-controller-manager:v1.16.10",
    "quay.io/watchdogpolska/alpine-curl:latest",
];

/// Configuration and layers of the three, where each pull stands for itself.
const EACH: [&[BlobState]; 3] = [&[Verified; 2], &[Verified; 3], &[Verified; 3]];
/// The same where the client has had the first image's layer already.
const SHARED: [&[BlobState]; 3] = [
    &[Verified; 2],
    &[Verified; 3],
    &[Verified, AlreadyPresent, Verified],
];

#[test]
fn each_pull_of_dockerd_is_one() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let dockerd = Dockerd::start(&recorder.route(), lab.dir());
    for image in IMAGES {
        let short = image.trim_start_matches("docker.io/library/");
        dockerd.docker(&["pull", short]).succeeded();
    }
    assert_one_each(&store(recorder), "docker", SHARED);
}

#[test]
fn each_pull_of_skopeo_is_one() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    for (number, image) in IMAGES.into_iter().enumerate() {
        let folder = lab.dir().join(format!("copy-{number}"));
        let (from, to) = (
            format!("docker://{image}"),
            format!("dir:{}", folder.display()),
        );
        skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]).succeeded();
    }
    assert_one_each(&store(recorder), "skopeo", EACH);
}

#[test]
fn each_pull_of_podman_is_one() {
    if !available(&["root", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    for image in IMAGES {
        podman(&recorder.route(), lab.dir(), &["pull", image]).succeeded();
    }
    assert_one_each(&store(recorder), "containers/image", SHARED);
}

#[test]
fn each_pull_of_containerd_is_one() {
    if !available(&["root", "containerd", "ctr", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let registries = ["docker.io", "gcr.io", "quay.io"];
    let containerd = Containerd::start(lab.dir());
    containerd.trust(&recorder.route(), &registries);
    for image in IMAGES {
        containerd.pull(&recorder.route(), image).succeeded();
    }
    assert_one_each(&store(recorder), "containerd", SHARED);
}

#[test]
fn an_image_pulled_twice_is_two_pulls() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    for number in 0..2 {
        let to = format!("dir:{}/again-{number}", lab.dir().display());
        let from = format!("docker://{}", IMAGES[0]);
        skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]).succeeded();
    }
    let store = store(recorder);
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(names, [NAMES[0], NAMES[0]]);
    for pull in store.pulls() {
        assert_whole(pull, EACH[0]);
    }
    assert_eq!(store.loose().count(), 0);
}

/// Three programs at once, two of them twice, and all want the same image.
#[test]
fn pulls_at_the_same_time_stay_apart() {
    if !available(&["root", "dockerd", "docker", "skopeo", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let route = recorder.route();
    let dockerd = Dockerd::start(&route, lab.dir());
    std::thread::scope(|scope| {
        scope.spawn(|| dockerd.docker(&["pull", "alpine"]).succeeded());
        for name in ["one", "two"] {
            let (route, lab) = (&route, &lab);
            scope.spawn(move || {
                let home = lab.dir().join(name);
                fs::create_dir_all(&home).unwrap();
                let to = format!("dir:{}", home.join("copy").display());
                let from = format!("docker://{}", IMAGES[0]);
                skopeo(route, &home, &["copy", &from, &to]).succeeded();
                podman(route, &home, &["pull", IMAGES[0]]).succeeded();
            });
        }
    });
    let store = store(recorder);
    let mut clients: Vec<_> = store.pulls().iter().map(|p| &*p.client.name).collect();
    clients.sort_unstable();
    let expected = [
        "containers/image",
        "containers/image",
        "docker",
        "skopeo",
        "skopeo",
    ];
    assert_eq!(clients, expected, "{:#?}", store.pulls());
    for pull in store.pulls() {
        assert_eq!(pull.name(), NAMES[0]);
        assert_whole(pull, EACH[0]);
        assert_eq!(store.findings_of(pull.id), []);
    }
    assert_eq!(store.loose().count(), 0);
}

#[test]
fn a_mirror_without_the_image_is_part_of_the_pull() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let etc = lab.dir().join("docker-etc");
    fs::create_dir_all(&etc).unwrap();
    // quay.io is a registry, but has no library/alpine.
    let mirrors = r#"{"registry-mirrors": ["https://quay.io"]}"#;
    fs::write(etc.join("daemon.json"), mirrors).unwrap();
    let dockerd = Dockerd::start(&recorder.route(), lab.dir());
    dockerd.docker(&["pull", "alpine"]).succeeded();
    let store = store(recorder);
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(names, [NAMES[0]], "{:#?}", store.pulls());
    let pull = &store.pulls()[0];
    assert_eq!(pull.registry, "registry-1.docker.io");
    assert_eq!(pull.mirrors, ["quay.io"]);
    assert_whole(pull, EACH[0]);
    let rules: Vec<_> = store.findings_of(pull.id).iter().map(|f| f.rule).collect();
    assert_eq!(rules, ["mirror-fallthrough"]);
    assert_eq!(store.loose().count(), 0);
}

#[test]
fn looking_and_listing_are_no_pulls() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let image = format!("docker://{}", IMAGES[0]);
    skopeo(
        &recorder.route(),
        lab.dir(),
        &["inspect", "--no-tags", &image],
    )
    .succeeded();
    skopeo(
        &recorder.route(),
        lab.dir(),
        &["list-tags", "docker://docker.io/library/alpine"],
    )
    .succeeded();
    let store = store(recorder);
    let purposes: Vec<_> = store.pulls().iter().map(|pull| pull.purpose).collect();
    assert_eq!(
        purposes,
        [Purpose::Inspect, Purpose::List],
        "{:#?}",
        store.pulls()
    );
    assert_eq!(store.loose().count(), 0);
}

/// The store of what was recorded.
fn store(recorder: Recorder) -> Store {
    let trace = recorder.dir().join("trace.har");
    recorder.stop();
    read(&trace)
}

/// The store of a HAR.
pub(crate) fn read(har: &Path) -> Store {
    let mut document = har::read(har).expect("it was just written");
    let trace = std::mem::take(&mut document.trace);
    Store::of_trace(trace, &InMemoryOnly)
}

fn assert_one_each(store: &Store, client: &str, states: [&[BlobState]; 3]) {
    let names: Vec<_> = store.pulls().iter().map(Pull::name).collect();
    assert_eq!(names, NAMES, "{:#?}", store.pulls());
    for (pull, states) in store.pulls().iter().zip(states) {
        assert_whole(pull, states);
        assert_eq!(pull.client.name, client);
        assert_eq!(pull.platform, Some(Platform::of_this_machine()));
        assert_eq!(store.findings_of(pull.id), []);
    }
    let loose: Vec<_> = store.loose().collect();
    assert!(loose.is_empty(), "{loose:#?}");
}

fn assert_whole(pull: &Pull, states: &[BlobState]) {
    assert_eq!((pull.purpose, pull.state), (Purpose::Pull, State::Complete));
    let found: Vec<_> = pull.blobs.iter().map(|blob| blob.state).collect();
    assert_eq!(found, states, "{pull:#?}");
    assert!(pull.image.manifest.is_some() && pull.image.config.is_some());
}
