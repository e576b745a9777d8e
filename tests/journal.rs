//! What the journal promises: a process may be killed and a disk may be full at any moment.
//!
//! The two crash tests run this test binary again as a process of its own, which plays the part
//! of the capturing proxy.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops where something is not as expected, and says what it could not do"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pullscope::base::clock;
use pullscope::capture::Direction;
use pullscope::exchange::{
    Bodies, Body, Capture, Connection, ConnectionId, End, Ending, Event, ExchangeId, Fidelity,
    Omission, RawHead, RequestHead, ResponseHead, ResponseOrigin, Side, Timings,
};
use pullscope::exchange::{HandshakeFailed, Rejection, Tunnel, TunnelId, TunnelKind};
use pullscope::har::{self, GrowingHar};
use pullscope::journal::{Follower, Journal, JournalHandle, Options, Session, State};

/// Where the second process finds its session directory.
const SESSION: &str = "PULLSCOPE_TEST_SESSION";

#[tokio::test]
async fn a_session_is_read_back_as_it_was_written() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("session");
    let journal = Journal::create(&path, &Options::default()).unwrap();
    let handle = journal.handle();
    for id in 1..=3 {
        write_exchange(&handle, id).await;
    }
    for event in opening(4) {
        handle.record(event).await;
    }
    let status = journal.finish().await;
    assert!(status.is_whole(), "{status:?}");
    assert_eq!((status.records, status.bodies), (14, 3));
    assert_eq!(status.state, State::Finished);

    let session = Session::open(&path).unwrap();
    let (trace, report) = session.load().unwrap();
    assert_eq!((report.records, report.unfinished), (14, 1));
    assert_eq!(trace.exchanges.len(), 4);
    for id in 1..=3 {
        assert_whole(&session, &trace.exchanges[id - 1]);
    }
    let (_, ending) = trace.exchanges[3].ended.as_ref().unwrap();
    assert_eq!(
        *ending,
        Ending::Aborted {
            by: Side::Capture,
            detail: "capture ended before the response completed".to_owned()
        }
    );
}

/// A HAR that is written again and again while its session grows, each time what an export of the
/// session would be.
struct Grown {
    session: PathBuf,
    path: PathBuf,
    follower: Follower,
    har: GrowingHar,
}

impl Grown {
    fn of(session: &Path) -> Self {
        let path = session.with_extension("har");
        Self {
            session: session.to_owned(),
            follower: Follower::open(session).unwrap(),
            har: GrowingHar::new(path.clone(), har::WriteOptions::default()),
            path,
        }
    }

    fn write(&mut self, until: u64) -> har::Written {
        self.har.take(self.follower.read(until).unwrap());
        let under_way = self.follower.under_way();
        self.har.write(&under_way, self.follower.session()).unwrap()
    }

    fn exported(&self) -> (har::Written, Vec<u8>) {
        let session = Session::open(&self.session).unwrap();
        let (trace, _) = session.load().unwrap();
        let path = self.path.with_extension("export");
        let report = har::export(&trace, &session, &path, &har::WriteOptions::default()).unwrap();
        (report, std::fs::read(path).unwrap())
    }

    #[track_caller]
    fn assert_as_exported(&mut self, until: u64) -> u64 {
        let report = self.write(until);
        let (wanted, file) = self.exported();
        assert!(std::fs::read(&self.path).unwrap() == file, "{report:?}");
        assert_eq!(report, wanted);
        report.entries
    }
}

