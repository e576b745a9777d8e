//! `pullscope doctor`: each thing it finds wrong is made wrong for real, and is right once its
//! fix was run as printed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::Value;

use crate::components::available;
use crate::lab::{Lab, PULLSCOPE};
use crate::machine::{self, Machine};
use crate::process::{Finished, Process, bound};
use crate::recorder::{Recorder, pullscope};

const RUN: Duration = Duration::from_secs(120);

/// What a doctor said.
struct Told(Value);

impl Told {
    fn read(run: &Finished) -> Self {
        let start = run
            .out
            .find("{\n")
            .unwrap_or_else(|| panic!("{}{}", run.out, run.err));
        let json = run.out.get(start..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(json).into_iter();
        let told: Value = values.next().unwrap().unwrap();
        assert_eq!(told["schema"], 1);
        let bad = told["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["verdict"] == "bad");
        assert_eq!(told["ok"], !bad);
        Self(told)
    }

    fn check(&self, name: &str) -> Option<&Value> {
        let checks = self.0["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name)
    }

    /// The fix of what is wrong.
    #[track_caller]
    fn fix(&self, name: &str) -> String {
        let check = self
            .check(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.0));
        assert_eq!(check["verdict"], "bad", "{check}");
        assert!(check["text"].as_str().unwrap().len() > 20, "{check}");
        let lines: Vec<_> = check["fix"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_str().unwrap())
            .collect();
        assert!(!lines.is_empty(), "{check}");
        lines.join("\n")
    }

    #[track_caller]
    fn assert_good(&self, name: &str) {
        let check = self
            .check(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.0));
        assert_eq!(check["verdict"], "good", "{check}");
    }
}

/// A user without Docker.
struct User {
    dir: tempfile::TempDir,
    proxy: String,
}

impl User {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(PULLSCOPE, bin.join("pullscope")).unwrap();
        let sudo = bin.join("sudo");
        fs::write(&sudo, "#!/bin/sh\nexec \"$@\"\n").unwrap();
        fs::set_permissions(&sudo, fs::Permissions::from_mode(0o755)).unwrap();
        // A port that is free now; a doctor has to be told one.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", free.local_addr().unwrap());
        Self { dir, proxy }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("data/pullscope").join(name)
    }

    fn start(&self, name: &str, script: &str) -> Process {
        let mut shell = bound("/bin/sh");
        let bin = self.dir.path().join("bin");
        shell
            .args(["-c", script])
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.dir.path().join("data"))
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .env("XDG_CONFIG_HOME", self.dir.path().join("config"))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("PULLSCOPE_PROXY", &self.proxy)
            .current_dir(self.dir.path());
        Process::start(name, self.dir.path(), &mut shell)
    }

    fn shell(&self, script: &str) -> Finished {
        self.start("shell", script).finish(RUN)
    }

    /// Asks the doctor, in a shell that has run this before.
    fn doctor(&self, before: &str) -> Told {
        Told::read(&self.shell(&format!("{before}\npullscope doctor curl --json")))
    }

    /// Starts what is printed to start a proxy, and waits until it listens.
    fn run_proxy(&self, line: &str) -> Process {
        let mut process = self.start("proxy", &format!("exec {line}"));
        process.until("its greeting", RUN, |_, err| {
            err.contains("listens on").then_some(())
        });
        process
    }
}

#[test]
fn what_is_wrong_with_the_cas_files_is_mended() {
    if !available(&["root", "setpriv"]) {
        return;
    }
    let user = User::new();
    user.shell("pullscope ca print").succeeded();
    let key = user.data("ca.key");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    user.doctor("").assert_good("ca-files");
    let broken: [&dyn Fn(); 4] = [
        &|| mode(&key, 0o644),
        &|| mode(&user.data(""), 0o777),
        &|| chown(&key, Some(65_534), None).unwrap(),
        &|| {
            fs::rename(&key, user.data("elsewhere")).unwrap();
            symlink(user.data("elsewhere"), &key).unwrap();
        },
    ];
    for break_it in broken {
        break_it();
        let fix = user.doctor("").fix("ca-files");
        user.shell(&fix).succeeded();
        user.doctor("").assert_good("ca-files");
        user.shell("pullscope ca print").succeeded();
    }
}

