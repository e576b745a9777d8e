//! What is said of real clients' pulls, pushes and logins: the verdict, the findings and the exit
//! code of a check, whether they went well, were killed or were called off.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use pullscope::pulls::Purpose::{Login, Pull, Push};
use pullscope::pulls::State::{Complete, Failed, Stopped};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::{Dockerd, podman, skopeo, start_podman, start_skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab};
use crate::process::Process;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS, Site, Upstream};
use crate::token::{PASSWORD, USER};
use crate::told::{CHECKED, Told};

const TINY: &str = "registry.pullscope.test/library/tiny:1.0";
/// Time for a client to end after it was told to.
const END: std::time::Duration = std::time::Duration::from_secs(30);

#[test]
fn a_push_to_a_new_repository_is_complete() {
    if !available(NEEDS) || !available(&["root", "skopeo", "podman"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, CHECKED);
    let route = recorder.route();
    let here = folder(&site, "copy");
    skopeo(&route, site.dir(), &["copy", &docker(TINY), &here]).succeeded();
    let to = docker(&format!("{}/new/by-skopeo:1", registry::HOST));
    skopeo(
        &route,
        site.dir(),
        &["copy", "--dest-creds", &creds(PASSWORD), &here, &to],
    )
    .succeeded();
    let by_podman = format!("{}/new/by-podman:1", registry::HOST);
    podman(&route, site.dir(), &["pull", &here]).succeeded();
    let images = podman(&route, site.dir(), &["images", "--quiet"]).succeeded();
    let push = [
        "push",
        "--creds",
        &creds(PASSWORD),
        images.out.trim(),
        &by_podman,
    ];
    podman(&route, site.dir(), &push).succeeded();

    Told::of(recorder).assert(
        "pushes",
        &[
            (TINY, Pull, Complete, &[]),
            (
                "registry.pullscope.test/new/by-skopeo:1",
                Push,
                Complete,
                &[],
            ),
            (
                "registry.pullscope.test/new/by-podman:1",
                Push,
                Complete,
                &[],
            ),
        ],
    );
}

#[test]
fn a_push_that_mounts_its_layers_is_complete() {
    if !available(NEEDS) || !available(&["root", "skopeo", "dockerd", "docker"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, CHECKED);
    let dockerd = Dockerd::start(&recorder.route(), site.dir());
    let auth = BASE64.encode(creds(PASSWORD).as_bytes());
    let login = json!({"auths": {registry::HOST: {"auth": auth}}});
    fs::write(dockerd.config().join("config.json"), login.to_string()).unwrap();
    dockerd.docker(&["pull", TINY]).succeeded();
    let name = format!("{}/mounted/by-docker:1", registry::HOST);
    dockerd.docker(&["tag", TINY, &name]).succeeded();
    dockerd.docker(&["push", &name]).succeeded();

    let told = Told::of(recorder);
    told.assert(
        "mounts",
        &[
            (TINY, Pull, Complete, &[]),
            (
                "registry.pullscope.test/mounted/by-docker:1",
                Push,
                Complete,
                &[],
            ),
        ],
    );
    assert_eq!(
        told.blobs(1),
        ["pushed", "mounted", "mounted"],
        "{}",
        told.text()
    );
}

/// skopeo knows too late that the registry has the layers already, so it sends them all.
#[test]
fn a_copy_inside_a_registry_is_a_pull_and_a_push() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, CHECKED);
    let name = format!("{}/copied/by-skopeo:1", registry::HOST);
    let to = docker(&name);
    let copy = ["copy", "--dest-creds", &creds(PASSWORD), &docker(TINY), &to];
    skopeo(&recorder.route(), site.dir(), &copy).succeeded();
    Told::of(recorder).assert(
        "copy",
        &[(TINY, Pull, Complete, &[]), (&name, Push, Complete, &[])],
    );
}

