//! Today's clients pull from the lab, and pull from and push to distribution 3: what they get, what they
//! ask for, and what is said of it.

use std::collections::BTreeSet;
use std::fs;

use pullscope::pulls::Purpose::{Login, Pull, Push};
use pullscope::pulls::State::Complete;

use crate::asked::{assert_alike, assert_as_recorded};
use crate::components::available;
use crate::image::{Attested, Image};
use crate::lab::{IMAGES, Lab};
use crate::modern::{Modern, run};
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS_TODAY, Site, reference};
use crate::token::{PASSWORD, USER};
use crate::told::{CHECKED, Told};

/// The lab's `alpine:latest`, and its image for linux/amd64.
const INDEX: &str = "sha256:f53e616674f3ff16ff9b24a3840988eb5da048e2d533bc815e0025ad9831dbaa";
const MANIFEST: &str = "sha256:7c66368aa4092b4fcc73f9f37728bbb4a06737cd94842e0cd392f902dc3acbb9";

/// What programs offer that would speak HTTP/2.
const BOTH: &[&str] = &["h2", "http/1.1"];

#[test]
fn crane_pulls_from_the_lab() {
    pulls_from_the_lab(Modern::Crane);
}

#[test]
fn oras_pulls_from_the_lab() {
    pulls_from_the_lab(Modern::Oras);
}

#[test]
fn regctl_pulls_from_the_lab() {
    pulls_from_the_lab(Modern::Regctl);
}

#[test]
fn containerd_2_pulls_from_the_lab() {
    pulls_from_the_lab(Modern::Containerd);
}

#[test]
fn ctr_2_pulls_from_the_lab_by_itself() {
    pulls_from_the_lab(Modern::Ctr);
}

#[test]
fn docker_29_pulls_from_the_lab() {
    pulls_from_the_lab(Modern::Docker);
}

#[test]
fn crane_pulls_and_pushes() {
    pulls_and_pushes(Modern::Crane);
}

#[test]
fn oras_pulls_and_pushes() {
    pulls_and_pushes(Modern::Oras);
}

#[test]
fn regctl_pulls_and_pushes() {
    pulls_and_pushes(Modern::Regctl);
}

#[test]
fn containerd_2_pulls_and_pushes() {
    pulls_and_pushes(Modern::Containerd);
}

#[test]
fn ctr_2_pulls_and_pushes_by_itself() {
    pulls_and_pushes(Modern::Ctr);
}

#[test]
fn docker_29_pulls_and_pushes() {
    pulls_and_pushes(Modern::Docker);
}

#[test]
fn helm_4_pushes_and_pulls_a_chart() {
    helm_pushes_and_pulls(false, [BOTH; 3]);
}

/// Given a file of roots, helm offers HTTP/2 for logins alone.
#[test]
fn helm_4_with_a_file_of_roots() {
    helm_pushes_and_pulls(true, [BOTH, &[], &[]]);
}

fn helm_pushes_and_pulls(by_file: bool, offers: [&[&str]; 3]) {
    if !available(NEEDS_TODAY) || !available(&["go:helm"]) {
        return;
    }
    let site = Site::of_today();
    let recorder = Recorder::start(&site, CHECKED);
    let trace = recorder.dir().join("trace.har");
    let trust = recorder.route().trust.unwrap().display().to_string();
    let route = if by_file {
        recorder.untrusted_route()
    } else {
        recorder.route()
    };
    let helm = |args: &[&str]| {
        let roots = ["--ca-file", &trust];
        run(
            "go:helm",
            &route,
            site.dir(),
            &[args, if by_file { &roots } else { &[] }].concat(),
        )
    };
    let chart = site.dir().join("chart");
    fs::create_dir_all(&chart).unwrap();
    let about = "apiVersion: v2\nname: hello\nversion: 1.0.0\n";
    fs::write(chart.join("Chart.yaml"), about).unwrap();
    run("go:helm", &route, site.dir(), &["package", "chart"]).succeeded();
    helm(&[
        "registry",
        "login",
        "-u",
        USER,
        "-p",
        PASSWORD,
        registry::HOST,
    ])
    .succeeded();
    let charts = format!("oci://{}/charts", registry::HOST);
    let pushed = helm(&["push", "hello-1.0.0.tgz", &charts]).succeeded();
    let digest = site.registry.digest("charts/hello", "1.0.0");
    let said = format!("{}{}", pushed.out, pushed.err);
    assert!(said.contains(&digest), "{said}");
    let chart = site.dir().join("hello-1.0.0.tgz");
    let packed = fs::read(&chart).unwrap();
    fs::remove_file(&chart).unwrap();
    helm(&["pull", &format!("{charts}/hello"), "--version", "1.0.0"]).succeeded();
    assert_eq!(fs::read(&chart).unwrap(), packed);

    let told = Told::of(recorder);
    let name = format!("{}/charts/hello:1.0.0", registry::HOST);
    told.assert(
        "helm",
        &[
            (registry::HOST, Login, Complete, &[]),
            (&name, Push, Complete, &[]),
            (&name, Pull, Complete, &[]),
        ],
    );
    for (pull, offers) in offers.iter().enumerate() {
        let offers = BTreeSet::from([offers.to_vec()]);
        assert_eq!(told.offered(pull), offers, "{}", told.text());
    }
    assert_alike("helm-4", "chart", &trace);
}

