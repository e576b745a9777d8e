//! The same pulls recorded by mitmproxy and by us tell the same story.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pullscope::base::clock;
use pullscope::exchange::Capture;
use pullscope::har;
use pullscope::lab::client::Puller;
use pullscope::lab::{Clock, Lab, LabOptions};
use pullscope::registry::Platform;
use pullscope::store::Store;
use pullscope::story::explain;
use pullscope::words::Lang;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::program::PULLSCOPE;

/// A recording proxy in a process of its own, ended in any case.
struct Recorder {
    child: Child,
    address: SocketAddr,
    ca_pem: String,
}

impl Recorder {
    /// Ends it as Ctrl-C does; the HAR is written then.
    fn finish(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of its output that `pick` makes something of. What follows is read away.
fn first<T>(child: &mut Child, mut pick: impl FnMut(&str) -> Option<T>) -> T {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    let found = loop {
        let Some(line) = lines.next() else {
            panic!("it ended: {said}");
        };
        let line = line.unwrap();
        if let Some(found) = pick(&line) {
            break found;
        }
        said.push_str(&line);
    };
    std::thread::spawn(move || lines.for_each(drop));
    found
}

fn mitmproxy(program: &Path, folder: &Path, lab: &Lab) -> Recorder {
    let lab_ca = folder.join("lab-ca.pem");
    std::fs::write(&lab_ca, lab.ca_pem()).unwrap();
    let mut child = Command::new(program)
        .args(["--listen-host", "127.0.0.1", "--listen-port", "0"])
        .arg("-s")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/sharing/route_to_lab.py"
        ))
        .arg("--set")
        .arg(format!("confdir={}", folder.join("conf").display()))
        .arg("--set")
        .arg(format!("hardump={}", folder.join("theirs.har").display()))
        .arg("--set")
        .arg(format!(
            "ssl_verify_upstream_trusted_ca={}",
            lab_ca.display()
        ))
        // Our proxy speaks HTTP/1.1, and so do most container clients.
        .args(["--set", "http2=false", "--set", "flow_detail=0"])
        .env("LAB_PORT", lab.address().port().to_string())
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let address = first(&mut child, |line| {
        let (_, rest) = line.split_once("proxy listening at ")?;
        rest.trim().trim_end_matches('.').parse().ok()
    });
    let ca = folder.join("conf/mitmproxy-ca-cert.pem");
    Recorder {
        child,
        address,
        ca_pem: std::fs::read_to_string(ca).unwrap(),
    }
}

fn pullscope(folder: &Path, lab: &Lab) -> Recorder {
    let lab_ca = folder.join("lab-ca.pem");
    std::fs::write(&lab_ca, lab.ca_pem()).unwrap();
    let mut command = Command::new(PULLSCOPE);
    command
        .args(["record", "--json", "--listen", "127.0.0.1:0", "-o"])
        .arg(folder.join("ours.har"))
        .arg("--upstream-ca")
        .arg(&lab_ca)
        .args(["--upstream-proxy", "none"])
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for route in lab.routes() {
        command.args(["--connect-to", &route.to_string()]);
    }
    let mut child = command.spawn().unwrap();
    let begun: Value = first(&mut child, |line| serde_json::from_str(line).ok());
    let ca = begun["ca"].as_str().unwrap();
    Recorder {
        child,
        address: begun["address"].as_str().unwrap().parse().unwrap(),
        ca_pem: std::fs::read_to_string(ca).unwrap(),
    }
}

/// The bodies of a HAR file.
struct Files<'a>(&'a har::HarDocument);

impl pullscope::registry::Bodies for Files<'_> {
    fn load(&self, file: &str) -> Option<bytes::Bytes> {
        let file = file.to_owned();
        let capture = Capture::Stored { file, size: 0 };
        let bytes = pullscope::exchange::Bodies::read(self.0, &capture);
        bytes.ok().flatten().map(Into::into)
    }
}

