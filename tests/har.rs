//! HAR files as they are written and read, ours and other programs'.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

#[path = "readers/samples.rs"]
mod samples;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use pullscope::exchange::{
    Bodies, Body, Capture, Ending, Exchange, Failure, Omission, RawHead, Side, Timings, Trace,
};
use pullscope::har::model::{Creator, HarEntry};
use pullscope::har::{self, Oddity, ReaderWarning, WriteOptions};
use pullscope::redact::Redactor;
use serde::Deserialize as _;
use serde_json::{Value, json};

/// A trace in memory has no body files.
struct NoFiles;

impl Bodies for NoFiles {
    fn read(&self, _: &Capture) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn file(&self, _: &Capture) -> Option<PathBuf> {
        None
    }
}

/// Body files by their name.
struct Files(HashMap<String, PathBuf>);

impl Bodies for Files {
    fn read(&self, capture: &Capture) -> io::Result<Option<Vec<u8>>> {
        self.file(capture).map(std::fs::read).transpose()
    }

    fn file(&self, capture: &Capture) -> Option<PathBuf> {
        match capture {
            Capture::Stored { file, .. } => self.0.get(file).cloned(),
            _ => None,
        }
    }
}

fn written(trace: &Trace) -> Value {
    let mut file = Vec::new();
    har::write(trace, &NoFiles, &mut file, &WriteOptions::default()).unwrap();
    serde_json::from_slice(&file).unwrap()
}

fn read_text(text: &[u8]) -> Result<har::HarDocument, har::HarError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    har::read(file.path())
}

/// The entry of the sample with this number.
fn entry(har: &Value, id: u64) -> &Value {
    let entries = har["log"]["entries"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["_pullscope"]["exchange"]["id"] == json!(id))
        .unwrap()
}

#[test]
fn every_kind_of_exchange_comes_back_without_loss() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("trace.har");
    let trace = samples::trace();
    let report = har::export(&trace, &NoFiles, &path, &WriteOptions::default()).unwrap();
    assert_eq!(report.entries, 26);
    assert_eq!(report.bytes, std::fs::metadata(&path).unwrap().len());
    let document = har::read(&path).unwrap();
    assert_eq!(document.creator.name, "pullscope");
    assert!(document.skipped.is_empty());
    for (read, sent) in document.trace.exchanges.iter().zip(&trace.exchanges) {
        assert_eq!(read, sent);
    }
    assert_eq!(document.trace, trace);
}

#[test]
fn rejected_handshakes_come_back_without_connect_entries() {
    let trace = samples::trace();
    let options = WriteOptions {
        connect_entries: false,
        ..WriteOptions::default()
    };
    let mut file = Vec::new();
    let report = har::write(&trace, &NoFiles, &mut file, &options).unwrap();
    assert_eq!(report.entries, 23);
    let har: Value = serde_json::from_slice(&file).unwrap();
    let methods = har["log"]["entries"].as_array().unwrap().iter();
    assert!(
        methods
            .map(|e| &e["request"]["method"])
            .all(|m| m != "CONNECT")
    );
    assert_eq!(har["log"]["_tlsErrors"][0]["cause"], "cert-rejected");
    assert_eq!(har["log"]["_tlsErrors"][0]["hostname"], "r.example");
    assert_eq!(read_text(&file).unwrap().trace.handshakes, trace.handshakes);
}

#[test]
fn the_file_keeps_to_what_every_reader_needs() {
    let har = written(&samples::trace());
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    assert_eq!(log["pages"], json!([]));
    assert_eq!(log.get("comment"), None);
    let mut last = String::new();
    for entry in log["entries"].as_array().unwrap() {
        assert_no_null_nor_nul(entry);
        assert_eq!(entry["cache"], json!({}));
        let started = entry["startedDateTime"].as_str().unwrap().to_owned();
        assert!(started >= last && started.ends_with('Z'), "{started}");
        assert_eq!(started.len(), "2026-03-01T10:00:00.123456Z".len());
        last = started;
        for side in ["request", "response"] {
            for name in ["headersSize", "bodySize"] {
                assert!(entry[side][name].is_i64(), "{entry}");
            }
            assert_eq!(entry[side]["httpVersion"], "HTTP/1.1");
        }
        assert!(entry["response"]["_transferSize"].is_i64());
        let timings = entry["timings"].as_object().unwrap();
        let milliseconds = |name: &str| timings[name].as_f64().unwrap();
        let sum: f64 = ["blocked", "dns", "connect", "send", "wait", "receive"]
            .map(milliseconds)
            .into_iter()
            .filter(|&ms| ms > 0.0)
            .sum();
        assert!((entry["time"].as_f64().unwrap() - sum).abs() < 0.001);
        for name in ["send", "wait", "receive"] {
            assert!(milliseconds(name) >= 0.0);
        }
        let post = &entry["request"]["postData"];
        assert!(post.get("text").is_none() || post.get("params").is_none());
        if let Some(connection) = entry.get("connection") {
            assert!(connection.is_string());
        }
    }
}

#[test]
fn sizes_tell_the_wire_from_the_content() {
    let har = written(&samples::trace());
    let response = &entry(&har, 3)["response"];
    assert_eq!(response["bodySize"], 60);
    let size = response["content"]["size"].as_i64().unwrap();
    assert_eq!(response["content"]["compression"], size - 60);
    let head = response["headersSize"].as_i64().unwrap();
    assert_eq!(response["_transferSize"], head + 60);
    assert_eq!(
        size,
        i64::try_from(response["content"]["text"].as_str().unwrap().len()).unwrap()
    );
}

