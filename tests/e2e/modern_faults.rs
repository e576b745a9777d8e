//! What today's clients do when something goes wrong at Docker Hub, and what is said of it.

use std::collections::BTreeSet;
use std::fs;

use pullscope::pulls::Purpose::{self, Inspect, Pull};
use pullscope::pulls::State::{self, Complete, Failed, Unfinished};

use http::StatusCode;

use crate::components::available;
use crate::front::{Fronted, Refusal};
use crate::image::{Attested, Image};
use crate::lab::{IMAGES, Lab, MIRROR};
use crate::modern::Modern;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS_TODAY, Site};
use crate::told::{CHECKED, Told};
use crate::trace::Trace;

/// A fault; what is said of the client's purpose, of the state of the pull and by which rules; and what
/// the client says itself, where it fails.
type Case = (
    &'static str,
    Purpose,
    State,
    &'static [&'static str],
    Option<&'static str>,
);

#[rustfmt::skip]
#[test]
fn crane_meets_faults() {
    meets_faults(Modern::Crane, &[
        ("rate-limit", Pull, Failed, &["rate-limited"], Some("TOOMANYREQUESTS")),
        ("expired-url", Pull, Failed, &["signed-url-expired"], Some("403")),
        ("corrupt-layer", Pull, Failed, &["digest-mismatch"], Some("error verifying sha256 checksum")),
        ("truncated-layer", Pull, Failed, &["truncated"], Some("unexpected EOF")),
        ("wrong-scope", Pull, Failed, &["scope-mismatch"], Some("UNAUTHORIZED")),
        ("skewed-clock", Pull, Failed, &["clock-skew"], Some("UNAUTHORIZED")),
        ("missing-digest", Pull, Complete, &["missing-dcd"], None),
        ("no-platform", Inspect, Unfinished, &["no-platform"], Some("no child with platform")),
        ("block-page", Inspect, Failed, &["manifest-type"], Some("invalid character '<'")),
        ("schema1", Inspect, Complete, &["schema1"], Some("unsupported MediaType")),
    ]);
}

#[rustfmt::skip]
#[test]
fn oras_meets_faults() {
    meets_faults(Modern::Oras, &[
        ("rate-limit", Pull, Failed, &["rate-limited"], Some("toomanyrequests")),
        ("expired-url", Pull, Failed, &["signed-url-expired"], Some("403")),
        ("corrupt-layer", Pull, Failed, &["digest-mismatch"], Some("mismatched digest")),
        ("truncated-layer", Pull, Failed, &["truncated"], Some("unexpected EOF")),
        ("wrong-scope", Pull, Failed, &["scope-mismatch"], Some("unauthorized")),
        ("skewed-clock", Pull, Failed, &["clock-skew"], Some("unauthorized")),
        ("missing-digest", Pull, Complete, &["missing-dcd"], None),
        ("no-platform", Inspect, Unfinished, &["no-platform"], Some("no matching manifest")),
        ("block-page", Inspect, Failed, &["manifest-type"], Some("text/html: unsupported")),
        ("schema1", Inspect, Complete, &["schema1"], Some("unsupported")),
    ]);
}

#[rustfmt::skip]
#[test]
fn regctl_meets_faults() {
    meets_faults(Modern::Regctl, &[
        ("rate-limit", Pull, Failed, &["rate-limited"], Some("retry limit exceeded")),
        ("expired-url", Pull, Failed, &["signed-url-expired"], Some("403")),
        ("corrupt-layer", Pull, Failed, &["digest-mismatch"], Some("digest mismatch")),
        ("truncated-layer", Pull, Complete, &["resumed", "truncated"], None),
        ("wrong-scope", Pull, Failed, &["scope-mismatch"], Some("unauthorized")),
        ("skewed-clock", Pull, Failed, &["clock-skew"], Some("unauthorized")),
        ("missing-digest", Pull, Complete, &["missing-dcd"], None),
        ("no-platform", Inspect, Unfinished, &["no-platform"], Some("platform not found")),
        ("block-page", Inspect, Failed, &["manifest-type"], Some("unsupported media type")),
        ("schema1", Pull, Complete, &["schema1"], None),
    ]);
}