#[tokio::test]
async fn a_har_that_grows_is_the_one_that_an_export_writes() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("session");
    let journal = Journal::create(&path, &Options::default()).unwrap();
    let handle = journal.handle();
    let mut grown = Grown::of(&path);
    assert_eq!(grown.assert_as_exported(u64::MAX), 0);

    // What began first ends last, between writes of what came after it.
    for event in opening(1) {
        handle.record(event).await;
    }
    let mut entries = 1;
    for round in 0..5 {
        for id in 0..=round {
            write_exchange(&handle, 10 + 10 * round + id).await;
        }
        entries += round + 1;
        if round == 1 {
            handle.record(tunnel(7, false)).await;
            handle.record(handshake()).await;
            handle.record(handshake()).await;
            entries += 3;
        }
        if round == 2 {
            handle.record(tunnel(7, true)).await;
            // Some reader will not like it, and is told so each time.
            let [opened, request] = opening(8);
            let odd = "HTTP/1.1 200 OK\r\nContent-Encoding: zip\r\n\r\n";
            let Event::ResponseHead { id, mut response } = response(8) else {
                unreachable!()
            };
            response.head = RawHead::new(odd);
            for event in [opened, request, Event::ResponseHead { id, response }] {
                handle.record(event).await;
            }
            handle.record(ended(8, Capture::Empty)).await;
            entries += 1;
        }
        if round == 3 {
            handle.record(response(1)).await;
            handle.record(ended(1, Capture::Empty)).await;
        }
        handle.flush().await;
        assert_eq!(grown.assert_as_exported(handle.status().bytes), entries);
    }
    let report = grown.write(u64::MAX);
    assert_eq!((report.entries, report.warnings.len()), (entries, 1));
    assert!(grown.har.is_intact());
    journal.finish().await;

    // A torn record is left out until it is whole.
    let whole = std::fs::read(path.join("journal.ndjson")).unwrap();
    for cut in [whole.len() - 1, whole.len() / 2, whole.len()] {
        std::fs::write(path.join("journal.ndjson"), &whole[..cut]).unwrap();
        let mut grown = Grown::of(&path);
        grown.assert_as_exported(u64::MAX);
        std::fs::write(path.join("journal.ndjson"), &whole).unwrap();
        assert_eq!(grown.assert_as_exported(u64::MAX), entries);
    }

    // Nothing is lost by a write that fails, and what others write is seen.
    let mut grown = Grown::of(&path);
    grown.har.take(grown.follower.read(u64::MAX).unwrap());
    std::fs::remove_file(&grown.path).unwrap();
    std::fs::create_dir(&grown.path).unwrap();
    let under_way = grown.follower.under_way();
    let failed = grown.har.write(&under_way, grown.follower.session());
    failed.unwrap_err();
    std::fs::remove_dir(&grown.path).unwrap();
    assert_eq!(grown.assert_as_exported(u64::MAX), entries);
    std::fs::remove_file(&grown.path).unwrap();
    assert_eq!(grown.assert_as_exported(u64::MAX), entries);
    assert!(grown.har.is_intact());
    let mut file = std::fs::OpenOptions::new().append(true).open(&grown.path);
    file.as_mut().unwrap().write_all(b" ").unwrap();
    assert!(!grown.har.is_intact());
}

/// `cargo test --release --test journal cost_of_a_growing_har -- --ignored --nocapture`
#[tokio::test]
#[ignore = "it measures"]
async fn cost_of_a_growing_har() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("session");
    let journal = Journal::create(&path, &Options::default()).unwrap();
    let handle = journal.handle();
    let mut grown = Grown::of(&path);
    for round in 0_u64..10 {
        for id in 1..=2_000 {
            write_exchange(&handle, round * 2_000 + id).await;
        }
        handle.flush().await;
        let began = Instant::now();
        let report = grown.write(handle.status().bytes);
        let (took, began) = (began.elapsed(), Instant::now());
        let (_, file) = grown.exported();
        let anew = began.elapsed();
        assert!(std::fs::read(&grown.path).unwrap() == file);
        let (entries, size) = (report.entries, report.bytes >> 20);
        eprintln!("{entries} exchanges, {size} MiB: {took:?}, anew {anew:?}");
    }
    journal.finish().await;
}