#[test]
fn bodies_are_text_base64_or_described() {
    let har = written(&samples::trace());
    let content = |id| &entry(&har, id)["response"]["content"];
    assert_eq!(content(2)["encoding"], "base64");
    assert_eq!(content(8)["text"], "");
    assert_eq!(content(11)["_bodyStatus"], "truncated");
    assert_eq!(content(13).get("text"), None);
    assert_eq!(content(13)["_bodyStatus"], "blob");
    assert_eq!(content(13)["_sha256"], "ab".repeat(32));
    assert!(
        content(13)["comment"]
            .as_str()
            .unwrap()
            .contains("--keep-blobs")
    );
    assert_eq!(entry(&har, 13)["_resourceType"], "other");
    assert_eq!(entry(&har, 1)["_resourceType"], "fetch");

    let request = |id| &entry(&har, id)["request"];
    assert_eq!(request(1).get("postData"), None);
    assert!(
        request(4)["postData"]["text"]
            .as_str()
            .unwrap()
            .starts_with("grant_type=")
    );
    assert_eq!(request(4)["postData"].get("params"), None);
    assert_eq!(request(5).get("postData"), None);
    assert_eq!(request(5)["_content"]["text"], "AJ+Slg==");
    assert_eq!(request(22)["_content"]["_bodyStatus"], "blob");
    assert_eq!(request(22)["bodySize"], 1 << 20);
}

#[test]
fn failures_are_marked_where_readers_look() {
    let har = written(&samples::trace());
    let failed = entry(&har, 12);
    assert_eq!(failed["response"]["status"], 0);
    assert_eq!(
        failed["response"]["_failureText"],
        "no such host: r.example"
    );
    assert_eq!(failed["_error"], "no such host: r.example");
    assert_eq!(failed["comment"], "failed: no such host: r.example");
    assert_eq!(failed.get("serverIPAddress"), None);
    let cut = entry(&har, 10);
    assert_eq!(cut["response"]["status"], 200);
    assert_eq!(cut["response"]["bodySize"], 5_000);
    assert!(
        cut["comment"]
            .as_str()
            .unwrap()
            .starts_with("aborted by the server: ")
    );
    assert_eq!(entry(&har, 11)["_error"], "aborted by the client");
    let open = entry(&har, 21);
    assert_eq!(
        open["_error"],
        "capture ended before the response completed"
    );
    assert_eq!(open["response"]["bodySize"], -1);
    assert_eq!(entry(&har, 1).get("_error"), None);
}

#[test]
fn heads_and_addresses_are_as_they_were() {
    let har = written(&samples::trace());
    let accepts: Vec<_> = entry(&har, 15)["request"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| (h["name"].as_str().unwrap(), h["value"].as_str().unwrap()))
        .collect();
    let expected = [
        ("Host", "r.example"),
        ("Accept", "a/1"),
        ("accept", "a/2"),
        ("ACCEPT", "a/3"),
        ("Accept", "a/3"),
        ("Cookie", "c=1; d=2"),
    ];
    assert_eq!(accepts, expected);
    assert_eq!(
        entry(&har, 14)["request"]["headers"][1]["value"],
        "gr\u{fc}n"
    );
    assert_eq!(
        entry(&har, 14)["request"]["headers"][2]["value"],
        "a\u{2400}b"
    );
    let six = entry(&har, 16);
    assert_eq!(six["serverIPAddress"], "2001:db8::1");
    assert_eq!(six["connection"], "5000");
    assert_eq!(six["_connectionId"], "16");
    assert_eq!(entry(&har, 19).get("serverIPAddress"), None);
    assert_eq!(entry(&har, 19)["timings"]["connect"], -1.0);
    assert_eq!(entry(&har, 19)["_redacted"], true);
    let location = "https://cdn.example/a?X=1&Y=%20";
    assert_eq!(entry(&har, 6)["response"]["redirectURL"], location);
    let certificates = entry(&har, 1)["_certificates"].as_array().unwrap();
    assert_eq!(certificates[0]["subjectAltNames"], json!(["r.example"]));
    assert_eq!(certificates.len(), 2);
}

#[test]
fn kept_secrets_are_said_and_remembered() {
    let trace = Trace {
        secrets_kept: true,
        ..samples::trace()
    };
    let har = written(&trace);
    assert!(
        har["log"]["comment"]
            .as_str()
            .unwrap()
            .contains("--keep-secrets")
    );
    let document = read_text(har.to_string().as_bytes()).unwrap();
    assert!(document.trace.secrets_kept);
}

