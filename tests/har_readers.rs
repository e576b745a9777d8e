//! Opens a HAR of ours with other people's programs and compares all they read with what was
//! written. `tests/readers/install.sh` installs these programs.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

#[path = "e2e/components.rs"]
mod components;
#[path = "e2e/roster.rs"]
mod roster;
#[path = "readers/samples.rs"]
mod samples;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use jiff::Timestamp;
use pullscope::exchange::{
    Bodies, Body, Capture, Connection, Exchange, HandshakeFailed, RawHead, Timings, Trace, Tunnel,
};
use pullscope::har::{self, WriteOptions};
use serde_json::Value;

use components::{available, program};

/// What one entry should say, told from the records without any help of the code under test.
struct Expected {
    method: String,
    /// `None` where the recorded URL is none that a reader could take.
    url: Option<String>,
    status: u64,
    started: Timestamp,
    server: Option<String>,
    /// In milliseconds: name lookup, connecting, TLS, sending, waiting and receiving.
    timings: [Option<f64>; 6],
    request: Message,
    response: Message,
}

/// One of its messages.
#[derive(Default)]
struct Message {
    headers: Vec<(String, String)>,
    /// Decoded; `None` where it was not kept.
    body: Option<Vec<u8>>,
    decoded_size: u64,
    /// `None` where it is not known.
    wire_size: Option<u64>,
    head_size: Option<u64>,
}

#[test]
fn mitmproxy_reads_what_was_written() {
    let Some(program) = component("venv/bin/mitmdump") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let file = write_har(root.path());
    let output = root.path().join("flows.json");
    let mut command = Command::new(program);
    command
        .args([OsStr::new("-q"), OsStr::new("-nr"), file.as_os_str()])
        .args([OsStr::new("-s"), script("mitmproxy_dump.py").as_os_str()])
        .args(["--set", &format!("confdir={}", root.path().display())])
        .env("READER_OUTPUT", &output);
    run(&mut command);
    let flows = json(&output);
    let flows = flows.as_array().unwrap();
    let expected = expected();
    assert_eq!(flows.len(), expected.len());
    for (flow, expected) in flows.iter().zip(&expected) {
        let name = format!("{} {:?}: {flow}", expected.method, expected.url);
        assert_eq!(flow["method"], expected.method, "{name}");
        if let Some(url) = &expected.url {
            // It writes IPv6 addresses without brackets, and of a CONNECT the authority only.
            let mut url = url.replace(['[', ']'], "");
            if expected.method == "CONNECT" {
                url = url.replace("https://", "").replace('/', "");
            }
            assert_eq!(flow["url"], url, "{name}");
        }
        assert_eq!(flow["status"], expected.status, "{name}");
        assert_started(&flow["started"], expected);
        assert_eq!(
            flow["server"].as_str(),
            expected.server.as_deref(),
            "{name}"
        );
        assert_eq!(
            headers(&flow["response"]["headers"]),
            expected.response.headers
        );
        let sent: Vec<_> = headers(&flow["request"]["headers"]);
        let expected_fields = not_made_anew(&expected.request.headers);
        assert_eq!(not_made_anew(&sent), expected_fields, "{name}");
        let body = |side: &str| {
            BASE64
                .decode(flow[side]["body"].as_str().unwrap().as_bytes())
                .unwrap()
        };
        let response = expected.response.body.clone().unwrap_or_default();
        assert_eq!(body("response"), response, "{name}");
        // HAR has no field for a request that is no text, so mitmproxy cannot see one.
        let request = expected.request.body.clone().filter(|body| body.is_ascii());
        assert_eq!(body("request"), request.unwrap_or_default(), "{name}");
    }
}