/// containerd fetches a layer of 200 MB in pieces, beside each other: it is whole, and nothing is wrong.
#[test]
fn containerd_2_pulls_a_large_layer_in_pieces() {
    const PIECE: u32 = 8 << 20;
    if !available(NEEDS_TODAY) || !available(Modern::Containerd.needs()) {
        return;
    }
    let image = Image::large(200 << 20);
    let site = Site::with("go:registry", image);
    let recorder = Recorder::start(&site, CHECKED);
    let route = recorder.route();
    let containerd = crate::client::Containerd::of_today(&route, site.dir(), PIECE);
    let pull = [
        "images",
        "pull",
        "--platform",
        "linux/amd64",
        "--snapshotter=native",
    ];
    containerd
        .ctr(&route, &[&pull[..], &[&reference()]].concat())
        .succeeded();
    let listed = containerd.ctr(&route, &["images", "ls"]).succeeded();
    assert!(
        listed.out.contains(&site.image.manifest.digest),
        "{}",
        listed.out
    );
    let told = Told::of(recorder);
    // Both say only what is so. That what a client cuts off has come already is so as good as always.
    let remarks: &[&str] = if told.says("over-fetch") {
        &["chunked-fetch", "over-fetch"]
    } else {
        &["chunked-fetch"]
    };
    told.assert("pieces", &[(&reference(), Pull, Complete, remarks)]);
    assert!(
        !told.says("warning") && !told.says("error"),
        "{}",
        told.text()
    );
    assert_eq!(told.blobs(0), ["verified", "verified"], "{}", told.text());
    let pieces = told.pieces(0, 1);
    assert!(pieces > 5, "{pieces} pieces:\n{}", told.text());
}

/// Docker 29 fetches what says how an image was made, too, and asks for what refers to that. A registry
/// without an answer to this is no fault.
#[test]
fn docker_29_pulls_an_image_with_attestations() {
    if !available(NEEDS_TODAY) || !available(Modern::Docker.needs()) {
        return;
    }
    let site = Site::of_today();
    let attested = Attested::new(Image::plain(&[10_000]));
    site.registry
        .store_attested("library/attested", "1", &attested);
    let recorder = Recorder::start(&site, CHECKED);
    let trace = recorder.dir().join("trace.har");
    let image = format!("{}/library/attested:1", registry::HOST);
    let client = Modern::Docker.start(&recorder.route(), site.dir());
    client.pull(&image).succeeded();
    assert_eq!(client.has(&image), attested.index.digest);
    assert!(
        client.store().contains("io.containerd.snapshotter.v1"),
        "its images are containerd's"
    );

    let told = Told::of(recorder);
    told.assert("attestations", &[(&image, Pull, Complete, &[])]);
    assert_as_recorded(Modern::Docker.name(), "attested", &trace);
    for sentence in [
        "Of its 2 entries the others are no images, such as build attestations.",
        "The manifest is of an attestation, no image to run",
        "has no list of referrers (404); the client will look for a tag of that name instead.",
    ] {
        told.assert_says("attestations", sentence);
    }
    let kinds = told.kinds(0);
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "referrers").count(),
        1,
        "{kinds:?}"
    );
}

fn pulls_from_the_lab(modern: Modern) {
    if !available(modern.needs()) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, CHECKED);
    let trace = recorder.dir().join("trace.har");
    let client = modern.start(&recorder.route(), lab.dir());
    client.pull(IMAGES[0]).succeeded();
    let expected = if modern.keeps_indexes() {
        INDEX
    } else {
        MANIFEST
    };
    assert_eq!(client.has(IMAGES[0]), expected);

    let told = Told::of(recorder);
    told.assert(modern.name(), &[("alpine:latest", Pull, Complete, &[])]);
    assert_eq!(told.client(0), modern.agent(), "{}", told.text());
    assert!(told.blobs(0).contains(&"verified"), "{}", told.text());
    assert_eq!(
        told.offered(0),
        BTreeSet::from([modern.offers().to_vec()]),
        "{}",
        told.text()
    );
    assert_as_recorded(modern.name(), "pull", &trace);
}

fn pulls_and_pushes(modern: Modern) {
    if !available(NEEDS_TODAY) || !available(modern.needs()) {
        return;
    }
    let site = Site::of_today();
    let recorder = Recorder::start(&site, CHECKED);
    let trace = recorder.dir().join("trace.har");
    let client = modern.start(&recorder.route(), site.dir());
    client.log_in();
    client.pull(&reference()).succeeded();
    assert_eq!(client.has(&reference()), site.image.manifest.digest);
    let repository = format!("new/by-{}", modern.name());
    let to = format!("{}/{repository}:1", registry::HOST);
    client.push(&reference(), &to).succeeded();
    assert_eq!(
        site.registry.digest(&repository, "1"),
        site.image.manifest.digest
    );

    let told = Told::of(recorder);
    told.assert(
        modern.name(),
        &[
            (&reference(), Pull, Complete, &[]),
            (&to, Push, Complete, &[]),
        ],
    );
    assert_eq!(told.blobs(0), ["verified"; 3], "{}", told.text());
    assert_as_recorded(modern.name(), "distribution", &trace);
}