#[test]
fn stored_bodies_stand_in_the_file_or_are_referred_to() {
    let root = tempfile::tempdir().unwrap();
    let store = root.path().join("session/blobs/sha256");
    std::fs::create_dir_all(&store).unwrap();
    let mut trace = Trace::default();
    let mut files = HashMap::new();
    for (bytes, id) in [(&b"small"[..], 1), (&[7; 100][..], 2), (b"lost", 3)] {
        let mut exchange = samples::trace().exchanges[1].clone();
        exchange.id.0 = id;
        let name = samples::sha256(bytes);
        if id != 3 {
            std::fs::write(store.join(&name), bytes).unwrap();
            files.insert(name.clone(), store.join(&name));
        }
        exchange.response_body = Some(Body {
            capture: Capture::Stored {
                file: name,
                size: bytes.len() as u64,
            },
            ..samples::memory(bytes)
        });
        trace.exchanges.push(exchange);
    }
    let path = root.path().join("trace.har");
    let options = WriteOptions {
        inline_limit: 10,
        ..WriteOptions::default()
    };
    har::export(&trace, &Files(files), &path, &options).unwrap();
    let har: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let content = |id| &entry(&har, id)["response"]["content"];
    assert_eq!(content(1)["text"], "small");
    assert_eq!(content(1).get("_file"), None);
    assert_eq!(content(2).get("text"), None);
    let name = samples::sha256(&[7; 100]);
    assert_eq!(content(2)["_file"], format!("session/blobs/sha256/{name}"));
    assert_eq!(content(2)["_bodyStatus"], "stored");
    assert_eq!(content(3)["_bodyStatus"], "missing");

    let document = har::read(&path).unwrap();
    let capture = |index: usize| {
        let body = document.trace.exchanges[index].response_body.as_ref();
        &body.unwrap().capture
    };
    let bytes = Bytes::from_static(b"small");
    assert_eq!(*capture(0), Capture::Memory { bytes });
    assert_eq!(document.read(capture(1)).unwrap().unwrap(), [7; 100]);
    assert_eq!(document.read(capture(2)).unwrap(), None);
    std::fs::write(store.join(&name), "else").unwrap();
    let error = document.read(capture(1)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_file_from_elsewhere_cannot_name_any_file_of_ours() {
    let mut har = written(&samples::trace());
    let entry = har["log"]["entries"][12].as_object_mut().unwrap();
    entry["response"]["content"]["_file"] = json!("../../../../etc/passwd");
    let capture = json!({"kept": "stored", "file": "passwd", "size": 10});
    entry["_pullscope"]["exchange"]["response_body"]["capture"] = capture;
    let document = read_text(har.to_string().as_bytes()).unwrap();
    let body = document.trace.exchanges[12].response_body.as_ref().unwrap();
    assert!(matches!(body.capture, Capture::Stored { .. }));
    assert_eq!(document.read(&body.capture).unwrap(), None);
    assert_eq!(document.file(&body.capture), None);
}

#[test]
fn an_encoding_that_some_reader_refuses_is_reported() {
    let mut trace = samples::trace();
    for (exchange, value) in trace
        .exchanges
        .iter_mut()
        .zip(["x-odd", "gzip\r\nContent-Encoding: br"])
    {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {value}\r\n\r\n");
        exchange.response.as_mut().unwrap().head = RawHead::new(head);
    }
    let report = har::write(&trace, &NoFiles, io::sink(), &WriteOptions::default()).unwrap();
    let values: Vec<_> = report
        .warnings
        .iter()
        .map(|warning| match warning {
            ReaderWarning::Encoding { value, .. } => value.as_str(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(values, ["x-odd", "gzip, br"]);
}

#[test]
fn custom_fields_of_others_survive_the_typed_model() {
    let text = br#"{"log":{"version":"1.2","creator":{"name":"x","version":"1","_c":1},"pages":[],
        "entries":[{"startedDateTime":"2026-01-01T00:00:00Z","time":1,"_e":{"a":[1]},"_n":null,
        "request":{"method":"GET","url":"http://x/","_r":true,"headers":[{"name":"a","value":"b","_h":2}]},
        "response":{"status":200,"_s":"","content":{"size":1,"_t":3}},"cache":{},
        "timings":{"send":0,"wait":1,"receive":0,"_q":4}}]}}"#;
    let har: Value = serde_json::from_slice(text).unwrap();
    let creator = Creator::deserialize(&har["log"]["creator"]).unwrap();
    let creator = serde_json::to_value(creator).unwrap();
    let typed = HarEntry::deserialize(&har["log"]["entries"][0]).unwrap();
    let entry = serde_json::to_value(&typed).unwrap();
    for (value, expected) in [
        (&creator["_c"], json!(1)),
        (&entry["_e"], json!({"a": [1]})),
        (&entry["request"]["_r"], json!(true)),
        (&entry["request"]["headers"][0]["_h"], json!(2)),
        (&entry["response"]["_s"], json!("")),
        (&entry["response"]["content"]["_t"], json!(3)),
        (&entry["timings"]["_q"], json!(4)),
    ] {
        assert_eq!(*value, expected);
    }
    // Chrome refuses a file with such a field.
    assert_eq!(entry.get("_n"), None);
    assert_eq!(HarEntry::deserialize(entry).unwrap(), typed);
}

#[test]
fn files_of_other_programs_are_read_for_what_they_say() {
    let text = "\u{feff}".to_owned()
        + r#"{"log":{"version":"1.2","creator":null,"browser":{"name":"Firefox"},
      "entries":[
      {"startedDateTime":"2026-01-01T01:00:00.000+01:00","time":"30","_connectionId":"77","connection":443,
       "serverIPAddress":"[2001:db8::1]","_initiator":null,
       "request":{"method":"POST","url":"https://r.example/a?b=c","httpVersion":"http/2.0",
         "headers":[{"name":":authority","value":"r.example"},{"name":"X-A","value":"1\r\nX-Evil: 2"},null],
         "cookies":null,"queryString":null,"postData":{"mimeType":"text/plain","text":"hi"},"headersSize":null,"bodySize":2.0},
       "response":{"status":"200","statusText":null,"httpVersion":"h2","headers":[],
         "content":{"size":3,"mimeType":"text/plain","text":"YWJj","encoding":"base64","compression":-2},"redirectURL":null,"headersSize":-1,"bodySize":-1},
       "cache":null,"timings":{"blocked":-1,"dns":null,"connect":10,"ssl":1e300,"send":0,"wait":20,"receive":0}},
      {"startedDateTime":"never","request":{"method":"GET","url":"nonsense"},"response":{"status":0,"_error":"net::ERR_FAILED"}},
      {"request":{"method":"GET","url":"http://x/"},"response":{"status":200,"content":{"size":10}}},
      7, {}
      ]}}"#;
    let document = read_text(text.as_bytes()).unwrap();
    assert_eq!(document.skipped, [4, 5]);
    let by_id = |id: u64| {
        let mut exchanges = document.trace.exchanges.iter();
        exchanges.find(|exchange| exchange.id.0 == id).unwrap()
    };
    let first = by_id(1);
    assert_eq!(first.started.to_string(), "2026-01-01T00:00:00Z");
    let head = &first.request.as_ref().unwrap().head;
    assert_eq!(
        head.as_bytes(),
        b"POST /a?b=c HTTP/2\r\nX-A: 1  X-Evil: 2\r\n\r\n"
    );
    let upstream = first.upstream.as_ref().unwrap();
    assert_eq!(upstream.address, Some("[2001:db8::1]:443".parse().unwrap()));
    assert_eq!(upstream.socket.0, 77);
    let body = first.response_body.as_ref().unwrap();
    assert_eq!((body.size, body.decoded_size), (5, Some(3)));
    assert_eq!(body.sha256.as_deref(), Some(&*samples::sha256(b"abc")));
    assert_eq!(first.ended.as_ref().unwrap().1, Ending::Complete);
    assert_eq!(first.timings.dns, None);
    let second = by_id(2);
    let Ending::Failed { reason, detail } = &second.ended.as_ref().unwrap().1 else {
        panic!("{second:?}")
    };
    assert_eq!(
        (*reason, detail.as_str()),
        (Failure::Unspecified, "net::ERR_FAILED")
    );
    let third = &by_id(3).response_body.as_ref().unwrap().capture;
    let reason = Omission::Absent;
    assert_eq!(*third, Capture::Omitted { reason });
}

#[test]
fn what_is_no_har_is_refused_with_its_place() {
    let refusal = |text: &str| read_text(text.as_bytes()).unwrap_err().to_string();
    assert!(refusal("").contains("line 1, column 0: EOF"));
    assert!(refusal("{\n \"log\": {,").contains("line 2, column 10: key must be a string"));
    assert!(refusal("[]").contains("expected a HAR: an object with a log"));
    assert!(refusal("{\"log\":{\"entries\":{}}}").contains("expected a list of entries"));
    assert!(refusal("{\"log\":{}}").ends_with("it has no log with entries"));
    assert!(refusal("{}").ends_with("it has no log with entries"));
    assert!(refusal("{\"log\":{\"entries\":[]}} x").contains("trailing characters"));
    let error = har::read(Path::new("/nonexistent.har")).unwrap_err();
    assert!(error.to_string().contains("No such file"));
    assert!(
        har::read(Path::new("/"))
            .unwrap_err()
            .to_string()
            .contains("directory")
    );
}

#[test]
fn numbers_that_are_taken_are_given_anew() {
    let mut trace = samples::trace();
    for exchange in &mut trace.exchanges {
        exchange.id.0 = 5;
    }
    let document = read_text(written(&trace).to_string().as_bytes()).unwrap();
    let mut ids: Vec<_> = document.trace.exchanges.iter().map(|e| e.id.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, (5..=27).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_exchange_comes_back_without_loss(exchange in any_exchange()) {
        let trace = Trace { exchanges: vec![exchange], ..Trace::default() };
        let har = written(&trace);
        assert_no_null_nor_nul(&har["log"]["entries"]);
        let document = read_text(har.to_string().as_bytes()).unwrap();
        prop_assert_eq!(document.trace, trace);
    }

    #[test]
    fn any_json_is_read_or_refused(text in any_json()) {
        // The only promise is that it comes to an end.
        let har = json!({ "log": { "entries": [text, { "request": text, "_pullscope": text }] } });
        let _ = read_text(har.to_string().as_bytes());
        let _ = har["log"]["entries"].as_array().unwrap().iter().map(HarEntry::deserialize).count();
    }
}

fn any_exchange() -> impl Strategy<Value = Exchange> {
    let head = prop::collection::vec(any::<u8>(), 0..200);
    let heads = prop::collection::vec(head, 4);
    let ending = prop_oneof![
        Just(Ending::Complete),
        ".{0,20}".prop_map(|detail| Ending::Aborted {
            by: Side::Client,
            detail
        }),
        ".{0,20}".prop_map(|detail| Ending::Failed {
            reason: Failure::Tls,
            detail
        }),
    ];
    let timings = prop::collection::vec(prop::option::of(0..10_000_000_u64), 7);
    let bodies = (any_body(), any_body());
    (
        0..23_usize,
        heads,
        bodies,
        ending,
        timings,
        any::<u64>(),
        "\\PC{0,30}",
    )
        .prop_map(|(sample, heads, bodies, ending, micros, id, url)| {
            let mut exchange = samples::trace().exchanges.swap_remove(sample);
            exchange.id.0 = id;
            let [request, response, interim, connect] = <[_; 4]>::try_from(heads).unwrap();
            if let Some(record) = &mut exchange.request {
                record.head = RawHead::new(request);
                record.url = url;
            }
            if let Some(record) = &mut exchange.response {
                record.head = RawHead::new(response);
                record.interim = vec![RawHead::new(interim)];
            }
            exchange.connection.connect_head = Some(RawHead::new(connect));
            // Without a head there is no body.
            exchange.request_body = exchange.request.as_ref().map(|_| bodies.0);
            exchange.response_body = exchange.response.as_ref().map(|_| bodies.1);
            exchange.ended.as_mut().unwrap().1 = ending;
            let mut micros = micros
                .into_iter()
                .map(|m| m.map(std::time::Duration::from_micros));
            let mut next = || micros.next().unwrap();
            exchange.timings = Timings {
                blocked: next(),
                dns: next(),
                connect: next(),
                ssl: next(),
                send: next(),
                wait: next(),
                receive: next(),
            };
            exchange
        })
}

fn any_body() -> impl Strategy<Value = Body> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        ".{0,50}".prop_map(String::into_bytes),
    ];
    let capture = prop_oneof![
        Just(Capture::Empty),
        bytes.prop_map(|bytes| Capture::Memory {
            bytes: bytes.into()
        }),
        Just(Capture::Omitted {
            reason: Omission::TooLarge
        }),
        Just(Capture::Stored {
            file: "cd".repeat(32),
            size: 1 << 40
        }),
    ];
    let size = prop::option::of(0..1_u64 << 50);
    let trailers = prop::collection::vec(("[a-z]{1,8}", "[ -\u{ff}]{0,8}"), 0..3);
    (0..1_u64 << 50, size, any::<bool>(), trailers, capture).prop_map(
        |(size, decoded_size, complete, trailers, capture)| Body {
            size,
            decoded_size,
            sha256: complete.then(|| "ef".repeat(32)),
            encoded_sha256: None,
            assembled_sha256: (!complete).then(|| "01".repeat(32)),
            parts: if complete {
                Vec::new()
            } else {
                vec![(3, 9), (0, 3)]
            },
            complete,
            trailers,
            capture,
        },
    )
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "url", "headers", "postData", "exchange", "id", "started", "response", "status", "text",
        "content", "timings", "_x", "name", "size", "encoding",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn assert_no_null_nor_nul(value: &Value) {
    match value {
        Value::Null => panic!("there is a null"),
        Value::String(text) => assert!(!text.contains('\0'), "{text:?}"),
        Value::Array(values) => values.iter().for_each(assert_no_null_nor_nul),
        Value::Object(members) => members.values().for_each(assert_no_null_nor_nul),
        _ => {}
    }
}

/// Three exchanges of a program that fills them in as it likes.
fn foreign(change: impl Fn(usize, &mut Value)) -> String {
    let entries: Vec<_> = (0..3)
        .map(|number| {
            let mut entry = json!({
                "startedDateTime": format!("2026-05-04T12:00:0{number}.500Z"), "time": 20,
                "request": {"method": "GET", "url": "https://r.example/v2/", "headers": [],
                    "httpVersion": "HTTP/1.1"},
                "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Date", "value": "Mon, 04 May 2026 11:00:00 GMT"}],
                    "content": {"size": 2, "mimeType": "application/json", "text": "{}"}},
                "timings": {"send": 0, "wait": 20, "receive": 0}
            });
            change(number, &mut entry);
            entry
        })
        .collect();
    json!({"log": {"creator": {"name": "x", "version": "1"}, "entries": entries}}).to_string()
}

