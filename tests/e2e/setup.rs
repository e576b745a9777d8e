//! `pullscope setup` and its undo: on a machine with a real dockerd, and on files alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::components::available;
use crate::lab::Lab;
use crate::machine::{self, Machine, assert_same, on_root, tree};
use crate::process::Finished;
use crate::recorder::{Recorder, pullscope};
use crate::trace::Trace;

const OTHER: &str = "[Service]\nEnvironment=\"HTTPS_PROXY=http://corp.test:3128\"\n\
                     Environment=\"NO_PROXY=localhost,.corp.test\"\n";

#[test]
fn dockerd_uses_the_proxy_after_setup_and_is_as_before_after_undo() {
    if !available(machine::NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
    machine.write("systemd/system/docker.service.d/http-proxy.conf", OTHER);
    machine.write("docker/daemon.json", "{\n\t\"debug\": false\n}\n");
    machine
        .shell("systemctl restart docker.service")
        .succeeded();
    let before = machine.snapshot();

    let proxy = recorder.route().proxy;
    let setup = format!("pullscope setup docker --yes --proxy {proxy}");
    let done = machine.shell(&setup).succeeded();
    assert!(
        done.out
            .contains("+++ b/etc/systemd/system/docker.service.d/zz-pullscope.conf")
    );
    assert!(done.err.contains("verified: "), "{}", done.err);
    // Whoever was the proxy before is told of, since pullscope has to use it now.
    assert!(
        done.err.contains("--upstream-proxy http://corp.test:3128"),
        "{}",
        done.err
    );
    let info = machine.shell("docker info --format '{{.HTTPSProxy}} {{.NoProxy}}'");
    assert_eq!(
        info.succeeded().out.trim(),
        format!("{proxy} localhost,.corp.test")
    );
    machine.shell("docker pull alpine").succeeded();

    let after = machine.snapshot();
    let again = machine.shell(&setup).succeeded();
    assert!(again.err.contains("set up already"), "{}", again.err);
    assert_same(&machine.snapshot(), &after);

    let undone = machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    assert!(undone.err.contains("as it was before"), "{}", undone.err);
    assert_same(&machine.snapshot(), &before);
    let info = machine.shell("docker info --format '{{.HTTPSProxy}}'");
    assert_eq!(info.succeeded().out.trim(), "http://corp.test:3128");
    let nothing = machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    assert!(nothing.err.contains("nothing to undo"), "{}", nothing.err);
    machine.shell("systemctl stop docker.service").succeeded();

    assert_docker_pulled(&recorder.stop());
}

/// A restart that fails leaves nothing behind: dockerd would stay down until somebody looks.
#[test]
fn a_change_whose_restart_fails_is_taken_back() {
    if !available(machine::NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
    machine
        .shell("systemctl restart docker.service")
        .succeeded();
    machine.write("docker/daemon.json", "{ \"debug\": nonsense }\n");
    let before = machine.snapshot();
    let proxy = recorder.route().proxy;
    let refused = machine
        .shell(&format!("pullscope setup docker --yes --proxy {proxy}"))
        .failed();
    let said = &refused.err;
    assert!(
        said.contains("systemctl restart docker.service failed"),
        "{said}"
    );
    // It does not start without the change either, and that is said as well.
    assert!(
        said.contains("What was written was taken back, and still: "),
        "{said}"
    );
    assert_same(&machine.snapshot(), &before);
    let nothing = machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    assert!(nothing.err.contains("nothing to undo"), "{}", nothing.err);
    machine.write("docker/daemon.json", "{}\n");
    let done = machine.shell(&format!("pullscope setup docker --yes --proxy {proxy}"));
    assert!(done.succeeded().err.contains("verified: "));
    machine.shell("systemctl stop docker.service").succeeded();
}

/// The daemon of this machine is left alone when the docker command asks another one.
#[test]
fn a_daemon_elsewhere_is_told_and_this_one_is_not_touched() {
    if !available(machine::NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
    let before = machine.snapshot();
    let context =
        "docker context create far --docker host=ssh://u@far.test && docker context use far";
    for before_it in [
        "export DOCKER_HOST=unix:///run/user/1000/docker.sock",
        context,
    ] {
        let run = format!("{before_it}; pullscope setup docker --yes");
        let refused = machine.shell(&run).failed();
        let host = if before_it == context {
            "ssh://u@far.test"
        } else {
            "/run/user/1000"
        };
        let said = &refused.err;
        assert!(
            said.contains(host) && said.contains("docker-rootless"),
            "{said}"
        );
        assert_same(&machine.snapshot(), &before);
    }
    let told = machine
        .shell("pullscope doctor docker --json || true")
        .succeeded();
    assert!(
        told.out
            .contains("dockerd at ssh://u@far.test does not answer"),
        "{}",
        told.out
    );
    assert!(!told.out.contains("systemctl"), "{}", told.out);
}

fn assert_docker_pulled(trace: &Trace) {
    trace.find("manifest by docker", |entry| {
        entry.url().contains("/v2/library/alpine/manifests/")
            && entry
                .request_header("user-agent")
                .is_some_and(|agent| agent.starts_with("docker/"))
    });
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

/// A machine that is files and nothing else.
struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("run/systemd/system")).unwrap();
        let machine = Self { dir };
        for unit in ["docker", "containerd", "buildkit", "k3s-agent", "crio"] {
            let path = format!("lib/systemd/system/{unit}.service");
            machine.write(&path, "[Service]\nExecStart=/bin/true\n");
        }
        for (path, text) in files {
            machine.write(path, text);
        }
        machine
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("root")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn setup(&self, args: &[&str]) -> Finished {
        let args: Vec<_> = ["setup"].iter().chain(args).copied().collect();
        on_root(self.dir.path(), &self.root(), &args)
    }
}

#[test]
fn every_client_is_set_up_twice_and_undone_to_the_byte() {
    if !available(&["setpriv"]) {
        return;
    }
    for (client, file) in [
        (
            "docker",
            "etc/systemd/system/docker.service.d/zz-pullscope.conf",
        ),
        (
            "containerd",
            "etc/systemd/system/containerd.service.d/zz-pullscope.conf",
        ),
        (
            "buildkit",
            "etc/systemd/system/buildkit.service.d/zz-pullscope.conf",
        ),
        (
            "k3s",
            "etc/systemd/system/k3s-agent.service.d/zz-pullscope.conf",
        ),
        (
            "crio",
            "etc/systemd/system/crio.service.d/zz-pullscope.conf",
        ),
        (
            "podman",
            "etc/containers/containers.conf.d/zz-pullscope.conf",
        ),
    ] {
        let machine = Files::with(&[]);
        let before = tree(&machine.root());
        let look = machine.setup(&[client, "--dry-run"]).succeeded();
        assert!(look.err.contains("there is no CA yet"), "{}", look.err);
        // Not even a CA was made.
        assert!(!machine.dir.path().join("data").exists());
        pullscope(machine.dir.path(), &["ca", "path"]).succeeded();
        let dry = machine.setup(&[client, "--dry-run"]).succeeded();
        assert!(!dry.err.contains("no CA"), "{}", dry.err);
        assert!(dry.out.contains(&format!("+++ b/{file}")), "{}", dry.out);
        assert_same(&tree(&machine.root()), &before);

        let done = machine.setup(&[client, "--yes"]).succeeded();
        assert_eq!(done.out, dry.out);
        let text = machine.read(file);
        assert!(text.contains("HTTPS_PROXY=http://127.0.0.1:8642"), "{text}");
        assert!(text.contains("/etc/ssl/certs:/etc/pullscope/ca"), "{text}");
        assert!(
            machine
                .read("etc/pullscope/ca/pullscope.pem")
                .contains("BEGIN CERTIFICATE")
        );
        let after = tree(&machine.root());
        let again = machine.setup(&[client, "--yes"]).succeeded();
        assert!(again.out.is_empty(), "{}", again.out);
        assert_same(&tree(&machine.root()), &after);

        machine.setup(&[client, "--undo", "--yes"]).succeeded();
        assert_same(&tree(&machine.root()), &before);
        assert!(!machine.dir.path().join("data/pullscope/setup").exists());
    }
}

#[test]
fn somebody_elses_file_of_the_same_name_is_added_to_and_restored() {
    if !available(&["setpriv"]) {
        return;
    }
    let path = "etc/systemd/system/docker.service.d/zz-pullscope.conf";
    let machine = Files::with(&[(path, "[Service]\nLimitNOFILE=7\nEnvironment=A=b")]);
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(machine.root().join(path), mode).unwrap();
    let before = tree(&machine.root());
    machine.setup(&["docker", "--yes"]).succeeded();
    let text = machine.read(path);
    assert!(
        text.starts_with("[Service]\nLimitNOFILE=7\nEnvironment=A=b\n#"),
        "{text}"
    );
    machine
        .setup(&["docker", "--yes", "--proxy", "http://127.0.0.1:9"])
        .succeeded();
    let text = machine.read(path);
    assert_eq!(text.matches("HTTPS_PROXY").count(), 1, "{text}");
    machine.setup(&["docker", "--undo", "--yes"]).succeeded();
    assert_same(&tree(&machine.root()), &before);
}

#[test]
fn a_drop_in_that_is_read_later_does_not_win() {
    if !available(&["setpriv"]) {
        return;
    }
    let machine = Files::with(&[("etc/systemd/system/docker.service.d/zzz.conf", OTHER)]);
    machine.setup(&["docker", "--yes"]).succeeded();
    let text = machine.read("etc/systemd/system/docker.service.d/zzzz-pullscope.conf");
    assert!(text.contains("NO_PROXY=localhost,.corp.test"), "{text}");
}

#[test]
fn a_run_that_was_cut_off_is_finished_or_undone() {
    if !available(&["setpriv"]) {
        return;
    }
    for finish in [false, true] {
        let machine = Files::with(&[]);
        let before = tree(&machine.root());
        machine.setup(&["docker", "--yes"]).succeeded();
        let after = tree(&machine.root());
        // What is there when the process is killed between its two files.
        let cut = machine.root().join("etc/systemd/system/docker.service.d");
        fs::remove_file(cut.join("zz-pullscope.conf")).unwrap();
        if finish {
            machine.setup(&["docker", "--yes"]).succeeded();
            assert_same(&tree(&machine.root()), &after);
        }
        machine.setup(&["docker", "--undo", "--yes"]).succeeded();
        assert_same(&tree(&machine.root()), &before);
    }
}

#[test]
fn what_would_win_over_the_drop_in_is_told_and_nothing_is_changed() {
    if !available(&["setpriv"]) {
        return;
    }
    let proxies = r#"{"proxies": {"https-proxy": "http://corp.test:3128"}}"#;
    let unit = "[Service]\nEnvironmentFile=-/etc/default/docker\n";
    for (files, says) in [
        (
            vec![("etc/docker/daemon.json", proxies)],
            "/etc/docker/daemon.json sets \"proxies\"",
        ),
        (
            vec![
                ("lib/systemd/system/docker.service", unit),
                ("etc/default/docker", "https_proxy=http://corp.test:3128\n"),
            ],
            "/etc/default/docker sets https_proxy",
        ),
    ] {
        let machine = Files::with(&files);
        let before = tree(&machine.root());
        let refused = machine.setup(&["docker", "--yes"]).failed();
        assert_eq!(refused.status.code(), Some(1));
        assert!(refused.err.contains(says), "{}", refused.err);
        assert_same(&tree(&machine.root()), &before);
    }
}

#[test]
fn without_systemd_the_lines_to_start_it_with_are_printed() {
    if !available(&["setpriv"]) {
        return;
    }
    let machine = Files::with(&[]);
    fs::remove_dir_all(machine.root().join("run")).unwrap();
    let told = machine.setup(&["docker", "--yes"]).failed();
    assert!(told.err.contains("no systemd"), "{}", told.err);
    let line = "HTTPS_PROXY=http://127.0.0.1:8642 HTTP_PROXY=http://127.0.0.1:8642 \
                SSL_CERT_DIR=/etc/ssl/certs:/etc/pullscope/ca dockerd";
    assert!(told.out.contains(line), "{}", told.out);
}

#[test]
fn without_a_terminal_it_does_not_guess_the_answer() {
    if !available(&["setpriv"]) {
        return;
    }
    let machine = Files::with(&[]);
    let before = tree(&machine.root());
    let refused = machine.setup(&["docker"]).failed();
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    assert_same(&tree(&machine.root()), &before);
}

#[test]
fn somebodys_change_since_is_not_undone() {
    if !available(&["setpriv"]) {
        return;
    }
    let machine = Files::with(&[]);
    machine.setup(&["docker", "--yes"]).succeeded();
    let path = "etc/systemd/system/docker.service.d/zz-pullscope.conf";
    let ours = machine.read(path);
    machine.write(path, &format!("{ours}Environment=MINE=1\n"));
    let refused = machine.setup(&["docker", "--undo", "--yes"]).failed();
    assert!(
        refused.err.contains("+Environment=MINE=1") && refused.err.contains("someone else"),
        "{}",
        refused.err
    );
    assert!(machine.read(path).contains("MINE"));
    machine.write(path, &ours);
    machine.setup(&["docker", "--undo", "--yes"]).succeeded();
}

#[test]
fn podmans_own_environment_is_merged() {
    if !available(&["root", "podman", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &[]);
    let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
    machine.write(
        "containers/containers.conf",
        "[engine]\nenv = [\"NO_PROXY=.corp.test\", \"KEEP=me\"]\n",
    );
    machine.write(
        "containers/policy.json",
        r#"{"default":[{"type":"insecureAcceptAnything"}]}"#,
    );
    let before = machine.snapshot();
    let proxy = recorder.route().proxy;
    machine
        .shell(&format!("pullscope setup podman --yes --proxy {proxy}"))
        .succeeded();
    let conf = machine.etc("containers/containers.conf.d/zz-pullscope.conf");
    let text = fs::read_to_string(conf).unwrap();
    assert!(
        text.contains("KEEP=me") && text.contains("NO_PROXY=.corp.test"),
        "{text}"
    );
    machine
        .shell(
            "podman --root $MACHINE/podman --runroot $MACHINE/podman-run --storage-driver=vfs \
             --cgroup-manager=cgroupfs pull docker.io/library/alpine:latest",
        )
        .succeeded();
    machine
        .shell("pullscope setup podman --undo --yes")
        .succeeded();
    assert_same(&machine.snapshot(), &before);
    let trace = recorder.stop();
    trace.find("manifest", |entry| {
        entry.url().contains("/v2/library/alpine/manifests/") && entry.status() == 200
    });
    assert!(trace.tls_errors().is_empty(), "{:?}", trace.tls_errors());
}

#[test]
fn a_recipe_is_printed_for_every_client_and_changes_nothing() {
    if !available(&["setpriv"]) {
        return;
    }
    let machine = Files::with(&[]);
    let before = tree(&machine.root());
    for (client, says) in [
        ("docker", "systemctl restart docker.service"),
        ("containerd", "ctr images pull"),
        ("podman", "podman pull"),
        (
            "buildkit",
            "--driver-opt env.HTTPS_PROXY=http://127.0.0.1:8642",
        ),
        ("k3s", "k3s.service"),
        ("crio", "crio.service"),
        ("skopeo", "skopeo inspect"),
        ("crane", "SSL_CERT_FILE="),
        ("oras", "--ca-file"),
        ("helm", "--ca-file"),
        ("curl", "--cacert"),
        ("kubernetes", "kubelet"),
        ("docker-desktop", "host.docker.internal"),
        ("github-actions", "upload-artifact"),
    ] {
        let printed = machine.setup(&[client, "--print"]).succeeded();
        assert!(printed.out.contains(says), "{client}: {}", printed.out);
    }
    assert_same(&tree(&machine.root()), &before);
    // What a recipe names is there.
    assert!(Path::new(&machine.dir.path().join("data/pullscope/bundle.pem")).exists());
}