#[test]
fn a_ca_that_is_not_valid_by_this_clock_is_mended() {
    if !available(&["setpriv"]) {
        return;
    }
    let user = User::new();
    user.shell("pullscope ca print").succeeded();
    for (from, until, name) in [(2090, 2099, "clock"), (2001, 2002, "ca-valid")] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        fs::write(user.data("ca.key"), format!("{}{pem}", key.serialize_pem())).unwrap();
        fs::write(user.data("ca.pem"), pem).unwrap();
        let fix = user.doctor("").fix(name);
        user.shell(&fix).succeeded();
        user.doctor("").assert_good("clock");
    }
    fs::write(user.data("ca.pem"), "garbage").unwrap();
    let fix = user.doctor("").fix("ca-valid");
    user.shell(&fix).succeeded();
    user.doctor("").assert_good("clock");
}

#[test]
fn a_proxy_that_is_not_there_or_another_one_is_mended() {
    if !available(&["setpriv"]) {
        return;
    }
    let user = User::new();
    user.shell("pullscope ca print").succeeded();
    // Nothing listens.
    let fix = user.doctor("").fix("proxy");
    let running = user.run_proxy(&fix);
    user.doctor("").assert_good("proxy");
    // The CA is another one by now.
    user.shell("pullscope ca regenerate").succeeded();
    let fix = user.doctor("").fix("proxy");
    drop(running);
    let running = user.run_proxy(&fix);
    user.doctor("").assert_good("proxy");
    drop(running);
    // Something else has the port.
    let address = user.proxy.trim_start_matches("http://");
    let listener = TcpListener::bind(address).unwrap();
    let accepting = listener.try_clone().unwrap();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = accepting.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    });
    let told = user.doctor("");
    other.join().unwrap();
    drop(listener);
    let own = format!("process {}", std::process::id());
    let text = told.check("proxy").unwrap()["text"].as_str().unwrap();
    assert!(text.contains(&own), "{text}");
    let fix = told.fix("proxy");
    let (record, doctor) = fix.split_once('\n').unwrap();
    let _running = user.run_proxy(record);
    let told = Told::read(&user.shell(&format!("{doctor} --json")));
    told.assert_good("proxy");
}

#[test]
fn a_shell_that_leads_past_the_proxy_is_mended() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let user = User::new();
    let address = user.proxy.trim_start_matches("http://");
    let _running = user.run_proxy(&format!("pullscope record -o pulls.har --listen {address}"));
    // No variables at all.
    let told = user.doctor("");
    let whole = told.fix("handshake");
    user.doctor(&whole).assert_good("handshake");
    // The proxy, and no trust.
    let proxy = format!("export HTTPS_PROXY={}", user.proxy);
    let fix = user.doctor(&proxy).fix("handshake");
    let mended = user.doctor(&format!("{proxy}\n{fix}"));
    mended.assert_good("handshake");
    mended.assert_good("roots");
    // A list of roots without the CA.
    fs::write(user.dir.path().join("own.pem"), "").unwrap();
    let wrong = format!("{proxy}\nexport SSL_CERT_FILE=own.pem");
    let fix = user.doctor(&wrong).fix("roots");
    user.doctor(&format!("{wrong}\n{fix}")).assert_good("roots");
    // Exceptions that are registries.
    for list in ["docker.io,.corp.test", "*"] {
        let trap = format!("{whole}\nexport NO_PROXY='{list}'");
        let fix = user.doctor(&trap).fix("no-proxy");
        let kept = user.shell(&format!("{trap}\n{fix}\necho $NO_PROXY $no_proxy"));
        let expected = if list == "*" {
            ""
        } else {
            ".corp.test .corp.test"
        };
        assert_eq!(kept.out.trim(), expected);
        let told = user.doctor(&format!("{trap}\n{fix}"));
        assert!(
            told.check("no-proxy")
                .is_none_or(|check| check["verdict"] == "good")
        );
    }
    // In words, for people: a mark, and the fix under it.
    let words = user.shell("LC_ALL=C.UTF-8 pullscope doctor curl").failed();
    assert_eq!(words.status.code(), Some(1));
    assert!(
        words.out.contains("✓ proxy") && words.out.contains("✗ handshake"),
        "{}",
        words.out
    );
    assert!(
        words.out.contains("      export HTTPS_PROXY="),
        "{}",
        words.out
    );
    let plain = user.shell("LC_ALL=C pullscope doctor curl").failed();
    assert!(plain.out.is_ascii(), "{}", plain.out);
}