fn odd(bytes: &[u8]) -> (har::HarDocument, Vec<(Oddity, u64)>) {
    let document = read_text(bytes).unwrap();
    let counts = document.oddities().into_iter();
    let counts = counts.map(|odd| (odd.oddity, odd.entries)).collect();
    (document, counts)
}

#[test]
fn a_file_that_is_wrapped_or_broken_is_read_and_told_of() {
    let plain = foreign(|_, _| {});
    let (whole, none) = odd(plain.as_bytes());
    assert_eq!(none, []);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let units = || {
        ["\u{feff}", &plain]
            .concat()
            .encode_utf16()
            .collect::<Vec<_>>()
    };
    let little: Vec<u8> = units().into_iter().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().into_iter().flat_map(u16::to_be_bytes).collect();
    let nuls = [plain.as_bytes(), &[0; 4_096]].concat();
    let nan = plain.replace("\"time\":20", "\"time\":NaN");
    for (bytes, expected) in [
        (gzip.clone(), (Oddity::Gzip, 0)),
        (little, (Oddity::Utf16, 0)),
        (big, (Oddity::Utf16, 0)),
        (nuls, (Oddity::Nuls, 0)),
        (nan.into_bytes(), (Oddity::NoNumber, 3)),
    ] {
        let (document, found) = odd(&bytes);
        assert_eq!(found, [expected]);
        assert_eq!(document.trace, whole.trace, "{expected:?}");
    }
    // Cut off within the third entry, packed or not.
    let (cut, _) = plain.rsplit_once("statusText").unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(cut.as_bytes()).unwrap();
    packed.flush().unwrap();
    for bytes in [cut.as_bytes(), packed.get_ref()] {
        let (document, found) = odd(bytes);
        assert!(found.contains(&(Oddity::CutOff, 2)), "{found:?}");
        assert_eq!(document.trace.exchanges, whole.trace.exchanges[..2]);
    }
    let (within_the_first, _) = plain.split_once("statusText").unwrap();
    let error = read_text(within_the_first.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("EOF"), "{error}");
    let error = read_text(b"PK\x03\x04 and so on").unwrap_err();
    assert!(
        error.to_string().contains("(zip); unpack it first"),
        "{error}"
    );
}