#[test]
fn we_read_what_mitmproxy_writes() {
    let Some(program) = component("venv/bin/mitmdump") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let file = write_har(root.path());
    let theirs = root.path().join("theirs.har");
    let mut command = Command::new(program);
    command
        .args([OsStr::new("-q"), OsStr::new("-nr"), file.as_os_str()])
        .args(["--set", &format!("confdir={}", root.path().display())])
        .args(["--set", &format!("hardump={}", theirs.display())]);
    run(&mut command);
    let document = har::read(&theirs).unwrap();
    assert!(document.creator.name.starts_with("mitmproxy"));
    assert!(document.skipped.is_empty());
    let expected = expected();
    assert_eq!(document.trace.exchanges.len(), expected.len());
    for (exchange, expected) in document.trace.exchanges.iter().zip(&expected) {
        let request = &exchange.request.as_ref().unwrap().head;
        let sent = message(Some(request), None).headers;
        assert_eq!(
            not_made_anew(&sent),
            not_made_anew(&expected.request.headers)
        );
        let status = exchange
            .response
            .as_ref()
            .map_or(0, |r| r.head.status().unwrap());
        assert_eq!(u64::from(status), expected.status);
        let body = exchange
            .response_body
            .as_ref()
            .map(|body| document.read(&body.capture));
        let body = body.map(|bytes| bytes.unwrap().unwrap_or_default());
        let known = expected.response.body.clone().unwrap_or_default();
        assert_eq!(body.unwrap_or_default(), known, "{:?}", expected.url);
    }
}

/// mitmproxy makes two fields of a request anew: `Host` from the URL, and the content's length.
fn not_made_anew(headers: &[(String, String)]) -> Vec<(String, String)> {
    const ANEW: [&str; 2] = ["host", "content-length"];
    headers
        .iter()
        .filter(|(name, _)| !ANEW.contains(&name.to_ascii_lowercase().as_str()))
        .cloned()
        .collect()
}

#[test]
fn haralyzer_reads_what_was_written() {
    let Some(program) = component("venv/bin/python") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let file = write_har(root.path());
    let output = root.path().join("entries.json");
    run(Command::new(program)
        .args([script("haralyzer_dump.py"), file])
        .arg(&output));
    let read = json(&output);
    assert_eq!(
        (&read["version"], &read["creator"]),
        (&"1.2".into(), &"pullscope".into())
    );
    let entries = read["entries"].as_array().unwrap();
    let expected = expected();
    assert_eq!(entries.len(), expected.len());
    for (entry, expected) in entries.iter().zip(&expected) {
        let name = format!("{} {:?}: {entry}", expected.method, expected.url);
        assert_eq!(entry["method"], expected.method, "{name}");
        if let Some(url) = &expected.url {
            assert_eq!(entry["url"], *url, "{name}");
        }
        assert_eq!(entry["status"], expected.status, "{name}");
        assert_started(&entry["started"], expected);
        assert_eq!(
            entry["server"].as_str(),
            expected.server.as_deref(),
            "{name}"
        );
        // What is not known is -1, but for the three that must not be.
        let unknown = [-1.0, -1.0, -1.0, 0.0, 0.0, 0.0];
        let timings = entry["timings"].as_array().unwrap();
        assert_eq!(timings.len(), unknown.len());
        for ((read, known), unknown) in timings.iter().zip(expected.timings).zip(unknown) {
            assert_close(read, known.unwrap_or(unknown), 0.001, &name);
        }
        for (side, message) in [
            ("request", &expected.request),
            ("response", &expected.response),
        ] {
            let read = &entry[side];
            assert_eq!(headers(&read["headers"]), message.headers, "{name}");
            assert_eq!(read["bodySize"].as_u64(), message.wire_size, "{name}");
            assert_eq!(read["headersSize"].as_u64(), message.head_size, "{name}");
        }
        let response = &entry["response"];
        assert_eq!(
            response["contentSize"], expected.response.decoded_size,
            "{name}"
        );
        let text = response["text"]
            .as_str()
            .map(|text| match response["encoding"].as_str() {
                Some("base64") => BASE64.decode(text.as_bytes()).unwrap(),
                _ => text.as_bytes().to_vec(),
            });
        let nothing = expected.status == 0 || expected.response.wire_size.is_none();
        let known = expected.response.body.clone().filter(|_| !nothing);
        assert_eq!(text, known, "{name}");
        let request = expected
            .request
            .body
            .as_ref()
            .filter(|b| !b.is_empty() && b.is_ascii());
        assert_eq!(
            entry["request"]["text"].as_str().map(str::as_bytes),
            request.map(Vec::as_slice)
        );
    }
}

/// The own importer of `DevTools`, and a page that is answered from the file (Playwright's `routeFromHAR`).
#[test]
fn chromium_reads_and_serves_what_was_written() {
    let Some(modules) = component("pages/node_modules/playwright-core") else {
        return;
    };
    let Some(browser) = component("/usr/bin/chromium") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let file = write_har(root.path());
    let output = run(Command::new(program("node"))
        .args([script("chromium.mjs"), file, browser])
        .current_dir(modules.ancestors().nth(2).unwrap()));
    let read: Value = serde_json::from_slice(&output).unwrap();
    let expected = expected();
    let imported = read["devtools"].as_array().unwrap();
    assert_eq!(imported.len(), expected.len());
    for (request, expected) in imported.iter().zip(&expected) {
        assert_imported(request, expected);
    }
    let served = read["page"].as_array().unwrap();
    assert!(served.len() > 10);
    for answer in served {
        assert_served(answer, &expected);
    }
}

