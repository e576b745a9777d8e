//! One recording: the proxy, the redactor, the journal and whoever watches, from start to end.
//!
//! The proxy never waits for any of this. Events are redacted before anything else sees them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capture::BodyStore;
use crate::capture::Changes;
use crate::exchange::Event;
use crate::har;
use crate::journal::{self, Journal, JournalHandle};
use crate::proxy::ca::Identity;
use crate::proxy::{Proxy, Settings};
use crate::redact::Redactor;
use crate::store::Store;

use super::fail_on::FailOn;
use super::har_file::HarFile;
use crate::app::observe::Observer;
use crate::app::observe::otlp::{Collector, Delivery, Outlet};
use crate::app::process::failure::Outcome;
use crate::app::trace::source;
use crate::app::trace::source::Loader;

/// What is to be recorded, and where to.
pub(in crate::app) struct Plan {
    /// The HAR to write.
    pub(in crate::app) output: Option<PathBuf>,
    /// The session directory.
    pub(in crate::app) session: SessionDir,
    /// Whether secrets are left in.
    pub(in crate::app) keep_secrets: bool,
    /// Whether blobs are kept.
    pub(in crate::app) keep_blobs: bool,
    /// What is to make the recording a failure.
    pub(in crate::app) fail_on: Option<FailOn>,
    /// Where spans of what passes go.
    pub(in crate::app) collector: Option<Collector>,
}

/// Where a session is, and whether it stays.
#[derive(Clone, Debug)]
pub(in crate::app) struct SessionDir {
    /// The directory.
    pub(in crate::app) path: PathBuf,
    /// Whether it is removed once its HAR is written whole.
    pub(in crate::app) temporary: bool,
}

/// A recording under way.
pub(in crate::app) struct Capture {
    proxy: Proxy,
    journal: Journal,
    pump: JoinHandle<Counts>,
    last_call: CancellationToken,
    har: Option<Arc<Mutex<HarFile>>>,
    session: SessionDir,
    fail_on: Option<FailOn>,
    outlet: Option<Outlet>,
}

/// How a recording went.
pub(in crate::app) struct Summary {
    /// What passed.
    pub(in crate::app) counts: Counts,
    /// Whether every transfer ended by itself.
    pub(in crate::app) drained: bool,
    /// Exchanges dropped because recording could not keep up.
    pub(in crate::app) overrun: u64,
    /// Panics that were caught, each of which ended one exchange or tunnel.
    pub(in crate::app) faults: u64,
    /// How the journal did.
    pub(in crate::app) journal: journal::Status,
    /// The HAR, when one was to be written.
    pub(in crate::app) har: Option<Outcome<har::Written>>,
    /// A failure where something passed that was to be one.
    pub(in crate::app) verdict: Outcome,
    /// The session directory, unless it was removed.
    pub(in crate::app) session: Option<PathBuf>,
    /// What became of the spans, where they were to go to a collector.
    pub(in crate::app) delivery: Option<Delivery>,
}

/// What passed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::app) struct Counts {
    /// Exchanges that ended.
    pub(in crate::app) exchanges: u64,
    /// Tunnels that ended.
    pub(in crate::app) tunnels: u64,
    /// Clients that refused our certificate.
    pub(in crate::app) handshakes: u64,
    /// Events that could not be redacted, and so were not recorded.
    pub(in crate::app) withheld: u64,
}

impl Capture {
    /// Starts the journal and the proxy. `settings` is asked for the proxy's settings, given
    /// where blobs go; `observers` for who watches, once the proxy listens.
    pub(in crate::app) fn start(
        plan: Plan,
        identity: Identity,
        settings: impl FnOnce(Option<Arc<dyn BodyStore>>) -> Outcome<Settings>,
        observers: impl FnOnce(&Proxy) -> Vec<Box<dyn Observer>>,
    ) -> Outcome<Self> {
        let options = journal::Options {
            secrets_kept: plan.keep_secrets,
            ..journal::Options::default()
        };
        // Settings first: a mistake in them must leave no session behind.
        let checked = settings(None)?;
        let journal = Journal::create(&plan.session.path, &options)?;
        let mut settings = checked;
        settings.body_store = plan.keep_blobs.then(|| journal.handle().bodies());
        let started = Proxy::start(settings, identity);
        let (proxy, changes) = match started {
            Ok(started) => started,
            Err(error) => {
                drop(journal);
                remove_empty_session(&plan.session.path);
                return Err(error.into());
            }
        };
        let last_call = CancellationToken::new();
        let mut observers = observers(&proxy);
        let outlet = match plan.collector {
            Some(collector) => {
                let (outlet, observer) = Outlet::start(collector, plan.keep_secrets)?;
                observers.push(observer);
                Some(outlet)
            }
            None => None,
        };
        let pump = Pump {
            changes,
            redactor: (!plan.keep_secrets).then(Redactor::new),
            journal: journal.handle(),
            observers,
            counts: Counts::default(),
            last_call: last_call.clone(),
        };
        // Awaited in `stop`.
        let pump = TaskTracker::new().spawn(pump.run());
        Ok(Self {
            proxy,
            journal,
            pump,
            last_call,
            har: plan.output.map(|output| {
                let har = HarFile::new(plan.session.path.clone(), output);
                Arc::new(Mutex::new(har))
            }),
            session: plan.session,
            fail_on: plan.fail_on,
            outlet,
        })
    }

    /// The proxy's address.
    pub(in crate::app) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// How the journal is doing.
    pub(in crate::app) fn status(&self) -> journal::Status {
        self.journal.handle().status()
    }

