//! One recording: the proxy, the redactor, the journal and whoever watches, from start to end.
//!
//! The proxy never waits for any of this. Events are redacted before anything else sees them.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::OptionFuture;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::lock::lock;
use crate::har;
use crate::journal::{self, Journal};
use crate::proxy::ca::Identity;
use crate::proxy::{Proxy, Settings};
use crate::redact::Redactor;
use crate::store::Store;
use crate::tui::terminal::SharedStore;

use super::conclusion::RecordingSummary;
use super::fail_on::FailOn;
use super::har_file::HarFile;
use super::health::{Health, News};
use super::pace::Pace;
use super::plan::{Audience, RecordingPlan, SessionDir};
use super::pump::{PassedCounts, Pump};
use crate::app::observe::model::{Model, SeenAll};
use crate::app::observe::otlp::{Delivery, SpanDelivery};
use crate::app::process::failure::Outcome;
use crate::app::trace::source;
use crate::app::trace::source::Loader;

/// A recording under way.
pub(in crate::app) struct Recording {
    proxy: Proxy,
    journal: Journal,
    pump: JoinHandle<PassedCounts>,
    last_call: CancellationToken,
    har: Option<Arc<Mutex<HarFile>>>,
    /// Where the session is.
    pub(in crate::app) session: SessionDir,
    /// When the CA ends.
    pub(in crate::app) not_after: Timestamp,
    /// Whether secrets are left in.
    pub(in crate::app) keep_secrets: bool,
    /// What was seen, where somebody wants to know.
    model: Option<Model>,
    /// The same without secrets, for a collector, where the other has them.
    clean: Option<Model>,
    /// What is to make it a failure, and whether there are bodies that the model has not.
    fail_on: Option<(FailOn, bool)>,
    spans: Option<SpanDelivery>,
}

impl Recording {
    /// Starts the journal and the proxy. `audience` is asked for who is told, once the proxy
    /// listens.
    pub(in crate::app) fn start(
        plan: RecordingPlan,
        identity: Identity,
        mut settings: Settings,
        audience: impl FnOnce(&Proxy) -> Audience,
    ) -> Outcome<Self> {
        let options = journal::Options {
            secrets_kept: plan.keep_secrets,
            ..journal::Options::default()
        };
        let journal = Journal::create(&plan.session.path, &options)?;
        settings.body_store = plan.keep_blobs.then(|| journal.handle().bodies());
        let not_after = identity.not_after();
        let (proxy, changes) = match Proxy::start(settings, identity) {
            Ok(started) => started,
            Err(error) => {
                drop(journal);
                // It holds a header and nothing else.
                let _ = std::fs::remove_dir_all(&plan.session.path);
                return Err(error.into());
            }
        };
        let last_call = CancellationToken::new();
        let Audience {
            mut watchers,
            reader,
            refusals,
            events_out,
        } = audience(&proxy);
        let (mut spans, mut clean) = (None, None);
        if let Some(collector) = plan.collector {
            let (delivery, watcher) = SpanDelivery::start(collector);
            spans = Some(delivery);
            if plan.keep_secrets {
                let redactor = Some(Redactor::new());
                clean = Some(Model::start(Audience::KEPT, redactor, vec![watcher])?);
            } else {
                watchers.push(watcher);
            }
        }
        let is_read = reader.is_some() || plan.fail_on.is_some() || !watchers.is_empty();
        let retention = reader.unwrap_or(Audience::KEPT);
        let start = || Model::start(retention, None, watchers);
        let model = is_read.then(start).transpose()?;
        let pump = Pump {
            changes,
            redactor: (!plan.keep_secrets).then(Redactor::new),
            journal: journal.handle(),
            models: model.iter().chain(&clean).map(Model::intake).collect(),
            refusals,
            events_out,
            passed: PassedCounts::default(),
            last_call: last_call.clone(),
            probes: HashSet::new(),
        };
        // Awaited in `stop`.
        let pump = TaskTracker::new().spawn(pump.run());
        Ok(Self {
            proxy,
            journal,
            pump,
            last_call,
            har: plan.output.map(|output| {
                let har = HarFile::new(plan.session.clone(), output);
                Arc::new(Mutex::new(har))
            }),
            session: plan.session,
            not_after,
            keep_secrets: plan.keep_secrets,
            model,
            clean,
            fail_on: plan.fail_on.map(|fail_on| (fail_on, plan.keep_blobs)),
            spans,
        })
    }

