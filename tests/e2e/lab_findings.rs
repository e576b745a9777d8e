//! What pullscope finds in real clients' pulls from the lab: nothing in healthy ones, and under
//! each fault that fault and no other.

use std::collections::BTreeSet;
use std::fs;

use pullscope::findings::Finding;
use pullscope::store::Store;
use pullscope::story::explain;
use pullscope::words::Lang;

use crate::client::{Containerd, Dockerd, podman, skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab, MIRROR};
use crate::recorder::Recorder;

/// Each fault as skopeo meets it, whether the copy fails, and what is found.
const BY_SKOPEO: &[(&str, bool, &[&str])] = &[
    ("hub:rate-limit", true, &["rate-limited"]),
    ("hub:expired-url", true, &["signed-url-expired"]),
    ("hub:corrupt-layer", true, &["digest-mismatch"]),
    ("hub:truncated-layer", true, &["truncated"]),
    ("hub:slow-layer", false, &["slow-blob"]),
    ("hub:wrong-scope", true, &["scope-mismatch"]),
    ("hub:skewed-clock", true, &["clock-skew"]),
    ("hub:missing-digest", false, &["missing-dcd"]),
    ("hub:head-405", false, &[]),
    ("hub:redirect-http", false, &["redirect-downgrade"]),
    ("hub:no-platform", true, &["no-platform"]),
    ("hub:block-page", true, &["manifest-type"]),
    ("hub:schema1", false, &["schema1"]),
    ("gcr:wrong-scope", true, &["denied"]),
    ("gcr:skewed-clock", true, &["clock-skew"]),
    ("gcr:corrupt-layer", true, &["digest-mismatch"]),
    ("quay:expired-url", true, &["signed-url-expired"]),
    ("quay:wrong-scope", true, &["scope-mismatch"]),
    ("quay:skewed-clock", true, &["clock-skew"]),
    ("mirror:stale-mirror", false, &[]),
    ("mirror:skewed-clock", false, &["clock-skew"]),
    ("mirror:mirror-404", true, &["not-found"]),
    ("mirror:mirror-500", true, &["server-error"]),
];

#[test]
fn skopeo_under_each_fault() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    for (fault, fails, expected) in BY_SKOPEO {
        let lab = Lab::start(&[fault]);
        let recorder = Recorder::start(&lab, &[]);
        let mirrored = format!("{MIRROR}/library/alpine");
        let image = match fault.split(':').next() {
            Some("mirror") => &*mirrored,
            Some("gcr") => IMAGES[1],
            Some("quay") => IMAGES[2],
            _ => IMAGES[0],
        };
        let to = format!("dir:{}", lab.dir().join("copy").display());
        let from = format!("docker://{image}");
        let finished = skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]);
        if *fails {
            finished.failed();
        } else {
            finished.succeeded();
        }
        assert_found(fault, &store(recorder), expected);
    }
}

/// The faults of Docker Hub, which each client meets.
const AT_HUB: &[&str] = &[
    "rate-limit",
    "expired-url",
    "corrupt-layer",
    "truncated-layer",
    "slow-layer",
    "wrong-scope",
    "skewed-clock",
    "missing-digest",
    "head-405",
    "redirect-http",
    "no-platform",
    "block-page",
    "schema1",
];

/// What is found under a fault of Docker Hub: as by skopeo, or in the client's own way.
fn expected(own: &'static [(&str, &[&str])], fault: &str) -> &'static [&'static str] {
    let by_skopeo = BY_SKOPEO.iter().find_map(|(name, _, rules)| {
        let rest = name.strip_prefix("hub:")?;
        (rest == fault).then_some(*rules)
    });
    let own = own.iter().find(|(name, _)| *name == fault);
    own.map_or_else(|| by_skopeo.unwrap(), |(_, rules)| rules)
}

/// Lets a client pull Docker Hub's image under each fault.
fn under_each_fault(client: &str, own: &'static [(&str, &[&str])], pull: impl Fn(&Recorder, &Lab)) {
    for fault in AT_HUB {
        let lab = Lab::start(&[&format!("hub:{fault}")]);
        let recorder = Recorder::start(&lab, &[]);
        pull(&recorder, &lab);
        let what = format!("{client} {fault}");
        assert_found(&what, &store(recorder), expected(own, fault));
    }
}

#[test]
fn dockerd_under_each_fault() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    let own: &[(&str, &[&str])] = &[
        ("head-405", &["head-405"]),
        // It goes on where the download broke off.
        ("truncated-layer", &["resumed", "truncated"]),
    ];
    under_each_fault("dockerd", own, |recorder, lab| {
        let dockerd = Dockerd::start(&recorder.route(), lab.dir());
        dockerd.docker(&["pull", "alpine"]);
    });
}