    /// What became of the spans so far, where they go to a collector.
    pub(in crate::app) fn delivery(&self) -> Option<Delivery> {
        self.outlet.as_ref().map(Outlet::delivery)
    }

    /// Writes the HAR of what has been recorded so far; returns how long it took.
    pub(in crate::app) async fn write_har(&self) -> Duration {
        let began = Instant::now();
        if let Some(har) = &self.har
            && let Err(failure) = write(har, self.status().bytes).await
        {
            tracing::warn!("failed to write the trace for now: {failure}");
        }
        began.elapsed()
    }

    /// Lets transfers end, then records the end of everything and writes the HAR.
    pub(in crate::app) async fn stop(self, drain: Duration) -> Summary {
        let Self {
            proxy,
            journal,
            pump,
            last_call,
            har,
            session,
            fail_on,
            outlet,
        } = self;
        let recorder = proxy.recorder().clone();
        let drained = proxy.shutdown(drain).await;
        last_call.cancel();
        let counts = pump.await.unwrap_or_default();
        let journal = journal.finish().await;
        let har = match &har {
            Some(har) => Some(write(har, u64::MAX).await),
            None => None,
        };
        let verdict = match fail_on {
            Some(fail_on) => {
                let from = session.path.clone();
                let judged = tokio::task::spawn_blocking(move || judge(&from, &fail_on)).await;
                judged.unwrap_or_else(|error| Err(error.into()))
            }
            None => Ok(()),
        };
        // Last: a collector that does not answer must not come before the trace.
        let delivery = match outlet {
            Some(outlet) => Some(outlet.finish().await),
            None => None,
        };
        let written = matches!(har, Some(Ok(_))) && journal.is_whole();
        let removed =
            session.temporary && written && std::fs::remove_dir_all(&session.path).is_ok();
        Summary {
            counts,
            drained,
            overrun: recorder.lost() + counts.withheld,
            faults: recorder.faults(),
            journal,
            har,
            verdict,
            session: (!removed).then_some(session.path),
            delivery,
        }
    }
}

/// Moves events from the proxy to the journal and the observers.
struct Pump {
    changes: Changes,
    redactor: Option<Redactor>,
    journal: JournalHandle,
    observers: Vec<Box<dyn Observer>>,
    counts: Counts,
    last_call: CancellationToken,
}

impl Pump {
    async fn run(mut self) -> Counts {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut events = Vec::new();
            tokio::select! {
                () = self.changes.next(&mut events) => {}
                _ = tick.tick() => {
                    self.changes.progress(&mut events);
                    self.observers.iter_mut().for_each(|observer| observer.tick());
                }
                () = self.last_call.cancelled() => {
                    // What the select dropped half-way is found again: nothing has been told.
                    self.changes.drain_all(&mut events);
                    self.pass_on(events).await;
                    return self.counts;
                }
            }
            self.pass_on(events).await;
        }
    }

    async fn pass_on(&mut self, events: Vec<Event>) {
        let events = self.redact(events).await;
        for event in &events {
            self.count(event);
        }
        if self.written_first() {
            self.journal.record_all(events.clone()).await;
            let told = |event: &Event| !matches!(event, Event::Progress { .. });
            if events.iter().any(told) {
                self.journal.flush().await;
            }
            self.tell(&events);
        } else {
            self.tell(&events);
            self.journal.record_all(events).await;
        }
    }

    fn written_first(&self) -> bool {
        let mut observers = self.observers.iter();
        observers.any(|observer| observer.wants_written_first())
    }

    fn tell(&mut self, events: &[Event]) {
        for event in events {
            for observer in &mut self.observers {
                observer.event(event);
            }
        }
    }

    /// On a thread that may take its time: bodies can be megabytes.
    async fn redact(&mut self, events: Vec<Event>) -> Vec<Event> {
        let Some(mut redactor) = self.redactor.take() else {
            return events;
        };
        let count = events.len() as u64;
        let work = tokio::task::spawn_blocking(move || {
            let clean = events
                .into_iter()
                .map(|event| redactor.event(event))
                .collect();
            (redactor, clean)
        });
        match work.await {
            Ok((redactor, clean)) => {
                self.redactor = Some(redactor);
                clean
            }
            Err(error) => {
                // What cannot be redacted is not recorded.
                tracing::error!("failed to redact events, which are not recorded: {error}");
                self.redactor = Some(Redactor::new());
                self.counts.withheld += count;
                Vec::new()
            }
        }
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Ended { .. } => self.counts.exchanges += 1,
            Event::Tunnel(tunnel) if tunnel.ended.is_some() => self.counts.tunnels += 1,
            Event::HandshakeFailed(_) => self.counts.handshakes += 1,
            _ => {}
        }
    }
}

/// Writes a HAR, on a thread that may take its time.
async fn write(har: &Arc<Mutex<HarFile>>, until: u64) -> Outcome<har::Written> {
    let har = Arc::clone(har);
    let write = move || {
        let mut har = har.lock().unwrap_or_else(PoisonError::into_inner);
        har.write(until)
    };
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|error| Err(error.into()))
}

/// Looks through a session for what was to be a failure.
fn judge(session: &Path, fail_on: &FailOn) -> Outcome {
    let source = source::open(session)?;
    let store = Store::of_trace(source.trace, &Loader(source.bodies.as_ref()));
    fail_on.judge(&store)
}

/// A session of a proxy that did not start holds a header and nothing else.
fn remove_empty_session(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}

/// How often observers hear of progress.
const TICK: Duration = Duration::from_millis(200);