    /// Where the proxy listens.
    pub(in crate::app) fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    /// How the journal is doing.
    fn status(&self) -> journal::Status {
        self.journal.handle().status()
    }

    /// What became of the spans so far, where they go to a collector.
    fn delivery(&self) -> Option<Delivery> {
        self.spans.as_ref().map(SpanDelivery::delivery)
    }

    /// What was seen so far, where somebody wants to know.
    pub(in crate::app) fn seen(&self) -> Option<SharedStore> {
        self.model.as_ref().map(Model::store)
    }

    /// Goes on until `end` comes: writes the HAR from time to time, and tells what is new of the
    /// recording's health.
    pub(in crate::app) async fn until<T>(
        &self,
        end: impl Future<Output = T>,
        mut tell: impl FnMut(News),
    ) -> T {
        let mut pace = Pace::new();
        let mut health = Health::default();
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                () = pace.wait() => pace.took(self.write_har().await),
                () = tokio::time::sleep(GLANCE) => {
                    health.news(&self.status(), self.delivery()).into_iter().for_each(&mut tell);
                }
            }
        }
    }

    /// Writes the HAR of what has been recorded so far; returns how long it took.
    async fn write_har(&self) -> Duration {
        let began = Instant::now();
        if let Some(har) = &self.har
            && let Err(failure) = write(har, self.status().bytes).await
        {
            tracing::warn!("failed to write the trace for now: {failure}");
        }
        began.elapsed()
    }

    /// Lets transfers end, then records the end of everything and writes the HAR.
    pub(in crate::app) async fn stop(self, drain: Duration) -> RecordingSummary {
        let session = self.session;
        let recorder = self.proxy.recorder().clone();
        let drained = self.proxy.shutdown(drain).await;
        self.last_call.cancel();
        let passed = self.pump.await.unwrap_or_default();
        let journal = self.journal.finish().await;
        // An empty trace takes no other's place.
        let is_empty = session.temporary && passed.is_nothing();
        let there = |har: &Arc<Mutex<HarFile>>| lock(har).is_there();
        let spared = is_empty && self.har.as_ref().is_some_and(there);
        let har = self.har.as_ref().filter(|_| !spared);
        let har = har.map(|har| write(har, u64::MAX));
        let har = OptionFuture::from(har).await;
        let seen = OptionFuture::from(self.model.map(Model::finish)).await;
        OptionFuture::from(self.clean.map(Model::finish)).await;
        let verdict = match self.fail_on.zip(seen.clone()) {
            Some(((fail_on, has_more), seen)) => {
                let from = session.path.clone();
                let judge = move || judge(&fail_on, &seen, has_more, &from);
                let judged = tokio::task::spawn_blocking(judge).await;
                judged.unwrap_or_else(|error| Err(error.into()))
            }
            None => Ok(()),
        };
        // Last: a collector that does not answer must not come before the trace.
        let delivery = OptionFuture::from(self.spans.map(SpanDelivery::finish)).await;
        let written = (spared || matches!(har, Some(Ok(_)))) && journal.is_whole();
        let removed =
            session.temporary && written && std::fs::remove_dir_all(&session.path).is_ok();
        RecordingSummary {
            passed,
            drained,
            overrun: recorder.lost() + passed.withheld,
            faults: recorder.faults(),
            journal,
            har,
            verdict,
            seen,
            session: (!removed).then_some(session.path),
            delivery,
        }
    }
}

/// Writes a HAR, on a thread that may take its time.
async fn write(har: &Arc<Mutex<HarFile>>, until: u64) -> Outcome<har::Written> {
    let har = Arc::clone(har);
    let write = move || {
        let mut har = lock(&har);
        har.write(until)
    };
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|error| Err(error.into()))
}