#[tokio::test]
async fn streamed_bodies_are_stored_also_when_they_were_cut_off() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::create(root.path(), &Options::default()).unwrap();
    let handle = journal.handle();
    let store = handle.bodies();
    let mut writer = store.open(ExchangeId(1), Direction::Response);
    assert!(writer.push(Bytes::from_static(b"first ")));
    assert!(writer.push(Bytes::from_static(b"second")));
    drop(writer);
    // Bytes for an exchange that ended go nowhere.
    let mut late = store.open(ExchangeId(2), Direction::Response);
    write_streamed(&handle, 1, 12).await;
    write_streamed(&handle, 2, 0).await;
    late.push(Bytes::from_static(b"too late"));
    drop(late);
    let status = journal.finish().await;
    assert_eq!((status.bodies, status.lost_bodies), (1, 0));

    let session = Session::open(root.path()).unwrap();
    let (trace, _) = session.load().unwrap();
    let capture = |index: usize| {
        let body = trace.exchanges[index].response_body.as_ref();
        &body.unwrap().capture
    };
    assert_eq!(session.read(capture(0)).unwrap().unwrap(), b"first second");
    assert_eq!(*capture(1), Capture::Empty);
    let stored = std::fs::read_dir(root.path().join("blobs/sha256")).unwrap();
    assert_eq!(stored.count(), 1);
}

#[tokio::test]
async fn a_body_that_comes_faster_than_the_disk_is_given_up_and_counted() {
    let root = tempfile::tempdir().unwrap();
    let options = Options {
        body_budget: 1,
        ..Options::default()
    };
    let journal = Journal::create(root.path(), &options).unwrap();
    let handle = journal.handle();
    let mut writer = handle.bodies().open(ExchangeId(1), Direction::Response);
    let piece = Bytes::from(vec![7; 1 << 20]);
    let pushed = (0_u64..1_000_000)
        .take_while(|_| writer.push(piece.clone()))
        .count();
    assert!(pushed < 1_000_000);
    assert!(!writer.push(piece));
    drop(writer);
    write_streamed(&handle, 1, 1 << 40).await;
    let status = journal.finish().await;
    assert_eq!(
        (status.bodies, status.lost_bodies, status.lost_records),
        (0, 1, 0)
    );

    let (trace, _) = Session::open(root.path()).unwrap().load().unwrap();
    let body = trace.exchanges[0].response_body.as_ref().unwrap();
    let reason = Omission::Disk;
    assert_eq!(body.capture, Capture::Omitted { reason });
    let left = std::fs::read_dir(root.path().join("blobs/sha256")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn what_comes_after_the_end_is_counted_as_lost() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::create(root.path(), &Options::default()).unwrap();
    let handle = journal.handle();
    journal.finish().await;
    for event in opening(1) {
        handle.record(event).await;
    }
    handle.flush().await;
    assert_eq!(handle.status().lost_records, 2);
}

#[tokio::test]
async fn a_damaged_journal_gives_what_is_left_of_it() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::create(root.path(), &Options::default()).unwrap();
    for id in 1..=2 {
        write_exchange(&journal.handle(), id).await;
    }
    journal.finish().await;
    let file = root.path().join("journal.ndjson");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    // The opening of exchange 2, a line of garbage, a gap, and half a line.
    lines.remove(5);
    lines.insert(3, "\u{0}\u{7f}garbage");
    lines.insert(4, r#"{"event":"gap","lost":7}"#);
    let torn = format!("{}\n{{\"event\":\"ended\",\"i", lines.join("\n"));
    std::fs::write(&file, torn).unwrap();

    let session = Session::open(root.path()).unwrap();
    let (trace, report) = session.load().unwrap();
    assert_eq!(trace.exchanges.len(), 1);
    assert_whole(&session, &trace.exchanges[0]);
    assert_eq!(report.unreadable_lines, [4]);
    assert_eq!((report.lost, report.orphans, report.torn), (7, 3, 19));
    assert_eq!(report.warnings().len(), 4);
}

#[tokio::test]
async fn damaged_and_missing_bodies_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::create(root.path(), &Options::default()).unwrap();
    write_exchange(&journal.handle(), 1).await;
    journal.finish().await;
    let session = Session::open(root.path()).unwrap();
    let (trace, _) = session.load().unwrap();
    let capture = &trace.exchanges[0].response_body.as_ref().unwrap().capture;
    let file = session.file(capture).unwrap();
    std::fs::write(&file, "something else").unwrap();
    let error = session.read(capture).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(session.read(capture).unwrap(), None);
    let outside = Capture::Stored {
        file: "../../journal.ndjson".to_owned(),
        size: 1,
    };
    assert_eq!(session.read(&outside).unwrap(), None);
    assert_eq!(session.file(&outside), None);
}