fn assert_imported(request: &Value, expected: &Expected) {
    let name = format!("{} {:?}: {request}", expected.method, expected.url);
    assert_eq!(request["method"], expected.method, "{name}");
    if let Some(url) = &expected.url {
        assert_eq!(request["url"], *url, "{name}");
    }
    assert_eq!(request["status"], expected.status, "{name}");
    // A date of JavaScript has milliseconds, the rest cut off.
    let started = expected.started.as_duration().as_secs_f64();
    assert_close(&request["started"], started, 0.001_01, &name);
    for (side, message) in [
        ("request", &expected.request),
        ("response", &expected.response),
    ] {
        assert_eq!(
            headers(&request[side]["headers"]),
            message.headers,
            "{name}"
        );
    }
    let Message {
        head_size,
        wire_size,
        decoded_size,
        ..
    } = expected.response;
    let transferred = head_size.zip(wire_size).map(|(head, body)| head + body);
    if let Some(transferred) = transferred {
        assert_eq!(request["transferred"], transferred, "{name}");
    }
    // It takes a size of nothing for none that is known, and shows what was transferred.
    let nothing = decoded_size == 0 && request["size"] == request["transferred"];
    assert!(nothing || request["size"] == decoded_size, "{name}");
    let kept = |text: &Value, base64: &Value| match (text.as_str(), base64.as_str()) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (None, base64) => base64.map(|text| BASE64.decode(text.as_bytes()).unwrap()),
    };
    let response = &request["response"];
    let content = kept(&response["text"], &response["base64"]);
    let known = expected.response.body.clone().unwrap_or_default();
    assert_eq!(content.unwrap_or_default(), known, "{name}");
    let [dns, connect, ssl, send, wait, receive] = expected.timings;
    let took: f64 = [dns, connect, send, wait, receive]
        .into_iter()
        .flatten()
        .sum();
    assert_close(&request["took"], took / 1e3, 0.000_1, &name);
    for (phase, known) in [("dns", dns), ("connect", connect), ("ssl", ssl)] {
        let known = known.unwrap_or_default();
        assert_close(&request["timing"][phase], known, 0.01, &name);
    }
}

/// A page that asks for what is in the file gets one of the answers that it has for that.
fn assert_served(answer: &Value, expected: &[Expected]) {
    let asked = expected.iter().filter(|expected| {
        answer["method"] == expected.method && expected.url.as_deref() == answer["url"].as_str()
    });
    let given = |expected: &Expected| {
        let body = BASE64.decode(answer["body"].as_str().unwrap_or_default().as_bytes());
        let known = expected.response.body.clone().unwrap_or_default();
        // Playwright knows no request without an answer, and takes 0 for 200.
        let status = if expected.status == 0 {
            200
        } else {
            expected.status
        };
        answer["status"] == status && body.unwrap() == known
    };
    let asked: Vec<_> = asked.collect();
    assert!(!asked.is_empty(), "{answer}");
    // Where a redirect leads is in no file here.
    if asked.iter().all(|expected| expected.status == 307) {
        assert!(answer["error"].is_string(), "{answer}");
    } else {
        assert!(asked.into_iter().any(given), "{answer}");
    }
}

fn assert_close(read: &Value, known: f64, by: f64, name: &str) {
    let read = read.as_f64().unwrap_or_else(|| panic!("{name}"));
    assert!((read - known).abs() < by, "{read} for {known}: {name}");
}

#[test]
fn har_validator_finds_no_fault() {
    let Some(modules) = component("node/node_modules/har-validator") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let file = write_har(root.path());
    let output = run(Command::new(program("node"))
        .args([script("validate.js"), file])
        .arg(modules.ancestors().nth(2).unwrap()));
    let read: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(read["entries"], expected().len());
}

fn expected() -> Vec<Expected> {
    let trace = samples::trace();
    let mut expected: Vec<_> = trace.exchanges.iter().map(of_exchange).collect();
    expected.extend(trace.tunnels.iter().map(of_tunnel));
    expected.extend(trace.handshakes.iter().map(of_handshake));
    expected.sort_by_key(|entry| entry.started);
    expected
}

