//! The certificate authority that a user is asked to trust.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use std::time::Duration;

use crate::client::{Route, curl, skopeo};
use crate::components::available;
use crate::lab::{Lab, PULLSCOPE};
use crate::machine::{self, Machine, assert_same, on_root, tree};
use crate::process::{Process, bound};
use crate::recorder::{Recorder, in_home, pullscope};
use crate::site::Upstream as _;

const RUN: Duration = Duration::from_secs(60);

#[test]
fn it_is_made_on_first_use_and_its_key_is_the_owners_alone() {
    let home = tempfile::tempdir().unwrap();
    let printed = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    let data = home.path().join("data/pullscope");
    assert_eq!(printed, fs::read_to_string(data.join("ca.pem")).unwrap());
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data.clone()), 0o700);
    assert_eq!(mode(data.join("ca.key")), 0o600);

    let again = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    assert_eq!(again, printed);
    let path = pullscope(home.path(), &["ca", "path"]).succeeded().out;
    assert_eq!(path.trim_end(), data.join("ca.pem").to_str().unwrap());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = tempfile::tempdir().unwrap();
    pullscope(home.path(), &["ca", "print"]).succeeded();
    let key = home.path().join("data/pullscope/ca.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = pullscope(home.path(), &["ca", "print"]).failed();
    assert!(refused.err.contains("ca.key"), "{}", refused.err);
    assert!(!refused.out.contains("CERTIFICATE"), "{}", refused.out);
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o644);
}

#[test]
fn under_sudo_what_is_made_belongs_to_the_caller() {
    if !available(&["root"]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let nobody = 65534;
    for (args, file) in [
        (&["ca", "print"][..], "ca.key"),
        (&["setup", "crane", "--print"], "bundle.pem"),
    ] {
        let mut command = bound(PULLSCOPE);
        in_home(&mut command, home.path())
            .args(args)
            .env("SUDO_UID", nobody.to_string());
        Process::start("sudo", home.path(), &mut command)
            .finish(RUN)
            .succeeded();
        let made = fs::metadata(home.path().join("data/pullscope").join(file)).unwrap();
        assert_eq!(made.uid(), nobody, "{file}");
    }
    // A trace is written for whoever called sudo, and is readable by nobody else.
    fs::write(
        home.path().join("t.txt"),
        "GET https://registry.example/v2/ HTTP/1.1\n\nHTTP/1.1 200 OK\n\n",
    )
    .unwrap();
    let mut command = bound(PULLSCOPE);
    in_home(&mut command, home.path())
        .args(["import", "t.txt", "-o", "t.har"])
        .env("SUDO_UID", nobody.to_string())
        .current_dir(home.path());
    Process::start("sudo", home.path(), &mut command)
        .finish(RUN)
        .succeeded();
    let made = fs::metadata(home.path().join("t.har")).unwrap();
    assert_eq!((made.uid(), made.mode() & 0o777), (nobody, 0o600));
}

#[test]
fn regenerating_replaces_it() {
    let home = tempfile::tempdir().unwrap();
    let first = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    pullscope(home.path(), &["ca", "regenerate"]).succeeded();
    let second = pullscope(home.path(), &["ca", "print"]).succeeded().out;
    assert_ne!(first, second);
}

#[test]
fn for_some_hosts_alone_it_reads_theirs_and_passes_others_on() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let home = lab.dir().join("pullscope");
    fs::create_dir_all(&home).unwrap();
    let made = pullscope(
        &home,
        &["ca", "regenerate", "--only", "docker.io,docker.com"],
    );
    assert!(made.succeeded().out.contains("docker.io, docker.com alone"));
    let mut recorder = Recorder::start(&lab, &[]);
    recorder.said("the narrow CA", |err| {
        err.contains("docker.io, docker.com alone")
    });
    let ours = recorder.route();
    let lab_root = Route {
        trust: Some(lab.root().to_owned()),
        ..ours.clone()
    };
    for (route, url, code) in [
        (&ours, "https://registry-1.docker.io/v2/", 0),
        // The registry's own certificate comes through.
        (&lab_root, "https://gcr.io/v2/", 0),
        (&ours, "https://gcr.io/v2/", 60),
    ] {
        let done = curl(route, lab.dir(), &[url]).finish(RUN);
        assert_eq!(done.status.code(), Some(code), "{url}: {}", done.err);
    }
    let trace = recorder.stop();
    let hosts: Vec<_> = trace
        .entries()
        .iter()
        .map(|entry| entry.url().to_owned())
        .collect();
    assert_eq!(hosts, ["https://registry-1.docker.io/v2/"]);

    let wrong = pullscope(&home, &["ca", "regenerate", "--only", "cdn0*.docker.io"]).failed();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        wrong.err.contains("--only") && wrong.err.contains("docker.io"),
        "{}",
        wrong.err
    );
}