#[test]
fn what_is_no_session_is_refused_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let refusal = |text: &str| {
        std::fs::write(root.path().join("journal.ndjson"), text).unwrap();
        Session::open(root.path()).unwrap_err().to_string()
    };
    assert!(refusal("").ends_with("the file is empty"));
    assert!(refusal("{\"schema\":1").ends_with("it is cut off"));
    assert!(refusal("hello\n").contains("no journal header: expected value"));
    let later = r#"{"schema":2,"creator":"x","started":"2030-01-01T00:00:00Z"}"#;
    assert!(refusal(&format!("{later}\n")).contains("schema 2"));
    std::fs::remove_file(root.path().join("journal.ndjson")).unwrap();
    let error = Session::open(root.path()).unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn security_24_kill_tears_at_most_the_last_line() {
    const KILLS: usize = 24;
    let mut torn = 0;
    for kill in 0..KILLS {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("session");
        let mut child = second_process("killed_process", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = 0;
        // The moment differs from kill to kill, and always falls into the middle of writing.
        for _ in 0..=(kill * 5) {
            acknowledged = next_acknowledgement(&mut lines).unwrap();
        }
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        while let Some(last) = next_acknowledgement(&mut lines) {
            acknowledged = last;
        }

        let session = Session::open(&path).unwrap();
        let (trace, report) = session.load().unwrap();
        assert_eq!((report.unreadable, report.lost, report.orphans), (0, 0, 0));
        torn += usize::from(report.torn > 0);
        assert!(trace.exchanges.len() as u64 >= acknowledged);
        for (exchange, id) in trace.exchanges.iter().zip(1..) {
            assert_eq!(exchange.id, ExchangeId(id));
            if id <= acknowledged {
                assert_whole(&session, exchange);
            } else {
                assert!(exchange.ended.is_some());
            }
        }
    }
    println!("{torn} of {KILLS} kills tore the last line");
}

#[test]
#[ignore = "it is the process that another test kills"]
fn killed_process() {
    let path = PathBuf::from(std::env::var_os(SESSION).expect("the session directory"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = Journal::create(&path, &Options::default()).unwrap();
        let handle = journal.handle();
        for id in 1.. {
            write_exchange(&handle, id).await;
            if id % 4 == 0 {
                handle.flush().await;
                println!("acknowledged {id}");
                std::io::stdout().flush().unwrap();
            }
        }
    });
}

#[test]
fn security_24_a_full_disk_costs_counted_records_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let probe = Command::new("unshare")
        .args(["--mount", "mount", "-t", "tmpfs", "tmpfs"])
        .arg(root.path())
        .output();
    match probe {
        Ok(output) if output.status.success() => {}
        other => {
            let reason = match other {
                Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
                Err(error) => error.to_string(),
            };
            missing(
                "a mount namespace with a tmpfs (root and util-linux)",
                &reason,
            );
            return;
        }
    }
    let script = "mount -t tmpfs -o size=2m,mode=700 tmpfs \"$0\" && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(root.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk_process", "--ignored", "--nocapture"])
        .env(SESSION, root.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "it is the process that another test gives a small disk"]
