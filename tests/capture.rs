//! The capture core, fed by a source that is not the proxy: two streams of bytes, and times that
//! nobody's clock has shown.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pullscope::capture::{
    BodyEnd, CaptureLimits, Changes, Direction, FramedHead, Framer, Meter, OpenExchange,
    OpenTunnel, Policy, Recorder, StreamPart, Violation,
};
use pullscope::exchange::{
    Capture, Connection, ConnectionId, End, Ending, Event, Fidelity, Omission, RawHead,
    RequestHead, ResponseHead, ResponseOrigin, Side, TunnelKind,
};

const UPLOAD: &[u8] = b"PATCH /v2/a/blobs/uploads/1 HTTP/1.1\r\nHost: r.example\r\n\
    Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
    5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n";
const PULL: &[u8] = b"GET /v2/a/manifests/1 HTTP/1.1\r\nHost: r.example\r\n\r\n\
    HEAD /v2/a/blobs/2 HTTP/1.1\r\nHost: r.example\r\n\r\n";
const ACCEPTED: &[u8] =
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
const MANIFEST: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n\
    {\"a\":1}HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n";

#[test]
fn bytes_and_made_up_times_become_events_with_these_times() {
    let mut source = Source::new(Instant::now());
    source.client(UPLOAD, 1_000);
    source.server(ACCEPTED, 1_250);
    source.client(PULL, 5_000);
    let (first, rest) = MANIFEST.split_at(MANIFEST.len() / 4);
    source.server(first, 5_100);
    source.server(rest, 5_900);
    let events = source.events();

    let heads: Vec<_> = events.iter().filter_map(request_line).collect();
    assert_eq!(
        heads,
        [
            "PATCH /v2/a/blobs/uploads/1 HTTP/1.1",
            "GET /v2/a/manifests/1 HTTP/1.1",
            "HEAD /v2/a/blobs/2 HTTP/1.1",
        ]
    );
    assert_eq!(times(&events, opened), [0, 4_000, 4_000]);
    assert_eq!(times(&events, answered), [250, 4_900, 4_900]);
    assert_eq!(times(&events, ended), [250, 4_900, 4_900]);

    let ends: Vec<_> = events.iter().filter_map(end).collect();
    let [upload, manifest, blob] = ends.as_slice() else {
        panic!("three exchanges");
    };
    assert!(ends.iter().all(|end| end.ending == Ending::Complete));
    let sent = upload.request_body.as_ref().unwrap();
    assert_eq!((sent.size, sent.complete), (6, true));
    assert_eq!(
        sent.sha256.as_deref(),
        Some("ce06092fb948d9ffac7d1a376e404b26b7575bcc11ee05a4615fef4fec3a308b")
    );
    assert_eq!(
        sent.capture,
        Capture::Omitted {
            reason: Omission::Blob
        }
    );
    let document = manifest.response_body.as_ref().unwrap();
    assert_eq!(
        document.capture,
        Capture::Memory {
            bytes: Bytes::from_static(b"{\"a\":1}")
        }
    );
    assert_eq!(manifest.timings.wait, Some(Duration::from_millis(100)));
    assert_eq!(manifest.timings.receive, Some(Duration::from_millis(800)));
    assert_eq!(blob.response_body.as_ref().unwrap().size, 0);
    let interim = events.iter().find_map(|event| match event {
        Event::ResponseHead { response, .. } => response.interim.first(),
        _ => None,
    });
    assert_eq!(interim.and_then(RawHead::status), Some(100));
}

#[test]
fn the_pieces_in_which_bytes_come_change_nothing() {
    let epoch = Instant::now();
    let run = |piece: usize| {
        let mut source = Source::new(epoch);
        for (side, bytes, at) in [
            (Direction::Request, UPLOAD, 10),
            (Direction::Response, ACCEPTED, 20),
            (Direction::Request, PULL, 30),
            (Direction::Response, MANIFEST, 40),
        ] {
            for piece in bytes.chunks(piece) {
                source.feed(side, piece, at);
            }
        }
        source.events()
    };
    let whole = run(usize::MAX);
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(run(piece), whole, "{piece}");
    }
}