/// Whether something passed that was to be a failure. The model is asked; where it had to let go
/// of something, or the session has bodies that it never had, so is the session.
fn judge(fail_on: &FailOn, seen: &SeenAll, has_more: bool, session: &Path) -> Outcome {
    if seen.is_whole() && !has_more {
        return fail_on.judge(&seen.store());
    }
    let source = source::open(session)?;
    let store = Store::of_trace(source.trace, &Loader(source.bodies.as_ref()));
    fail_on.judge(&store)?;
    fail_on.judge(&seen.store())
}

/// How often the recording's health is looked at.
const GLANCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::{
        Body, Capture, End, Ending, Event, ExchangeId, Fidelity, RawHead, RequestHead,
        ResponseHead, ResponseOrigin, Timings,
    };
    use crate::store::Retention;

    /// An exchange that was answered with this status.
    fn exchange(id: u64, status: u16) -> [Event; 4] {
        let connection = r#"{"id":1,"client":"127.0.0.1:1","opened":"1970-01-01T00:00:00Z"}"#;
        let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(id);
        let id = ExchangeId(id);
        let request = RequestHead {
            url: "http://r.example/x".to_owned(),
            head: RawHead::new(*b"GET /x HTTP/1.1\r\nHost: r.example\r\n\r\n"),
            fidelity: Fidelity::Exact,
        };
        let response = ResponseHead {
            at,
            head: RawHead::new(format!("HTTP/1.1 {status} X\r\n\r\n")),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        };
        let capture = Capture::Memory {
            bytes: Bytes::from_static(b"{}"),
        };
        let end = End {
            at,
            ending: Ending::Complete,
            timings: Timings::default(),
            upstream: None,
            request_body: None,
            response_body: Some(Body {
                size: 2,
                capture,
                ..Body::default()
            }),
            redacted: false,
        };
        [
            Event::Opened {
                id,
                at,
                connection: Box::new(serde_json::from_str(connection).unwrap()),
            },
            Event::RequestHead { id, request },
            Event::ResponseHead { id, response },
            Event::Ended {
                id,
                end: Box::new(end),
            },
        ]
    }

    async fn seen(retention: Retention, events: &[Event]) -> SeenAll {
        let model = Model::start(retention, None, Vec::new()).unwrap();
        for some in events.chunks(7) {
            model.intake().take(some);
            // The store lets go of what is over while more comes.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        model.finish().await
    }

    #[tokio::test]
    async fn what_passed_is_judged_also_where_the_model_let_it_go() {
        let events: Vec<Event> = (1..=40)
            .flat_map(|id| exchange(id, if id == 2 { 404 } else { 200 }))
            .collect();
        let root = tempfile::tempdir().unwrap();
        let session = root.path().join("session");
        let journal = Journal::create(&session, &journal::Options::default()).unwrap();
        journal.handle().record_all(events.clone()).await;
        journal.finish().await;
        let none = root.path().join("none");
        let fail_on = |text| FailOn::read(Some(text)).unwrap().unwrap();

        // All of it is in memory: nothing is read.
        let whole = seen(Retention::default(), &events).await;
        assert!(whole.is_whole());
        let failure = judge(&fail_on("status:404"), &whole, false, &none).unwrap_err();
        assert_eq!(failure.code, 4);
        judge(&fail_on("status:500"), &whole, false, &none).unwrap();

        // The one that matters is not: the session is asked.
        let few = Retention {
            exchanges: 8,
            bodies: u64::MAX,
        };
        let part = seen(few, &events).await;
        assert!(!part.is_whole() && part.store().entry(ExchangeId(2)).is_none());
        for (seen, has_more) in [(&part, false), (&whole, true)] {
            let failure = judge(&fail_on("status:404"), seen, has_more, &session).unwrap_err();
            let text = failure.to_string();
            assert!(failure.code == 4 && text.contains("exchange 2: "), "{text}");
            judge(&fail_on("status:500"), seen, has_more, &session).unwrap();
            assert_eq!(
                judge(&fail_on("status:500"), seen, has_more, &none)
                    .unwrap_err()
                    .code,
                1
            );
        }
    }
}
