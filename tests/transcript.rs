//! Transcripts: the article's come back line by line, and every text is one.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::prelude::*;
use pullscope::exchange::{
    Body, Capture, Ending, Exchange, ExchangeId, Failure, Fidelity, Omission, RawHead,
    ResponseHead, Side, Trace,
};
use pullscope::export::transcript::{self, Form, Imported};
use pullscope::har;
use pullscope::registry::{InMemoryOnly, Reading};
use pullscope::store::Store;
use serde_json::Value;

const NAMES: [&str; 4] = ["gcr", "mirror", "dockerhub", "quay"];

/// A pull as the article prints it, put together without the code under test.
fn article(name: &str) -> String {
    let path = format!(
        "{}/tests/data/article/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut text = String::new();
    for exchange in file["exchanges"].as_array().unwrap() {
        if !text.is_empty() {
            text.push('\n');
        }
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let fields = |text: &mut String, message: &Value| {
            for field in message["headers"].as_array().unwrap() {
                writeln!(text, "{}: {}", word(&field[0]), word(&field[1])).unwrap();
            }
        };
        writeln!(
            text,
            "{} {} {}",
            word(&request["method"]),
            word(&request["url"]),
            word(&request["version"])
        )
        .unwrap();
        fields(&mut text, request);
        writeln!(
            text,
            "\n{} {} {}",
            word(&response["version"]),
            response["status"],
            word(&response["reason"])
        )
        .unwrap();
        fields(&mut text, response);
        let body = word(&response["body"]);
        if !body.is_empty() {
            let end = if body.ends_with('\n') { "" } else { "\n" };
            write!(text, "\n{body}{end}").unwrap();
        }
    }
    text
}

fn import(text: &str) -> Imported {
    transcript::read(text.as_bytes(), Timestamp::UNIX_EPOCH)
}

fn export(trace: &Trace) -> String {
    let mut out = Vec::new();
    let bodies = har::HarDocument::default();
    transcript::write(&trace.exchanges, &bodies, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_article_comes_back_line_by_line() {
    let mut count = 0;
    for name in NAMES {
        let printed = article(name);
        let imported = import(&printed);
        assert_eq!(imported.remarks, [], "{name}");
        count += imported.trace.exchanges.len();
        let exported = export(&imported.trace);
        for (number, (is, was)) in exported.lines().zip(printed.lines()).enumerate() {
            assert_eq!(is, was, "{name}, line {}", number + 1);
        }
        assert_eq!(exported, printed, "{name}");
    }
    assert_eq!(count, 28);
}

#[test]
fn the_article_comes_back_by_way_of_a_har() {
    let all: Vec<_> = NAMES.iter().map(|name| article(name)).collect();
    let printed = all.join("\n");
    let imported = import(&printed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("article.har");
    let (trace, bodies) = (&imported.trace, har::HarDocument::default());
    har::export(trace, &bodies, &path, &har::WriteOptions::default()).unwrap();
    let document = har::read(&path).unwrap();
    assert_eq!(document.trace.exchanges.len(), 28);
    let mut out = Vec::new();
    transcript::write(&document.trace.exchanges, &document, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), printed);
}

#[test]
fn what_was_imported_is_decoded() {
    let mut verified = 0;
    for name in NAMES {
        let trace = import(&article(name)).trace;
        assert!(
            trace
                .exchanges
                .is_sorted_by_key(|exchange| exchange.started)
        );
        for exchange in &trace.exchanges {
            let reading = Reading::of(exchange, &InMemoryOnly);
            verified += usize::from(reading.digests.agree() == Some(true));
            assert_ne!(reading.digests.agree(), Some(false));
            assert_eq!(exchange.ended.as_ref().unwrap().1, Ending::Complete);
            let stated = reading.content_length.unwrap();
            assert_eq!(exchange.received, stated);
        }
        assert_eq!(
            trace.exchanges[0].started.to_string().get(..10),
            Some("2020-08-20")
        );
    }
    assert_eq!(verified, 7);
}

#[test]
fn line_ends_fences_and_prose_do_no_harm() {
    let pasted = "Let us look:\n\n```http\nGET /v2/ HTTP/1.1\r\nHost: r.example:5000\r\n\
        Accept: a,\r\n  b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\
        Content-Length: 3\r\n\r\n{\r\n}\r\n```\n\nand so on\n\n\
        HEAD https://r.example/v2/a/manifests/b HTTP/1.1\nHTTP/2 200\ncontent-length: 5\n\n\
        HTTP/1.1 200 OK\n\nCONNECT r.example:443 HTTP/1.1\n\n\
        POST https://t.example/token HTTP/1.1\n\ngrant_type=password\n";
    let imported = import(pasted);
    let [first, second, third] = imported.trace.exchanges.as_slice() else {
        panic!("{:?}", imported.trace.exchanges.len());
    };
    let request = first.request.as_ref().unwrap();
    assert_eq!(request.url, "https://r.example:5000/v2/");
    assert_eq!(request.head.text("accept"), Some("a, b"));
    assert_eq!(first.response.as_ref().unwrap().interim.len(), 1);
    let kept = |body: &Option<Body>| body.as_ref().unwrap().capture.clone();
    let memory = |text: &'static str| Capture::Memory { bytes: text.into() };
    assert_eq!(kept(&first.response_body), memory("{\n}"));
    assert_eq!(kept(&second.response_body), Capture::Empty);
    assert_eq!(second.response.as_ref().unwrap().head.status(), Some(200));
    assert_eq!(kept(&third.request_body), memory("grant_type=password"));
    // That it was answered is not said, nor that it was not.
    let by = Side::File;
    assert!(matches!(third.ended, Some((_, Ending::Aborted { by: side, .. })) if side == by));
    let remarks: Vec<_> = imported.remarks.iter().map(|remark| remark.line).collect();
    assert_eq!(remarks, [1, 18, 24, 26]);
}

/// An exchange with everything that does not fit into plain text.
fn awkward() -> Exchange {
    let mut trace =
        import("GET https://r.example/v2/ HTTP/1.1\nHost: r.example\n\nHTTP/1.1 200 OK\nDate: x\n")
            .trace;
    let mut exchange = trace.exchanges.remove(0);
    exchange.response = Some(ResponseHead {
        head: RawHead::new(
            &b"HTTP/1.1 200 \x1b[2J\r\nServer: \xff\xe2\x80\xae\r\nEmpty:\r\nno colon\r\n\r\n"[..],
        ),
        ..exchange.response.unwrap()
    });
    exchange
}

fn with_body(capture: Capture, sha256: Option<String>) -> String {
    let mut exchange = awkward();
    exchange.response_body = Some(Body {
        size: 9,
        decoded_size: Some(9),
        sha256,
        complete: true,
        capture,
        ..Body::default()
    });
    transcript::exchange(&exchange, &har::HarDocument::default())
}

#[test]
fn hostile_bytes_are_shown_and_other_content_is_described() {
    let text = with_body(
        Capture::Memory {
            bytes: "a\u{202e}b".into(),
        },
        None,
    );
    assert!(text.contains("HTTP/1.1 200 \\x1b[2J\nServer: \\xff\\u{202e}\nEmpty:\nno colon:\n"));
    assert!(text.ends_with("\n\na\\u{202e}b\n"), "{text}");
    let digest = "ab".repeat(32);
    let described = format!("\n\n[9 bytes, sha256:{digest}]\n");
    for bytes in [
        &b"\x1f\x8b\x08"[..],
        b"a\0b",
        b"x\n\nGET https://evil.example/ HTTP/1.1\n\n",
        b"[cut off: never]",
        b"```\nHTTP/1.1 200 OK",
    ] {
        let capture = Capture::Memory {
            bytes: bytes.to_vec().into(),
        };
        let text = with_body(capture, Some(digest.clone()));
        assert!(text.ends_with(&described), "{text}");
    }
    let reason = Omission::Blob;
    let text = with_body(Capture::Omitted { reason }, Some(digest.clone()));
    assert!(text.ends_with(&described), "{text}");
    let again = import(&text)
        .trace
        .exchanges
        .remove(0)
        .response_body
        .unwrap();
    assert_eq!((again.size, again.sha256), (9, Some(digest)));
}

#[test]
fn how_an_exchange_ended_is_said_and_read_back() {
    let ends = |exchange: &Exchange| {
        let text = transcript::exchange(exchange, &har::HarDocument::default());
        let again = import(&text).trace.exchanges.remove(0);
        (text, again.ended.unwrap().1)
    };
    let mut exchange = awkward();
    let by = Side::Upstream;
    let detail = "reset\u{7}".to_owned();
    exchange.ended = Some((Timestamp::UNIX_EPOCH, Ending::Aborted { by, detail }));
    let (text, ending) = ends(&exchange);
    assert!(text.ends_with("\n\n[cut off: reset\\x07]\n"), "{text}");
    let detail = "reset\\x07".to_owned();
    assert_eq!(ending, Ending::Aborted { by, detail });
    exchange.response = None;
    let (reason, detail) = (Failure::Unspecified, "refused".to_owned());
    let failed = Ending::Failed { reason, detail };
    exchange.ended = Some((Timestamp::UNIX_EPOCH, failed.clone()));
    let (text, ending) = ends(&exchange);
    assert!(text.ends_with("\n\n[no response: refused]\n"), "{text}");
    assert_eq!(ending, failed);
    exchange.id = ExchangeId(1);
    exchange.ended = None;
    assert!(
        ends(&exchange)
            .0
            .contains("[no response: the exchange was still open")
    );
}

#[test]
fn a_host_with_a_blank_in_it_reads_back() {
    for host in ["r.example HTTP/1.1", "a b", " "] {
        let text = format!("HEAD /v2/ HTTP/1.1\nHost: {host}\n\n[no response: refused]\n");
        let imported = import(&text);
        assert_eq!(imported.trace.exchanges.len(), 1, "{text}");
        let again = import(&export(&imported.trace));
        assert_eq!(again.trace.exchanges.len(), 1, "{text}");
    }
    let mut trace = import("GET https://r.example/a HTTP/1.1\n\nHTTP/1.1 200 OK\n").trace;
    trace.exchanges[0].request.as_mut().unwrap().url = "https://r.example/a b".to_owned();
    let written = export(&trace);
    assert!(
        written.starts_with("GET https://r.example/a%20b HTTP/1.1\n"),
        "{written}"
    );
    assert_eq!(import(&written).trace.exchanges.len(), 1);
}

#[test]
fn heads_are_not_said_to_be_as_on_the_wire() {
    let text = "GET https://r.example/v2/ HTTP/1.1\nAccept:   */*  \n";
    let imported = import(text);
    let request = imported.trace.exchanges[0].request.as_ref().unwrap();
    assert_eq!(request.head.text("accept"), Some("*/*"));
    assert_eq!(request.fidelity, Fidelity::Regrouped);
}

#[test]
fn undated_transcripts_have_the_moment_given() {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let text = b"GET https://r.example/ HTTP/1.1\n\nHTTP/1.1 200 OK\n";
    let trace = transcript::read(text, at).trace;
    assert_eq!(trace.exchanges[0].started, at);
}

/// A transcript as some program printed it.
fn pasted(name: &str) -> Imported {
    let path = format!(
        "{}/tests/data/transcripts/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let imported = transcript::read(&std::fs::read(path).unwrap(), Timestamp::UNIX_EPOCH);
    assert_eq!(imported.remarks, [], "{name}");
    imported
}

/// What was asked, and the status or the failure that came of it.
fn told(imported: &Imported) -> Vec<(String, String)> {
    let tell = |exchange: &Exchange| {
        let request = exchange.request.as_ref().unwrap();
        let method = String::from_utf8_lossy(request.head.method().unwrap());
        let status = exchange.response.as_ref().and_then(|r| r.head.status());
        let came = match (&exchange.ended.as_ref().unwrap().1, status) {
            (Ending::Complete, Some(status)) => status.to_string(),
            (Ending::Failed { reason, detail }, None) => format!("{}: {detail}", reason.word()),
            other => panic!("{other:?}"),
        };
        (format!("{method} {}", request.url), came)
    };
    imported.trace.exchanges.iter().map(tell).collect()
}

fn content(exchange: &Exchange) -> String {
    match &exchange.response_body.as_ref().unwrap().capture {
        Capture::Memory { bytes } => String::from_utf8(bytes.to_vec()).unwrap(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_curl_prints_is_read() {
    for (name, expected) in [
        (
            "curl-tls.txt",
            &[
                ("GET https://r.example/v2/", "401"),
                ("GET https://r.example/v2/team/tool/manifests/1.2", "404"),
            ][..],
        ),
        (
            "curl-h2-trace-time.txt",
            &[("GET https://r.example/v2/", "200")],
        ),
        (
            "curl-proxy.txt",
            &[
                ("GET https://r.example/v2/", "200"),
                (
                    "CONNECT https://shut.example:8443/",
                    "upstream_proxy: asking the proxy for a tunnel: it answered 407 Proxy \
                     Authentication Required",
                ),
            ],
        ),
        (
            "curl-failures.txt",
            &[
                (
                    "GET https://nowhere.example/v2/",
                    "dns: Could not resolve host: nowhere.example",
                ),
                (
                    "GET http://r.example:5000/v2/",
                    "connect: Failed to connect to r.example port 5000 after 1 ms: Couldn't \
                     connect to server",
                ),
                (
                    "GET https://r.example/v2/",
                    "tls: SSL certificate problem: self-signed certificate",
                ),
                (
                    "GET http://r.example:5000/v2/",
                    "no_response: Empty reply from server",
                ),
            ],
        ),
    ] {
        let imported = pasted(name);
        assert_eq!(imported.form, Form::Curl, "{name}");
        let told = told(&imported);
        let told: Vec<_> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(told, expected, "{name}");
    }
    // What curl says right behind some content is none of it, with a length and without.
    let [first, second] = <[_; 2]>::try_from(pasted("curl-tls.txt").trace.exchanges).unwrap();
    assert_eq!(content(&first), "true");
    assert!(content(&second).ends_with("\"message\":\"no such tag\"}]}"));
    assert_eq!(first.request.unwrap().head.text("accept"), Some("*/*"));
    assert_eq!(
        content(&pasted("curl-h2-trace-time.txt").trace.exchanges[0]),
        "{}"
    );
}

#[test]
fn content_that_went_to_a_file_is_not_taken_for_none() {
    let imported = pasted("curl-plain-to-file.txt");
    let one = &imported.trace.exchanges[0];
    let url = &one.request.as_ref().unwrap().url;
    assert!(
        url.starts_with("http://mirror.example:5000/v2/team/tool/blobs/"),
        "{url}"
    );
    let body = one.response_body.as_ref().unwrap();
    let reason = Omission::Absent;
    assert_eq!(body.capture, Capture::Omitted { reason });
    assert_eq!((body.size, &body.sha256), (1_500, &None));
    // Over TLS, curl counts more than the content.
    let text = "* Connected to r.example (192.0.2.7) port 443\n* ALPN: offers http/1.1\n\
        > GET /v2/ HTTP/1.1\n> Host: r.example\n>\n< HTTP/1.1 200 OK\n<\n{ [5 bytes data]\n";
    let body = import(text)
        .trace
        .exchanges
        .remove(0)
        .response_body
        .unwrap();
    assert_eq!(body.capture, Capture::Omitted { reason });
    assert_eq!((body.size, body.sha256), (0, None));
}

#[test]
fn logs_with_messages_in_them_are_read() {
    for name in ["ctr-logfmt.txt", "ctr-terminal.txt"] {
        let imported = pasted(name);
        assert_eq!(imported.form, Form::Log, "{name}");
        let [challenge, token, manifest] = imported.trace.exchanges.as_slice() else {
            panic!("{name}: {:?}", told(&imported));
        };
        let reading = |exchange| Reading::of(exchange, &InMemoryOnly);
        assert_eq!(reading(challenge).challenges.len(), 1, "{name}");
        // Go prints content in the chunks it came in.
        assert_eq!(
            content(token),
            "{\"token\":\"PLANTED-ctr-token\",\"expires_in\":300}",
            "{name}"
        );
        let manifest = reading(manifest);
        assert_eq!(
            (manifest.status, manifest.errors.len()),
            (Some(404), 1),
            "{name}"
        );
        let agent = challenge.request.as_ref().unwrap().head.text("user-agent");
        assert_eq!(agent, Some("containerd/1.7.20"), "{name}");
    }
    let skopeo = pasted("skopeo.txt");
    let url = "GET https://r.example/v2/team/tool/manifests/1.2";
    assert_eq!(told(&skopeo), [(url.to_owned(), "404".to_owned())]);
    assert!(content(&skopeo.trace.exchanges[0]).ends_with("}]}"));
    let crane = pasted("crane.txt");
    assert_eq!(told(&crane).len(), 2);
    assert_eq!(content(&crane.trace.exchanges[0]), "{\"errors\":\"login\"}");
    // The token was left out by crane itself.
    let token = Reading::of(&crane.trace.exchanges[1], &InMemoryOnly);
    assert!(token.unseen && token.token_answer.is_none());
}

#[test]
fn what_was_put_around_every_line_of_a_file_is_taken_off() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/transcripts");
    for name in [
        "crane.txt",
        "ctr-logfmt.txt",
        "ctr-terminal.txt",
        "skopeo.txt",
    ] {
        let plain = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        let plain = plain.replace("\r\n", "\n");
        let expected = transcript::read(plain.as_bytes(), Timestamp::UNIX_EPOCH);
        assert!(!expected.trace.exchanges.is_empty(), "{name}");
        let windows = plain.replace('\n', "\r\n");
        let stamp = |line: &str| format!("2026-12-01T02:39:06.1234567Z {line}");
        let stamped: String = plain.split_inclusive('\n').map(stamp).collect();
        let both: String = windows.split_inclusive('\n').map(stamp).collect();
        for text in [windows, stamped, format!("\u{feff}{both}")] {
            let read = transcript::read(text.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!(read, expected, "{name}: {text}");
        }
    }
}

#[test]
fn an_answer_ends_the_head_of_a_request_without_content() {
    let text = "GET https://r.example/v2/ HTTP/1.1\nHost: r.example\nHTTP/1.1 200 OK\n\n\
        HEAD https://r.example/v2/a HTTP/1.1\n\nsome words\nHTTP/1.1 404 Not Found\n";
    let statuses = told(&import(text));
    let statuses: Vec<_> = statuses.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(statuses, ["200", "404"]);
}

#[test]
fn transcripts_one_behind_the_other_are_read_whole() {
    let one = article("quay");
    let both = [one.trim_end(), "\n", &one].concat();
    let single = import(&one).trace.exchanges.len();
    assert_eq!(import(&both).trace.exchanges.len(), 2 * single);
}

#[test]
fn no_clock_is_judged_by_a_transcript() {
    // By themselves, these moments are two hours apart from now and from each other.
    let text = "GET https://r.example/v2/ HTTP/1.1\n\nHTTP/1.1 200 OK\n\
        Date: Mon, 04 May 2026 12:00:00 GMT\n\n{}\n\n\
        GET https://r.example/v2/a/manifests/b HTTP/1.1\n\nHTTP/1.1 404 Not Found\n\
        Date: Mon, 04 May 2026 10:00:00 GMT\n\n\
        GET https://r.example/v2/ HTTP/1.1\n\nHTTP/1.1 200 OK\n\
        Date: Mon, 04 May 2026 09:00:00 GMT\n";
    let trace = import(text).trace;
    assert!(trace.exchanges.iter().all(|exchange| exchange.untimed));
    let started = |at: usize| trace.exchanges[at].started.to_string();
    assert_eq!(
        started(1),
        "2026-05-04T12:00:00Z",
        "within a pull the order stays"
    );
    assert_eq!(started(2), "2026-05-04T09:00:00Z", "a client begins anew");
    let store = Store::of_trace(trace, &InMemoryOnly);
    let untaken = store.pulls().iter().all(|pull| pull.totals.took.is_zero());
    assert!(untaken, "nothing is said of how long it took");
    let rules: Vec<_> = store.all_findings().map(|found| found.rule).collect();
    assert!(!rules.contains(&"clock-skew"), "{rules:?}");
}

#[test]
fn a_command_that_is_not_there_leaves_curls_words() {
    let imported = import("curl: (6) Could not resolve host: nowhere.example\n");
    assert!(imported.trace.exchanges.is_empty());
    let words = "Could not resolve host: nowhere.example";
    assert_eq!(imported.unsent.as_deref(), Some(words));
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("GET https://r.example/v2/ HTTP/1.1".to_owned()),
        Just("HTTP/1.1 200 OK".to_owned()),
        Just("Content-Length: 5".to_owned()),
        Just(String::new()),
        Just("```".to_owned()),
        Just("[7 bytes]".to_owned()),
        "[ -~\r]{0,20}",
    ];
    proptest::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

fn reads_back(text: &str) -> Result<(), TestCaseError> {
    let first = import(text).trace;
    let written = export(&first);
    let second = import(&written).trace;
    prop_assert_eq!(first.exchanges.len(), second.exchanges.len());
    prop_assert_eq!(export(&second), written);
    Ok(())
}

#[test]
fn the_blank_lines_around_a_remark_are_no_content() {
    // With them, the content would have the length that was stated.
    let request = "GET https://r.example/v2/ HTTP/1.1";
    for rest in [format!("aa\n\n{request}"), "!A ".to_owned()] {
        reads_back(&format!("{request}\nContent-Length: 5\n{rest}")).unwrap();
    }
}

#[test]
fn what_would_be_shown_longer_than_it_is_reads_back() {
    for content in ["\r0\n", "\r0\n\n\n", "00\r\r\n", "a\r \r\n"] {
        let request = "GET https://r.example/v2/ HTTP/1.1";
        reads_back(&format!("{request}\nContent-Length: 5\n{content}")).unwrap();
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_transcript(bytes: Vec<u8>) {
        transcript::read(&bytes, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn what_is_written_reads_back(text in lines()) {
        reads_back(&text)?;
    }
}