/// What both must agree on: everything but times and connections.
fn story(path: &Path) -> Value {
    let document = har::read(path).unwrap();
    assert!(document.skipped.is_empty());
    let store = Store::of_trace(document.trace.clone(), &Files(&document));
    assert_eq!(store.loose().count(), 0);
    let pulls = store.pulls().iter().map(|pull| {
        let mut steps: Vec<_> = pull
            .steps
            .iter()
            .map(|step| {
                let entry = store.entry(step.exchange).unwrap();
                json!({
                    "kind": step.kind,
                    "part": step.part,
                    "why": step.cause.map(|cause| cause.why),
                    "status": entry.reading.status,
                    "digests": entry.reading.digests,
                    // Two tokens may differ in length.
                    "received": entry
                        .reading
                        .digests
                        .computed
                        .is_some()
                        .then_some(entry.exchange.received),
                    "said": without_moments(&explain(step, &entry.reading, pull, Lang::En)),
                })
            })
            .collect();
        // Layers are fetched side by side, so their order is chance.
        steps.sort_by_key(ToString::to_string);
        let blobs = pull.blobs.iter();
        let blobs = blobs.map(|blob| json!([blob.part, blob.digest, blob.state, blob.received]));
        let findings = store
            .findings_of(pull.id)
            .iter()
            .map(|finding| finding.rule);
        json!({
            "name": pull.name(),
            "purpose": pull.purpose,
            "state": pull.state,
            "client": pull.client,
            "platform": pull.platform,
            "digest": pull.digest,
            "steps": steps,
            "blobs": blobs.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        })
    });
    Value::Array(pulls.collect())
}

/// Signed URLs of two recordings expire at two moments.
fn without_moments(said: &str) -> String {
    let words = said.split(' ');
    let words = words.map(|word| {
        if word.starts_with("20") && word.contains('T') {
            "…"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

async fn same_story(faults: &[&str]) {
    let Some(program) = installed() else {
        return;
    };
    let mut options = LabOptions::new(Clock::new(clock::system));
    options.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let lab = Lab::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let theirs = mitmproxy(&program, folder.path(), &lab);
    let ours = pullscope(folder.path(), &lab);
    for recorder in [theirs, ours] {
        let puller = Puller::new(
            recorder.address,
            &recorder.ca_pem,
            Platform::of_a_container(),
        )
        .unwrap();
        for image in lab.images() {
            let image = puller.pull(image, &|_| {}).await;
            assert!(image.is_ok() || !faults.is_empty(), "{image:?}");
        }
        recorder.finish();
    }
    lab.shutdown().await;
    let ours = story(&folder.path().join("ours.har"));
    let theirs = story(&folder.path().join("theirs.har"));
    assert_eq!(ours.as_array().unwrap().len(), 4);
    let found = ours.to_string().contains("\"findings\":[\"");
    assert_eq!(found, !faults.is_empty(), "{ours:#}");
    for (ours, theirs) in ours
        .as_array()
        .unwrap()
        .iter()
        .zip(theirs.as_array().unwrap())
    {
        let steps = |story: &Value| story["steps"].as_array().unwrap().clone();
        for (ours, theirs) in steps(ours).iter().zip(&steps(theirs)) {
            assert_eq!(ours, theirs);
        }
        for (name, value) in ours.as_object().unwrap() {
            assert_eq!(*value, theirs[name], "{name} of {}", ours["name"]);
        }
    }
    assert_eq!(ours, theirs);
}

/// mitmproxy; where there is none this is said, and is a failure where everything is required.
fn installed() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    let program = target.join("readers/venv/bin/mitmdump");
    if program.is_file() {
        return Some(program);
    }
    let required = std::env::var_os("PULLSCOPE_E2E").is_some_and(|value| value == "required");
    assert!(
        !required,
        "mitmproxy is not here: run tests/readers/install.sh"
    );
    // Not `eprintln!`, which the test runner hides for tests that pass.
    let said = "SKIPPED mitmproxy: not here: tests/readers/install.sh";
    writeln!(std::io::stderr(), "{said}").expect("stderr is open");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn of_healthy_pulls() {
    same_story(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_pulls_that_go_wrong() {
    // Where several layers come at once, it is chance which of them a client gives up.
    let faults = ["hub:corrupt-layer", "gcr:rate-limit", "quay:missing-digest"];
    same_story(&faults).await;
}
