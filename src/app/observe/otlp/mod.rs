//! `--otlp-endpoint`: spans of what passes go to a collector while it passes.
//!
//! Nothing here holds traffic or recording up: events wait in a bounded backlog, a thread reads
//! them and makes spans, and requests wait in a bounded queue for the network. What does not fit
//! is dropped and counted.

mod collector;
mod post;
mod spans;
mod tally;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::exchange::Event;
use crate::redact::Redactor;

pub(in crate::app) use collector::Collector;
pub(in crate::app) use tally::Delivery;

use super::Observer;
use crate::app::process::failure::Outcome;
use crate::app::trace::origin::origin;
use spans::{Desk, Spans};
use tally::Tally;

/// Spans on their way to a collector.
pub(in crate::app) struct Outlet {
    desk: Arc<Desk>,
    tally: Arc<Tally>,
    spans: JoinHandle<()>,
    post: tokio::task::JoinHandle<()>,
}

/// Lays events on the desk.
struct ToDesk(Arc<Desk>);

impl Observer for ToDesk {
    fn event(&mut self, event: &Event) {
        self.0.lay(event);
    }
}

impl Outlet {
    /// Begins. `secrets_kept` says that events come with their secrets, which are not for others.
    pub(in crate::app) fn start(
        collector: Collector,
        secrets_kept: bool,
    ) -> Outcome<(Self, Box<dyn Observer>)> {
        let desk = Arc::new(Desk::default());
        let tally = Arc::new(Tally::new(collector.to_string()));
        let (outbox, requests) = mpsc::channel(WAITING);
        let redactor = secrets_kept.then(Redactor::new);
        let spans = Spans::new(origin(true), redactor, outbox, Arc::clone(&tally));
        let at = Arc::clone(&desk);
        let spans = std::thread::Builder::new()
            .name("otlp".to_owned())
            .spawn(move || spans.run(&at))?;
        let post = post::run(collector, requests, Arc::clone(&tally));
        // Awaited in `finish`.
        let post = TaskTracker::new().spawn(post);
        let observer = Box::new(ToDesk(Arc::clone(&desk)));
        let outlet = Self {
            desk,
            tally,
            spans,
            post,
        };
        Ok((outlet, observer))
    }

    /// How it goes.
    pub(in crate::app) fn delivery(&self) -> Delivery {
        self.tally.delivery()
    }

    /// Sends what is left, if that can be done soon.
    pub(in crate::app) async fn finish(self) -> Delivery {
        let Self {
            desk,
            tally,
            spans,
            post,
        } = self;
        desk.close();
        let abort = post.abort_handle();
        let rest = async {
            let _ = tokio::task::spawn_blocking(move || spans.join()).await;
            let _ = post.await;
        };
        if tokio::time::timeout(LAST, rest).await.is_err() {
            abort.abort();
        }
        tally.delivery()
    }
}

/// Requests that may wait for the network.
const WAITING: usize = 32;
/// How long the last spans may take when everything else has ended.
const LAST: Duration = Duration::from_secs(5);
