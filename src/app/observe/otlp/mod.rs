//! `--otlp-endpoint`: spans of what passes go to a collector while it passes.
//!
//! Nothing here holds traffic, recording or the model up: spans wait in a bounded queue for the
//! network. What does not fit is dropped and counted.

mod collector;
mod delivery;
mod post;
mod spans;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

pub(in crate::app) use collector::Collector;
pub(in crate::app) use delivery::Delivery;

use super::Watcher;
use crate::app::trace::origin::origin;
use crate::base::lock::lock;
use delivery::Tally;
use spans::Spans;

/// Spans on their way to a collector.
pub(in crate::app) struct SpanDelivery {
    tally: Arc<Tally>,
    post: tokio::task::JoinHandle<()>,
}

impl SpanDelivery {
    /// Begins; the watcher makes the spans.
    pub(in crate::app) fn start(collector: Collector) -> (Self, Box<dyn Watcher>) {
        let tally = Arc::new(Tally::new(Delivery {
            collector: collector.to_string(),
            ..Delivery::default()
        }));
        let (outbox, requests) = mpsc::channel(WAITING);
        let spans = Spans::new(origin(true), outbox, Arc::clone(&tally));
        let post = post::run(collector, requests, Arc::clone(&tally));
        // Awaited in `finish`.
        let post = TaskTracker::new().spawn(post);
        (Self { tally, post }, Box::new(spans))
    }

    /// How it goes.
    pub(in crate::app) fn delivery(&self) -> Delivery {
        lock(&self.tally).clone()
    }

    /// Sends what is left, if that can be done soon. The watcher is gone by then.
    pub(in crate::app) async fn finish(self) -> Delivery {
        let abort = self.post.abort_handle();
        if tokio::time::timeout(LAST, self.post).await.is_err() {
            abort.abort();
        }
        lock(&self.tally).clone()
    }
}

/// Requests that may wait for the network.
const WAITING: usize = 32;
/// How long the last spans may take when everything else has ended.
const LAST: Duration = Duration::from_secs(5);
