//! Pulls by real clients are recorded as what they were.

use crate::client::{Dockerd, podman, skopeo};
use crate::components::available;
use crate::image::sha256;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS, REPOSITORY, Site, TAG, reference};
use crate::token;
use crate::trace::Trace;

#[test]
fn dockerd_pulls() {
    if !available(NEEDS) || !available(&["root", "dockerd", "docker"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let dockerd = Dockerd::start(&recorder.route(), site.dir());
    dockerd.docker(&["pull", &reference()]).succeeded();
    let inspect = dockerd.docker(&[
        "image",
        "inspect",
        "--format={{index .RepoDigests 0}}",
        &reference(),
    ]);
    let image = inspect.succeeded().out;
    let digest = image.trim().rsplit_once('@').map(|(_, digest)| digest);
    assert_eq!(digest, Some(&*site.registry.digest(REPOSITORY, TAG)));
    assert_pull(&recorder.stop(), &site);
}

#[test]
fn skopeo_pulls() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let copy = site.dir().join("copy");
    let source = format!("docker://{}", reference());
    let target = format!("dir:{}", copy.display());
    skopeo(&recorder.route(), site.dir(), &["copy", &source, &target]).succeeded();
    let manifest = std::fs::read(copy.join("manifest.json")).unwrap();
    assert_eq!(sha256(&manifest), site.registry.digest(REPOSITORY, TAG));
    assert_pull(&recorder.stop(), &site);
}

#[test]
fn podman_pulls() {
    if !available(NEEDS) || !available(&["root", "podman"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let podman = |args: &[&str]| podman(&recorder.route(), site.dir(), args).succeeded();
    podman(&["pull", &reference()]);
    let inspect = podman(&["image", "inspect", "--format={{.Digest}}", &reference()]);
    assert_eq!(inspect.out.trim(), site.registry.digest(REPOSITORY, TAG));
    assert_pull(&recorder.stop(), &site);
}

/// The trace tells the story of one pull: challenge, token, manifest, blobs, all of it whole.
fn assert_pull(trace: &Trace, site: &Site) {
    trace.assert_healthy();
    let api = format!("https://{}/v2/", registry::HOST);
    let ping = trace.position("challenge", |entry| entry.is("GET", &api, 401));
    let challenge = trace.entries()[ping].response_header("www-authenticate");
    let realm = format!("Bearer realm=\"https://{}/token\"", token::HOST);
    assert!(
        challenge.is_some_and(|challenge| challenge.starts_with(&realm)),
        "{challenge:?}"
    );
    let token = trace.position("token", |entry| {
        let from = format!("https://{}/token?", token::HOST);
        entry.method() == "GET" && entry.url().starts_with(&from) && entry.status() == 200
    });
    let manifest = trace.position("manifest", |entry| {
        let from = format!("{api}{REPOSITORY}/manifests/");
        entry.method() == "GET" && entry.url().starts_with(&from) && entry.status() == 200
    });
    assert!(ping < token && token < manifest, "{:#?}", trace.entries());
    assert!(
        trace.entries()[manifest].carried(&site.image.manifest),
        "the manifest is not as the registry has it"
    );
    for blob in site.image.blobs() {
        let url = format!("{api}{REPOSITORY}/blobs/{}", blob.digest);
        let position = trace.position("blob", |entry| entry.is("GET", &url, 200));
        assert!(position > manifest, "{:#?}", trace.entries());
        assert!(
            trace.entries()[position].carried(blob),
            "{url} is recorded with another size or digest"
        );
    }
    for entry in trace.entries() {
        assert_eq!(entry.error(), None, "{entry:?}");
    }
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}
