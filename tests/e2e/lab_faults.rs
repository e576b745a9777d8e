//! Every fault of the lab as a real client meets it: what the client says, and what the trace has.

use std::fs;

use crate::client::{Dockerd, skopeo};
use crate::components::available;
use crate::lab::{Lab, MIRROR, PULLSCOPE, copied};
use crate::process::{Process, bound};
use crate::recorder::Recorder;
use crate::trace::{Entry, Trace};

/// What skopeo does when a fault strikes.
struct Case {
    fault: &'static str,
    /// Part of its error; `None` where the copy succeeds all the same.
    error: Option<&'static str>,
    /// What the trace must contain.
    shows: fn(Entry<'_>) -> bool,
}

const BY_SKOPEO: &[Case] = &[
    Case {
        fault: "hub:rate-limit",
        error: Some("toomanyrequests"),
        shows: |entry| entry.status() == 429 && entry.response_header("retry-after").is_some(),
    },
    Case {
        fault: "hub:expired-url",
        error: Some("403 (Forbidden)"),
        shows: |entry| entry.status() == 403 && on_cdn(entry),
    },
    Case {
        fault: "hub:corrupt-layer",
        error: Some("Digest did not match"),
        shows: |entry| {
            let named = entry
                .url()
                .split(|c: char| !c.is_ascii_hexdigit())
                .find(|run| run.len() == 64);
            on_cdn(entry) && entry.status() == 200 && entry.sha256().as_deref() != named
        },
    },
    Case {
        fault: "hub:truncated-layer",
        error: Some("unexpected EOF"),
        shows: |entry| on_cdn(entry) && entry.status() == 200 && entry.error().is_some(),
    },
    Case {
        fault: "hub:slow-layer",
        error: None,
        shows: |entry| on_cdn(entry) && entry.receive() > 3_000.0,
    },
    Case {
        fault: "hub:wrong-scope",
        error: Some("denied"),
        shows: |entry| {
            let challenge = entry
                .response_header("www-authenticate")
                .unwrap_or_default();
            entry.status() == 401 && challenge.contains("insufficient_scope")
        },
    },
    Case {
        fault: "hub:skewed-clock",
        error: Some("unauthorized"),
        shows: |entry| {
            let challenge = entry
                .response_header("www-authenticate")
                .unwrap_or_default();
            entry.status() == 401 && challenge.contains("invalid_token")
        },
    },
    Case {
        fault: "hub:missing-digest",
        error: None,
        shows: |entry| {
            entry.url().contains("/manifests/")
                && entry.status() == 200
                && entry.response_header("docker-content-digest").is_none()
        },
    },
    Case {
        fault: "hub:redirect-http",
        error: None,
        shows: |entry| entry.url().starts_with("http://") && entry.status() == 200,
    },
    Case {
        fault: "hub:no-platform",
        error: Some("no image found in manifest list"),
        shows: |entry| entry.url().ends_with("/manifests/latest") && entry.status() == 200,
    },
    Case {
        fault: "hub:block-page",
        error: Some("invalid character '<'"),
        shows: |entry| {
            let kind = entry.response_header("content-type").unwrap_or_default();
            entry.url().contains("/manifests/") && kind.starts_with("text/html")
        },
    },
    Case {
        fault: "hub:schema1",
        error: None,
        shows: |entry| {
            let kind = entry.response_header("content-type").unwrap_or_default();
            kind.contains("manifest.v1+")
        },
    },
    Case {
        fault: "mirror:mirror-404",
        error: Some("manifest unknown"),
        shows: |entry| entry.url().contains(MIRROR) && entry.status() == 404,
    },
    Case {
        fault: "mirror:mirror-500",
        error: Some("500 Internal Server Error"),
        shows: |entry| entry.url().contains(MIRROR) && entry.status() == 500,
    },
];

/// Faults that need another client, or more than one pull, to show.
const ELSEWHERE: &[&str] = &["head-405", "stale-mirror"];

#[test]
fn skopeo_meets_each_fault() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    for case in BY_SKOPEO {
        let lab = Lab::start(&[case.fault]);
        let recorder = Recorder::start(&lab, &[]);
        let image = if case.fault.starts_with("mirror:") {
            &*mirrored()
        } else {
            "docker.io/library/alpine"
        };
        let to = format!("dir:{}", lab.dir().join("copy").display());
        let from = format!("docker://{image}");
        let finished = skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]);
        let finished = match case.error {
            None => finished.succeeded(),
            Some(_) => finished.failed(),
        };
        let error = case.error.unwrap_or_default();
        assert!(
            finished.err.contains(error),
            "{}: {}",
            case.fault,
            finished.err
        );
        let trace = recorder.stop();
        trace.find(case.fault, case.shows);
    }
}

