//! `lab` and `demo` on the command line: what a newcomer sees, and what bad input meets.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{Route, curl, skopeo};
use crate::components::available;
use crate::lab::{Lab, PULLSCOPE};
use crate::process::{Finished, Process, bound, command};
use crate::recorder::Recorder;
use crate::trace::Trace;

const RUN: Duration = Duration::from_secs(60);

/// An unprivileged user, as every system has one.
const NOBODY: &str = "65534";

/// Folders of a user's own.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "work"] {
            let folder = dir.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        }
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    fn at(&self, command: &mut Command) -> PathBuf {
        let work = self.dir.path().join("work");
        command
            .env("HOME", self.dir.path().join("home"))
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .current_dir(&work);
        work
    }

    fn demo(&self, args: &[&str]) -> Finished {
        let mut demo = bound(PULLSCOPE);
        self.at(&mut demo);
        Process::start("demo", self.dir.path(), demo.arg("demo").args(args)).finish(RUN)
    }

    /// What lies in the user's folders, the working folder's files by name.
    fn left(&self) -> Vec<PathBuf> {
        let list = |name: &str| -> Vec<PathBuf> {
            let entries = fs::read_dir(self.dir.path().join(name)).unwrap();
            entries
                .map(|entry| {
                    entry
                        .unwrap()
                        .path()
                        .strip_prefix(self.dir.path())
                        .unwrap()
                        .into()
                })
                .collect()
        };
        ["home", "tmp", "work"].into_iter().flat_map(list).collect()
    }
}

/// Text without the breaks between its lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_demo_tells_four_pulls_and_leaves_one_file() {
    if !available(&["setpriv"]) {
        return;
    }
    let home = Home::new();
    let finished = home.demo(&[]).succeeded();
    for line in [
        "docker pull alpine   (hub: registry-1.docker.io)",
        "docker pull gcr.io/google-containers/kube-controller-manager:v1.16.10",
        "docker pull quay.io/watchdogpolska/alpine-curl",
        "wants a token before it answers: the client is to ask auth.docker.io",
        "Layer 2 of 2 comes from ",
        "Its digest is the right one.",
        "pullscope record -o pull.har",
    ] {
        assert!(
            finished.out.contains(line),
            "{line} is not in {}",
            finished.out
        );
    }
    assert_eq!(
        finished.out.matches("every digest is right").count(),
        4,
        "{}",
        finished.out
    );
    assert!(
        finished.out.lines().all(|line| line.chars().count() <= 120),
        "{}",
        finished.out
    );
    assert_eq!(home.left(), [Path::new("work/pullscope-demo.har")]);
    let har = home.dir.path().join("work/pullscope-demo.har");
    assert_eq!(
        fs::metadata(&har).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!fs::read_to_string(&har).unwrap().contains("\"_file\""));
    let read = pullscope::har::read(&har).unwrap();
    assert!(read.skipped.is_empty() && read.oddities().is_empty());
    assert_eq!(read.trace.exchanges.len(), 34);
    assert!(
        Trace::read(&har)
            .entries()
            .iter()
            .all(|entry| entry.error().is_none())
    );
}

#[test]
fn the_demo_needs_no_rights_and_no_network() {
    if !available(&["root", "setpriv", "unshare", "ip"]) {
        return;
    }
    let home = Home::new();
    // The program may lie where only its builder can read: the user gets a copy.
    let program = home.dir.path().join("pullscope");
    fs::copy(PULLSCOPE, &program).unwrap();
    let script =
        "ip link set lo up; exec setpriv --reuid \"$1\" --regid \"$1\" --clear-groups \"$2\" demo";
    let mut alone = command("unshare");
    home.at(alone
        .args(["--net", "sh", "-ec", script, "sh", NOBODY])
        .arg(&program));
    let finished = Process::start("demo", home.dir.path(), &mut alone)
        .finish(RUN)
        .succeeded();
    assert_eq!(
        finished.out.matches("every digest is right").count(),
        4,
        "{}",
        finished.out
    );
    assert_eq!(home.left(), [Path::new("work/pullscope-demo.har")]);
}

#[test]
fn the_demo_shows_one_provider_and_what_goes_wrong() {
    if !available(&["setpriv"]) {
        return;
    }
    let home = Home::new();
    let quay = home
        .demo(&["--provider", "quay", "-o", "quay.har"])
        .succeeded()
        .out;
    assert!(
        quay.contains("quay.io") && !quay.contains("gcr.io"),
        "{quay}"
    );
    let cut = home
        .demo(&["--provider", "hub", "--fault", "truncated-layer"])
        .succeeded()
        .out;
    for says in [
        "broke it off before all of it had arrived.",
        "206! GET",
        "206 GET",
        "every digest is right",
    ] {
        assert!(one_line(&cut).contains(says), "{cut}");
    }
    for (fault, says) in [
        (
            "corrupt-layer",
            "Its digest is not the one asked for: the client will refuse it.",
        ),
        ("rate-limit", "TOOMANYREQUESTS"),
        ("no-platform", "the client gave up"),
        ("block-page", "the client gave up"),
        ("wrong-scope", "the client gave up"),
    ] {
        let told = home
            .demo(&["--provider", "hub", "--fault", fault])
            .succeeded()
            .out;
        assert!(one_line(&told).contains(says), "{fault}: {told}");
    }
}