#[rustfmt::skip]
#[test]
fn containerd_2_meets_faults() {
    meets_faults(Modern::Containerd, &[
        ("rate-limit", Pull, Failed, &["rate-limited"], Some("429 Too Many Requests")),
        ("expired-url", Pull, Failed, &["signed-url-expired"], Some("unexpected status from GET request")),
        ("corrupt-layer", Pull, Failed, &["digest-mismatch"], Some("unexpected commit digest")),
        ("truncated-layer", Pull, Complete, &["resumed", "truncated"], None),
        ("wrong-scope", Pull, Failed, &["scope-mismatch"], Some("insufficient_scope")),
        ("skewed-clock", Pull, Failed, &["clock-skew"], Some("invalid_token")),
        ("missing-digest", Pull, Complete, &["missing-dcd"], None),
        ("head-405", Pull, Complete, &["head-405"], None),
        // It keeps the index, and says that it is done.
        ("no-platform", Pull, Unfinished, &["no-platform"], None),
        ("block-page", Pull, Failed, &["manifest-type"], Some("(text/html)")),
        ("schema1", Pull, Unfinished, &["schema1"], Some("schema 1 image manifests are no longer supported")),
    ]);
}

#[rustfmt::skip]
#[test]
fn docker_29_meets_faults() {
    meets_faults(Modern::Docker, &[
        ("rate-limit", Pull, Failed, &["rate-limited"], Some("429 Too Many Requests")),
        ("expired-url", Pull, Failed, &["signed-url-expired"], Some("unexpected status from GET request")),
        ("corrupt-layer", Pull, Failed, &["digest-mismatch"], Some("unexpected commit digest")),
        ("truncated-layer", Pull, Complete, &["resumed", "truncated"], None),
        ("wrong-scope", Pull, Failed, &["scope-mismatch"], Some("pull access denied")),
        ("skewed-clock", Pull, Failed, &["clock-skew"], Some("pull access denied")),
        ("missing-digest", Pull, Complete, &["missing-dcd"], None),
        ("head-405", Pull, Complete, &["head-405"], None),
        ("no-platform", Pull, Failed, &["no-platform"], Some("no matching manifest for linux/amd64")),
        ("block-page", Pull, Failed, &["manifest-type"], Some("(text/html)")),
        ("schema1", Pull, Unfinished, &["schema1"], Some("no longer supported")),
    ]);
}

/// Without our CA each of them refuses our certificate, and that is what is said, whatever else it says itself.
#[test]
fn today_s_clients_trust_nobody_by_themselves() {
    for modern in [
        Modern::Crane,
        Modern::Oras,
        Modern::Regctl,
        Modern::Containerd,
        Modern::Ctr,
        Modern::Docker,
    ] {
        if !available(modern.needs()) {
            continue;
        }
        let lab = Lab::start(&[]);
        let recorder = Recorder::start(&lab, CHECKED);
        let client = modern.start(&recorder.untrusted_route(), lab.dir());
        let said = client.pull(IMAGES[0]).failed();
        let said = format!("{}{}", said.out, said.err);
        assert!(
            said.contains("certificate signed by unknown authority"),
            "{said}"
        );
        let told = Told::of(recorder);
        let rules = BTreeSet::from_iter(told.besides());
        assert_eq!(rules, BTreeSet::from(["ca-rejected"]), "{}", told.text());
        assert!(told.names().is_empty(), "{}", told.text());
    }
}

