//! How often a head is parsed between the socket and the HAR.

use std::io;
use std::path::PathBuf;

use pullscope::exchange::head::passes;
use pullscope::exchange::{Bodies, Capture, Trace};
use pullscope::har;
use pullscope::redact::Redactor;
use pullscope::registry::InMemoryOnly;
use pullscope::store::Store;

use crate::rig::{HOST, Rig, answer};

/// Stands in the heads that are counted, and in no other test's.
const MARK: &str = "counted-head";
/// Passes over a head; those of hyper, which serves and asks in our name, are not counted.
const MOST: usize = 4;

struct NoFiles;

impl Bodies for NoFiles {
    fn read(&self, _: &Capture) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn file(&self, _: &Capture) -> Option<PathBuf> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_parsed_four_times_at_most_from_socket_to_har() {
    passes::watch(MARK);
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mark: {MARK}\r\nConnection: close\r\n\r\nok"
    );
    let mut rig = Rig::start(answer(reply.as_bytes())).await;
    let request =
        format!("GET /v2/{MARK}/manifests/1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let got = rig.exchange(request.as_bytes()).await;
    assert_eq!(got, reply.as_bytes(), "{}", got.escape_ascii());
    let exchange = Redactor::new().exchange(rig.ended().await);
    let live = passes::counted();
    let trace = Trace {
        exchanges: vec![exchange],
        ..Trace::default()
    };
    let store = Store::of_trace(trace.clone(), &InMemoryOnly);
    assert_eq!(store.entries().len(), 1);
    let read = passes::counted();
    har::write(&trace, &NoFiles, io::sink(), &har::WriteOptions::default()).unwrap();
    let (requests, responses) = passes::counted();
    let steps = format!("in the proxy {live:?}, then in the store {read:?}, then in the HAR");
    assert!(requests > 0 && responses > 0, "nothing is counted");
    assert!(requests <= MOST, "requests: {requests}, {steps}");
    assert!(responses <= MOST, "responses: {responses}, {steps}");
}