#[test]
fn files_one_behind_the_other_are_read_as_one() {
    let plain = foreign(|_, _| {});
    for between in ["", "\n", "\r\n\r\n"] {
        let (document, found) = odd([&*plain, &plain].join(between).as_bytes());
        assert_eq!(found, [(Oddity::Joined, 0)]);
        let ids: Vec<_> = document.trace.exchanges.iter().map(|e| e.id.0).collect();
        assert_eq!((ids.len(), document.skipped.len()), (6, 0), "{ids:?}");
    }
    let (cut, _) = plain.rsplit_once("statusText").unwrap();
    let (document, found) = odd([&plain, cut].concat().as_bytes());
    assert!(found.contains(&(Oddity::CutOff, 5)), "{found:?}");
    assert_eq!(document.trace.exchanges.len(), 5);
    let error = read_text((plain + " and more").as_bytes()).unwrap_err();
    assert!(error.to_string().contains("trailing characters"), "{error}");
}

#[test]
fn what_cannot_be_read_of_an_entry_is_told_of() {
    for (pointer, value, expected) in [
        (
            "/request/headers",
            json!([["Host", "r.example"]]),
            Oddity::NoHeaders,
        ),
        (
            "/response/headers",
            json!("Host: r.example"),
            Oddity::NoHeaders,
        ),
        ("/request/url", json!(""), Oddity::Url),
        ("/request/url", json!("/v2/"), Oddity::Url),
        ("/response/status", json!(99_999), Oddity::NoStatus),
        ("/response/status", json!(-1), Oddity::NoAnswer),
        (
            "/startedDateTime",
            json!("0001-01-01T00:00:00Z"),
            Oddity::NoTime,
        ),
        (
            "/startedDateTime",
            json!("1970-01-01T00:00:00.000Z"),
            Oddity::NoTime,
        ),
    ] {
        let (document, found) = odd(foreign(|number, entry| {
            if number == 1 {
                *entry.pointer_mut(pointer).unwrap() = value.clone();
            }
        })
        .as_bytes());
        assert_eq!(found, [(expected, 1)], "{pointer} {value}");
        let earliest = document.trace.exchanges.iter().map(|e| e.started).min();
        assert!(earliest.unwrap().to_string().starts_with("2026"), "{value}");
    }
}