/// A machine with dockerd, and a pullscope that it should use.
struct Hospital {
    recorder: Recorder,
    machine: Machine,
    _lab: Lab,
}

impl Hospital {
    fn new() -> Self {
        let lab = Lab::start(&[]);
        let recorder = Recorder::start(&lab, &[]);
        let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
        Self {
            recorder,
            machine,
            _lab: lab,
        }
    }

    fn restart(&self) {
        self.machine
            .shell("systemctl restart docker.service")
            .succeeded();
    }

    fn drop_in(&self, name: &str, lines: &[String]) {
        let text = format!("[Service]\n{}\n", lines.join("\n"));
        self.machine
            .write(&format!("systemd/system/docker.service.d/{name}"), &text);
    }

    fn forget(&self) {
        let _ = fs::remove_dir_all(self.machine.etc("systemd/system/docker.service.d"));
        let _ = fs::remove_file(self.machine.etc("docker/daemon.json"));
    }

    fn https_proxy(&self) -> String {
        format!(
            "Environment=\"HTTPS_PROXY={}\"",
            self.recorder.route().proxy
        )
    }

    /// As `pullscope ca print` and a line in a drop-in make it.
    fn ssl_cert_dir(&self) -> String {
        let trusted = self.machine.etc("trusted");
        fs::create_dir_all(&trusted).unwrap();
        let ca = self.recorder.route().trust.unwrap();
        fs::copy(ca, trusted.join("ca.pem")).unwrap();
        "Environment=\"SSL_CERT_DIR=/etc/ssl/certs:/etc/trusted\"".to_owned()
    }

    fn doctor(&self, client: &str) -> Told {
        let proxy = self.recorder.route().proxy;
        let ask = format!("pullscope doctor {client} --json --proxy {proxy}");
        Told::read(&self.machine.shell(&ask))
    }

    /// Runs a fix as printed, on a terminal, and says yes to what it asks.
    fn run(&self, fix: &str) {
        self.machine.write("fix.sh", fix);
        let typed = "printf 'y\\ny\\ny\\ny\\n' | script -qec 'sh -e /etc/fix.sh' /dev/null";
        self.machine.shell(typed).succeeded();
    }

    #[track_caller]
    fn mend(&self, name: &str) {
        let fix = self.doctor("docker").fix(name);
        self.run(&fix);
        let told = self.doctor("docker");
        let mended = told
            .check(name)
            .is_none_or(|check| check["verdict"] == "good");
        assert!(mended, "{name} after\n{fix}\n{}", told.0);
    }
}

const NEEDS: &[&str] = &["script"];