fn full_disk_process() {
    let path = PathBuf::from(std::env::var_os(SESSION).expect("the session directory"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill_the_disk(&path));
}

async fn fill_the_disk(path: &Path) {
    let options = Options {
        retry: Duration::from_millis(20),
        ..Options::default()
    };
    let session = path.join("session");
    let journal = Journal::create(&session, &options).unwrap();
    let handle = journal.handle();
    let mut ids = 1..;

    // Bodies are given up first, while records are still written.
    let other_data = path.join("other-data");
    std::fs::write(&other_data, vec![0; 256 << 10]).unwrap();
    let streamed = ExchangeId(u64::MAX);
    let mut stream = handle.bodies().open(streamed, Direction::Response);
    assert!(stream.push(Bytes::from(vec![9; 100_000])));
    write_until(&handle, &mut ids, 64 << 10, |state| state != State::Writing).await;
    let status = handle.status();
    assert_eq!(status.state, State::WithoutBodies, "{status:?}");
    assert_eq!((status.lost_bodies, status.lost_records), (1, 0));

    // Somebody takes the rest. The body on its way gives its room to records, for a while.
    let rest = path.join("rest");
    std::fs::write(&rest, vec![0; 4 << 20]).unwrap_err();
    let written = handle.status().records;
    write_until(&handle, &mut ids, 0, |state| state == State::Suspended).await;
    let status = handle.status();
    assert!(status.records > written + 100, "{status:?}");
    assert_eq!(status.lost_bodies, 2, "{status:?}");
    assert!(status.lost_records > 0, "{status:?}");
    assert!(status.first_error.unwrap().contains("No space left"));

    // With room again it goes on by itself.
    std::fs::remove_file(&other_data).unwrap();
    write_until(&handle, &mut ids, 1 << 10, |state| state == State::Writing).await;
    drop(stream);
    let status = journal.finish().await;

    let session = Session::open(&session).unwrap();
    let (trace, report) = session.load().unwrap();
    assert_eq!((report.unreadable, report.torn), (0, 0));
    assert_eq!(report.records, status.records);
    assert_eq!(report.lost, status.lost_records);
    let mut kept = 0;
    for exchange in &trace.exchanges {
        let Some(body) = &exchange.response_body else {
            continue;
        };
        match &body.capture {
            Capture::Stored { size, .. } => {
                let bytes = session.read(&body.capture).unwrap().unwrap();
                assert_eq!(bytes.len() as u64, *size);
                kept += 1;
            }
            Capture::Omitted { reason } => assert_eq!(*reason, Omission::Disk),
            other => assert_eq!(*other, Capture::Empty),
        }
    }
    assert!(kept > 0);
}

/// Writes exchanges with bodies of this size until the journal is in such a state.
async fn write_until(
    handle: &JournalHandle,
    ids: &mut impl Iterator<Item = u64>,
    size: usize,
    reached: impl Fn(State) -> bool,
) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !reached(handle.status().state) {
        assert!(Instant::now() < deadline, "{:?}", handle.status());
        let id = ids.next().unwrap();
        for event in opening(id) {
            handle.record(event).await;
        }
        handle.record(response(id)).await;
        let mut content = id.to_le_bytes().to_vec();
        content.resize(size, 0);
        let capture = Capture::Memory {
            bytes: content.into(),
        };
        handle.record(ended(id, capture)).await;
        handle.flush().await;
    }
}

async fn write_exchange(handle: &JournalHandle, id: u64) {
    for event in opening(id) {
        handle.record(event).await;
    }
    handle.record(response(id)).await;
    handle
        .record(Event::Progress {
            id: ExchangeId(id),
            sent: 0,
            received: 1,
        })
        .await;
    let bytes = Bytes::from(content(id));
    let end = ended(id, Capture::Memory { bytes });
    handle.record(end).await;
}

async fn write_streamed(handle: &JournalHandle, id: u64, size: u64) {
    for event in opening(id) {
        handle.record(event).await;
    }
    let mut event = ended(id, Capture::Streamed);
    if let Event::Ended { end, .. } = &mut event {
        end.response_body.as_mut().unwrap().size = size;
        end.ending = Ending::Aborted {
            by: Side::Upstream,
            detail: "cut off".to_owned(),
        };
    }
    handle.record(event).await;
}

