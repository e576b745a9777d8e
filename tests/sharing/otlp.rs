//! OpenTelemetry traces, read with the types of opentelemetry-proto.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::process::Command;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use pullscope::export::otlp::{self, Live, Origin};
use pullscope::pulls::{PullId, Why};
use pullscope::registry::Kind;
use pullscope::store::{Entry, Store};
use pullscope::story::Telling;
use pullscope::words::Lang;

use crate::golden::article;
use crate::hostile::hostile;
use crate::load::{NAMES, events};
use crate::program::PULLSCOPE;

fn telling(store: &Store) -> Telling<'_> {
    let lang = Lang::En;
    Telling {
        store,
        lang,
        now: None,
    }
}

fn written(store: &Store, takes: &dyn Fn(&Entry) -> bool) -> String {
    let mut out = Vec::new();
    let origin = Origin::new(Some("node-1"));
    otlp::write(&telling(store), takes, true, &origin, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The spans of each line.
fn read(text: &str) -> Vec<Vec<Span>> {
    let lines = text.lines();
    let requests = lines.map(|line| serde_json::from_str(line).unwrap());
    requests
        .map(|request: ExportTraceServiceRequest| {
            let resources = request.resource_spans.into_iter();
            let scopes = resources.flat_map(|one| one.scope_spans);
            scopes.flat_map(|one| one.spans).collect()
        })
        .collect()
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|one| one.key == key)?;
    found
        .value
        .as_ref()
        .and_then(|AnyValue { value }| value.as_ref())
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key}: {other:?}"),
    }
}

fn number(attributes: &[KeyValue], key: &str) -> i64 {
    match value(attributes, key) {
        Some(Value::IntValue(number)) => *number,
        other => panic!("{key}: {other:?}"),
    }
}

/// The span of each exchange, by its number.
fn by_exchange(spans: &[Span]) -> HashMap<u64, &Span> {
    let own = |span: &&Span| value(&span.attributes, "pullscope.exchange.id").is_some();
    let spans = spans.iter().filter(own);
    spans
        .map(|span| (number(&span.attributes, "pullscope.exchange.id"), span))
        .map(|(id, span)| (u64::try_from(id).unwrap(), span))
        .collect()
}

#[test]
fn a_pull_is_a_trace_and_stands_below_its_reasons() {
    let store = article();
    let lines = read(&written(&store, &|_| true));
    assert_eq!(lines.len(), store.pulls().len());
    let mut why = HashSet::new();
    for (spans, pull) in lines.iter().zip(store.pulls()) {
        assert_eq!(spans.len(), pull.steps.len() + 1);
        let root = &spans[0];
        assert!(root.parent_span_id.is_empty());
        assert_eq!(root.name, format!("pull {}", pull.image()));
        assert_eq!(root.events.len(), store.findings_of(pull.id).len());
        let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
        assert_eq!(ids.len(), spans.len());
        let by_exchange = by_exchange(spans);
        for step in &pull.steps {
            let span = by_exchange[&step.exchange.0];
            assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
            assert_eq!(span.trace_id, root.trace_id);
            let parent = match step.cause {
                Some(cause) => by_exchange[&cause.exchange.0],
                None => root,
            };
            assert_eq!(span.parent_span_id, parent.span_id);
            why.extend(step.cause.map(|cause| cause.why));
        }
    }
    for wanted in [
        Why::Challenge,
        Why::Token,
        Why::Index,
        Why::Manifest,
        Why::Redirect,
    ] {
        assert!(why.contains(&wanted), "{wanted:?} is not in the article");
    }
}

#[test]
fn spans_say_what_was_on_the_wire_and_how_long_it_took() {
    let store = article();
    let spans: Vec<Span> = read(&written(&store, &|_| true)).concat();
    let by_exchange = by_exchange(&spans);
    assert_eq!(by_exchange.len(), store.entries().len());
    for entry in store.entries() {
        let (exchange, span) = (&entry.exchange, by_exchange[&entry.exchange.id.0]);
        let ended = exchange.ended.as_ref().unwrap().0;
        let nanoseconds = |at: jiff::Timestamp| u64::try_from(at.as_nanosecond()).unwrap();
        assert_eq!(span.start_time_unix_nano, nanoseconds(exchange.started));
        assert_eq!(span.end_time_unix_nano, nanoseconds(ended));
        let attributes = &span.attributes;
        let method = text(attributes, "http.request.method");
        assert_eq!(method, entry.reading.method);
        assert!(span.name.starts_with(&method), "{}", span.name);
        let url = entry.reading.url.as_ref().unwrap();
        assert_eq!(text(attributes, "server.address"), url.host_str().unwrap());
        assert_eq!(
            text(attributes, "url.full"),
            exchange.request.as_ref().unwrap().url
        );
        let status = i64::from(entry.reading.status.unwrap());
        assert_eq!(number(attributes, "http.response.status_code"), status);
        assert_eq!(text(attributes, "network.protocol.version"), "1.1");
        // Being asked for a token is no error.
        let error = status >= 400 && entry.kind != Kind::Challenge;
        assert_eq!(span.status.as_ref().unwrap().code == 2, error);
        assert_eq!(value(attributes, "error.type").is_some(), error);
        if let Some(wait) = exchange.timings.wait {
            let told = value(attributes, "pullscope.timing.wait_ms");
            let millis = (wait.as_secs_f64() * 1e6).round() / 1e3;
            assert_eq!(told, Some(&Value::DoubleValue(millis)));
        }
        let inside = span.start_time_unix_nano..=span.end_time_unix_nano;
        let events = span.events.iter();
        assert!(
            events
                .map(|one| one.time_unix_nano)
                .all(|at| inside.contains(&at))
        );
    }
}

