//! A stream with a framer under it: what an HTTP implementation reads has been checked, timed
//! and remembered first.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::base::lock::lock;
use crate::capture::AtWork;
use crate::capture::Violation;
use crate::capture::{FramedHead, Framer};

/// A stream whose incoming messages are followed.
pub(crate) struct TapIo<S> {
    stream: S,
    tap: Tap,
    end: TapEnd,
    timers: Timers,
    /// Bytes that have passed the framer and wait for their reader.
    ready: BytesMut,
    reading: Idle,
    writing: Idle,
    ended: bool,
    /// A head was refused and its stand-in handed out: nothing more is read, and an end is not
    /// told either, since a server drops what it has yet to answer when it sees one.
    refused: bool,
    /// What the reader is told once it has taken what is ready.
    failed: Option<Violation>,
}

/// What the owner of a connection learns from its tap.
#[derive(Clone)]
pub(crate) struct Tap {
    state: Arc<Mutex<TapState>>,
}

/// How long a stream may stand still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    /// From the first byte of a head to its end.
    pub(crate) head: Duration,
    /// Without a byte while one is due.
    pub(crate) idle: Duration,
    /// Without a byte while none is due.
    pub(crate) rest: Duration,
    /// Without a byte being accepted by the other end.
    pub(crate) stall: Duration,
}

/// Why a tapped stream was ended from our side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TapFault {
    /// A head or the framing was refused.
    #[error("{0}")]
    Refused(#[from] Violation),
    /// Nothing arrived for this long while something was due.
    #[error("no byte arrived for {} s", .0.as_secs())]
    Idle(Duration),
    /// Nothing was accepted for this long.
    #[error("no byte was accepted for {} s", .0.as_secs())]
    Stalled(Duration),
}

struct TapState {
    framer: Framer,
    /// Bytes that were held back when the connection left HTTP.
    released: BytesMut,
    fault: Option<TapFault>,
    last_write: Option<Instant>,
    /// Exchanges under way, and when the last of them ended.
    working: usize,
    rested: Option<Instant>,
}

/// While it exists an exchange is under way on the connection, which is not at rest.
struct Working(Tap);

enum TapEnd {
    /// We are the server: a refused head is replaced by a request that asks for its refusal, so
    /// that the answer is written in its turn, after the answers before it.
    Server,
    /// We are the client: a refused head is an error.
    Client,
}

impl<S> TapIo<S> {
    /// Puts a tap under the server of a connection.
    pub(crate) fn server(stream: S, framer: Framer, timers: Timers) -> (Self, Tap) {
        Self::new(stream, framer, timers, TapEnd::Server)
    }

    /// Puts a tap under the client of a connection.
    pub(crate) fn client(stream: S, framer: Framer, timers: Timers) -> (Self, Tap) {
        Self::new(stream, framer, timers, TapEnd::Client)
    }

    fn new(stream: S, framer: Framer, timers: Timers, end: TapEnd) -> (Self, Tap) {
        let state = TapState {
            framer,
            released: BytesMut::new(),
            fault: None,
            last_write: None,
            working: 0,
            rested: None,
        };
        let tap = Tap {
            state: Arc::new(Mutex::new(state)),
        };
        let io = Self {
            stream,
            tap: tap.clone(),
            end,
            timers,
            ready: BytesMut::new(),
            reading: Idle::default(),
            writing: Idle::default(),
            ended: false,
            refused: false,
            failed: None,
        };
        (io, tap)
    }
}

impl Tap {
    /// Announces that a response to this method is due from now on.
    pub(crate) fn expect(&self, method: &str) {
        let mut state = lock(&self.state);
        state.framer.expect(method);
        state.last_write = None;
    }

    /// Says that an exchange is under way until what is returned is dropped.
    pub(crate) fn at_work(&self) -> AtWork {
        lock(&self.state).working += 1;
        Box::new(Working(self.clone()))
    }

    /// Takes the oldest head that arrived.
    pub(crate) fn take_head(&self) -> Option<FramedHead> {
        lock(&self.state).framer.take_head()
    }

    /// Takes the trailer section of the last chunked body.
    pub(crate) fn take_trailers(&self) -> Option<Vec<u8>> {
        lock(&self.state).framer.take_trailers()
    }

    /// The connection leaves HTTP: what arrives is not looked at any more.
    pub(crate) fn switch(&self) {
        let mut state = lock(&self.state);
        state.released = state.framer.switch();
    }

    /// Why the stream was ended from our side, if it was.
    pub(crate) fn fault(&self) -> Option<TapFault> {
        lock(&self.state).fault.clone()
    }

    /// When bytes were last handed to the socket.
    pub(crate) fn last_write(&self) -> Option<Instant> {
        lock(&self.state).last_write
    }