/// What the certificate says of names below one, and of one name alone, real clients read the same.
#[test]
fn names_below_one_and_one_name_alone_are_enforced_by_clients() {
    if !available(&["curl", "skopeo", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let home = lab.dir().join("pullscope");
    fs::create_dir_all(&home).unwrap();
    let only = "*.docker.io,*.docker.com,=quay.io";
    pullscope(&home, &["ca", "regenerate", "--only", only]).succeeded();
    let mut recorder = Recorder::start(&lab, &[]);
    recorder.said("the narrow CA", |err| {
        err.contains("*.docker.io, *.docker.com, =quay.io")
    });
    let ours = recorder.route();
    let url = "https://registry-1.docker.io/v2/";
    curl(&ours, lab.dir(), &[url]).finish(RUN).succeeded();
    let quay = curl(&ours, lab.dir(), &["https://quay.io/v2/"]).finish(RUN);
    assert_eq!(quay.status.code(), Some(0), "{}", quay.err);
    let image = "docker://docker.io/library/alpine";
    skopeo(&ours, lab.dir(), &["inspect", image]).succeeded();
    let trace = recorder.stop();
    let mut hosts: Vec<_> = trace
        .entries()
        .iter()
        .filter_map(|entry| entry.url().split('/').nth(2).map(str::to_owned))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    assert_eq!(
        hosts,
        [
            "auth.docker.io",
            "production.cloudflare.docker.com",
            "quay.io",
            "registry-1.docker.io"
        ]
    );
}

#[test]
fn the_system_trusts_it_between_install_and_uninstall() {
    if !available(machine::NEEDS) || !available(&["curl", "update-ca-certificates"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
    machine.shell("update-ca-certificates").succeeded();
    let before = machine.snapshot();
    let ping = format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --proxy {} https://registry-1.docker.io/v2/",
        recorder.route().proxy
    );
    assert_eq!(machine.shell(&ping).failed().status.code(), Some(60));
    let shown = machine.shell("pullscope ca install --dry-run").succeeded();
    // Not the text of the certificate, but which one it is.
    let info = machine.shell("pullscope ca info").succeeded().out;
    let line = info
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap();
    let fingerprint = line.split_whitespace().last().unwrap();
    let added = format!("+(a certificate with the SHA-256 fingerprint {fingerprint})");
    assert!(shown.out.contains(&added), "{}", shown.out);
    assert_same(&machine.snapshot(), &before);
    let done = machine.shell("pullscope ca install --yes").succeeded();
    assert!(
        done.err.contains("sudo pullscope ca uninstall"),
        "{}",
        done.err
    );
    assert_eq!(machine.shell(&ping).succeeded().out, "401");
    let again = machine.shell("pullscope ca install --yes").succeeded();
    assert!(again.err.contains("already"), "{}", again.err);
    machine.shell("pullscope ca uninstall --yes").succeeded();
    assert_same(&machine.snapshot(), &before);
    assert_eq!(machine.shell(&ping).failed().status.code(), Some(60));
}

#[test]
fn each_family_of_systems_has_its_own_place_for_it() {
    if !available(&["setpriv"]) {
        return;
    }
    for (dir, file) in [
        ("usr/local/share/ca-certificates", "pullscope.crt"),
        ("etc/pki/ca-trust/source/anchors", "pullscope.pem"),
        ("etc/pki/trust/anchors", "pullscope.pem"),
        ("etc/ca-certificates/trust-source/anchors", "pullscope.crt"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        fs::create_dir_all(root.join(dir)).unwrap();
        let before = tree(&root);
        on_root(home.path(), &root, &["ca", "install", "--yes"]).succeeded();
        let ca = fs::read(home.path().join("data/pullscope/ca.pem")).unwrap();
        assert_eq!(fs::read(root.join(dir).join(file)).unwrap(), ca);
        on_root(home.path(), &root, &["ca", "uninstall", "--yes"]).succeeded();
        assert_same(&tree(&root), &before);
    }
    let home = tempfile::tempdir().unwrap();
    let unknown = on_root(home.path(), home.path(), &["ca", "install", "--yes"]).failed();
    assert!(unknown.err.contains("its own means"), "{}", unknown.err);
}
