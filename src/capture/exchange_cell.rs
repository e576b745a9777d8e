//! One exchange while it passes: what its tasks write, and how it ends exactly once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::clock;
use crate::exchange::{
    Body, Capture, Connection, End, Ending, Event, ExchangeId, Failure, RequestHead, ResponseHead,
    Side, Timings, Upstream,
};

use crate::capture::sink::Direction;

use super::recorder::{Cell, Mark, Recorder};
use std::any::Any;

/// Something to hold while an exchange is under way: its drop says that it no longer is.
pub(crate) type AtWork = Box<dyn Any + Send + Sync>;

/// A handle on an exchange. Its clones are held by whatever still works on the exchange: the
/// request's handler and the taps of both bodies. When the last is dropped the exchange ends,
/// with what is known by then.
pub(crate) struct Live {
    cell: Arc<ExchangeCell>,
    recorder: Recorder,
    /// Keeps the client's connection from being taken for an idle one.
    _at_work: Option<AtWork>,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// As its framing promised.
    Whole,
    /// Its sender failed.
    SenderFailed(String),
    /// Its receiver went away.
    ReceiverGone,
}

struct ExchangeCell {
    id: ExchangeId,
    mark: Arc<Mark>,
    recorder: Recorder,
    sent: AtomicU64,
    received: AtomicU64,
    record: Mutex<Record>,
}

struct Record {
    connection: Connection,
    started: Instant,
    request: Option<RequestHead>,
    response: Option<ResponseHead>,
    upstream: Option<Upstream>,
    bodies: [Option<(Body, BodyEnd)>; 2],
    phases: Phases,
    failure: Option<(Failure, String)>,
    end: Option<Box<End>>,
    told: Told,
}

/// Instants from which the timings are worked out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phases {
    /// Time spent waiting for a limit.
    pub(crate) blocked: Option<Duration>,
    /// The name lookup.
    pub(crate) dns: Option<Duration>,
    /// Connecting, TLS included.
    pub(crate) connect: Option<Duration>,
    /// The TLS handshake.
    pub(crate) ssl: Option<Duration>,
    /// When the request began to be sent.
    pub(crate) send_start: Option<Instant>,
    /// When its last byte was handed to the socket.
    pub(crate) send_end: Option<Instant>,
    /// When the first byte of the final response head arrived.
    pub(crate) first_byte: Option<Instant>,
    /// When the last byte of the response arrived.
    pub(crate) last_byte: Option<Instant>,
}

#[derive(Default)]
struct Told {
    opened: bool,
    request: bool,
    response: bool,
}