#[test]
fn podman_under_each_fault() {
    if !available(&["root", "podman", "setpriv"]) {
        return;
    }
    let own: &[(&str, &[&str])] = &[];
    under_each_fault("podman", own, |recorder, lab| {
        podman(&recorder.route(), lab.dir(), &["pull", IMAGES[0]]);
    });
}

#[test]
fn containerd_under_each_fault() {
    if !available(&["root", "containerd", "ctr", "setpriv"]) {
        return;
    }
    let own: &[(&str, &[&str])] = &[
        ("head-405", &["head-405"]),
        ("truncated-layer", &["resumed", "truncated"]),
    ];
    under_each_fault("containerd", own, |recorder, lab| {
        let route = recorder.route();
        let containerd = Containerd::start(lab.dir());
        containerd.trust(&route, &["docker.io"]);
        containerd.pull(&route, IMAGES[0]);
    });
}

#[test]
fn a_broken_mirror_is_found_behind_dockerd() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    for fault in ["mirror:mirror-404", "mirror:mirror-500"] {
        let lab = Lab::start(&[fault]);
        let recorder = Recorder::start(&lab, &[]);
        let etc = lab.dir().join("docker-etc");
        fs::create_dir_all(&etc).unwrap();
        let mirrors = format!("{{\"registry-mirrors\": [\"https://{MIRROR}\"]}}");
        fs::write(etc.join("daemon.json"), mirrors).unwrap();
        let dockerd = Dockerd::start(&recorder.route(), lab.dir());
        dockerd.docker(&["pull", "alpine"]).succeeded();
        let store = store(recorder);
        assert_found(fault, &store, &["mirror-fallthrough"]);
        let sentence = findings(&store)[0].sentence(Lang::En);
        assert!(sentence.contains(MIRROR), "{sentence}");
        assert!(sentence.contains(if fault.ends_with("404") { "404" } else { "500" }));
    }
}

#[test]
fn healthy_pulls_give_no_finding() {
    if !available(&[
        "root",
        "dockerd",
        "docker",
        "skopeo",
        "podman",
        "containerd",
        "ctr",
        "setpriv",
    ]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let route = recorder.route();
    let dockerd = Dockerd::start(&route, lab.dir());
    let registries = ["docker.io", "gcr.io", "quay.io"];
    let containerd = Containerd::start(lab.dir());
    containerd.trust(&route, &registries);
    let mirrored = format!("{MIRROR}/library/alpine:latest");
    for (number, image) in IMAGES.into_iter().chain([&*mirrored]).enumerate() {
        let to = format!("dir:{}/healthy-{number}", lab.dir().display());
        let from = format!("docker://{image}");
        skopeo(&route, lab.dir(), &["copy", &from, &to]).succeeded();
        podman(&route, lab.dir(), &["pull", image]).succeeded();
        if image != mirrored {
            let short = image.trim_start_matches("docker.io/library/");
            dockerd.docker(&["pull", short]).succeeded();
            containerd.pull(&route, image).succeeded();
        }
    }
    let store = store(recorder);
    assert_found("healthy", &store, &[]);
    assert_eq!(store.pulls().len(), 14);
}

#[test]
fn a_client_without_our_ca_is_found() {
    if !available(&["root", "dockerd", "docker", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let to = format!("dir:{}/refused", lab.dir().display());
    let from = format!("docker://{}", IMAGES[0]);
    skopeo(
        &recorder.untrusted_route(),
        lab.dir(),
        &["copy", &from, &to],
    )
    .failed();
    let dockerd = Dockerd::start(&recorder.untrusted_route(), lab.dir());
    dockerd.docker(&["pull", "alpine"]).failed();
    let store = store(recorder);
    assert_found("distrust", &store, &["ca-rejected"]);
    for finding in findings(&store) {
        let sentence = finding.sentence(Lang::En);
        assert!(sentence.contains("registry-1.docker.io"), "{sentence}");
    }
}

/// The store of what was recorded.
fn store(recorder: Recorder) -> Store {
    recorder.stop().store()
}

/// Every finding, of pulls and besides.
fn findings(store: &Store) -> Vec<&Finding> {
    store.all_findings().collect()
}

/// Exactly these rules find something, and each step is explained.
fn assert_found(what: &str, store: &Store, expected: &[&str]) {
    let all = findings(store);
    let rules: BTreeSet<_> = all.iter().map(|finding| finding.rule).collect();
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    let urls: Vec<String> = store
        .entries()
        .map(|entry| {
            let url = entry.reading.url.as_ref().map(ToString::to_string);
            let reading = &entry.reading;
            format!("{} {url:?} {:?}", reading.method, reading.status)
        })
        .collect();
    assert_eq!(rules, expected, "{what}: {all:#?}\n{urls:#?}");
    for pull in store.pulls() {
        for step in &pull.steps {
            let reading = &store
                .entry(step.exchange)
                .expect("a step's exchange")
                .reading;
            for lang in [Lang::En, Lang::Zh] {
                assert_ne!(explain(step, reading, pull, lang), "");
            }
        }
    }
}