#[test]
fn an_exchange_that_is_let_go_ends_then_and_says_how_far_it_was() {
    let mut source = Source::new(Instant::now());
    source.client(PULL, 100);
    let content = MANIFEST.iter().position(|byte| *byte == b'{').unwrap();
    source.server(&MANIFEST[..content + 3], 200);
    source.advance(1_000);
    source.pending.clear();
    let events = source.events();
    assert_eq!(times(&events, ended), [900, 900]);
    let ends: Vec<_> = events.iter().filter_map(end).collect();
    let aborted = |end: &&End| {
        matches!(
            end.ending,
            Ending::Aborted {
                by: Side::Client,
                ..
            }
        )
    };
    assert!(ends.iter().all(aborted), "{ends:?}");
    let body = ends[0].response_body.as_ref().unwrap();
    assert_eq!((body.size, body.complete), (3, false));
    assert_eq!(ends[1].response_body, None);
}

#[test]
fn a_head_that_is_refused_is_told_with_its_bytes() {
    let mut source = Source::new(Instant::now());
    let smuggled = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
    let now = source.advance(5);
    let refused = source.requests.part(&mut &smuggled[..], now);
    assert_eq!(refused, Err(Violation::ContentLength));
    let head = source.requests.take_head().unwrap();
    assert_eq!(head.raw.as_bytes(), smuggled);
    assert_eq!((head.began, head.ended), (now, now));
}

#[test]
fn a_tunnel_ends_when_its_source_lets_go() {
    let mut source = Source::new(Instant::now());
    let tunnel = OpenTunnel::open(&source.recorder, connection(), TunnelKind::Opaque);
    tunnel.passed(Direction::Request, 7);
    let began = source.advance(0);
    source.advance(3_000);
    drop(tunnel);
    let events = source.events();
    let Some(Event::Tunnel(tunnel)) = events.last() else {
        panic!("a tunnel");
    };
    let (at, ending) = tunnel.ended.clone().unwrap();
    assert_eq!(
        at,
        pullscope::base::clock::at(began + Duration::from_secs(3))
    );
    assert!(matches!(
        ending,
        Ending::Aborted {
            by: Side::Shutdown,
            ..
        }
    ));
    assert_eq!((tunnel.sent, tunnel.received), (7, 0));
}

/// What a source has to do: tell the parts of both streams, and put exchanges together.
struct Source {
    epoch: Instant,
    now: Arc<Mutex<Instant>>,
    recorder: Recorder,
    changes: Changes,
    requests: Framer,
    responses: Framer,
    /// Exchanges without a whole response, oldest first.
    pending: VecDeque<Pending>,
}

struct Pending {
    exchange: OpenExchange,
    request: Option<Meter>,
    response: Option<Meter>,
    interim: Vec<RawHead>,
}

impl Source {
    fn new(epoch: Instant) -> Self {
        let limits = CaptureLimits::default();
        let now = Arc::new(Mutex::new(epoch));
        let clock = Arc::clone(&now);
        let (recorder, changes) = Recorder::new(&limits, move || *clock.lock().unwrap());
        Self {
            epoch,
            now,
            recorder,
            changes,
            requests: Framer::requests(limits.head_bytes, limits.head_fields),
            responses: Framer::responses(limits.head_bytes, limits.head_fields),
            pending: VecDeque::new(),
        }
    }

    fn client(&mut self, bytes: &[u8], millis: u64) {
        self.feed(Direction::Request, bytes, millis);
    }

    fn server(&mut self, bytes: &[u8], millis: u64) {
        self.feed(Direction::Response, bytes, millis);
    }

    /// Sets the clock that only this source has.
    fn advance(&mut self, millis: u64) -> Instant {
        let now = self.epoch + Duration::from_millis(millis);
        *self.now.lock().unwrap() = now;
        now
    }

    fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.changes.drain_all(&mut events);
        events
    }

    fn feed(&mut self, side: Direction, mut bytes: &[u8], millis: u64) {
        let now = self.advance(millis);
        loop {
            let framer = match side {
                Direction::Request => &mut self.requests,
                Direction::Response => &mut self.responses,
            };
            let Some(part) = framer.part(&mut bytes, now).unwrap() else {
                return;
            };
            match part {
                StreamPart::Head => {
                    let head = framer.take_head().unwrap();
                    match side {
                        Direction::Request => self.open(&head),
                        Direction::Response => self.answer(head),
                    }
                }
                StreamPart::Content(content) => {
                    let pending = match side {
                        Direction::Request => self.pending.back_mut(),
                        Direction::Response => self.pending.front_mut(),
                    };
                    let pending = pending.unwrap();
                    pending.exchange.passed(side, content.len() as u64);
                    let meter = match side {
                        Direction::Request => &mut pending.request,
                        Direction::Response => &mut pending.response,
                    };
                    let content = Bytes::copy_from_slice(content);
                    meter.as_mut().unwrap().update(&content);
                }
                StreamPart::Framing(_) => {}
            }
            match side {
                Direction::Request if !self.requests.in_body() => self.sent(now),
                Direction::Response if !self.responses.in_body() => self.received(now),
                _ => {}
            }
        }
    }

    fn open(&mut self, head: &FramedHead) {
        let method = std::str::from_utf8(head.raw.method().unwrap()).unwrap();
        self.responses.expect(method);
        let target = String::from_utf8_lossy(head.raw.target().unwrap());
        let request = RequestHead {
            url: format!("http://r.example{target}"),
            head: head.raw.clone(),
            fidelity: Fidelity::Exact,
        };
        let exchange = OpenExchange::open(&self.recorder, connection(), request, head.began, None);
        exchange.phases(|marks| marks.send_start = Some(head.began));
        self.pending.push_back(Pending {
            request: Some(meter(&exchange, head, Direction::Request)),
            response: None,
            interim: Vec::new(),
            exchange,
        });
    }

    fn sent(&mut self, now: Instant) {
        let pending = self.pending.back_mut().unwrap();
        if let Some(meter) = pending.request.take() {
            let body = meter.finish(true);
            pending.exchange.phases(|marks| marks.send_end = Some(now));
            pending
                .exchange
                .end_body(Direction::Request, body, BodyEnd::Whole);
        }
    }

    fn answer(&mut self, head: FramedHead) {
        let pending = self.pending.front_mut().unwrap();
        if matches!(head.status, Some(100..=199)) {
            pending.interim.push(head.raw);
            return;
        }
        let exchange = &pending.exchange;
        pending.response = Some(meter(exchange, &head, Direction::Response));
        exchange.phases(|marks| marks.first_byte = Some(head.began));
        exchange.set_response(ResponseHead {
            at: pullscope::base::clock::at(head.ended),
            head: head.raw,
            interim: std::mem::take(&mut pending.interim),
            origin: ResponseOrigin::Upstream,
        });
    }

    fn received(&mut self, now: Instant) {
        let Some(meter) = self
            .pending
            .front_mut()
            .and_then(|first| first.response.take())
        else {
            return;
        };
        let Some(Pending { exchange, .. }) = self.pending.pop_front() else {
            return;
        };
        exchange.phases(|marks| marks.last_byte = Some(now));
        exchange.end_body(Direction::Response, meter.finish(true), BodyEnd::Whole);
    }
}

fn meter(exchange: &OpenExchange, head: &FramedHead, side: Direction) -> Meter {
    let policy = Policy {
        hash: true,
        max_body: 1_000,
        store: None,
    };
    exchange.meter(&policy, side, head.content)
}

fn connection() -> Connection {
    Connection::new(
        ConnectionId(1),
        ([192, 0, 2, 1], 5).into(),
        jiff::Timestamp::UNIX_EPOCH,
    )
}

fn request_line(event: &Event) -> Option<&str> {
    match event {
        Event::RequestHead { request, .. } => {
            Some(std::str::from_utf8(request.head.start_line()).unwrap())
        }
        _ => None,
    }
}

fn end(event: &Event) -> Option<&End> {
    match event {
        Event::Ended { end, .. } => Some(end),
        _ => None,
    }
}

fn opened(event: &Event) -> Option<jiff::Timestamp> {
    match event {
        Event::Opened { at, .. } => Some(*at),
        _ => None,
    }
}

fn answered(event: &Event) -> Option<jiff::Timestamp> {
    match event {
        Event::ResponseHead { response, .. } => Some(response.at),
        _ => None,
    }
}

fn ended(event: &Event) -> Option<jiff::Timestamp> {
    end(event).map(|end| end.at)
}

/// Milliseconds since the first request began.
fn times(events: &[Event], of: fn(&Event) -> Option<jiff::Timestamp>) -> Vec<i128> {
    let start = events.iter().find_map(opened).unwrap();
    let since = |at: jiff::Timestamp| at.duration_since(start).as_millis();
    events.iter().filter_map(of).map(since).collect()
}
