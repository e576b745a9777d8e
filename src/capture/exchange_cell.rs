//! One exchange while it passes: what is learnt of it, and how it ends exactly once.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::clock;
use crate::base::lock::lock;
use crate::exchange::{
    Body, Capture, Connection, End, Ending, Event, ExchangeId, Failure, RequestHead, ResponseHead,
    Side, Timings, Upstream,
};

use super::content::DeclaredContent;
use super::meter::{Meter, Policy};
use super::recorder::{EventCell, Mark, Recorder};
use super::sink::Direction;
use super::strip::Place;

/// Something to hold while an exchange is under way: its drop says that it no longer is.
pub type AtWork = Box<dyn Any + Send + Sync>;

/// A handle on an exchange, shared by whatever still works on it, such as the request's handler
/// and the taps of both bodies. When the last is dropped the exchange ends, with what is known by
/// then, at the moment that the recorder's clock says.
pub struct OpenExchange {
    cell: Arc<ExchangeCell>,
    /// Keeps the client's connection from being taken for an idle one.
    _at_work: Option<AtWork>,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// As its framing promised.
    Whole,
    /// Its sender failed.
    SenderFailed(String),
    /// Its receiver went away.
    ReceiverGone,
}

struct ExchangeCell {
    id: ExchangeId,
    /// What it asks for, as far as parts of it are put together.
    name: Arc<str>,
    mark: Arc<Mark>,
    recorder: Recorder,
    sent: AtomicU64,
    received: AtomicU64,
    known: Mutex<ExchangeFacts>,
}

#[derive(Default)]
struct ExchangeFacts {
    /// What was not told yet of its beginning, of its response, and of its end.
    opened: Option<Opening>,
    response: Option<ResponseHead>,
    end: Option<Box<End>>,
    answered: bool,
    upstream: Option<Arc<Upstream>>,
    bodies: [Option<(Body, BodyEnd)>; 2],
    phases: PhaseMarks,
    failure: Option<(Failure, String)>,
}

struct Opening {
    started: Instant,
    connection: Box<Connection>,
    request: RequestHead,
}

/// Instants from which the timings are worked out.
#[derive(Clone, Copy, Debug, Default)]
pub struct PhaseMarks {
    /// Time spent waiting for a limit.
    pub blocked: Option<Duration>,
    /// The name lookup.
    pub dns: Option<Duration>,
    /// Connecting, TLS included.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub ssl: Option<Duration>,
    /// When the request began to be sent.
    pub send_start: Option<Instant>,
    /// When its last byte was handed to the socket.
    pub send_end: Option<Instant>,
    /// When the first byte of the final response head arrived.
    pub first_byte: Option<Instant>,
    /// When the last byte of the response arrived.
    pub last_byte: Option<Instant>,
}

