//! Pushes by real clients succeed, are recorded, and leave no password behind.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use pullscope::pulls::{BlobState, Purpose, State};
use serde_json::json;

use crate::client::{Dockerd, skopeo};
use crate::components::available;
use crate::image::{noise, tar};
use crate::lab_stories;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS, Site, reference};
use crate::token::{PASSWORD, USER};
use crate::trace::{Entry, Trace};

/// More than fits into the buffers on the way, and does not compress.
const LAYER: usize = 3 << 20;

#[test]
fn docker_pushes() {
    if !available(NEEDS) || !available(&["root", "dockerd", "docker"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let dockerd = Dockerd::start(&recorder.route(), site.dir());
    fs::write(dockerd.config().join("config.json"), login()).unwrap();
    let archive = site.dir().join("layer.tar");
    fs::write(&archive, tar("data/noise", 0o644, &noise(LAYER))).unwrap();
    let name = format!("{}/pushed/noise:1", registry::HOST);
    let archive = archive.to_str().unwrap();
    dockerd.docker(&["import", archive, &name]).succeeded();

    let push = dockerd.docker(&["push", &name]).succeeded();

    let digest = site.registry.digest("pushed/noise", "1");
    assert!(
        push.out.contains(&digest),
        "{digest} is not in {}",
        push.out
    );
    let dir = recorder.dir().to_owned();
    let trace = recorder.stop();
    assert_push(&trace, "pushed/noise", "1");
    assert_chunked(&trace);
    assert_story(&dir, &[("pushed/noise", Purpose::Push)]);
    assert_no_password(&dir);
}

#[test]
fn skopeo_pushes() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let route = recorder.route();
    let here = format!("dir:{}", site.dir().join("copy").display());
    let from = format!("docker://{}", reference());
    let to = format!("docker://{}/pushed/tiny:1", registry::HOST);
    let login = format!("{USER}:{PASSWORD}");
    skopeo(&route, site.dir(), &["copy", &from, &here]).succeeded();

    let push = ["copy", "--dest-creds", &login, &here, &to];
    skopeo(&route, site.dir(), &push).succeeded();

    let digest = site.registry.digest("pushed/tiny", "1");
    assert_eq!(digest, site.image.manifest.digest);
    let dir = recorder.dir().to_owned();
    assert_push(&recorder.stop(), "pushed/tiny", "1");
    let tiny = reference();
    let (_, pulled) = tiny.split_once('/').unwrap();
    let pulled = pulled.split([':', '@']).next().unwrap();
    let story = [(pulled, Purpose::Pull), ("pushed/tiny", Purpose::Push)];
    assert_story(&dir, &story);
    assert_no_password(&dir);
}

/// The trace tells the story of one push: an upload is opened, filled in chunks and closed, and
/// the manifest comes last.
fn assert_push(trace: &Trace, repository: &str, tag: &str) {
    let uploads = format!("https://{}/v2/{repository}/blobs/uploads/", registry::HOST);
    let upload = |entry: Entry<'_>, method: &str, status: u64| {
        entry.method() == method && entry.url().starts_with(&uploads) && entry.status() == status
    };
    let opened = trace.position("opened upload", |entry| upload(entry, "POST", 202));
    let filled = trace.position("filled upload", |entry| {
        upload(entry, "PATCH", 202) && entry.request_size() > 0
    });
    let closed = trace.position("closed upload", |entry| upload(entry, "PUT", 201));
    let manifests = format!("https://{}/v2/{repository}/manifests/{tag}", registry::HOST);
    let manifest = trace.position("manifest", |entry| entry.is("PUT", &manifests, 201));
    assert!(
        opened < filled && filled < closed && closed < manifest,
        "{:#?}",
        trace.entries()
    );
    for entry in trace.entries() {
        assert_eq!(entry.error(), None, "{entry:?}");
    }
    trace.assert_healthy();
}

/// Each pull or push of the trace is one in the store, and everything arrived.
fn assert_story(dir: &Path, expected: &[(&str, Purpose)]) {
    let store = lab_stories::read(&dir.join("trace.har"));
    let pulls = store.pulls().iter();
    let found: Vec<_> = pulls.map(|p| (&*p.repository, p.purpose)).collect();
    assert_eq!(found, expected, "{:#?}", store.pulls());
    for pull in store.pulls() {
        assert_eq!(pull.state, State::Complete, "{pull:#?}");
        let state = match pull.purpose {
            Purpose::Push => BlobState::Pushed,
            _ => BlobState::Verified,
        };
        assert!(pull.blobs.len() >= 2, "{pull:#?}");
        let all = pull.blobs.iter().all(|blob| blob.state == state);
        assert!(all, "{pull:#?}");
    }
    assert_eq!(store.loose().count(), 0);
}

/// docker does not know how long a layer gets that it compresses on the way.
fn assert_chunked(trace: &Trace) {
    let chunked = trace.find("chunked upload", |entry| {
        entry.method() == "PATCH" && entry.request_header("transfer-encoding") == Some("chunked")
    });
    assert!(chunked.request_size() > 0, "{chunked:?}");
}

/// Neither trace nor session nor log holds the password, as it is or as it was sent.
fn assert_no_password(dir: &Path) {
    let sent = BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes());
    let mut folders = vec![dir.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is readable") {
            let path = entry.expect("it is readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let content = fs::read(&path).expect("it is readable");
            let content = String::from_utf8_lossy(&content);
            for secret in [PASSWORD, &sent] {
                assert!(!content.contains(secret), "in {}", path.display());
            }
        }
    }
    assert!(files >= 3, "trace, journal and CA are there");
}

/// A docker command's `config.json` after `docker login`.
fn login() -> String {
    let auth = BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes());
    json!({"auths": {registry::HOST: {"auth": auth}}}).to_string()
}