#[test]
fn a_stale_mirror_serves_another_image_than_the_registry() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&["mirror:stale-mirror"]);
    let recorder = Recorder::start(&lab, &[]);
    let copy = |image: &str, name: &str| {
        let folder = lab.dir().join(name);
        let (from, to) = (
            format!("docker://{image}"),
            format!("dir:{}", folder.display()),
        );
        skopeo(&recorder.route(), lab.dir(), &["copy", &from, &to]).succeeded();
        copied(&folder)
    };
    assert_ne!(
        copy(&mirrored(), "stale"),
        copy("docker.io/library/alpine", "fresh")
    );
    let trace = recorder.stop();
    let digest = |host: &str| {
        let tag = format!("https://{host}/v2/library/alpine/manifests/latest");
        let entry = trace.find(host, |entry| entry.is("GET", &tag, 200));
        entry
            .response_header("docker-content-digest")
            .map(str::to_owned)
    };
    assert_ne!(digest(MIRROR), digest("registry-1.docker.io"));
}

#[test]
fn dockerd_goes_on_after_a_head_that_is_not_allowed_and_a_layer_that_breaks_off() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&["hub:head-405", "hub:truncated-layer"]);
    let recorder = Recorder::start(&lab, &[]);
    let dockerd = Dockerd::start(&recorder.route(), lab.dir());
    dockerd.docker(&["pull", "alpine"]).succeeded();
    let trace = recorder.stop();
    trace.find("refused HEAD", |entry| {
        entry.method() == "HEAD" && entry.status() == 405
    });
    let cut = |entry: &Entry<'_>| on_cdn(*entry) && entry.error().is_some();
    assert_eq!(
        trace.entries().into_iter().filter(cut).count(),
        2,
        "twice, then whole"
    );
    trace.find("resumed download", |entry| {
        on_cdn(entry) && entry.status() == 206 && entry.request_header("range").is_some()
    });
}

#[test]
fn dockerd_falls_through_a_broken_mirror_and_the_trace_says_why() {
    if !available(&["root", "dockerd", "docker", "setpriv"]) {
        return;
    }
    for (fault, status) in [("mirror:mirror-404", 404), ("mirror:mirror-500", 500)] {
        let lab = Lab::start(&[fault]);
        let recorder = Recorder::start(&lab, &[]);
        let etc = lab.dir().join("docker-etc");
        fs::create_dir_all(&etc).unwrap();
        let mirrors = format!("{{\"registry-mirrors\": [\"https://{MIRROR}\"]}}");
        fs::write(etc.join("daemon.json"), mirrors).unwrap();
        let dockerd = Dockerd::start(&recorder.route(), lab.dir());
        let pulled = dockerd.docker(&["pull", "alpine"]).succeeded();
        assert!(
            !pulled.out.contains("mirror") && !pulled.err.contains("mirror"),
            "dockerd hides it"
        );
        let trace = recorder.stop();
        let refused = position(&trace, |entry| {
            entry.url().contains(MIRROR) && entry.status() == status
        });
        let hub = position(&trace, |entry| {
            entry
                .url()
                .contains("registry-1.docker.io/v2/library/alpine/manifests")
                && entry.status() == 200
        });
        assert!(refused < hub, "{:#?}", trace.entries());
    }
}

#[test]
fn no_fault_is_left_out() {
    if !available(&["setpriv"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let help = Process::start(
        "lab",
        dir.path(),
        bound(PULLSCOPE).args(["lab", "--fault", "help"]),
    )
    .finish(std::time::Duration::from_secs(30))
    .succeeded();
    // What only today's registries do is met in tests/lab/today.rs.
    let of_2020 = |line: &&str| {
        let (_, providers) = line.rsplit_once('(').unwrap();
        let mut providers = providers.trim_end_matches(')').split(", ");
        providers.any(|provider| ["hub", "mirror", "gcr", "quay"].contains(&provider))
    };
    let names: Vec<_> = help
        .out
        .lines()
        .filter(of_2020)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names.len(), 16, "{names:?}");
    for name in names {
        let met = BY_SKOPEO.iter().any(|case| case.fault.ends_with(name));
        assert!(
            met || ELSEWHERE.contains(&name),
            "{name} is met by no client"
        );
    }
}

fn mirrored() -> String {
    format!("{MIRROR}/library/alpine")
}

fn on_cdn(entry: Entry<'_>) -> bool {
    entry.url().contains("production.cloudflare.docker.com")
}

fn position(trace: &Trace, fits: impl Fn(Entry<'_>) -> bool) -> usize {
    trace.position("exchange", fits)
}