#[test]
fn a_copy_of_all_platforms_is_one_pull_and_one_push() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let site = Site::start();
    let here = folder(&lab, "all");
    let recorder = Recorder::start(&lab, CHECKED);
    let pull = ["copy", "--all", &docker(IMAGES[0]), &here];
    skopeo(&recorder.route(), lab.dir(), &pull).succeeded();
    let index = fs::read(lab.dir().join("all/manifest.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let platforms = index["manifests"].as_array().unwrap().len();
    assert!(platforms > 1, "{index}");
    let told = Told::of(recorder);
    told.assert("pull", &[("alpine:latest", Pull, Complete, &[])]);
    // Each has a configuration and a layer.
    assert_eq!(
        told.blobs(0),
        vec!["verified"; 2 * platforms],
        "{}",
        told.text()
    );

    let recorder = Recorder::start(&site, CHECKED);
    let name = format!("{}/new/all:1", registry::HOST);
    let push = [
        "copy",
        "--all",
        "--dest-creds",
        &creds(PASSWORD),
        &here,
        &docker(&name),
    ];
    skopeo(&recorder.route(), site.dir(), &push).succeeded();
    let told = Told::of(recorder);
    told.assert("push", &[(&name, Push, Complete, &[])]);
    assert_eq!(
        told.blobs(0),
        vec!["pushed"; 2 * platforms],
        "{}",
        told.text()
    );
}

#[test]
fn a_login_is_complete_with_the_right_password_and_denied_with_a_wrong_one() {
    if !available(NEEDS) || !available(&["root", "skopeo", "podman", "dockerd", "docker"]) {
        return;
    }
    for (password, state, rules) in [
        (PASSWORD, Complete, &[][..]),
        ("wrong", Failed, &["denied"][..]),
    ] {
        for client in ["skopeo", "podman", "docker"] {
            let site = Site::start();
            let recorder = Recorder::start(&site, CHECKED);
            let route = recorder.route();
            let auth = site.dir().join("auth.json");
            let auth = format!("--authfile={}", auth.display());
            let as_user = ["login", "-u", USER, "-p", password, registry::HOST];
            let own = ["login", &auth, "-u", USER, "-p", password, registry::HOST];
            let done = match client {
                "skopeo" => skopeo(&route, site.dir(), &own),
                "podman" => podman(&route, site.dir(), &own),
                _ => Dockerd::start(&route, site.dir()).docker(&as_user),
            };
            assert_eq!(
                done.status.success(),
                state == Complete,
                "{client}: {}",
                done.err
            );
            let what = format!("{client} login {password}");
            Told::of(recorder).assert(&what, &[(registry::HOST, Login, state, rules)]);
        }
    }
}

#[test]
fn a_pull_that_was_killed_was_stopped_and_its_retry_is_a_pull_of_its_own() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&["hub:slow-layer"]);
    let mut recorder = Recorder::start(&lab, CHECKED);
    let (from, to) = (docker(IMAGES[0]), folder(&lab, "copy"));
    let copy = ["copy", &from, &to];
    let killed = start_skopeo(&recorder.route(), lab.dir(), &copy);
    end_in_a_layer(&mut recorder, killed, Signal::KILL);
    skopeo(&recorder.route(), lab.dir(), &copy).succeeded();

    Told::of(recorder).assert(
        "killed",
        &[
            ("alpine:latest", Pull, Stopped, &[]),
            ("alpine:latest", Pull, Complete, &["slow-blob"]),
        ],
    );
}

#[test]
fn a_pull_that_was_called_off_was_stopped() {
    if !available(&["root", "skopeo", "podman", "setpriv"]) {
        return;
    }
    for client in ["skopeo", "podman"] {
        let lab = Lab::start(&["hub:slow-layer"]);
        let mut recorder = Recorder::start(&lab, CHECKED);
        let route = recorder.route();
        let (from, to) = (docker(IMAGES[0]), folder(&lab, "copy"));
        let pull = match client {
            "skopeo" => start_skopeo(&route, lab.dir(), &["copy", &from, &to]),
            _ => start_podman(&route, lab.dir(), &["pull", IMAGES[0]]),
        };
        end_in_a_layer(&mut recorder, pull, Signal::INT);
        Told::of(recorder).assert(client, &[("alpine:latest", Pull, Stopped, &[])]);
    }
}

/// Ends a pull of alpine by a signal when its layer has begun to come, and waits until that is
/// recorded.
fn end_in_a_layer(recorder: &mut Recorder, client: Process, signal: Signal) {
    let layer = recorder.until("a layer from the CDN", |events| {
        // The configuration comes first, and is there at once.
        let heads = events
            .iter()
            .filter(|event| event["event"] == "response_head");
        let mut heads = heads.filter(|head| {
            let ended = |event: &&Value| event["event"] == "ended" && event["id"] == head["id"];
            let request =
                |event: &&Value| event["event"] == "request_head" && event["id"] == head["id"];
            let url = events
                .iter()
                .find(request)
                .map(|event| &event["request"]["url"]);
            let url = url.and_then(Value::as_str).unwrap_or_default();
            url.contains("production.cloudflare.docker.com") && !events.iter().any(|e| ended(&e))
        });
        heads.next().map(|head| head["id"].clone())
    });
    client.signal(signal);
    client.finish(END).failed();
    recorder.until("the end of the layer", |events| {
        let mut events = events.iter();
        events
            .find(|event| event["event"] == "ended" && event["id"] == layer)
            .map(|_| ())
    });
}

fn docker(image: &str) -> String {
    format!("docker://{image}")
}

fn creds(password: &str) -> String {
    format!("{USER}:{password}")
}

/// A folder for skopeo to copy an image to.
fn folder(site: &impl Upstream, name: &str) -> String {
    let path: &Path = site.dir();
    format!("dir:{}", path.join(name).display())
}
