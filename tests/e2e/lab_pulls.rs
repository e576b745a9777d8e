//! Real clients pull the article's images by their public names, through pullscope, from the lab.

use std::fs;

use crate::client::{Dockerd, podman, skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab, MIRROR, copied};
use crate::recorder::Recorder;
use crate::trace::{Entry, Trace};

#[test]
fn dockerd_pulls_and_unpacks_the_four() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let dockerd = Dockerd::start(&recorder.route(), lab.dir());
    for image in IMAGES {
        let short = image.trim_start_matches("docker.io/library/");
        dockerd.docker(&["pull", short]).succeeded();
        // Layers are unpacked when they are pulled; an image that can be saved is whole.
        let saved = lab.dir().join("saved.tar");
        dockerd
            .docker(&["save", "-o", saved.to_str().unwrap(), short])
            .succeeded();
        assert!(fs::metadata(saved).unwrap().len() > 100_000);
    }
    let trace = recorder.stop();
    for host in [
        "registry-1.docker.io",
        "auth.docker.io",
        "production.cloudflare.docker.com",
    ] {
        assert!(
            trace.entries().iter().any(|entry| on(*entry, host)),
            "{host}"
        );
    }
    for (registry, status, cdn) in [
        (
            "registry-1.docker.io",
            307,
            "production.cloudflare.docker.com",
        ),
        ("gcr.io", 302, "storage.googleapis.com"),
        ("quay.io", 302, "cdn02.quay.io"),
    ] {
        assert_story(&trace, registry, status, cdn);
    }
}

#[test]
fn dockerd_pulls_by_a_mirror() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    for scheme in ["https", "http"] {
        let lab = Lab::start(&[]);
        let recorder = Recorder::start(&lab, &[]);
        let etc = lab.dir().join("docker-etc");
        fs::create_dir_all(&etc).unwrap();
        let mirrors = format!("{{\"registry-mirrors\": [\"{scheme}://{MIRROR}\"]}}");
        fs::write(etc.join("daemon.json"), mirrors).unwrap();
        let dockerd = Dockerd::start(&recorder.route(), lab.dir());
        dockerd.docker(&["pull", "alpine"]).succeeded();
        let trace = recorder.stop();
        assert!(
            !trace
                .entries()
                .iter()
                .any(|entry| on(*entry, "registry-1.docker.io"))
        );
        let ping = format!("{scheme}://{MIRROR}/v2/");
        trace.find("ping without a challenge", |entry| {
            entry.is("GET", &ping, 200)
        });
        let manifests = format!("{scheme}://{MIRROR}/v2/library/alpine/manifests/");
        trace.find("manifest", |entry| {
            entry.method() == "GET" && entry.url().starts_with(&manifests) && entry.status() == 200
        });
        trace.find("redirect", |entry| {
            entry.status() == 307 && entry.url().contains("/blobs/")
        });
        assert_whole(&trace);
    }
}

#[test]
fn skopeo_and_podman_pull_the_four() {
    if !available(&["root", "skopeo", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let mirrored = format!("{MIRROR}/library/alpine:latest");
    for (number, image) in IMAGES.into_iter().chain([&*mirrored]).enumerate() {
        let folder = lab.dir().join(format!("copy-{number}"));
        let (from, to) = (
            format!("docker://{image}"),
            format!("dir:{}", folder.display()),
        );
        skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]).succeeded();
        let digest = copied(&folder);

        let podman = |args: &[&str]| podman(&recorder.route(), lab.dir(), args).succeeded();
        podman(&["pull", image]);
        let digests = podman(&["image", "inspect", "--format={{.RepoDigests}}", image]).out;
        assert!(
            digests.contains(&digest),
            "{image}: {digest} is not in {digests}"
        );
    }
    let trace = recorder.stop();
    for host in ["registry-1.docker.io", "gcr.io", "quay.io", MIRROR] {
        assert!(
            trace
                .entries()
                .iter()
                .filter(|entry| on(**entry, host))
                .count()
                > 4,
            "{host}"
        );
    }
    assert_whole(&trace);
}

fn on(entry: Entry<'_>, host: &str) -> bool {
    entry.url().split('/').nth(2) == Some(host)
}

fn assert_whole(trace: &Trace) {
    for entry in trace.entries() {
        assert_eq!(entry.error(), None, "{entry:?}");
    }
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

/// A challenge, a manifest, and blobs that are elsewhere, each with the digest it was asked for.
fn assert_story(trace: &Trace, registry: &str, redirect: u64, cdn: &str) {
    assert_whole(trace);
    let ping = format!("https://{registry}/v2/");
    let challenge = trace.position("challenge", |entry| entry.is("GET", &ping, 401));
    let manifest = trace.position("manifest", |entry| {
        on(entry, registry) && entry.url().contains("/manifests/") && entry.status() == 200
    });
    assert!(challenge < manifest);
    let entries = trace.entries();
    let redirects: Vec<_> = entries
        .iter()
        .filter(|entry| on(**entry, registry) && entry.url().contains("/blobs/"))
        .collect();
    assert!(redirects.len() >= 2, "a config and a layer at least");
    for blob in redirects {
        assert_eq!(blob.status(), redirect, "{blob:?}");
        let asked = blob.url().rsplit_once("sha256:").unwrap().1;
        let location = blob.response_header("location").unwrap();
        let fetched = trace.find("download", |entry| {
            on(entry, cdn) && entry.url() == location
        });
        assert_eq!(fetched.sha256().as_deref(), Some(asked), "{blob:?}");
    }
}
