//! `pullscope exec` with programs that read no variable of Go's or OpenSSL's, and what it says of
//! commands that it cannot trace.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::client::accept_unsigned;
use crate::components::available;
use crate::exec::User;
use crate::lab::{Lab, PULLSCOPE};
use crate::process::{Process, bound, isolated};
use crate::site::Upstream as _;

const RUN: Duration = Duration::from_secs(120);
const PING: &str = "https://registry-1.docker.io/v2/";

#[test]
fn wget_is_traced_and_keeps_its_own_settings() {
    if !available(&["wget", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let own = user.dir.join("home/.wgetrc");
    fs::write(&own, "header = X-Mine: yes\n").unwrap();
    // 401, for which wget has an exit code of its own.
    user.exec(&["wget", "-q", "-O-", PING]).failed();
    let trace = user.trace();
    let ping = trace.find("ping", |entry| entry.is("GET", PING, 401));
    assert_eq!(ping.request_header("x-mine"), Some("yes"));
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
    assert_eq!(fs::read_to_string(&own).unwrap(), "header = X-Mine: yes\n");
}

#[test]
fn java_is_traced_by_a_store_of_its_own() {
    if !available(&["java", "javac", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let source = "import java.net.*;
        public class Fetch {
            public static void main(String[] to) throws Exception {
                var asked = (HttpURLConnection) new URL(to[0]).openConnection();
                System.out.println(asked.getResponseCode());
            }
        }";
    fs::write(user.dir.join("work/Fetch.java"), source).unwrap();
    let done = user.exec(&["java", "Fetch.java", PING]).succeeded();
    assert_eq!(done.out.trim(), "401", "{}", done.err);
    let trace = user.trace();
    trace.find("ping", |entry| entry.is("GET", PING, 401));
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

/// Where an npmrc names a cafile, npm looks at nothing else.
#[test]
fn npm_behind_a_cafile_is_traced() {
    if !available(&["npm", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let home = user.dir.join("home");
    fs::copy(lab.root(), home.join("corp.pem")).unwrap();
    let npmrc = format!(
        "cafile={}\nfetch-retries=0\n",
        home.join("corp.pem").display()
    );
    fs::write(home.join(".npmrc"), npmrc).unwrap();
    user.exec(&["npm", "ping", "--registry=https://quay.io/v2/"]);
    let trace = user.trace();
    trace.find("ping", |entry| {
        entry.url().starts_with("https://quay.io/v2/")
    });
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

/// A container stays when the command has gone, and the proxy with it.
#[test]
fn containers_of_podman_do_not_get_the_proxy() {
    if !available(&["root", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    accept_unsigned(&user.dir.join("home"));
    let own = "for folder in /run /var/lib/containers; do
        [ ! -d $folder ] || mount -t tmpfs tmpfs $folder
    done
    mkdir -p /tmp/conf; printf '[engine]\\ncgroup_manager=\"cgroupfs\"\\n' > /tmp/conf/c
    export CONTAINERS_CONF=/tmp/conf/c STORAGE_DRIVER=vfs";
    let storage = lab.dir().join("podman");
    let conf = user.dir.join("home/.config/containers/storage.conf");
    let text = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/root\"\nrunroot = \"{0}/run\"\n",
        storage.display()
    );
    fs::write(&conf, text).unwrap();
    let mut command = isolated(&[], own, PULLSCOPE);
    command.env("CONTAINERS_STORAGE_CONF", &conf);
    let create = [
        "podman",
        "create",
        "--name",
        "c1",
        "--network",
        "host",
        "docker.io/library/alpine:latest",
        "x",
    ];
    let done = user.exec_in(command, &create).finish(RUN).succeeded();
    assert!(done.err.contains("--http-proxy=false"), "{}", done.err);
    user.trace().find("manifest", |entry| {
        entry.url().contains("/v2/library/alpine/manifests/") && entry.status() == 200
    });
    let mut inspect = isolated(&[], own, "podman");
    inspect.env("CONTAINERS_STORAGE_CONF", &conf);
    user.at(&mut inspect)
        .args(["inspect", "c1", "--format", "{{.Config.Env}}"]);
    let told = Process::start("inspect", lab.dir(), &mut inspect)
        .finish(RUN)
        .succeeded();
    assert!(told.out.contains("PATH="), "{}", told.out);
    assert!(!told.out.to_lowercase().contains("proxy"), "{}", told.out);
}

#[test]
fn a_command_needs_no_dashes_before_it_and_a_line_for_a_shell_is_known() {
    if !available(&["setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let run = |words: &[&str]| {
        let mut command: Command = bound(PULLSCOPE);
        let command = user.at(&mut command).arg("exec").args(words);
        Process::start("exec", lab.dir(), command).finish(RUN)
    };
    let done = run(&["sh", "-c", "echo \"$0 $HTTPS_PROXY\"; exit 3", "-x"]).failed();
    assert_eq!(done.status.code(), Some(3));
    assert!(done.out.starts_with("-x http://127.0.0.1:"), "{}", done.out);
    assert!(
        done.err
            .contains("made no request through the proxy, and ended with 3"),
        "{}",
        done.err
    );
    let line = run(&["-o", "x.har", "echo a | cat"]).failed();
    assert_eq!(line.status.code(), Some(127));
    assert!(line.err.contains("sh -c 'LINE'"), "{}", line.err);
    // Whose work it is stands anywhere in the line.
    let inner = run(&["sh", "-c", ": docker pull alpine"]);
    assert!(
        inner.err.contains("hand their work to a daemon"),
        "{}",
        inner.err
    );
    for (words, instead) in [
        (
            &["sudo", "docker", "pull", "a"][..],
            "sudo pullscope setup docker && sudo docker pull a",
        ),
        (
            &["docker", "build", "."],
            "setup docker && BUILDKIT_NO_CLIENT_TOKEN=1 docker build .",
        ),
        (
            &["crictl", "pull", "a"],
            "sudo pullscope setup containerd && crictl pull a",
        ),
    ] {
        let refused = run(words).failed();
        assert_eq!(
            refused.status.code(),
            Some(125),
            "{words:?}: {}",
            refused.err
        );
        assert!(refused.err.contains(instead), "{}", refused.err);
    }
}

/// Why a pull failed is said at once, not only that something did.
#[test]
fn a_failed_pull_is_told_at_the_end() {
    if !available(&["skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let done = user
        .exec(&["skopeo", "inspect", "docker://docker.io/library/nope"])
        .failed();
    assert!(
        done.err.contains("by skopeo") && done.err.contains("✗ failed"),
        "{}",
        done.err
    );
    assert!(
        done.err
            .contains("`pullscope show trace.har` tells the story"),
        "{}",
        done.err
    );
}

/// Said while the command runs, once for each client and host, by the advice that is for a command
/// of `exec`; wget with GnuTLS leaves without a word.
#[test]
fn who_refuses_the_certificate_is_told_at_once() {
    if !available(&["curl", "wget", "openssl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let user = User::new(&lab);
    let script = format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout k -out other.pem 2>&-
        curl -sS --cacert other.pem {PING}; curl -sS --cacert other.pem {PING}
        wget -q --ca-certificate=other.pem {PING}; sleep 1; echo over >&2"
    );
    let said = user.exec(&["sh", "-c", &script]).succeeded().err;
    let (live, end) = said.split_once("\nover\n").unwrap();
    let lines: Vec<_> = live
        .lines()
        .filter(|line| line.contains("pullscope's CA"))
        .collect();
    let [curl, wget] = lines[..] else {
        panic!("{said}")
    };
    assert!(
        curl.starts_with("pullscope: curl ") && curl.contains("unknown_ca"),
        "{said}"
    );
    assert!(
        wget.starts_with("pullscope: ") && wget.contains("registry-1.docker.io"),
        "{said}"
    );
    assert_eq!(
        live.matches("--cacert \"$SSL_CERT_FILE\"").count(),
        2,
        "{said}"
    );
    assert!(!live.contains("ca path"), "{said}");
    assert!(end.contains("registry-1.docker.io (2 ×)"), "{said}");
}