fn opening(id: u64) -> [Event; 2] {
    let client: SocketAddr = "127.0.0.1:40000".parse().unwrap();
    let connection = Connection {
        id: ConnectionId(id),
        client,
        opened: clock::now(),
        target: None,
        connect_head: None,
        connect_fidelity: Fidelity::Exact,
        sni: None,
        tls: None,
        handshake: None,
    };
    let head = format!("GET /{id} HTTP/1.1\r\nHost: r.example\r\nX-Odd: \u{e9}\r\n\r\n");
    [
        Event::Opened {
            id: ExchangeId(id),
            at: clock::now(),
            connection: Box::new(connection),
        },
        Event::RequestHead {
            id: ExchangeId(id),
            request: RequestHead {
                url: format!("http://r.example/{id}"),
                head: RawHead::new(head),
                fidelity: Fidelity::Exact,
            },
        },
    ]
}

fn response(id: u64) -> Event {
    Event::ResponseHead {
        id: ExchangeId(id),
        response: ResponseHead {
            at: clock::now(),
            head: RawHead::new(*b"HTTP/1.1 200 OK\r\n\r\n"),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        },
    }
}

fn ended(id: u64, capture: Capture) -> Event {
    let size = match &capture {
        Capture::Memory { bytes } => bytes.len() as u64,
        _ => 0,
    };
    Event::Ended {
        id: ExchangeId(id),
        end: Box::new(End {
            at: clock::now(),
            ending: Ending::Complete,
            timings: Timings::default(),
            upstream: None,
            request_body: Some(Body::default()),
            response_body: Some(Body {
                size,
                decoded_size: Some(size),
                complete: true,
                capture,
                ..Body::default()
            }),
            redacted: false,
        }),
    }
}

fn tunnel(id: u64, over: bool) -> Event {
    let [Event::Opened { connection, .. }, _] = opening(id) else {
        unreachable!()
    };
    let ended = over.then(|| (clock::now(), Ending::Complete));
    Event::Tunnel(Box::new(Tunnel {
        id: TunnelId(id),
        connection: *connection,
        kind: TunnelKind::Passthrough,
        upstream: None,
        sent: 5,
        received: 7,
        timings: Timings::default(),
        ended,
    }))
}

fn handshake() -> Event {
    let [Event::Opened { at, connection, .. }, _] = opening(9) else {
        unreachable!()
    };
    Event::HandshakeFailed(Box::new(HandshakeFailed {
        connection: *connection,
        at,
        rejection: Rejection::Closed,
        process: None,
        earlier: None,
    }))
}

fn content(id: u64) -> Vec<u8> {
    id.to_string().repeat(100).into_bytes()
}

/// Everything that [`write_exchange`] wrote is there.
fn assert_whole(session: &Session, exchange: &pullscope::exchange::Exchange) {
    let id = exchange.id.0;
    let [_, request] = opening(id);
    let Event::RequestHead { request, .. } = request else {
        unreachable!()
    };
    assert_eq!(exchange.request.as_ref(), Some(&request));
    let response = exchange.response.as_ref().unwrap();
    assert_eq!(response.head.status(), Some(200));
    assert_eq!(exchange.ended.as_ref().unwrap().1, Ending::Complete);
    let body = exchange.response_body.as_ref().unwrap();
    assert_eq!(session.read(&body.capture).unwrap().unwrap(), content(id));
}

fn second_process(test: &str, session: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(SESSION, session);
    command
}

/// The next exchange whose records the second process knows to be written.
fn next_acknowledgement(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<u64> {
    lines.map_while(Result::ok).find_map(|line| {
        let (_, id) = line.split_once("acknowledged ")?;
        id.parse().ok()
    })
}

/// Says what this machine lacks; that is a failure where everything is required.
fn missing(what: &str, reason: &str) {
    eprintln!("not tested: {what} is missing: {reason}");
    let required = std::env::var("PULLSCOPE_E2E").is_ok_and(|value| value == "required");
    assert!(!required, "{what} is missing: {reason}");
}
