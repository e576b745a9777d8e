//! Fuzz targets: what clients and servers send through the proxy.

use std::io::Cursor;
use std::sync::LazyLock;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rustls::server::Acceptor;

use crate::capture::{
    CaptureLimits, DeclaredContent, Direction, FramedHead, Framer, Meter, Policy, Recorder,
    Violation,
};
use crate::exchange::{Capture, ExchangeId, RawHead};

use super::ca::{CaFiles, CertificateAuthority};
use super::sniff::classify;
use super::target;

/// Requests of a client.
pub(crate) fn requests(bytes: &[u8]) {
    let (pace, bytes) = first(bytes);
    let framer = || Framer::requests(HEAD_BYTES, HEAD_FIELDS);
    let heads = in_pieces_or_whole(framer, bytes, pace);
    for head in heads.iter().filter(|head| head.refused.is_none()) {
        let mut fields = [httparse::EMPTY_HEADER; HEAD_FIELDS + 1];
        let mut request = httparse::Request::new(&mut fields);
        same_end(head, request.parse(head.raw.as_bytes()));
    }
}

/// Responses of a server.
pub(crate) fn responses(bytes: &[u8]) {
    let (pace, bytes) = first(bytes);
    let (asked, bytes) = first(bytes);
    let framer = || {
        let mut framer = Framer::responses(HEAD_BYTES, HEAD_FIELDS);
        for shift in 0..4 {
            framer.expect(match asked >> (2 * shift) & 3 {
                0 => "GET",
                1 => "HEAD",
                2 => "PATCH",
                _ => "CONNECT",
            });
        }
        framer
    };
    let heads = in_pieces_or_whole(framer, bytes, pace);
    for head in heads.iter().filter(|head| head.refused.is_none()) {
        let mut fields = [httparse::EMPTY_HEADER; HEAD_FIELDS + 1];
        let mut response = httparse::Response::new(&mut fields);
        same_end(head, response.parse(head.raw.as_bytes()));
    }
}

/// The first bytes in a tunnel.
pub(crate) fn sniff(bytes: &[u8]) {
    // What was told from a few bytes is not told otherwise from more.
    let told = (0..=bytes.len().min(64)).find_map(|count| classify(bytes.get(..count)?));
    if let Some(told) = told {
        assert_eq!(classify(bytes), Some(told));
    }
}

/// A client's TLS handshake, up to the certificate for the name it gives.
pub(crate) fn client_hello(bytes: &[u8]) {
    let mut acceptor = Acceptor::default();
    let mut unread = Cursor::new(bytes);
    while acceptor.read_tls(&mut unread).is_ok_and(|count| count > 0) {
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                if let Some(name) = accepted.client_hello().server_name() {
                    // It may be refused, in words.
                    let _ = AUTHORITY.server_config(name);
                }
                return;
            }
            Err(_) => return,
        }
    }
}

/// A CONNECT target, or a Host.
pub(crate) fn authority(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for default in [None, Some(443)] {
        if let Ok(read) = target::authority(text, default) {
            assert!(read.port > 0 && !read.host.is_empty());
            assert!(read.host.bytes().all(|b| b.is_ascii_graphic()), "{read}");
            let again = target::authority(&read.to_string(), None);
            assert_eq!(again.as_ref(), Ok(&read), "{text}");
        }
    }
}

/// A body under a content coding.
pub(crate) fn content(bytes: &[u8]) {
    let (choice, bytes) = first(bytes);
    let coding = ["identity", "gzip", "deflate", "zstd"][usize::from(choice & 3)];
    let kind = ["application/json", "application/octet-stream"][usize::from(choice >> 2 & 1)];
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Type: {kind}\r\n\r\n");
    let policy = Policy {
        hash: true,
        max_body: MAX_BODY,
        store: None,
    };
    let bounds = CaptureLimits {
        body_budget: 2 * MAX_BODY,
        ..CaptureLimits::default()
    };
    let (recorder, _changes) = Recorder::new(&bounds, Instant::now);
    let content = DeclaredContent::of(&RawHead::new(head));
    let id = ExchangeId(1);
    let mut meter = Meter::new(&policy, content, &recorder, id, Direction::Response);
    let pace = usize::from(choice >> 3) * 64 + 1;
    for piece in bytes.chunks(pace) {
        meter.update(&Bytes::copy_from_slice(piece));
    }
    let body = meter.finish(true);
    assert_eq!(body.size, bytes.len() as u64);
    if let Capture::Memory { bytes } = &body.capture {
        assert!(bytes.len() as u64 <= MAX_BODY);
    }
}

/// The pieces in which bytes arrive change neither what passes nor what is refused.
fn in_pieces_or_whole(framer: impl Fn() -> Framer, bytes: &[u8], pace: u8) -> Vec<FramedHead> {
    let (out, heads, refused) = run(framer(), std::iter::once(bytes));
    let pieces = bytes.chunks(usize::from(pace) + 1);
    let (out_in_pieces, heads_in_pieces, refused_in_pieces) = run(framer(), pieces);
    assert_eq!(out, out_in_pieces);
    assert_eq!(heads.len(), heads_in_pieces.len());
    assert_eq!(refused.is_some(), refused_in_pieces.is_some());
    // Nothing is made up: what passes is what came, empty lines between requests apart.
    assert!(out.len() <= bytes.len());
    for head in &heads {
        assert!(head.raw.len() <= HEAD_BYTES + 1);
        let _ = (
            head.raw.method(),
            head.raw.target(),
            head.raw.status(),
            head.raw.reason(),
        );
        assert!(head.raw.fields().count() <= head.raw.len());
    }
    heads
}

fn run<'a>(
    mut framer: Framer,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (BytesMut, Vec<FramedHead>, Option<Violation>) {
    let mut out = BytesMut::new();
    let mut pieces = pieces;
    let refused = pieces.find_map(|piece| framer.feed(piece, Instant::now(), &mut out).err());
    let heads = std::iter::from_fn(|| framer.take_head()).collect();
    let _ = framer.take_trailers();
    (out, heads, refused)
}

/// hyper must find the end of a head that was let through where the framer found it.
fn same_end(head: &FramedHead, parsed: httparse::Result<usize>) {
    if let Ok(status) = parsed {
        let whole = httparse::Status::Complete(head.raw.len());
        assert_eq!(status, whole, "{}", head.raw.as_bytes().escape_ascii());
    }
}

/// The first byte, which chooses, and the rest.
fn first(bytes: &[u8]) -> (u8, &[u8]) {
    bytes
        .split_first()
        .map_or((0, bytes), |(byte, rest)| (*byte, rest))
}

static AUTHORITY: LazyLock<CertificateAuthority> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let identity = CaFiles::new(dir.path().join("ca")).open().expect("a CA");
    CertificateAuthority::new(identity, 100, std::sync::Arc::new(rustls::NoKeyLog))
});

const HEAD_BYTES: usize = 4_096;
const HEAD_FIELDS: usize = 40;
const MAX_BODY: u64 = 16 * 1024;