/// Docker 29 asks what refers to an image's attestations. Where the list fails it asks for the tag that
/// stands in for it, and takes "not found" for an empty list; any other answer fails the pull, though
/// nothing of the image itself is missing.
#[test]
fn docker_29_fails_by_the_referrers_of_attestations() {
    if !available(NEEDS_TODAY) || !available(Modern::Docker.needs()) {
        return;
    }
    for (paths, state, rules) in [
        (&["/referrers/"][..], Complete, &[][..]),
        (
            &["/referrers/", "/manifests/sha256-"][..],
            Failed,
            &["server-error"][..],
        ),
    ] {
        let site = Site::of_today();
        let attested = Attested::new(Image::plain(&[10_000]));
        site.registry
            .store_attested("library/attested", "1", &attested);
        let refusal = Refusal {
            paths,
            status: StatusCode::INTERNAL_SERVER_ERROR,
            says: r#"{"errors":[{"code":"UNKNOWN","message":"the index of referrers is being built"}]}"#,
        };
        let recorder = Recorder::start(&Fronted::start(&site, refusal), CHECKED);
        let image = format!("{}/library/attested:1", registry::HOST);
        let client = Modern::Docker.start(&recorder.route(), site.dir());
        let done = client.pull(&image);
        assert_eq!(done.status.success(), state == Complete, "{}", done.err);

        let told = Told::of(recorder);
        told.assert("referrers", &[(&image, Pull, state, rules)]);
        told.assert_says("referrers", "the index of referrers is being built");
        if state == Failed {
            told.assert_says(
                "referrers",
                "Nothing of the image itself is missing, but a client",
            );
        }
    }
}

/// Docker 29 asks a mirror as containerd does, by `?ns=docker.io`, and falls through in silence.
#[test]
fn docker_29_asks_a_mirror_first() {
    if !available(Modern::Docker.needs()) {
        return;
    }
    for (fault, status, rules) in [
        (None, 200, &[][..]),
        (Some("mirror:mirror-404"), 404, &["mirror-fallthrough"][..]),
        (Some("mirror:mirror-500"), 500, &["mirror-fallthrough"][..]),
    ] {
        let lab = Lab::start(fault.as_slice());
        let recorder = Recorder::start(&lab, CHECKED);
        let trace = recorder.dir().join("trace.har");
        let etc = lab.dir().join("docker-etc");
        fs::create_dir_all(&etc).unwrap();
        let mirrors = format!("{{\"registry-mirrors\": [\"https://{MIRROR}\"]}}");
        fs::write(etc.join("daemon.json"), mirrors).unwrap();
        let client = Modern::Docker.start(&recorder.route(), lab.dir());
        let pulled = client.pull(IMAGES[0]).succeeded();
        assert!(!pulled.out.contains("mirror") && !pulled.err.contains("mirror"));
        // Its name is that of who answered.
        let mirrored = format!("{MIRROR}/library/alpine:latest");
        let name = if fault.is_some() {
            "alpine:latest"
        } else {
            &mirrored
        };
        Told::of(recorder).assert("mirror", &[(name, Pull, Complete, rules)]);
        let trace = Trace::read(&trace);
        let asked = format!("https://{MIRROR}/v2/library/alpine/manifests/latest?ns=docker.io");
        trace.find("what the mirror said", |entry| {
            entry.is("HEAD", &asked, status)
        });
        let hub = trace
            .entries()
            .iter()
            .any(|entry| entry.url().contains("//registry-1.docker.io/"));
        assert_eq!(hub, fault.is_some());
    }
}

fn meets_faults(modern: Modern, cases: &[Case]) {
    if !available(modern.needs()) {
        return;
    }
    for (fault, purpose, state, rules, error) in cases {
        let lab = Lab::start(&[&format!("hub:{fault}")]);
        let recorder = Recorder::start(&lab, CHECKED);
        let client = modern.start(&recorder.route(), lab.dir());
        let done = client.pull(IMAGES[0]);
        let done = if error.is_some() {
            done.failed()
        } else {
            done.succeeded()
        };
        let said = format!("{}{}", done.out, done.err);
        let told = Told::of(recorder);
        told.assert(fault, &[("alpine:latest", *purpose, *state, *rules)]);
        assert!(said.contains(error.unwrap_or_default()), "{fault}: {said}");
    }
}
