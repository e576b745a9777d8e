//! `pullscope exec`: real programs of many stacks, each traced by one command.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{Containerd, accept_unsigned};
use crate::components::{available, program};
use crate::lab::{Lab, PULLSCOPE};
use crate::process::{Finished, Process, bound, isolated};
use crate::site::Upstream;
use crate::trace::Trace;

const RUN: Duration = Duration::from_secs(120);
const ALPINE: &str = "docker.io/library/alpine:latest";
const PING: &str = "https://registry-1.docker.io/v2/";

/// A user's folders, which `exec` is to leave as they are.
pub(crate) struct User<'a> {
    lab: &'a Lab,
    pub(crate) dir: PathBuf,
}

impl<'a> User<'a> {
    pub(crate) fn new(lab: &'a Lab) -> Self {
        let dir = lab.dir().join("user");
        for name in ["home", "tmp", "work"] {
            fs::create_dir_all(dir.join(name)).unwrap();
        }
        Self { lab, dir }
    }

    pub(crate) fn at<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("HOME", self.dir.join("home"))
            .env("TMPDIR", self.dir.join("tmp"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("NODE_EXTRA_CA_CERTS")
            .env_remove("REQUESTS_CA_BUNDLE")
            .env_remove("CURL_CA_BUNDLE")
            .current_dir(self.dir.join("work"))
    }

    /// `pullscope exec -o trace.har …the lab… -- COMMAND`, put behind `command`.
    pub(crate) fn exec_in(&self, command: Command, run: &[&str]) -> Process {
        self.exec_with(command, &[], run)
    }

    /// As `exec_in`, with flags of its own.
    fn exec_with(&self, mut command: Command, flags: &[&str], run: &[&str]) -> Process {
        let arguments = self.at(&mut command).args(["exec", "-o", "trace.har"]);
        for mapping in self.lab.connect_to() {
            arguments.args(["--connect-to", &mapping]);
        }
        let arguments = arguments.arg("--upstream-ca").arg(self.lab.root());
        let arguments = arguments.args(flags);
        Process::start("exec", self.lab.dir(), arguments.arg("--").args(run))
    }

    pub(crate) fn exec(&self, run: &[&str]) -> Finished {
        self.exec_in(bound(PULLSCOPE), run).finish(RUN)
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace::read(&self.dir.join("work/trace.har"))
    }

    /// Everything that lies in the user's folders, but for what these begin with.
    fn left(&self, but: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut pending = vec![self.dir.clone()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let inner = path.strip_prefix(&self.dir).unwrap().to_owned();
                if but.iter().any(|but| inner.starts_with(but)) {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    pending.push(path);
                } else {
                    found.push(inner);
                }
            }
        }
        found
    }
}