#[test]
fn a_demo_that_stays_serves_a_client_of_ones_own() {
    if !available(&["root", "skopeo", "setpriv"]) {
        return;
    }
    let home = Home::new();
    let mut demo = bound(PULLSCOPE);
    home.at(&mut demo);
    demo.args(["demo", "--provider", "hub", "--keep-running"]);
    let mut demo = Process::start("demo", home.dir.path(), &mut demo);
    let route = demo.until("its environment lines", RUN, |out, _| {
        let value = |name: &str| {
            let (_, rest) = out.split_once(&format!("{name}="))?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let whole = out.contains("Ctrl-C ends it");
        whole.then(|| Route {
            proxy: value("HTTPS_PROXY").unwrap(),
            trust: value("SSL_CERT_FILE").map(PathBuf::from),
        })
    });
    let inspect = ["inspect", "docker://docker.io/library/alpine"];
    skopeo(&route, home.dir.path(), &inspect).succeeded();
    demo.until("the client's exchanges", RUN, |out, _| {
        let (_, after) = out.split_once("Ctrl-C ends it")?;
        after.contains("manifests/latest").then_some(())
    });
    demo.signal(Signal::INT);
    demo.finish(RUN).succeeded();
    assert_eq!(home.left(), [Path::new("work/pullscope-demo.har")]);
}

#[test]
fn bad_input_is_a_clear_sentence_and_exit_code_2() {
    if !available(&["setpriv"]) {
        return;
    }
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, says) in [
        (
            &["lab", "--fault", "gremlins"][..],
            &["gremlins", "truncated-layer"][..],
        ),
        (
            &["lab", "--fault", "gcr:expired-url"],
            &["expired-url", "gcr"],
        ),
        (&["lab", "--listen", &taken], &["listen", &taken]),
        (&["lab", "--listen", "0.0.0.0:0"], &["loopback"]),
        (&["demo", "--provider", "nobody"], &["nobody", "quay"]),
        (&["demo", "--fault", "hub:gremlins"], &["gremlins"]),
        (
            &["record", "--listen", "0.0.0.0:0"],
            &["--allow-remote", "--proxy-credentials"],
        ),
        (
            &["record", "--connect-to", "nonsense"],
            &["--connect-to", "HOST:PORT:ADDR:PORT"],
        ),
        (
            &["record", "--upstream-ca", "absent.pem"],
            &["--upstream-ca", "absent.pem"],
        ),
        (&["record", "-o", "absent/x.har"], &["absent", "directory"]),
        (
            &["record", "--passthrough", "https://x"],
            &["--passthrough", "https://x"],
        ),
        (
            &["record", "--upstream-proxy", "socks5://x:1"],
            &["--upstream-proxy", "http://"],
        ),
    ] {
        let mut command = bound(PULLSCOPE);
        home.at(&mut command);
        let finished = Process::start("bad", home.dir.path(), command.args(args))
            .finish(RUN)
            .failed();
        assert_eq!(
            finished.status.code(),
            Some(2),
            "{args:?}: {}",
            finished.err
        );
        for word in says {
            assert!(
                finished.err.contains(word),
                "{args:?}: {word} is not in {}",
                finished.err
            );
        }
        assert_eq!(
            finished.err.trim_end().lines().count(),
            1,
            "{args:?}: {}",
            finished.err
        );
    }
    // A port in use is the system's affair, not the command line's.
    let mut command = bound(PULLSCOPE);
    home.at(&mut command);
    command.args(["record", "--listen", &taken]);
    let finished = Process::start("bad", home.dir.path(), &mut command)
        .finish(RUN)
        .failed();
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.err.contains(&taken) && finished.err.contains("--listen 127.0.0.1:0"),
        "{}",
        finished.err
    );
    assert!(
        home.left()
            .iter()
            .all(|path| !path.to_string_lossy().contains("session")),
        "{:?}",
        home.left()
    );
}

#[test]
fn a_name_outside_the_lab_is_told_what_there_is() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let port = crate::site::Upstream::connect_to(&lab)[0]
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let everything = format!("*:443:127.0.0.1:{port}");
    let recorder = Recorder::start(&lab, &["--connect-to", &everything]);
    let get = |url: &str| {
        let args = ["--write-out", "\n%{http_code}", url];
        curl(&recorder.route(), lab.dir(), &args)
            .finish(RUN)
            .succeeded()
            .out
    };
    let unknown = get("https://ghcr.io/v2/");
    assert!(
        unknown.ends_with("404") && unknown.contains("registry-1.docker.io"),
        "{unknown}"
    );
    let missing = get("https://quay.io/v2/library/nothing/manifests/latest");
    assert!(
        missing.ends_with("404") || missing.ends_with("401"),
        "{missing}"
    );
}