#[test]
fn dockerd_that_goes_elsewhere_or_does_not_trust_is_mended() {
    if !available(machine::NEEDS) || !available(NEEDS) {
        return;
    }
    let hospital = Hospital::new();
    // It does not run at all.
    hospital.mend("docker-daemon");
    hospital.doctor("docker").assert_good("docker-daemon");
    // It uses no proxy.
    hospital.mend("docker-proxy");
    let told = hospital.doctor("docker");
    told.assert_good("docker-proxy");
    told.assert_good("docker-trust");
    assert_eq!(told.0["ok"], true, "{}", told.0);
    hospital
        .machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    // It uses the proxy, and nobody gave it the CA.
    hospital.drop_in("by-hand.conf", &[hospital.https_proxy()]);
    hospital.restart();
    hospital.mend("docker-trust");
    hospital.doctor("docker").assert_good("docker-trust");
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn what_stands_in_dockerds_way_is_mended() {
    if !available(machine::NEEDS) || !available(NEEDS) {
        return;
    }
    let hospital = Hospital::new();
    let by_hand = [hospital.https_proxy(), hospital.ssl_cert_dir()];
    // daemon.json has the last word. (This dockerd may be too old to start with it.)
    hospital.drop_in("by-hand.conf", &by_hand);
    hospital.restart();
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"debug": true, "proxies": {"https-proxy": "http://corp.test:3128"}}"#,
    );
    hospital.mend("docker-json");
    let json = fs::read_to_string(hospital.machine.etc("docker/daemon.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        serde_json::json!({"debug": true})
    );
    hospital.forget();
    // A drop-in of an earlier recipe.
    let elsewhere = "Environment=HTTPS_PROXY=http://127.0.0.1:9".to_owned();
    hospital.drop_in("pullscope.conf", &[elsewhere]);
    hospital.restart();
    hospital.mend("docker-drop-in");
    hospital.doctor("docker").assert_good("docker-trust");
    hospital
        .machine
        .shell("pullscope setup docker --undo --yes")
        .succeeded();
    hospital.forget();
    // Registries that go past the proxy.
    let mut lines = by_hand.to_vec();
    lines.push("Environment=\"NO_PROXY=docker.io,.corp.test\"".to_owned());
    hospital.drop_in("by-hand.conf", &lines);
    hospital.restart();
    hospital.mend("docker-no-proxy");
    let info = hospital
        .machine
        .shell("docker info --format '{{.NoProxy}}'");
    assert_eq!(info.succeeded().out.trim(), ".corp.test");
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn mirrors_that_go_past_the_proxy_are_mended() {
    if !available(machine::NEEDS) || !available(NEEDS) {
        return;
    }
    let hospital = Hospital::new();
    hospital.drop_in(
        "by-hand.conf",
        &[hospital.https_proxy(), hospital.ssl_cert_dir()],
    );
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"registry-mirrors": ["http://mirror.corp.test"]}"#,
    );
    hospital.restart();
    hospital.mend("docker-mirror");
    hospital.machine.write(
        "docker/daemon.json",
        r#"{"registry-mirrors": ["https://localhost:5000"]}"#,
    );
    hospital.restart();
    hospital.mend("docker-local");
    let mirrors = hospital.machine.shell(
        "docker info --format '{{.RegistryConfig.Mirrors}}'; getent hosts mirror.pullscope.test",
    );
    let mirrors = mirrors.succeeded().out;
    assert!(
        mirrors.contains("https://mirror.pullscope.test:5000") && mirrors.contains("127.0.0.1"),
        "{mirrors}"
    );
    hospital
        .machine
        .shell("systemctl stop docker.service")
        .succeeded();
}

#[test]
fn a_service_that_was_not_given_the_proxy_is_mended() {
    if !available(machine::NEEDS) || !available(NEEDS) {
        return;
    }
    let hospital = Hospital::new();
    if !Path::new("/lib/systemd/system/containerd.service").exists() {
        hospital
            .machine
            .write("systemd/system/containerd.service", "[Service]\n");
    }
    let told = hospital.doctor("containerd");
    told.fix("service-trust");
    hospital.run(&told.fix("service-proxy"));
    let told = hospital.doctor("containerd");
    told.assert_good("service-proxy");
    told.assert_good("service-trust");
    hospital.machine.write(
        "systemd/system/containerd.service.d/corp.conf",
        "[Service]\nEnvironment=\"NO_PROXY=quay.io,.corp.test\"\n",
    );
    hospital.run(&hospital.doctor("containerd").fix("service-no-proxy"));
    let told = hospital.doctor("containerd");
    assert!(told.check("service-no-proxy").is_none(), "{}", told.0);
    told.assert_good("service-proxy");
}

#[test]
fn a_proxy_that_has_no_address_is_a_mistake_in_the_command_line() {
    let home = tempfile::tempdir().unwrap();
    if !available(&["setpriv"]) {
        return;
    }
    for bad in [
        "https://127.0.0.1:1",
        "127.0.0.1:1",
        "http://no-such-host.invalid:1",
    ] {
        let refused = pullscope(home.path(), &["doctor", "--proxy", bad]).failed();
        assert_eq!(refused.status.code(), Some(2), "{bad}: {}", refused.err);
    }
}
