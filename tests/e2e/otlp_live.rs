//! `--otlp-endpoint`: spans reach a collector while pulls go on, and nothing waits for it.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::client::skopeo;
use crate::collector::Collector;
use crate::components::available;
use crate::lab::{IMAGES, Lab, PULLSCOPE};
use crate::process::{Process, bound};
use crate::raw_client::Client;
use crate::recorder::{Recorder, pullscope};
use crate::site::Upstream as _;

const NEEDS: &[&str] = &["root", "setpriv", "skopeo"];

/// Where a span is in its trace.
fn place(span: &Span) -> [&[u8]; 3] {
    [&span.trace_id, &span.span_id, &span.parent_span_id]
}

fn places<'a>(spans: impl IntoIterator<Item = &'a Span>) -> BTreeSet<[&'a [u8]; 3]> {
    spans.into_iter().map(place).collect()
}

fn inspect(recorder: &Recorder, image: &str) {
    let image = format!("docker://{image}");
    skopeo(&recorder.route(), recorder.dir(), &["inspect", &image]).succeeded();
}

#[test]
fn spans_reach_a_collector_while_it_records() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    // Refused twice at first, as a collector is that has just been started.
    let slow = "503 Service Unavailable\r\nRetry-After: 0";
    let collector = Collector::start(&[slow, "429 Too Many Requests"]);
    let recorder = Recorder::start(&lab, &["--otlp-endpoint", &collector.url()]);
    inspect(&recorder, IMAGES[0]);
    collector.until("a manifest, while it records", |span| {
        span.name.starts_with("GET") && span.name.contains("manifest")
    });
    // The pull is over: so is its own span, soon.
    collector.until("the pull", |span| span.parent_span_id.is_empty());
    let before = collector.spans().len();
    inspect(&recorder, IMAGES[2]);
    let dir = recorder.dir().to_owned();
    recorder.terminate();
    let stopped = recorder.stopped();
    let spans = collector.spans();
    assert!(spans.len() > before, "what came last is sent at the end");
    let sent = format!(
        "sent {} spans to {}/v1/traces",
        spans.len(),
        collector.url()
    );
    assert!(
        stopped.finished.err.contains(&sent),
        "{}",
        stopped.finished.err
    );

    let requests = collector.requests();
    assert_eq!(requests.iter().filter(|one| !one.taken).count(), 2);
    for request in &requests {
        assert!(request.head.starts_with("POST /v1/traces HTTP/1.1\r\n"));
        let head = request.head.to_ascii_lowercase();
        assert!(
            head.contains("\r\ncontent-type: application/x-protobuf\r\n"),
            "{head}"
        );
    }
    // What was refused came again, as it was.
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].body, requests[2].body);

    pullscope(
        &dir,
        &["export", "session", "--format", "otlp", "-o", "spans.json"],
    )
    .succeeded();
    let written = fs::read_to_string(dir.join("spans.json")).unwrap();
    let lines = written.lines();
    let read = lines.map(|line| serde_json::from_str::<ExportTraceServiceRequest>(line).unwrap());
    let written: Vec<Span> = read
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    assert_eq!(places(&spans), places(&written));
    assert_eq!(spans.len(), written.len(), "each once");
    let known: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    for span in spans.iter().filter(|span| !span.parent_span_id.is_empty()) {
        assert!(known.contains(&span.parent_span_id), "{}", span.name);
    }
}

#[test]
fn no_collector_costs_nothing_but_spans() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    // A port that nobody listens on.
    let absent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", absent.local_addr().unwrap());
    drop(absent);
    let mut recorder = Recorder::start(&lab, &["--otlp-endpoint", &url]);
    inspect(&recorder, IMAGES[0]);
    recorder.said("that nothing takes the spans", |err| {
        err.contains(&format!(
            "warning: {url}/v1/traces does not take the spans: "
        ))
    });
    recorder.terminate();
    let stopped = recorder.stopped();
    stopped.trace.assert_healthy();
    let err = &stopped.finished.err;
    assert!(
        err.contains(&format!("sent 0 spans to {url}/v1/traces")),
        "{err}"
    );
    assert!(
        err.contains(&format!("did not reach {url}/v1/traces: ")),
        "{err}"
    );
    assert!(err.contains("onnection refused"), "{err}");
}

#[test]
fn a_no_is_a_no_and_a_key_goes_along() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let collector = Collector::start(&["401 Unauthorized"]);
    let mut command = bound(PULLSCOPE);
    command.args(["exec", "--otlp-endpoint", &collector.url(), "-o", "t.har"]);
    for mapping in lab.connect_to() {
        command.args(["--connect-to", &mapping]);
    }
    command.arg("--upstream-ca").arg(lab.root());
    command.args(["--", "skopeo"]);
    command.args(["inspect", &format!("docker://{}", IMAGES[0])]);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2%20hunter2");
    command.current_dir(lab.dir());
    let run = Process::start("exec", lab.dir(), &mut command);
    let run = run.finish(Duration::from_secs(120)).succeeded();
    let first = &collector.requests()[0];
    assert!(
        first.head.contains("\r\nx-key: hunter2 hunter2\r\n"),
        "{}",
        first.head
    );
    assert!(
        run.err.contains("the answer was 401 Unauthorized"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("hunter2"), "{}", run.err);
    let again = collector
        .requests()
        .iter()
        .filter(|one| one.body == first.body)
        .count();
    assert_eq!(again, 1, "it was not asked again");
}

#[test]
fn secrets_stay_here_even_where_they_are_kept() {
    if !available(&["setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    let collector = Collector::start(&[]);
    let endpoint = collector.url();
    let flags = ["--keep-secrets", "--otlp-endpoint", &endpoint];
    let recorder = Recorder::start(&lab, &flags);
    let route = recorder.route();
    let client = Client::new(&route.proxy, route.trust.as_ref().unwrap());
    let request = "GET /v2/?password=hunter2-hunter2 HTTP/1.1\r\nHost: registry-1.docker.io\r\n\
                   User-Agent: hunter2-hunter2\r\nAuthorization: Basic dXNlcjpodW50ZXIyLWh1bnRlcjI=\r\n\
                   Connection: close\r\n\r\n";
    client.send("registry-1.docker.io", request.as_bytes());
    let dir = recorder.dir().to_owned();
    // A ping may belong to a pull that is to come, so its span waits for that, or for the end.
    recorder.stop();
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name.starts_with("GET")));
    let trace = fs::read_to_string(dir.join("trace.har")).unwrap();
    assert!(
        trace.contains("hunter2"),
        "the trace keeps what it was told to keep"
    );
    for request in collector.requests() {
        let text = String::from_utf8_lossy(&request.body);
        assert!(
            !text.contains("hunter2") && !text.contains("aHVudGVyMi"),
            "{text}"
        );
    }
}