/// The trace tells of a whole pull of alpine, and nothing refused the certificate.
fn assert_pulled(trace: &Trace) {
    trace.find("token", |entry| {
        entry.url().starts_with("https://auth.docker.io/token?") && entry.status() == 200
    });
    trace.find("manifest", |entry| {
        entry.method() == "GET"
            && entry.url().contains("/v2/library/alpine/manifests/")
            && entry.status() == 200
    });
    let blobs = trace.entries().into_iter().filter(|entry| {
        entry
            .url()
            .starts_with("https://production.cloudflare.docker.com/")
            && entry.status() == 200
    });
    assert!(blobs.count() >= 2, "{:#?}", trace.entries());
    for entry in trace.entries() {
        assert_eq!(entry.error(), None, "{entry:?}");
    }
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

#[test]
fn skopeo_is_traced_and_nothing_is_left_but_the_trace() {
    if !available(&["skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let copy = format!("dir:{}", lab.dir().join("copy").display());
    let image = format!("docker://{ALPINE}");
    let done = user
        .exec(&["skopeo", "--insecure-policy", "copy", &image, &copy])
        .succeeded();
    assert!(done.err.contains("wrote trace.har"), "{}", done.err);
    let next = "`pullscope show trace.har` tells the story";
    assert!(done.err.contains(next), "{}", done.err);
    assert!(
        done.err.contains("by skopeo") && done.err.contains("✓ complete"),
        "{}",
        done.err
    );
    assert_pulled(&user.trace());
    // skopeo's own cache is its own; pullscope leaves one file.
    assert_eq!(
        user.left(&["home/.local/share/containers"]),
        [Path::new("work/trace.har")]
    );
    let text = fs::read_to_string(user.dir.join("work/trace.har")).unwrap();
    assert!(!text.contains("\"_file\""));
    assert_eq!(
        fs::metadata(user.dir.join("work/trace.har"))
            .unwrap()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn what_was_not_to_pass_is_exit_code_4_unless_the_command_has_failed() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let run = |filter: &str, fail: &str| {
        let flags = ["--fail-on", filter];
        let curl = ["curl", "-sS", fail, PING];
        user.exec_with(bound(PULLSCOPE), &flags, &curl).finish(RUN)
    };
    let found = run("kind:challenge", "--no-fail");
    assert_eq!(found.status.code(), Some(4), "{}", found.err);
    assert!(
        found.err.contains("--fail-on kind:challenge: 1 exchange"),
        "{}",
        found.err
    );
    user.trace().find("ping", |entry| entry.status() == 401);
    run("status:5xx", "--no-fail").succeeded();
    // curl's own code for an answer of 4xx.
    let failed = run("kind:challenge", "--fail");
    assert_eq!(failed.status.code(), Some(22), "{}", failed.err);
}

#[test]
fn podman_pull_is_traced() {
    if !available(&["root", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    accept_unsigned(&user.dir.join("home"));
    let storage = lab.dir().join("podman");
    let own = "for folder in /run /var/lib/containers; do
        [ ! -d $folder ] || mount -t tmpfs tmpfs $folder
    done";
    let root = format!("--root={}", storage.display());
    let runroot = format!("--runroot={}", storage.join("run").display());
    user.exec_in(
        isolated(&[], own, PULLSCOPE),
        &[
            "podman",
            &root,
            &runroot,
            "--storage-driver=vfs",
            "--cgroup-manager=cgroupfs",
            "pull",
            ALPINE,
        ],
    )
    .finish(RUN)
    .succeeded();
    assert_pulled(&user.trace());
}

#[test]
fn ctr_pull_is_traced() {
    if !available(&["root", "containerd", "ctr", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let containerd = Containerd::start(lab.dir());
    let ctr = program("ctr");
    user.exec(&[
        ctr.to_str().unwrap(),
        "--address",
        containerd.socket().to_str().unwrap(),
        "images",
        "pull",
        "--snapshotter",
        "native",
        ALPINE,
    ])
    .succeeded();
    let trace = user.trace();
    assert_pulled(&trace);
    let agent = trace.entries()[0].request_header("user-agent");
    assert!(
        agent.is_some_and(|agent| agent.starts_with("containerd/")),
        "{agent:?}"
    );
}

#[test]
fn curl_is_traced() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let done = user
        .exec(&["curl", "-sS", "-w", "%{http_code}", PING])
        .succeeded();
    assert!(done.out.ends_with("401"), "{}", done.out);
    user.trace()
        .find("ping", |entry| entry.is("GET", PING, 401));
}

#[test]
fn python_requests_is_traced() {
    let Some(python) = library("venv/bin/python", "venv/bin/python -c 'import requests'") else {
        return;
    };
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let script = format!("import requests; print(requests.get({PING:?}).status_code)");
    let done = user
        .exec(&[python.to_str().unwrap(), "-c", &script])
        .succeeded();
    assert_eq!(done.out.trim(), "401");
    let trace = user.trace();
    let ping = trace.find("ping", |entry| entry.is("GET", PING, 401));
    let agent = ping.request_header("user-agent").unwrap();
    assert!(agent.starts_with("python-requests/"), "{agent}");
}

#[test]
fn node_fetch_is_traced() {
    let Some(undici) = library("node/node_modules/undici", "undici of npm") else {
        return;
    };
    if !available(&["node"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    // The first Node.js whose own fetch looks at HTTPS_PROXY is 22.21.
    let script = format!(
        "const {{ EnvHttpProxyAgent, setGlobalDispatcher }} = require({undici:?});
         setGlobalDispatcher(new EnvHttpProxyAgent());
         fetch({PING:?}).then(async (answer) => {{
             await answer.text();
             console.log(answer.status);
         }});"
    );
    let done = user.exec(&["node", "-e", &script]).succeeded();
    assert_eq!(done.out.trim(), "401");
    user.trace()
        .find("ping", |entry| entry.is("GET", PING, 401));
}

#[test]
fn the_exit_code_is_the_commands() {
    if !available(&["setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let code = |run: &[&str]| user.exec(run).status.code();
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(code(&["no-such-program"]), Some(127));
    assert_eq!(code(&["/etc/passwd"]), Some(126));
    let refused = user.exec(&["docker", "pull", "alpine"]);
    assert_eq!(refused.status.code(), Some(125));
    assert!(
        refused.err.contains("daemon") && refused.err.contains("sudo pullscope setup docker"),
        "{}",
        refused.err
    );
    let mut wrong = bound(PULLSCOPE);
    user.at(&mut wrong).args(["exec", "--nonsense"]);
    let wrong = Process::start("wrong", lab.dir(), &mut wrong).finish(RUN);
    assert_eq!(wrong.status.code(), Some(125));
    let mut nowhere = bound(PULLSCOPE);
    user.at(&mut nowhere)
        .args(["exec", "-o", "no/such/dir/x.har", "--", "true"]);
    let nowhere = Process::start("nowhere", lab.dir(), &mut nowhere).finish(RUN);
    assert_eq!(nowhere.status.code(), Some(125));
    assert!(nowhere.err.contains("no/such/dir"), "{}", nowhere.err);
}

#[test]
fn signals_reach_the_command_and_the_trace_is_written() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let script = format!(
        "trap 'echo caught; exit 9' TERM; curl -sS {PING}; echo ready; while :; do sleep 0.1; done"
    );
    // Without setpriv's bond to the test's thread between the signal and pullscope: it execs.
    let mut process = user.exec_in(bound(PULLSCOPE), &["sh", "-c", &script]);
    process.until("the command's word", RUN, |out, _| {
        out.contains("ready").then_some(())
    });
    process.signal(Signal::TERM);
    let done = process.finish(RUN);
    assert_eq!(done.status.code(), Some(9), "{}", done.err);
    assert!(done.out.contains("caught"), "{}", done.out);
    user.trace()
        .find("ping", |entry| entry.is("GET", PING, 401));
    assert_eq!(user.left(&[]), [Path::new("work/trace.har")]);
}

#[test]
fn the_commands_limits_and_own_settings_are_left_alone() {
    if !available(&["setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let mut command = bound("sh");
    command
        .args([
            "-c",
            "ulimit -n 777; ulimit -c 1000; exec \"$0\" \"$@\"",
            PULLSCOPE,
        ])
        .env("NO_PROXY", "localhost,.corp.test");
    let script =
        "ulimit -n; ulimit -c; echo $NO_PROXY; echo $no_proxy; env | grep -c '^HTTPS_PROXY='";
    let done = user
        .exec_in(command, &["sh", "-c", script])
        .finish(RUN)
        .succeeded();
    let lines: Vec<_> = done.out.lines().collect();
    let both = "localhost,.corp.test";
    assert_eq!(lines, ["777", "1000", both, both, "1"]);
    assert!(
        done.err.contains("not be in the trace: .corp.test"),
        "{}",
        done.err
    );
    assert!(done.err.contains("made no request"), "{}", done.err);
}

/// What tests/readers/install.sh has installed, unless it has not been run.
fn library(path: &str, name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_pullscope"))
        .ancestors()
        .nth(2)?;
    let found = target.join("readers").join(path);
    if found.exists() && available(&["setpriv"]) {
        return Some(found);
    }
    available(&[name]);
    None
}