fn of_exchange(exchange: &Exchange) -> Expected {
    let head = exchange.request.as_ref().map(|request| &request.head);
    let url = exchange.request.as_ref().map(|request| request.url.clone());
    let upstream = exchange
        .upstream
        .as_ref()
        .filter(|upstream| upstream.via.is_none());
    let response = exchange.response.as_ref().map(|response| &response.head);
    Expected {
        method: head.and_then(RawHead::method).map_or(String::new(), latin1),
        url: url.filter(|url| !url.contains(' ')),
        status: response
            .and_then(RawHead::status)
            .unwrap_or_default()
            .into(),
        started: exchange.started,
        server: upstream
            .and_then(|upstream| upstream.address)
            .map(|address| address.ip().to_string()),
        timings: timings(&exchange.timings),
        request: message(head, exchange.request_body.as_ref()),
        response: message(response, exchange.response_body.as_ref()),
    }
}

fn of_tunnel(tunnel: &Tunnel) -> Expected {
    Expected {
        server: Some("192.0.2.2".to_owned()),
        timings: timings(&tunnel.timings),
        ..of_connect(&tunnel.connection)
    }
}

fn of_handshake(failed: &HandshakeFailed) -> Expected {
    let opened = failed.connection.opened;
    let waited = failed.at.duration_since(opened).try_into().ok();
    let timings = timings(&Timings {
        wait: waited,
        ..Timings::default()
    });
    Expected {
        timings,
        ..of_connect(&failed.connection)
    }
}

fn of_connect(connection: &Connection) -> Expected {
    let target = connection.target.as_ref().unwrap();
    let mut request = message(connection.connect_head.as_ref(), None);
    request.wire_size = Some(0);
    Expected {
        method: "CONNECT".to_owned(),
        url: Some(format!("https://{}:{}/", target.host, target.port)),
        status: 200,
        started: connection.opened,
        server: None,
        timings: [None; 6],
        request,
        response: Message {
            body: Some(Vec::new()),
            wire_size: Some(0),
            ..Message::default()
        },
    }
}

fn timings(timings: &Timings) -> [Option<f64>; 6] {
    let phases = [
        timings.dns,
        timings.connect,
        timings.ssl,
        timings.send,
        timings.wait,
        timings.receive,
    ];
    phases.map(|phase| phase.map(|phase| phase.as_secs_f64() * 1e3))
}

fn message(head: Option<&RawHead>, body: Option<&Body>) -> Message {
    let headers = head.map(|head| {
        head.fields()
            .map(|field| {
                (
                    text(field.name),
                    text(field.value).replace('\0', "\u{2400}"),
                )
            })
            .collect()
    });
    let kept = body.map(|body| match &body.capture {
        Capture::Empty => Some(Vec::new()),
        Capture::Memory { bytes } => Some(bytes.to_vec()),
        _ => None,
    });
    Message {
        headers: headers.unwrap_or_default(),
        body: kept.flatten(),
        decoded_size: body.map_or(0, |body| body.decoded_size.unwrap_or(body.size)),
        wire_size: body.map(|body| body.size),
        head_size: head.map(|head| head.len() as u64),
    }
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn headers(read: &Value) -> Vec<(String, String)> {
    serde_json::from_value(read.clone()).unwrap()
}

/// Readers keep the time to the microsecond.
fn assert_started(read: &Value, expected: &Expected) {
    let seconds = expected.started.as_duration().as_secs_f64();
    let read = read.as_f64().unwrap();
    assert!((read - seconds).abs() < 0.000_01, "{read} and {seconds}");
}

/// Bodies are in memory here.
struct NoFiles;

impl Bodies for NoFiles {
    fn read(&self, _: &Capture) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn file(&self, _: &Capture) -> Option<PathBuf> {
        None
    }
}

fn write_har(directory: &Path) -> PathBuf {
    let path = directory.join("trace.har");
    let trace: Trace = samples::trace();
    har::export(&trace, &NoFiles, &path, &WriteOptions::default()).unwrap();
    path
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {text}{errors}");
    output.stdout
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/readers")
        .join(name)
}

/// What `tests/readers/install.sh` installs, where it is here.
fn component(path: &str) -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    let path = target.join("readers").join(path);
    available(&[path.to_str().unwrap()]).then_some(path)
}