#[test]
fn an_error_quotes_nothing_of_the_file() {
    for text in [
        json!(foreign(|_, _| {})).to_string(),
        r#"{"log": "s3cr3t-\", expected-word"}"#.to_owned(),
    ] {
        let error = read_text(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("string, expected"), "{error}");
        assert!(error.len() < 250 && !error.contains("s3cr3t"), "{error}");
    }
    let error = read_text(b"> GET / HTTP/1.1").unwrap_err().to_string();
    assert!(error.contains("pullscope import"), "{error}");
}

#[test]
fn times_of_every_kind_are_read_and_none_is_of_1970() {
    let noon = |number: usize| format!("2026-05-04T12:00:0{number}.500Z");
    let (document, found) = odd(foreign(|number, entry| {
        entry["startedDateTime"] = json!(1_777_896_000_500_u64 + 1_000 * number as u64);
    })
    .as_bytes());
    assert_eq!(found, [(Oddity::EpochTime, 3)]);
    for (number, exchange) in document.trace.exchanges.iter().enumerate() {
        assert_eq!(
            exchange.started.to_string(),
            noon(number).replace("00Z", "Z")
        );
        assert!(!exchange.untimed);
    }
    // One without a time keeps its place.
    for odd_one in [0, 1] {
        let (document, found) = odd(foreign(|number, entry| {
            if number == odd_one {
                entry["startedDateTime"] = json!("tomorrow");
            }
        })
        .as_bytes());
        assert_eq!(found, [(Oddity::NoTime, 1)]);
        let ids: Vec<_> = document.trace.exchanges.iter().map(|e| e.id.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        let untimed: Vec<_> = document.trace.exchanges.iter().map(|e| e.untimed).collect();
        assert_eq!(untimed, [odd_one == 0, odd_one == 1, false]);
    }
    // Without any, the servers' clock is all there is.
    let (document, found) = odd(foreign(|_, entry| {
        entry.as_object_mut().unwrap().remove("startedDateTime");
    })
    .as_bytes());
    assert_eq!(found, [(Oddity::NoTime, 3)]);
    for exchange in &document.trace.exchanges {
        assert_eq!(exchange.started.to_string(), "2026-05-04T11:00:00Z");
        assert_eq!(
            exchange.timings.wait,
            Some(std::time::Duration::from_millis(20))
        );
    }
}

#[test]
fn answers_that_a_file_does_not_hold_are_not_made_up() {
    let (document, found) = odd(foreign(|number, entry| match number {
        0 => entry["response"] = Value::Null,
        1 => entry["response"]["status"] = json!("broken"),
        _ => entry["response"]["status"] = json!("204"),
    })
    .as_bytes());
    let expected = [
        (Oddity::StatusText, 1),
        (Oddity::NoStatus, 1),
        (Oddity::NoAnswer, 1),
    ];
    assert_eq!(found, expected);
    let ending = |at: usize| document.trace.exchanges[at].ended.clone().unwrap().1;
    let unseen = |detail: &str| Ending::Aborted {
        by: Side::File,
        detail: detail.to_owned(),
    };
    assert_eq!(ending(0), unseen("no response"));
    assert_eq!(ending(1), unseen("its status is \"broken\""));
    assert_eq!(ending(2), Ending::Complete);
    let (document, found) = odd(foreign(|number, entry| {
        let words = [
            "net::ERR_NAME_NOT_RESOLVED",
            "net::ERR_ABORTED",
            "NS_BASE_STREAM_CLOSED",
        ];
        entry["response"] = json!({"status": 0, "_error": words[number]});
    })
    .as_bytes());
    assert_eq!(found, []);
    let kinds: Vec<_> = document
        .trace
        .exchanges
        .iter()
        .map(|exchange| match exchange.ended.as_ref().unwrap().1 {
            Ending::Failed { reason, .. } => Ok(reason),
            Ending::Aborted { by, .. } => Err(by),
            _ => panic!("{exchange:?}"),
        })
        .collect();
    let expected = [
        Ok(Failure::Dns),
        Err(Side::Client),
        Ok(Failure::Unspecified),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_part_of_a_document_is_not_taken_for_it() {
    let capture = |text: &str| {
        let (document, _) = odd(foreign(|_, entry| {
            entry["response"]["content"]["size"] = json!(50);
            entry["response"]["content"]["text"] = json!(text);
        })
        .as_bytes());
        let body = document.trace.exchanges[0].response_body.clone().unwrap();
        assert_eq!(body.sha256, None);
        body.capture
    };
    let reason = Omission::Absent;
    assert_eq!(
        capture(r#"{"schemaVersion":2,"#),
        Capture::Omitted { reason }
    );
    assert_eq!(capture(""), Capture::Omitted { reason });
    assert!(matches!(capture("{}"), Capture::Memory { .. }));
}

#[test]
fn headers_that_are_an_object_are_fields() {
    let (document, found) = odd(foreign(|_, entry| {
        entry["response"]["headers"] = json!({"Date": "x", "Warning": ["a", "b"], "N": 7});
    })
    .as_bytes());
    assert_eq!(found, [(Oddity::Headers, 3)]);
    let head = &document.trace.exchanges[0].response.as_ref().unwrap().head;
    assert_eq!(
        head.as_bytes(),
        b"HTTP/1.1 200 OK\r\nDate: x\r\nWarning: a\r\nWarning: b\r\nN: 7\r\n\r\n"
    );
}

/// One exchange whose connection took 100 ms, in a file of some program.
fn of_program(creator: &str, size: u64, promised: &str) -> Exchange {
    let text = format!(
        r#"{{"log":{{"version":"1.2","creator":{{"name":"{creator}","version":"1"}},"entries":[
        {{"startedDateTime":"2026-01-01T00:00:00.000Z","time":0,
         "request":{{"method":"GET","url":"https://r.example/x","httpVersion":"HTTP/1.1","headers":[]}},
         "response":{{"status":200,"httpVersion":"HTTP/1.1",
           "headers":[{{"name":"Content-Length","value":"{promised}"}}],
           "content":{{"size":{size},"text":"{}"}},"bodySize":{size}}},
         "timings":{{"connect":100,"send":0,"wait":20,"receive":5}}}}]}}}}"#,
        "a".repeat(size.try_into().unwrap())
    );
    read_text(text.as_bytes())
        .unwrap()
        .trace
        .exchanges
        .remove(0)
}

