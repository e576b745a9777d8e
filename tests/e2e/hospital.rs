//! A machine that is made sick, and what a doctor says of it.

use std::fs;

use pullscope::clients::doctor::Cause;
use serde_json::Value;

use crate::lab::Lab;
use crate::machine::{self, Machine};
use crate::process::Finished;
use crate::recorder::Recorder;

/// What it takes to have one, and to answer its questions.
pub(crate) const NEEDS: [&[&str]; 2] = [machine::NEEDS, &["script"]];

/// What a doctor said.
pub(crate) struct Told(pub(crate) Value);

impl Told {
    pub(crate) fn read(run: &Finished) -> Self {
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

    pub(crate) fn check(&self, name: &str) -> Option<&Value> {
        let checks = self.0["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name)
    }

    /// The fix of what is wrong, which must be this.
    #[track_caller]
    pub(crate) fn fix(&self, cause: Cause) -> String {
        let check = self
            .check(cause.check())
            .unwrap_or_else(|| panic!("no {cause:?}: {}", self.0));
        assert_eq!(check["verdict"], "bad", "{check}");
        assert_eq!(check["cause"], cause.name(), "{check}");
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
    pub(crate) fn assert_good(&self, name: &str) {
        let check = self
            .check(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.0));
        assert_eq!(check["verdict"], "good", "{check}");
    }

    /// The check that found this finds it no more.
    #[track_caller]
    pub(crate) fn assert_mended(&self, cause: Cause, fix: &str) {
        let mended = self
            .check(cause.check())
            .is_none_or(|check| check["verdict"] == "good");
        assert!(mended, "{cause:?} after\n{fix}\n{}", self.0);
    }
}

/// A machine with dockerd, and a pullscope that it should use.
pub(crate) struct Hospital {
    pub(crate) recorder: Recorder,
    pub(crate) machine: Machine,
    _lab: Lab,
}

impl Hospital {
    pub(crate) fn new() -> Self {
        let lab = Lab::start(&[]);
        let recorder = Recorder::start(&lab, &[]);
        let machine = Machine::start(lab.dir(), &recorder.dir().join("data"));
        Self {
            recorder,
            machine,
            _lab: lab,
        }
    }

    pub(crate) fn restart(&self) {
        self.machine
            .shell("systemctl restart docker.service")
            .succeeded();
    }

    pub(crate) fn drop_in(&self, name: &str, lines: &[String]) {
        let text = format!("[Service]\n{}\n", lines.join("\n"));
        self.machine
            .write(&format!("systemd/system/docker.service.d/{name}"), &text);
    }

    pub(crate) fn forget(&self) {
        let _ = fs::remove_dir_all(self.machine.etc("systemd/system/docker.service.d"));
        let _ = fs::remove_file(self.machine.etc("docker/daemon.json"));
    }

    pub(crate) fn https_proxy(&self) -> String {
        format!(
            "Environment=\"HTTPS_PROXY={}\"",
            self.recorder.route().proxy
        )
    }

    /// As `pullscope ca print` and a line in a drop-in make it.
    pub(crate) fn ssl_cert_dir(&self) -> String {
        let trusted = self.machine.etc("trusted");
        fs::create_dir_all(&trusted).unwrap();
        let ca = self.recorder.route().trust.unwrap();
        fs::copy(ca, trusted.join("ca.pem")).unwrap();
        "Environment=\"SSL_CERT_DIR=/etc/ssl/certs:/etc/trusted\"".to_owned()
    }

    pub(crate) fn doctor(&self, client: &str) -> Told {
        let proxy = self.recorder.route().proxy;
        let ask = format!("pullscope doctor {client} --json --proxy {proxy}");
        Told::read(&self.machine.shell(&ask))
    }

    /// Runs a fix as printed, on a terminal, and says yes to what it asks.
    pub(crate) fn run(&self, fix: &str) {
        self.machine.write("fix.sh", fix);
        let typed = "printf 'y\\ny\\ny\\ny\\n' | script -qec 'sh -e /etc/fix.sh' /dev/null";
        self.machine.shell(typed).succeeded();
    }

    /// What is wrong with a client is found, and its fix, run as printed, mends it.
    #[track_caller]
    pub(crate) fn mend(&self, client: &str, cause: Cause) {
        let fix = self.doctor(client).fix(cause);
        self.run(&fix);
        self.doctor(client).assert_mended(cause, &fix);
    }
}
