//! A client that does not trust the CA is a record of its own, with the alert it sent.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Dockerd, curl, skopeo, wget};
use crate::components::available;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS, Site, reference};

const RUN: Duration = Duration::from_secs(60);

#[test]
fn curl_sends_unknown_ca() {
    if !available(NEEDS) || !available(&["curl"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let url = format!("https://{}/v2/", registry::HOST);
    let curl = curl(&recorder.untrusted_route(), site.dir(), &[&url]);
    // curl's 60: the peer's certificate cannot be authenticated.
    assert_eq!(curl.finish(RUN).failed().status.code(), Some(60));
    assert_rejected(recorder, 48, "unknown_ca", ("curl", "--cacert"));
}

#[test]
fn skopeo_sends_bad_certificate() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let image = format!("docker://{}", reference());
    let route = recorder.untrusted_route();
    skopeo(&route, site.dir(), &["inspect", &image]).failed();
    assert_rejected(
        recorder,
        42,
        "bad_certificate",
        ("skopeo", "pullscope exec -- "),
    );
}

#[test]
fn dockerd_sends_bad_certificate() {
    if !available(NEEDS) || !available(&["root", "dockerd", "docker"]) {
        return;
    }
    let site = Site::start();
    let recorder = Recorder::start(&site, &[]);
    let dockerd = Dockerd::start(&recorder.untrusted_route(), site.dir());
    dockerd.docker(&["pull", &reference()]).failed();
    let fix = ("dockerd", "sudo pullscope setup docker");
    assert_rejected(recorder, 42, "bad_certificate", fix);
}

/// GnuTLS judges the certificate after the handshake, and its wget then says nothing.
#[test]
fn wget_leaves_without_a_word() {
    if !available(NEEDS) || !available(&["wget"]) {
        return;
    }
    let version = Command::new("wget").arg("--version").output().unwrap();
    let is_gnutls = String::from_utf8_lossy(&version.stdout).contains("ssl/gnutls");
    if !is_gnutls && !available(&["wget with GnuTLS"]) {
        return;
    }
    let site = Site::start();
    let mut recorder = Recorder::start(&site, &[]);
    let url = format!("https://{}/v2/", registry::HOST);
    // wget's 5: the certificate does not verify.
    let wget = wget(&recorder.untrusted_route(), site.dir(), &[&url]);
    assert_eq!(wget.finish(RUN).failed().status.code(), Some(5));
    recorder.said("that it probably does not trust the CA", |err| {
        err.contains("probably does not trust") && err.contains("--ca-certificate")
    });
    // Who trusts it and keeps connections to spare gets no word.
    let trusting = recorder.route();
    curl(&trusting, site.dir(), &[&url]).finish(RUN).succeeded();
    recorder.interrupt();
    let said = recorder.stopped().finished.err;
    assert_eq!(said.matches("probably does not trust").count(), 1, "{said}");
}

/// The event and the trace name the host and the alert, no exchange was made up, and the people
/// in front of it are told at once which program it is and what mends it there.
fn assert_rejected(mut recorder: Recorder, code: u64, name: &str, (program, fix): (&str, &str)) {
    recorder.said("the fix for this program", |err| {
        err.contains(program) && err.contains(fix) && err.contains(name)
    });
    let event = recorder.until("a rejected handshake", |events| {
        let mut events = events.iter();
        events
            .find(|event| event["event"] == "handshake_failed")
            .cloned()
    });
    assert_eq!(event["rejection"]["kind"], "alert", "{event}");
    assert_eq!(event["rejection"]["code"], code, "{event}");
    assert_eq!(event["rejection"]["name"], name, "{event}");
    assert_eq!(event["connection"]["target"]["host"], registry::HOST);
    assert_eq!(event["connection"]["target"]["port"], 443);
    assert_eq!(event["connection"]["sni"], registry::HOST);

    let trace = recorder.stop();
    assert!(trace.entries().is_empty(), "{:#?}", trace.entries());
    let errors = trace.tls_errors();
    let named = |error: &Value| {
        let text = error.to_string();
        text.contains(registry::HOST) && text.contains(name)
    };
    assert!(!errors.is_empty() && errors.iter().all(named), "{errors:?}");
}