impl Live {
    /// Opens an exchange and announces it.
    pub(crate) fn open(
        recorder: &Recorder,
        connection: Connection,
        request: RequestHead,
        started: Instant,
        at_work: Option<AtWork>,
    ) -> Arc<Self> {
        let id = recorder.next_exchange();
        let cell = recorder.add(|mark| ExchangeCell {
            id,
            mark,
            recorder: recorder.clone(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            record: Mutex::new(Record {
                connection,
                started,
                request: Some(request),
                response: None,
                upstream: None,
                bodies: [None, None],
                phases: Phases::default(),
                failure: None,
                end: None,
                told: Told::default(),
            }),
        });
        cell.mark.touch();
        Arc::new(Self {
            cell,
            recorder: recorder.clone(),
            _at_work: at_work,
        })
    }

    pub(crate) fn id(&self) -> ExchangeId {
        self.cell.id
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn set_upstream(&self, upstream: Upstream) {
        self.cell.lock().upstream = Some(upstream);
    }

    pub(crate) fn phases(&self, change: impl FnOnce(&mut Phases)) {
        change(&mut self.cell.lock().phases);
    }

    pub(crate) fn set_response(&self, response: ResponseHead) {
        self.cell.lock().response = Some(response);
        self.cell.mark.touch();
    }

    /// Notes that the server's answer could not be passed on. The first reason stands.
    pub(crate) fn fail(&self, failure: Failure, detail: impl Into<String>) {
        self.cell
            .lock()
            .failure
            .get_or_insert((failure, detail.into()));
    }

    /// Counts content that has passed. Costs one atomic addition.
    pub(crate) fn passed(&self, direction: Direction, bytes: u64) {
        let counter = match direction {
            Direction::Request => &self.cell.sent,
            Direction::Response => &self.cell.received,
        };
        counter.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes the end of a body.
    pub(crate) fn end_body(&self, direction: Direction, body: Body, end: BodyEnd) {
        self.cell.lock().bodies[direction as usize] = Some((body, end));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut record = self.cell.lock();
        let end = record.conclude(&self.cell);
        record.end = Some(Box::new(end));
        drop(record);
        self.cell.mark.end();
    }
}

impl Record {
    fn conclude(&mut self, cell: &ExchangeCell) -> End {
        if std::thread::panicking() {
            let detail = "a fault in pullscope ended it".to_owned();
            self.failure.get_or_insert((Failure::Internal, detail));
        }
        let [request, response] = std::mem::take(&mut self.bodies);
        let stopping = cell.recorder.is_stopping();
        let ending = self.ending(request.as_ref(), response.as_ref(), stopping);
        let body = |body: Option<(Body, BodyEnd)>, passed: &AtomicU64| match body {
            Some((body, _)) => body,
            None => Body {
                size: passed.load(Ordering::Relaxed),
                ..Body::default()
            },
        };
        End {
            at: clock::now(),
            ending,
            timings: self.phases.timings(),
            upstream: self.upstream.take(),
            request_body: self.request.as_ref().map(|_| body(request, &cell.sent)),
            response_body: self
                .response
                .as_ref()
                .map(|_| body(response, &cell.received)),
            redacted: false,
        }
    }

    fn ending(
        &mut self,
        request: Option<&(Body, BodyEnd)>,
        response: Option<&(Body, BodyEnd)>,
        stopping: bool,
    ) -> Ending {
        if let Some((reason, detail)) = self.failure.take() {
            return Ending::Failed { reason, detail };
        }
        let response = response.map(|(_, end)| end);
        let aborted = |by, detail: String| Ending::Aborted { by, detail };
        match response {
            Some(BodyEnd::Whole) => Ending::Complete,
            _ if stopping => aborted(
                Side::Shutdown,
                "pullscope stopped before the transfer ended".into(),
            ),
            Some(BodyEnd::SenderFailed(why)) => aborted(Side::Upstream, why.clone()),
            Some(BodyEnd::ReceiverGone) => aborted(
                Side::Client,
                "the client closed before the response ended".into(),
            ),
            None => match request.map(|(_, end)| end) {
                Some(BodyEnd::SenderFailed(why)) => aborted(Side::Client, why.clone()),
                _ if self.response.is_some() => aborted(
                    Side::Client,
                    "the client closed before the response ended".into(),
                ),
                _ => aborted(
                    Side::Client,
                    "the client closed before it was answered".into(),
                ),
            },
        }
    }
}

impl Phases {
    fn timings(&self) -> Timings {
        let span = |from: Option<Instant>, to: Option<Instant>| {
            from.zip(to).map(|(from, to)| clock::between(from, to))
        };
        // A server may answer before the request has been sent whole: sending ends there.
        let send_end = match (self.send_end, self.first_byte) {
            (Some(sent), Some(first)) => Some(sent.min(first)),
            (sent, _) => sent,
        };
        Timings {
            blocked: self.blocked,
            dns: self.dns,
            connect: self.connect,
            ssl: self.ssl,
            send: span(self.send_start, send_end),
            wait: span(send_end, self.first_byte),
            receive: span(self.first_byte, self.last_byte),
        }
    }
}

impl ExchangeCell {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cell for ExchangeCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let id = self.id;
        let mut record = self.lock();
        if !std::mem::replace(&mut record.told.opened, true) {
            events.push(Event::Opened {
                id,
                at: clock::at(record.started),
                connection: Box::new(record.connection.clone()),
            });
        }
        if !record.told.request
            && let Some(request) = record.request.clone()
        {
            record.told.request = true;
            events.push(Event::RequestHead { id, request });
        }
        if !record.told.response
            && let Some(response) = record.response.clone()
        {
            record.told.response = true;
            events.push(Event::ResponseHead { id, response });
        }
        let Some(end) = record.end.take() else {
            return false;
        };
        for body in [&end.request_body, &end.response_body]
            .into_iter()
            .flatten()
        {
            self.recorder.release_body(held(body));
        }
        events.push(Event::Ended { id, end });
        true
    }

    fn progress(&self, events: &mut Vec<Event>) {
        let sent = self.sent.load(Ordering::Relaxed);
        let received = self.received.load(Ordering::Relaxed);
        if sent + received > 0 && !self.is_over() {
            events.push(Event::Progress {
                id: self.id,
                sent,
                received,
            });
        }
    }

    fn is_over(&self) -> bool {
        self.lock().end.is_some()
    }
}

impl Drop for ExchangeCell {
    /// A cell dropped from the backlog unread still gives its body memory back.
    fn drop(&mut self) {
        let end = self.lock().end.take();
        if let Some(end) = end {
            for body in [&end.request_body, &end.response_body]
                .into_iter()
                .flatten()
            {
                self.recorder.release_body(held(body));
            }
        }
    }
}

fn held(body: &Body) -> u64 {
    match &body.capture {
        Capture::Memory { bytes } => bytes.len() as u64,
        _ => 0,
    }
}