    /// Remembers the first fault; the error that tells it.
    fn timed_out(&self, fault: TapFault) -> io::Error {
        lock(&self.state).fault.get_or_insert(fault.clone());
        io::Error::new(io::ErrorKind::TimedOut, fault)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.working = state.working.saturating_sub(1);
        state.rested = Some(Instant::now());
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TapIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.ready.is_empty() {
                let taken = this.ready.len().min(buf.remaining());
                buf.put_slice(&this.ready.split_to(taken));
                return Poll::Ready(Ok(()));
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            if this.refused {
                return Poll::Pending;
            }
            if let Some(violation) = &this.failed {
                let fault = TapFault::Refused(violation.clone());
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
            }
            let in_body = {
                let mut state = lock(&this.tap.state);
                this.ready.unsplit(state.released.split());
                state.framer.in_body()
            };
            if !this.ready.is_empty() {
                continue;
            }
            let before = buf.filled().len();
            let read = if in_body {
                Pin::new(&mut this.stream).poll_read(cx, buf).map_ok(|()| {
                    let arrived = buf.filled().get(before..).unwrap_or_default();
                    let kept = this.look_at_body(arrived);
                    (arrived.len(), kept)
                })
            } else {
                // Bytes that must not be seen yet go into a buffer of their own.
                let mut space = [const { MaybeUninit::uninit() }; HELD_READ];
                let mut held = ReadBuf::uninit(&mut space);
                Pin::new(&mut this.stream)
                    .poll_read(cx, &mut held)
                    .map_ok(|()| {
                        this.look_at_head(held.filled());
                        (held.filled().len(), 0)
                    })
            };
            match read {
                Poll::Pending => {
                    ready!(this.poll_late(cx))?;
                    // A late head was refused: its stand-in is ready.
                }
                Poll::Ready(read) => {
                    this.reading.reset();
                    let (arrived, kept) = read?;
                    if arrived == 0 {
                        this.ended = true;
                        lock(&this.tap.state).cut_short();
                        return Poll::Ready(Ok(()));
                    }
                    buf.set_filled(before + kept);
                    if kept > 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TapIo<S> {
    /// Shows the framer what arrived in a body; returns how many of the bytes may stay where they
    /// are.
    fn look_at_body(&mut self, arrived: &[u8]) -> usize {
        let (kept, broken) = lock(&self.tap.state).framer.pass(arrived);
        match (broken, arrived.get(kept..)) {
            (Some(violation), _) => self.refuse(violation),
            (None, Some(rest @ [_, ..])) => self.look_at_head(rest),
            (None, _) => {}
        }
        kept
    }

    /// Shows the framer what arrived where a head is due; what may pass on is ready then.
    fn look_at_head(&mut self, arrived: &[u8]) {
        let now = Instant::now();
        let fed = lock(&self.tap.state)
            .framer
            .feed(arrived, now, &mut self.ready);
        if let Err(violation) = fed {
            self.refuse(violation);
        }
    }

    /// After a violation nothing more is read.
    fn refuse(&mut self, violation: Violation) {
        lock(&self.tap.state)
            .fault
            .get_or_insert(TapFault::Refused(violation.clone()));
        match self.end {
            TapEnd::Server if violation != Violation::Chunk => {
                self.refused = true;
                self.ready.extend_from_slice(STAND_IN);
            }
            _ => self.failed = Some(violation),
        }
    }

    /// Waits for the timer that applies while nothing arrives.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (began, due, raw, wrote, rested) = {
            let state = lock(&self.tap.state);
            let framer = &state.framer;
            if framer.is_switched() {
                // Whoever relays what follows has a timer of its own.
                return Poll::Pending;
            }
            // A client that waits for its answer, or reads it, has nothing to send.
            let rested = if state.working > 0 {
                Some(Instant::now())
            } else {
                state.rested
            };
            (
                framer.head_began(),
                framer.is_due(),
                framer.is_raw(),
                state.last_write,
                rested,
            )
        };
        let limit = if due {
            self.timers.idle
        } else {
            self.timers.rest
        };
        let deadline = match (began, &self.end) {
            // A head has so long from its first byte, however steadily it dribbles.
            (Some(began), _) => tokio::time::Instant::from(began) + self.timers.head,
            // While a request is still being written, its response is not late.
            (None, TapEnd::Client) if !raw => {
                let quiet = self.reading.since();
                wrote.map_or(quiet, |wrote| quiet.max(wrote.into())) + limit
            }
            (None, TapEnd::Server) if !due => {
                let quiet = self.reading.since();
                rested.map_or(quiet, |rested| quiet.max(rested.into())) + limit
            }
            (None, _) => self.reading.since() + limit,
        };
        ready!(self.reading.poll(cx, deadline));
        if began.is_some() {
            lock(&self.tap.state)
                .framer
                .refuse(Violation::Late, Instant::now());
            self.refuse(Violation::Late);
            return Poll::Ready(Ok(()));
        }
        if !due && matches!(self.end, TapEnd::Server) {
            self.ended = true;
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(self.tap.timed_out(TapFault::Idle(limit))))
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(outcome) => {
                self.writing.reset();
                if outcome.is_ok() {
                    lock(&self.tap.state).last_write = Some(Instant::now());
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                let limit = self.timers.stall;
                let deadline = self.writing.since() + limit;
                ready!(self.writing.poll(cx, deadline));
                Poll::Ready(Err(self.tap.timed_out(TapFault::Stalled(limit))))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TapIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS keeps records back until they are flushed: a flush can stall like a write.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => self.wrote(cx, Poll::Pending).map_ok(drop),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl TapState {
    /// The stream ended: a head that had begun is remembered for the trace.
    fn cut_short(&mut self) {
        if self.framer.head_began().is_some() {
            let violation = Violation::StartLine("complete");
            self.framer.refuse(violation, Instant::now());
        }
    }
}

/// A timer that exists only while something is waited for.
#[derive(Default)]
struct Idle {
    since: Option<tokio::time::Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    fn reset(&mut self) {
        self.since = None;
    }

    /// When waiting began.
    fn since(&mut self) -> tokio::time::Instant {
        *self.since.get_or_insert_with(tokio::time::Instant::now)
    }

    /// Ready at the deadline.
    fn poll(&mut self, cx: &mut Context<'_>, deadline: tokio::time::Instant) -> Poll<()> {
        // An existing timer is kept while it rings early enough: it is then set anew.
        loop {
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            if sleep.deadline() > deadline {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(cx));
            if tokio::time::Instant::now() >= deadline {
                self.sleep = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// What the HTTP implementation is shown in place of a head that was refused.
const STAND_IN: &[u8] = b"GET /refused HTTP/1.1\r\nHost: pullscope\r\nConnection: close\r\n\r\n";
/// Bytes read at once while a head is awaited.
const HELD_READ: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const TIMERS: Timers = Timers {
        head: Duration::from_secs(5),
        idle: Duration::from_secs(7),
        rest: Duration::from_secs(60),
        stall: Duration::from_secs(9),
    };

    fn server() -> (TapIo<tokio::io::DuplexStream>, Tap, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (io, tap) = TapIo::server(ours, Framer::requests(1_000, 10), TIMERS);
        (io, tap, theirs)
    }

    #[tokio::test]
    async fn what_passes_is_read_unchanged() {
        let (mut io, tap, mut client) = server();
        let sent = b"PUT / HTTP/1.1\r\nhOST: a\r\nContent-Length: 4\r\n\r\nbody";
        client.write_all(sent).await.unwrap();
        client.shutdown().await.unwrap();
        let mut read = Vec::new();
        io.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, sent);
        let head = tap.take_head().unwrap();
        assert_eq!(head.raw.as_bytes(), sent.strip_suffix(b"body").unwrap());
        assert!(tap.take_head().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_head_becomes_the_stand_in_and_nothing_more_is_read() {
        let (mut io, tap, mut client) = server();
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\nmore";
        client.write_all(sent).await.unwrap();
        let mut read = [0; STAND_IN.len()];
        io.read_exact(&mut read).await.unwrap();
        assert_eq!(read, STAND_IN);
        assert!(tap.take_head().unwrap().refused.is_some());
        let more = tokio::time::timeout(Duration::from_secs(100), io.read(&mut read)).await;
        assert!(more.is_err(), "neither bytes nor an end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_dribbles_is_late_whatever_its_rate() {
        let (mut io, tap, mut client) = server();
        let dribble = async {
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\n" {
                tokio::time::sleep(Duration::from_secs(1)).await;
                client.write_all(&[*byte]).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let began = tokio::time::Instant::now();
        let mut read = [0; STAND_IN.len()];
        tokio::select! {
            () = dribble => {}
            outcome = io.read_exact(&mut read) => {
                outcome.unwrap();
            }
        }
        assert_eq!(read, STAND_IN);
        // One second to the first byte, five from there.
        assert!(
            began.elapsed() < Duration::from_secs(7),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(tap.take_head().unwrap().refused, Some(Violation::Late));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_an_error_and_a_quiet_connection_an_end() {
        let (mut io, tap, mut client) = server();
        client
            .write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nb")
            .await
            .unwrap();
        let mut read = Vec::new();
        let error = io.read_to_end(&mut read).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(tap.fault(), Some(TapFault::Idle(TIMERS.idle)));

        let (mut io, _tap, _client) = server();
        assert_eq!(io.read(&mut [0; 10]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_accepts_nothing_is_an_error() {
        let (mut io, _tap, _client) = server();
        let error = io.write_all(&vec![0; 1 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_reads_nothing_it_did_not_ask_for() {
        let (ours, mut server) = tokio::io::duplex(1_000);
        let (mut io, tap) = TapIo::client(ours, Framer::responses(1_000, 10), TIMERS);
        tap.expect("GET");
        server
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n")
            .await
            .unwrap();
        let mut read = [0; 100];
        assert_eq!(io.read(&mut read).await.unwrap(), 27);
        assert_eq!(
            io.read(&mut read).await.unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        assert_eq!(tap.fault(), Some(TapFault::Refused(Violation::Unsolicited)));
    }
}
