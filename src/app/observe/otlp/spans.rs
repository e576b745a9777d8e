//! From events to requests full of spans, on a thread of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::sync::mpsc;

use crate::base::clock;
use crate::exchange::{Backlog, Event};
use crate::export::otlp::{Live, MOST_SPANS, Origin};
use crate::redact::Redactor;
use crate::store::{Retention, Store};
use crate::story::Telling;
use crate::words::Lang;

use super::tally::Tally;

/// Where events lie until they are looked at.
#[derive(Default)]
pub(super) struct Desk {
    pile: Mutex<Pile>,
    closing: Condvar,
}

#[derive(Default)]
struct Pile {
    backlog: Backlog,
    closed: bool,
}

impl Desk {
    /// Lays an event on the desk.
    pub(super) fn lay(&self, event: &Event) {
        self.pile().backlog.push(event);
    }

    /// Nothing more is to come.
    pub(super) fn close(&self) {
        self.pile().closed = true;
        self.closing.notify_all();
    }

    /// What has come in some time, how much was missed in all, and whether that is the end.
    fn clear(&self) -> (VecDeque<Event>, u64, bool) {
        let wait = self
            .closing
            .wait_timeout_while(self.pile(), PERIOD, |pile| !pile.closed);
        let (mut pile, _) = wait.unwrap_or_else(PoisonError::into_inner);
        (pile.backlog.take(), pile.backlog.missed(), pile.closed)
    }

    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.pile.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is ready to be sent.
pub(super) struct Request {
    /// As protobuf.
    pub(super) body: Bytes,
    /// Spans in it.
    pub(super) spans: u64,
}

/// Makes spans of events.
pub(super) struct Spans {
    store: Store,
    live: Live,
    origin: Origin,
    redactor: Option<Redactor>,
    outbox: mpsc::Sender<Request>,
    tally: Arc<Tally>,
}

impl Spans {
    pub(super) fn new(
        origin: Origin,
        redactor: Option<Redactor>,
        outbox: mpsc::Sender<Request>,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            store: Store::new(KEPT),
            live: Live::default(),
            origin,
            redactor,
            outbox,
            tally,
        }
    }

    /// Goes on until the desk is closed.
    pub(super) fn run(mut self, desk: &Desk) {
        loop {
            let (events, missed, last) = desk.clear();
            let mut spans = self.take(events);
            let now = clock::now();
            self.store.tick(now);
            let telling = Telling {
                store: &self.store,
                lang: LANG,
            };
            spans.extend(self.live.due(&telling, now, last));
            self.tally.missed(missed + self.live.missed());
            self.send(spans);
            if last {
                return;
            }
        }
    }

    /// Takes events into the store; gives the spans of what is no exchange.
    fn take(&mut self, events: VecDeque<Event>) -> Vec<Span> {
        let events: Vec<Event> = match &mut self.redactor {
            Some(redactor) => events.into_iter().map(|one| redactor.event(one)).collect(),
            None => events.into(),
        };
        let live = &mut self.live;
        let spans = events.iter().filter_map(|one| live.note(one, LANG));
        let spans = spans.collect();
        self.store.extend(events);
        spans
    }

    fn send(&self, spans: Vec<Span>) {
        self.tally.made(spans.len() as u64);
        let mut spans = spans.into_iter();
        loop {
            let some: Vec<Span> = spans.by_ref().take(MOST_SPANS).collect();
            if some.is_empty() {
                return;
            }
            let count = some.len() as u64;
            let body = self.origin.request(some).encode_to_vec().into();
            let request = Request { body, spans: count };
            // What does not fit is lost; the tally knows it as not taken.
            let _ = self.outbox.try_send(request);
        }
    }
}

/// How long events lie before they are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// What is kept of exchanges that may still be a reason for others.
const KEPT: Retention = Retention {
    exchanges: 10_000,
    bodies: 16 * 1024 * 1024,
};
/// The language of what spans say of findings.
const LANG: Lang = Lang::En;
