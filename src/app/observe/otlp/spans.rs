//! From what was seen to requests full of spans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::sync::mpsc;

use crate::base::clock;
use crate::base::lock::lock;
use crate::exchange::Event;
use crate::export::otlp::{Live, MOST_SPANS, Origin};
use crate::story::Telling;
use crate::words::Lang;

use super::delivery::Tally;
use crate::app::observe::{Sight, Watcher};

/// A request that is ready to be sent.
pub(super) struct SpanBatch {
    /// As protobuf.
    pub(super) body: Bytes,
    /// Spans in it.
    pub(super) spans: u64,
}

/// Makes spans of what was seen.
pub(super) struct Spans {
    live: Live,
    /// Spans of what is no exchange.
    ready: Vec<Span>,
    looked: Instant,
    origin: Origin,
    outbox: mpsc::Sender<SpanBatch>,
    tally: Arc<Tally>,
}

impl Spans {
    pub(super) fn new(origin: Origin, outbox: mpsc::Sender<SpanBatch>, tally: Arc<Tally>) -> Self {
        Self {
            live: Live::default(),
            ready: Vec::new(),
            looked: Instant::now(),
            origin,
            outbox,
            tally,
        }
    }

    fn send(&self, spans: Vec<Span>) {
        lock(&self.tally).made += spans.len() as u64;
        let mut spans = spans.into_iter();
        loop {
            let some: Vec<Span> = spans.by_ref().take(MOST_SPANS).collect();
            if some.is_empty() {
                return;
            }
            let count = some.len() as u64;
            let body = self.origin.request(some).encode_to_vec().into();
            let request = SpanBatch { body, spans: count };
            // What does not fit is lost; the tally knows it as not taken.
            let _ = self.outbox.try_send(request);
        }
    }
}

impl Watcher for Spans {
    fn event(&mut self, event: &Event) {
        self.ready.extend(self.live.note(event, LANG));
    }

    fn look(&mut self, sight: &Sight<'_>) {
        if !sight.last && self.looked.elapsed() < PERIOD {
            return;
        }
        self.looked = Instant::now();
        let telling = Telling::of(sight.store, LANG);
        let mut spans = std::mem::take(&mut self.ready);
        spans.extend(self.live.due(&telling, clock::now(), sight.last));
        lock(&self.tally).missed = sight.missed + self.live.missed();
        self.send(spans);
    }
}

/// How long spans lie before they are sent.
const PERIOD: Duration = Duration::from_secs(1);
/// The language of what spans say of findings.
const LANG: Lang = Lang::En;
