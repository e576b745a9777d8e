//! What is said when a real client gets nothing: each way that a connection fails, and each
//! provider's refusals. The pull failed, one finding says why, and a check ends with 4.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use pullscope::pulls::Purpose::Pull;
use pullscope::pulls::State::Failed;

use crate::client::skopeo;
use crate::components::available;
use crate::lab::{IMAGES, Lab, MIRROR};
use crate::recorder::Recorder;
use crate::site::Upstream;
use crate::stub::{Habit, Stub};
use crate::told::{CHECKED, Told};

const NEEDS: &[&str] = &["root", "skopeo", "setpriv"];
/// Where a registry should be.
const HOST: &str = "registry.pullscope.test";

/// What a proxy says to who does not log in.
const LOGIN_FIRST: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
    Proxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// What a server says by HTTP to who speaks TLS.
const NO_TLS_HERE: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 11\r\nConnection: close\r\n\r\nBad Request";
/// A load balancer without a server behind it.
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
    Content-Length: 19\r\nConnection: close\r\n\r\nno healthy upstream";
/// A registry that wants nobody.
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n\
    Content-Length: 85\r\nConnection: close\r\n\r\n\
    {\"errors\":[{\"code\":\"DENIED\",\"message\":\"requested access to the resource is denied\"}]}";

/// A recording's place among several of one site.
struct Corner<'a> {
    site: &'a (dyn Upstream + Sync),
    dir: PathBuf,
}

impl<'a> Corner<'a> {
    fn of(site: &'a (impl Upstream + Sync), name: &str) -> Self {
        let dir = site.dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self { site, dir }
    }
}

impl Upstream for Corner<'_> {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn root(&self) -> &Path {
        self.site.root()
    }

    fn connect_to(&self) -> Vec<String> {
        self.site.connect_to()
    }
}

/// Lets skopeo pull an image that it does not get, and asks what is said of it.
fn refused(site: &impl Upstream, args: &[&str], image: &str) -> Told {
    let recorder = Recorder::start(site, &[CHECKED, args].concat());
    let to = format!("dir:{}", site.dir().join("copy").display());
    let from = format!("docker://{image}");
    skopeo(&recorder.route(), site.dir(), &["copy", &from, &to]).failed();
    Told::of(recorder)
}

#[test]
fn a_connection_that_fails_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    // What is done to the client, and part of what is said of it.
    let cases: &[(&str, Habit, &str)] = &[
        ("refused", Habit::Absent, "refused the connection"),
        ("closed", Habit::Closes, "closed the connection"),
        ("plain HTTP", Habit::Says(NO_TLS_HERE), "speaks plain HTTP"),
        ("silent", Habit::Silent, "did not answer in time"),
    ];
    for (what, habit, sentence) in cases {
        let stub = Stub::start(&[HOST], *habit);
        let timeout = ["--upstream-timeout", "2"];
        let told = refused(&stub, &timeout, &format!("{HOST}/app:1"));
        told.assert(what, &[(HOST, Pull, Failed, &["unreachable"])]);
        told.assert_says(what, sentence);
    }
}

#[test]
fn a_name_that_is_not_known_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let stub = Stub::start(&[HOST], Habit::Absent);
    let told = refused(&stub, &[], "nowhere.invalid/app:1");
    told.assert(
        "name",
        &[("nowhere.invalid", Pull, Failed, &["unreachable"])],
    );
    told.assert_says("name", "The name nowhere.invalid is not known here");
}

#[test]
fn a_proxy_that_wants_a_login_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let proxy = Stub::start(&["proxy.pullscope.test"], Habit::Says(LOGIN_FIRST));
    let url = format!("http://{}", proxy.address());
    let told = refused(
        &proxy,
        &["--upstream-proxy", &url],
        &format!("{HOST}/app:1"),
    );
    told.assert("407", &[(HOST, Pull, Failed, &["unreachable"])]);
    told.assert_says("407", "wants a user name and a password (407)");
}

/// What is asked of each provider, and the rule that says what came of it.
type Refusals<'a> = &'a [(&'a str, &'a str, &'a str)];

/// Asks all of them at once, each in a corner of its own.
fn assert_refused(what: &str, site: &(impl Upstream + Sync), refusals: Refusals<'_>) {
    thread::scope(|scope| {
        for (number, (image, name, rule)) in refusals.iter().enumerate() {
            let corner = Corner::of(site, &number.to_string());
            scope.spawn(move || {
                let told = refused(&corner, &[], image);
                told.assert(
                    &format!("{what}: {image}"),
                    &[(name, Pull, Failed, &[rule])],
                );
            });
        }
    });
}

#[test]
fn an_image_that_a_provider_does_not_have_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let mirrored = format!("{MIRROR}/library/alpine:never");
    assert_refused(
        "missing",
        &Lab::start(&[]),
        &[
            (
                "docker.io/library/alpine:never",
                "alpine:never",
                "not-found",
            ),
            ("docker.io/library/nothing:1", "nothing:1", "not-found"),
            (&mirrored, &mirrored, "not-found"),
            (
                "gcr.io/nobody/nothing:1",
                "gcr.io/nobody/nothing:1",
                "not-found",
            ),
            (
                "quay.io/nobody/nothing:1",
                "quay.io/nobody/nothing:1",
                "not-found",
            ),
        ],
    );
}

#[test]
fn a_rate_limit_of_a_provider_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let mirrored = format!("{MIRROR}/library/alpine:latest");
    assert_refused(
        "rate limit",
        &Lab::start(&["rate-limit"]),
        &[
            (IMAGES[0], "alpine:latest", "rate-limited"),
            (IMAGES[1], IMAGES[1], "rate-limited"),
            (IMAGES[2], IMAGES[2], "rate-limited"),
            (&mirrored, &mirrored, "rate-limited"),
        ],
    );
}

#[test]
fn a_token_that_a_provider_does_not_take_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    assert_refused(
        "wrong scope",
        &Lab::start(&["wrong-scope"]),
        &[
            (IMAGES[0], "alpine:latest", "scope-mismatch"),
            // Its tokens are opaque, so nobody can read what they grant.
            (IMAGES[1], IMAGES[1], "denied"),
            (IMAGES[2], IMAGES[2], "scope-mismatch"),
        ],
    );
}

#[test]
fn a_provider_that_is_out_of_order_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let mirrored = format!("{MIRROR}/library/alpine:latest");
    assert_refused(
        "500",
        &Lab::start(&["mirror-500"]),
        &[(&mirrored, &mirrored, "server-error")],
    );
    assert_refused(
        "503",
        &Stub::start(PROVIDERS, Habit::Answers(UNAVAILABLE)),
        &[
            (IMAGES[0], "registry-1.docker.io", "server-error"),
            (IMAGES[1], "gcr.io", "server-error"),
            (IMAGES[2], "quay.io", "server-error"),
            (&mirrored, MIRROR, "server-error"),
        ],
    );
}

#[test]
fn a_provider_that_lets_nobody_in_is_a_pull_that_failed() {
    if !available(NEEDS) {
        return;
    }
    let mirrored = format!("{MIRROR}/library/alpine:latest");
    assert_refused(
        "403",
        &Stub::start(PROVIDERS, Habit::Answers(DENIED)),
        &[
            (IMAGES[0], "registry-1.docker.io", "denied"),
            (IMAGES[1], "gcr.io", "denied"),
            (IMAGES[2], "quay.io", "denied"),
            (&mirrored, MIRROR, "denied"),
        ],
    );
}

/// The registries of the four.
const PROVIDERS: &[&str] = &["registry-1.docker.io", "gcr.io", "quay.io", MIRROR];