#[test]
fn the_same_trace_has_the_same_identifiers_also_in_part() {
    let store = article();
    let whole = written(&store, &|_| true);
    assert_eq!(whole, written(&article(), &|_| true));
    let third = written(&store, &|entry| entry.pull == Some(PullId(3)));
    assert_eq!(whole.lines().nth(2), third.lines().next());
    assert_eq!(third.lines().count(), 1);
    // Without what is in between, the download stands below the nearest reason that is left.
    let cdn = read(&written(&store, &|entry| {
        matches!(entry.kind, Kind::Cdn | Kind::Manifest)
    }));
    for spans in cdn {
        let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
        for span in spans.iter().skip(1) {
            assert!(ids.contains(&span.parent_span_id), "{span:?}");
        }
    }
}

#[test]
fn a_capture_under_way_gives_out_the_same_spans_once() {
    let store = article();
    let mut wanted: Vec<Span> = read(&written(&store, &|_| true)).concat();
    let (mut live, mut followed) = (Live::default(), Store::default());
    let mut given = Vec::new();
    let mut first = 1;
    for name in NAMES {
        let events = events(name, first);
        first += events
            .iter()
            .filter(|event| matches!(event, pullscope::exchange::Event::Opened { .. }))
            .count() as u64;
        for event in events {
            given.extend(live.note(&event, Lang::En));
            followed.extend([event]);
            let before = given.len();
            let now = jiff::Timestamp::UNIX_EPOCH;
            given.extend(live.due(&telling(&followed), now, false));
            let roots = given
                .iter()
                .skip(before)
                .filter(|span| span.parent_span_id.is_empty());
            assert_eq!(roots.count(), 0, "a root before its time");
        }
    }
    assert!(
        given.len() > wanted.len() / 2,
        "spans come when exchanges end"
    );
    given.extend(live.due(&telling(&followed), jiff::Timestamp::MAX, true));
    assert!(
        live.due(&telling(&followed), jiff::Timestamp::MAX, true)
            .is_empty()
    );
    let order = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
    wanted.sort_by_key(order);
    given.sort_by_key(order);
    assert_eq!(given, wanted);
}

#[test]
fn hostile_text_stays_text() {
    let store = hostile();
    let written = written(&store, &|_| true);
    let spans: Vec<Span> = read(&written).concat();
    assert!(by_exchange(&spans).len() == store.entries().len());
    for hidden in ["\u{1b}", "\u{202e}", "\\u001b", "\u{7f}"] {
        assert!(!written.contains(hidden), "{hidden:?} is in it");
    }
}

#[test]
fn planted_secrets_are_not_in_it() {
    const SECRETS: [&str; 3] = ["aHVudGVyMjpodW50ZXIy", "S1gnature-hunter2", "t0ken-hunter2"];
    let folder = tempfile::tempdir().unwrap();
    let transcript = format!(
        "GET https://r.example/v2/a/manifests/1 HTTP/1.1\nHost: r.example\nUser-Agent: docker/28\n\
         Authorization: Basic {}\n\nHTTP/1.1 307 Temporary Redirect\n\
         Location: https://cdn.example/a?X-Amz-Signature={}\nContent-Length: 0\n\n\
         GET https://cdn.example/a?X-Amz-Signature={}&token={} HTTP/1.1\nHost: cdn.example\n\
         User-Agent: docker/28 {}\n\nHTTP/1.1 403 Forbidden\nContent-Length: 0\n\n",
        SECRETS[0], SECRETS[1], SECRETS[1], SECRETS[2], SECRETS[2]
    );
    fs::write(folder.path().join("a.txt"), transcript).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(PULLSCOPE);
        command
            .args(args)
            .current_dir(folder.path())
            .env("HOME", folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["import", "a.txt", "--keep-secrets", "-o", "a.har"]);
    let kept = run(&["export", "a.har", "--format", "otlp", "--keep-secrets"]);
    let clean = run(&["export", "a.har", "--format", "otlp"]);
    assert!(clean.contains("X-Amz-Signature=REDACTED-"), "{clean}");
    assert_eq!(by_exchange(&read(&clean).concat()).len(), 2);
    for secret in &SECRETS[1..] {
        assert!(kept.contains(secret), "{secret} was not planted well");
    }
    for secret in SECRETS {
        assert!(!clean.contains(secret), "{secret} in {clean}");
    }
}