impl OpenExchange {
    /// Opens an exchange whose request began to arrive at `started`, and announces it.
    pub fn open(
        recorder: &Recorder,
        connection: Connection,
        request: RequestHead,
        started: Instant,
        at_work: Option<AtWork>,
    ) -> Self {
        let name = Place::name(connection.client.ip(), &request.url);
        let opened = Opening {
            started,
            connection: Box::new(connection),
            request,
        };
        let cell = recorder.add(|mark| ExchangeCell {
            id: recorder.next_exchange(),
            name,
            mark,
            recorder: recorder.clone(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            known: Mutex::new(ExchangeFacts {
                opened: Some(opened),
                ..ExchangeFacts::default()
            }),
        });
        cell.mark.touch();
        Self {
            cell,
            _at_work: at_work,
        }
    }

    /// Its number.
    pub fn id(&self) -> ExchangeId {
        self.cell.id
    }

    /// Where it is recorded.
    pub fn recorder(&self) -> &Recorder {
        &self.cell.recorder
    }

    /// What measures one of its bodies, before any of it has passed.
    pub fn meter(&self, policy: &Policy, direction: Direction, content: DeclaredContent) -> Meter {
        let place = content.place().filter(|_| policy.hash);
        let place = place.map(|(from, total)| Place {
            name: Arc::clone(&self.cell.name),
            from,
            total,
        });
        Meter::new(policy, content, self.recorder(), self.id(), direction).placed(place)
    }

    /// Notes which connection it goes out on.
    pub fn set_upstream(&self, upstream: Upstream) {
        lock(&self.cell.known).upstream = Some(Arc::new(upstream));
    }

    /// Notes when something of it happened.
    pub fn phases(&self, change: impl FnOnce(&mut PhaseMarks)) {
        change(&mut lock(&self.cell.known).phases);
    }

    /// Notes the head of its response.
    pub fn set_response(&self, response: ResponseHead) {
        let mut known = lock(&self.cell.known);
        known.answered = true;
        known.response = Some(response);
        drop(known);
        self.cell.mark.touch();
    }

    /// Notes that the server's answer could not be passed on. The first reason stands.
    pub fn fail(&self, failure: Failure, detail: impl Into<String>) {
        lock(&self.cell.known)
            .failure
            .get_or_insert((failure, detail.into()));
    }

    /// Counts content that has passed. Costs one atomic addition.
    pub fn passed(&self, direction: Direction, bytes: u64) {
        let counter = match direction {
            Direction::Request => &self.cell.sent,
            Direction::Response => &self.cell.received,
        };
        counter.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes the end of a body.
    pub fn end_body(&self, direction: Direction, body: Body, end: BodyEnd) {
        lock(&self.cell.known).bodies[direction as usize] = Some((body, end));
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        let mut known = lock(&self.cell.known);
        let end = known.conclude(&self.cell);
        known.end = Some(Box::new(end));
        drop(known);
        self.cell.mark.end();
    }
}

impl ExchangeFacts {
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
            at: clock::at(cell.recorder.now()),
            ending,
            timings: self.phases.timings(),
            upstream: self.upstream.take(),
            request_body: Some(body(request, &cell.sent)),
            response_body: self.answered.then(|| body(response, &cell.received)),
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
        let [request, response] = [request, response].map(|body| body.map(|(_, end)| end));
        let (by, detail) = match (response, request) {
            (Some(BodyEnd::Whole), _) => return Ending::Complete,
            _ if stopping => (
                Side::Shutdown,
                "pullscope stopped before the transfer ended",
            ),
            (Some(BodyEnd::SenderFailed(why)), _) => (Side::Upstream, why.as_str()),
            (None, Some(BodyEnd::SenderFailed(why))) => (Side::Client, why.as_str()),
            (None, _) if !self.answered => {
                (Side::Client, "the client closed before it was answered")
            }
            _ => (Side::Client, "the client closed before the response ended"),
        };
        let detail = detail.to_owned();
        Ending::Aborted { by, detail }
    }
}

impl PhaseMarks {
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
    /// Gives back the memory that was reserved for bodies which others have from now on.
    fn release(&self, end: &End) {
        for body in [&end.request_body, &end.response_body]
            .into_iter()
            .flatten()
        {
            if let Capture::Memory { bytes } = &body.capture {
                self.recorder.release_body(bytes.len() as u64);
            }
        }
    }
}

impl EventCell for ExchangeCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let id = self.id;
        let mut known = lock(&self.known);
        if let Some(opened) = known.opened.take() {
            events.push(Event::Opened {
                id,
                at: clock::at(opened.started),
                connection: opened.connection,
            });
            events.push(Event::RequestHead {
                id,
                request: opened.request,
            });
        }
        if let Some(response) = known.response.take() {
            events.push(Event::ResponseHead { id, response });
        }
        let Some(end) = known.end.take() else {
            return false;
        };
        drop(known);
        self.release(&end);
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
        lock(&self.known).end.is_some()
    }
}

impl Drop for ExchangeCell {
    /// A cell dropped from the backlog unread still gives its body memory back.
    fn drop(&mut self) {
        let end = lock(&self.known).end.take();
        if let Some(end) = end {
            self.release(&end);
        }
    }
}