#[test]
fn an_entry_of_mitmproxy_begins_behind_its_connection() {
    let ends = |creator| of_program(creator, 3, "3").ended.unwrap().0.to_string();
    assert_eq!(ends("mitmproxy"), "2026-01-01T00:00:00.025Z");
    assert_eq!(ends("Firefox"), "2026-01-01T00:00:00.125Z");
}

#[test]
fn content_shorter_than_its_length_was_cut_off() {
    let cut = of_program("mitmproxy", 3, "7");
    let by = Side::Capture;
    let detail = "the file has 3 of 7 bytes".to_owned();
    assert_eq!(cut.ended.unwrap().1, Ending::Aborted { by, detail });
    let body = cut.response_body.unwrap();
    assert!(!body.complete && body.sha256.is_none());
    for promised in ["3", "2", "", "many"] {
        let whole = of_program("mitmproxy", 3, promised);
        assert_eq!(whole.ended.unwrap().1, Ending::Complete, "{promised}");
    }
}

#[test]
fn a_trace_in_several_files_is_the_same_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.har");
    let mut trace = samples::trace();
    let options = WriteOptions::default();
    let limit = 12_000;
    let parts = har::export_parts(&trace, &NoFiles, &path, &options, limit).unwrap();
    assert!(parts.len() > 2, "{}", parts.len());
    let mut joined = Trace::default();
    for (number, (part, report)) in parts.iter().enumerate() {
        let name = part.file_name().unwrap().to_str().unwrap();
        let expected = match number {
            0 => "trace.har".to_owned(),
            _ => format!("trace-{}.har", number + 1),
        };
        assert_eq!(name, expected);
        let length = std::fs::metadata(part).unwrap().len();
        assert_eq!(length, report.bytes);
        let is_last = number + 1 == parts.len();
        assert!(
            length <= limit || report.entries == 1 || is_last,
            "{length}"
        );
        let read = har::read(part).unwrap().trace;
        joined.exchanges.extend(read.exchanges);
        joined.tunnels.extend(read.tunnels);
        joined.handshakes.extend(read.handshakes);
    }
    let whole = folder.path().join("whole.har");
    har::export(&trace, &NoFiles, &whole, &options).unwrap();
    trace = har::read(&whole).unwrap().trace;
    joined.sort();
    assert_eq!(joined, trace);
    let one = har::export_parts(&trace, &NoFiles, &whole, &options, u64::MAX).unwrap();
    assert_eq!(one.len(), 1);
}

