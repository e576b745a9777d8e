//! `pullscope doctor`: each thing it finds wrong is made wrong for real, and is right once its
//! fix was run as printed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pullscope::clients::doctor::Cause;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustix::process::Signal;

use crate::components::available;
use crate::hospital::Told;
use crate::lab::PULLSCOPE;
use crate::process::{Finished, Process, bound};
use crate::recorder::pullscope;

const RUN: Duration = Duration::from_secs(120);

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
    let broken: [(Cause, &dyn Fn()); 4] = [
        (Cause::KeyOpen, &|| mode(&key, 0o644)),
        (Cause::FolderOpen, &|| mode(&user.data(""), 0o777)),
        (Cause::KeyForeign, &|| {
            chown(&key, Some(65_534), None).unwrap();
        }),
        (Cause::KeyLinked, &|| {
            fs::rename(&key, user.data("elsewhere")).unwrap();
            symlink(user.data("elsewhere"), &key).unwrap();
        }),
    ];
    for (cause, break_it) in broken {
        break_it();
        let fix = user.doctor("").fix(cause);
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
    for (from, until, cause) in [
        (2090, 2099, Cause::NotYetValid),
        (2001, 2002, Cause::Expired),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        fs::write(user.data("ca.key"), format!("{}{pem}", key.serialize_pem())).unwrap();
        fs::write(user.data("ca.pem"), pem).unwrap();
        let fix = user.doctor("").fix(cause);
        user.shell(&fix).succeeded();
        user.doctor("").assert_good("clock");
    }
    fs::write(user.data("ca.pem"), "garbage").unwrap();
    let fix = user.doctor("").fix(Cause::NoCertificate);
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
    let fix = user.doctor("").fix(Cause::NothingListens);
    let running = user.run_proxy(&fix);
    user.doctor("").assert_good("proxy");
    // The CA is another one by now.
    user.shell("pullscope ca regenerate").succeeded();
    let fix = user.doctor("").fix(Cause::OtherCa);
    drop(running);
    let running = user.run_proxy(&fix);
    user.doctor("").assert_good("proxy");
    drop(running);
    // Something else has the port: it says something else, or nothing at all.
    let address = user.proxy.trim_start_matches("http://");
    let words: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    for (cause, words) in [(Cause::Occupied, words), (Cause::NoAnswer, b"")] {
        let listener = TcpListener::bind(address).unwrap();
        let accepting = listener.try_clone().unwrap();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = accepting.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(words);
            // Until the doctor has gone, unless it was answered.
            while words.is_empty() && stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
        });
        let told = user.doctor("");
        other.join().unwrap();
        drop(listener);
        let own = format!("process {}", std::process::id());
        let text = told.check("proxy").unwrap()["text"].as_str().unwrap();
        assert!(text.contains(&own), "{text}");
        let fix = told.fix(cause);
        let (record, doctor) = fix.split_once('\n').unwrap();
        let _running = user.run_proxy(record);
        let told = Told::read(&user.shell(&format!("{doctor} --json")));
        told.assert_good("proxy");
    }
}

/// The CA of a service is not the user's own, and its proxy may ask for a login.
#[test]
fn a_proxy_of_somebody_else_is_known_by_its_ca_and_its_login() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let user = User::new();
    user.shell("pullscope ca print").succeeded();
    let address = user.proxy.trim_start_matches("http://");
    let serve = format!(
        "env XDG_DATA_HOME=$PWD/service PULLSCOPE_PROXY_CREDENTIALS=u:p@ss pullscope record \
         -o pulls.har --listen {address}"
    );
    let _running = user.run_proxy(&serve);
    let doctor =
        |more: &str| Told::read(&user.shell(&format!("pullscope doctor curl --json {more}")));
    let told = doctor("");
    let text = told.check("proxy").unwrap()["text"].as_str().unwrap();
    assert!(text.contains("other credentials"), "{text}");
    let proxy = format!("--proxy http://u:p%40ss@{address}");
    assert_eq!(doctor(&proxy).check("proxy").unwrap()["cause"], "other-ca");
    let ca = format!("{proxy} --ca service/pullscope/ca.pem");
    doctor(&ca).assert_good("proxy");
    // A second machine fetches it as from any server.
    let fetched = user.shell(&format!(
        "curl -sS --noproxy '*' -u u:p@ss http://{address}/ca.pem"
    ));
    let served = fs::read_to_string(user.dir.path().join("service/pullscope/ca.pem")).unwrap();
    assert_eq!(fetched.succeeded().out, served);
}

/// What a doctor tries is none of the user's traffic.
#[test]
fn the_probe_of_a_doctor_is_not_in_the_trace() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    let user = User::new();
    let address = user.proxy.trim_start_matches("http://");
    let running = user.run_proxy(&format!("pullscope record -o pulls.har --listen {address}"));
    let whole = format!(
        "export HTTPS_PROXY={} CURL_CA_BUNDLE=\"$(pullscope ca bundle)\" SSL_CERT_FILE=\"$(pullscope ca bundle)\"",
        user.proxy
    );
    user.doctor(&whole).assert_good("handshake");
    running.signal(Signal::INT);
    let told = running.finish(RUN).succeeded();
    assert!(told.err.contains("recorded 0 exchanges"), "{}", told.err);
    assert!(!told.err.contains("refused"), "{}", told.err);
    let har = fs::read_to_string(user.dir.path().join("pulls.har")).unwrap();
    assert!(!har.contains("pullscope-doctor"), "{har}");
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
    let whole = told.fix(Cause::ClientElsewhere);
    user.doctor(&whole).assert_good("handshake");
    // The proxy, and no trust.
    let proxy = format!("export HTTPS_PROXY={}", user.proxy);
    let fix = user.doctor(&proxy).fix(Cause::ClientDistrust);
    let mended = user.doctor(&format!("{proxy}\n{fix}"));
    mended.assert_good("handshake");
    mended.assert_good("roots");
    // A list of roots without the CA.
    fs::write(user.dir.path().join("own.pem"), "").unwrap();
    let wrong = format!("{proxy}\nexport SSL_CERT_FILE=own.pem");
    let fix = user.doctor(&wrong).fix(Cause::RootsWithoutCa);
    user.doctor(&format!("{wrong}\n{fix}")).assert_good("roots");
    // Exceptions that are registries.
    for list in ["docker.io,.corp.test", "*"] {
        let trap = format!("{whole}\nexport NO_PROXY='{list}'");
        let fix = user.doctor(&trap).fix(Cause::ShellExceptions);
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
