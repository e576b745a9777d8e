//! The article's 28 exchanges, played again: from a trace, through pullscope, byte for byte.

use std::path::Path;
use std::time::Duration;

use pullscope::base::clock;
use pullscope::exchange::{
    Body, Capture, Connection, ConnectionId, Ending, Exchange, ExchangeId, Fidelity, RawHead,
    RequestHead, ResponseHead, ResponseOrigin, Side, Trace,
};
use pullscope::journal::Session;
use pullscope::pulls::State;
use pullscope::{exchange, har};
use serde_json::Value;

use crate::client::{Route, curl, skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab, PULLSCOPE, copied};
use crate::process::{Process, bound};
use crate::raw_client::Client;
use crate::recorder::Recorder;

const ARTICLE: [&str; 4] = [
    include_str!("../data/article/dockerhub.json"),
    include_str!("../data/article/mirror.json"),
    include_str!("../data/article/gcr.json"),
    include_str!("../data/article/quay.json"),
];

/// One captured exchange.
struct Captured {
    url: String,
    host: String,
    /// As a client sends it in a tunnel.
    request: Vec<u8>,
    response: Vec<u8>,
    body: Vec<u8>,
    whole: bool,
}

#[test]
fn the_article_comes_out_as_it_was_captured() {
    if !available(&["setpriv"]) {
        return;
    }
    let captured = captured();
    assert_eq!(captured.len(), 28);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("article.har");
    write_har(&captured, &file);
    let lab = Lab::with(&["--replay", file.to_str().unwrap()]);
    // Secrets are what the captures are made of: this once they stay.
    let recorder = Recorder::start(&lab, &["--keep-secrets"]);
    let route = recorder.route();
    let client = Client::new(&route.proxy, route.trust.as_ref().unwrap());
    for exchange in &captured {
        let answer = client.send(&exchange.host, &exchange.request);
        let expected = [&*exchange.response, &exchange.body].concat();
        assert_eq!(
            answer.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }
    let session = recorder.dir().join("session");
    // The article left most bodies out, so they break off; nothing else is wrong, though it all
    // happened years ago.
    let store = recorder.stop().store();
    assert!(store.all_findings().all(|found| found.rule == "truncated"));

    let session = Session::open(&session).unwrap();
    let (trace, report) = session.load().unwrap();
    assert!(report.warnings().is_empty(), "{:?}", report.warnings());
    assert_eq!(trace.exchanges.len(), captured.len());
    for (seen, captured) in trace.exchanges.iter().zip(&captured) {
        let request = seen.request.as_ref().unwrap();
        assert_eq!(request.url, captured.url);
        assert_eq!(request.head.as_bytes(), captured.request);
        assert_eq!(
            seen.response.as_ref().unwrap().head.as_bytes(),
            captured.response
        );
        let body = seen.response_body.as_ref().unwrap();
        assert_eq!(body.size, captured.body.len() as u64);
        let ending = &seen.ended.as_ref().unwrap().1;
        if captured.whole {
            assert_eq!(ending, &Ending::Complete, "{}", captured.url);
            if let Some(kept) = exchange::Bodies::read(&session, &body.capture).unwrap() {
                assert_eq!(kept, captured.body, "{}", captured.url);
            }
        } else {
            // The author of the article cut long bodies, so the lab breaks off there.
            assert!(
                matches!(
                    ending,
                    Ending::Aborted {
                        by: Side::Upstream,
                        ..
                    }
                ),
                "{ending:?}"
            );
        }
    }
}

/// A recording without its secrets is enough for other clients, with other credentials, to pull
/// from.
#[test]
fn a_redacted_recording_serves_real_clients() {
    if !available(&["skopeo", "curl", "setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let recorder = Recorder::start(&lab, &["--keep-blobs"]);
    let copy = |route: &Route, dir: &Path, image: &str, number: usize| {
        let folder = dir.join(format!("copy-{number}"));
        let (from, to) = (
            format!("docker://{image}"),
            format!("dir:{}", folder.display()),
        );
        skopeo(route, dir, &["copy", &from, &to]).succeeded();
        copied(&folder)
    };
    let images = IMAGES.into_iter().enumerate();
    let originals: Vec<_> = images
        .clone()
        .map(|(number, image)| copy(&recorder.route(), lab.dir(), image, number))
        .collect();
    let file = recorder.dir().join("trace.har");
    recorder.stop();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("REDACTED-") && !text.contains("\"_file\""));

    let replay = Lab::with(&["--replay", file.to_str().unwrap()]);
    let recorder = Recorder::start(&replay, &[]);
    for ((number, image), original) in images.zip(originals) {
        let again = copy(&recorder.route(), replay.dir(), image, number);
        assert_eq!(again, original, "{image}");
    }
    // curl logs in, which the recorded client did not.
    let token = "https://auth.docker.io/token?service=registry.docker.io\
                 &scope=repository%3Alibrary%2Falpine%3Apull";
    let curl = |args: &[&str]| {
        let curl = curl(&recorder.route(), replay.dir(), args);
        curl.finish(Duration::from_secs(30)).succeeded().out
    };
    let answer: Value = serde_json::from_str(&curl(&["-u", "me:mine", token])).unwrap();
    let bearer = format!(
        "Authorization: Bearer {}",
        answer["token"].as_str().unwrap()
    );
    let manifest = "https://registry-1.docker.io/v2/library/alpine/manifests/latest";
    assert!(curl(&["-H", &bearer, manifest]).contains("manifests"));
    let store = recorder.stop().store();
    let failed = store
        .pulls()
        .iter()
        .filter(|pull| pull.state == State::Failed);
    assert_eq!(failed.count(), 0);
}

#[test]
fn what_cannot_be_replayed_is_told_before_anything_is_served() {
    if !available(&["setpriv"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let empty =
        r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"pages":[],"entries":[]}}"#;
    let mut captured = captured();
    captured.truncate(3);
    let bare = dir.path().join("bare.har");
    for exchange in &mut captured {
        exchange.whole = false;
        exchange.body.clear();
    }
    write_har_with(&captured, &bare, |_| Capture::Omitted {
        reason: exchange::Omission::Blob,
    });
    for (path, says) in [
        (file("garbage.har", "no HAR at all"), "garbage.har"),
        (file("empty.har", empty), "no exchange"),
        (bare.to_str().unwrap().to_owned(), "no response bodies"),
        (
            dir.path().join("absent.har").to_str().unwrap().to_owned(),
            "absent.har",
        ),
    ] {
        let mut lab = bound(PULLSCOPE);
        lab.args(["lab", "--replay", &path]);
        let finished = Process::start("lab", dir.path(), &mut lab)
            .finish(Duration::from_secs(30))
            .failed();
        assert_eq!(finished.status.code(), Some(2), "{path}: {}", finished.err);
        assert!(finished.err.contains(says), "{path}: {}", finished.err);
    }
}

fn captured() -> Vec<Captured> {
    let read = |text: &&str| -> Vec<Captured> {
        let file: Value = serde_json::from_str(text).unwrap();
        file["exchanges"]
            .as_array()
            .unwrap()
            .iter()
            .map(Captured::read)
            .collect()
    };
    ARTICLE.iter().flat_map(read).collect()
}

impl Captured {
    fn read(exchange: &Value) -> Self {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let url = text(&request["url"]);
        let (_, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let line = format!(
            "{} /{path} {}",
            text(&request["method"]),
            text(&request["version"])
        );
        let status = format!(
            "{} {} {}",
            text(&response["version"]),
            response["status"],
            text(&response["reason"])
        );
        Self {
            host: host.to_owned(),
            request: head(&line, &request["headers"]),
            response: head(&status, &response["headers"]),
            body: response["body"]
                .as_str()
                .unwrap_or_default()
                .as_bytes()
                .to_vec(),
            whole: response["body_complete"].as_bool().unwrap(),
            url,
        }
    }
}

fn head(line: &str, headers: &Value) -> Vec<u8> {
    let field = |header: &Value| {
        format!(
            "{}: {}\r\n",
            header[0].as_str().unwrap(),
            header[1].as_str().unwrap()
        )
    };
    let fields: Vec<_> = headers.as_array().unwrap().iter().map(field).collect();
    format!("{line}\r\n{}\r\n", fields.concat()).into_bytes()
}

fn write_har(captured: &[Captured], path: &Path) {
    write_har_with(captured, path, |captured| Capture::Memory {
        bytes: captured.body.clone().into(),
    });
}

/// The captures as a trace of pullscope's.
fn write_har_with(captured: &[Captured], path: &Path, capture: impl Fn(&Captured) -> Capture) {
    let started = clock::now();
    let exchange = |(number, captured): (usize, &Captured)| {
        let connection = Connection {
            id: ConnectionId(number as u64 + 1),
            client: ([127, 0, 0, 1], 4_000).into(),
            opened: started,
            target: None,
            connect_head: None,
            connect_fidelity: Fidelity::Exact,
            sni: None,
            tls: None,
            handshake: None,
        };
        let id = ExchangeId(number as u64 + 1);
        let at = started + Duration::from_millis(number as u64);
        let mut exchange = Exchange::new(id, at, connection);
        exchange.request = Some(RequestHead {
            url: captured.url.clone(),
            head: RawHead::new(captured.request.clone()),
            fidelity: Fidelity::Exact,
        });
        exchange.request_body = Some(Body {
            complete: true,
            ..Body::default()
        });
        exchange.response = Some(ResponseHead {
            at,
            head: RawHead::new(captured.response.clone()),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        });
        exchange.response_body = Some(Body {
            size: captured.body.len() as u64,
            decoded_size: Some(captured.body.len() as u64),
            complete: captured.whole,
            capture: capture(captured),
            ..Body::default()
        });
        exchange.ended = Some((at, Ending::Complete));
        exchange
    };
    let exchanges = captured.iter().enumerate().map(exchange).collect();
    let trace = Trace {
        exchanges,
        secrets_kept: true,
        ..Trace::default()
    };
    har::export(&trace, &NoFiles, path, &har::WriteOptions::default()).unwrap();
}

struct NoFiles;

impl exchange::Bodies for NoFiles {
    fn read(&self, capture: &Capture) -> std::io::Result<Option<Vec<u8>>> {
        Ok(match capture {
            Capture::Memory { bytes } => Some(bytes.to_vec()),
            _ => None,
        })
    }

    fn file(&self, _: &Capture) -> Option<std::path::PathBuf> {
        None
    }
}