#[test]
fn indented_json_is_the_same_json() {
    let mut pretty = Vec::new();
    let options = WriteOptions {
        pretty: true,
        ..WriteOptions::default()
    };
    har::write(&samples::trace(), &NoFiles, &mut pretty, &options).unwrap();
    let text = String::from_utf8(pretty).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        written(&samples::trace())
    );
    assert!(text.contains("\n  \"startedDateTime\": ") && !text.contains('<'));
}

/// What a browser's developer tools save of a page that looks at a registry.
fn browsers_har() -> Value {
    let secret = "c7c0f6a1e5dd4b0f9a";
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "browser": {"name": "Firefox", "version": "140.0"},
        "_tab": {"title": "Layers", "url": format!("https://ui.example/?access_token={secret}")},
        "pages": [{
            "startedDateTime": "2026-05-04T10:00:00.000Z",
            "id": "page_1",
            "title": format!("https://ui.example/#token {secret} is in it"),
            "pageTimings": {"onContentLoad": 312.5, "onLoad": -1},
        }],
        "entries": [{
            "pageref": "page_1",
            "startedDateTime": "2026-05-04T10:00:00.100Z",
            "time": 12.5,
            "_initiator": {"type": "script", "stack": {"callFrames": [
                {"url": format!("https://ui.example/a.js?sig={secret}"), "lineNumber": 7},
            ]}},
            "_priority": "High",
            "_resourceType": "xhr",
            "request": {
                "method": "GET",
                "url": "https://r.example/v2/a/tags/list",
                "httpVersion": "h2",
                "headers": [{"name": "Authorization", "value": format!("Bearer {secret}")}],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0,
                "_mode": "cors",
            },
            "response": {
                "status": 200, "statusText": "", "httpVersion": "h2", "headers": [], "cookies": [],
                "content": {"size": 2, "mimeType": "application/json", "text": "{}", "_note": "n"},
                "redirectURL": "", "headersSize": -1, "bodySize": -1, "_transferSize": 94,
                "_fetchedViaServiceWorker": false,
            },
            "cache": {},
            "timings": {"blocked": 1, "dns": -1, "connect": -1, "send": 0, "wait": 11, "receive": 0.5,
                "ssl": -1, "_blocked_queueing": 0.7},
        }],
    }})
}

#[test]
fn what_other_programs_wrote_is_kept_without_its_secrets() {
    let theirs = browsers_har();
    let document = read_text(theirs.to_string().as_bytes()).unwrap();
    let written = |trace: &pullscope::exchange::Trace| -> Value {
        let mut out = Vec::new();
        let options = WriteOptions::default();
        har::write(trace, &har::HarDocument::default(), &mut out, &options).unwrap();
        serde_json::from_slice(&out).unwrap()
    };
    let fields = |har: &Value| {
        let (log, entry) = (&har["log"], &har["log"]["entries"][0]);
        let (request, response) = (&entry["request"], &entry["response"]);
        [
            &log["browser"],
            &log["_tab"],
            &log["pages"],
            &entry["pageref"],
            &entry["_initiator"],
            &entry["_priority"],
            &entry["_resourceType"],
            &request["_mode"],
            &response["content"]["_note"],
            &response["_fetchedViaServiceWorker"],
            &entry["timings"]["_blocked_queueing"],
        ]
        .map(Clone::clone)
    };
    let mut trace = document.trace;
    let kept = written(&trace);
    assert_eq!(fields(&kept), fields(&theirs));
    let mut redactor = Redactor::new();
    redactor.trace(&mut trace, None);
    let clean = written(&trace);
    let text = clean.to_string();
    assert!(!text.contains("c7c0f6a1e5dd4b0f9a"), "{text}");
    // What holds an address may have had a secret in it; the others stay as they were.
    let plain = |har: &serde_json::Value| fields(har).into_iter().rev().take(6).collect::<Vec<_>>();
    assert_eq!(plain(&clean), plain(&theirs));
    let page = &clean["log"]["pages"][0];
    assert_eq!(page["pageTimings"]["onContentLoad"], 312.5);
    assert!(page["title"].as_str().unwrap().contains("REDACTED-"));
    // Our own file gives them back.
    let again = read_text(clean.to_string().as_bytes()).unwrap();
    assert_eq!(fields(&written(&again.trace)), fields(&clean));
}
