//! From the proxy to the journal and the audience.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::capture::Changes;
use crate::clients::doctor::PROBE_HOST;
use crate::exchange::{Ending, Event, ExchangeId};
use crate::journal::JournalHandle;
use crate::redact::Redactor;

use crate::app::observe::events_out::EventsOut;
use crate::app::observe::model::Intake;
use crate::app::observe::refusals::Refusals;

/// Moves events from the proxy to the journal and the audience. Redaction comes first.
pub(super) struct Pump {
    pub(super) changes: Changes,
    pub(super) redactor: Option<Redactor>,
    pub(super) journal: JournalHandle,
    pub(super) models: Vec<Arc<Intake>>,
    pub(super) refusals: Option<Refusals>,
    pub(super) events_out: Option<EventsOut>,
    pub(super) passed: PassedCounts,
    pub(super) last_call: CancellationToken,
    /// Exchanges by which a doctor tries clients.
    pub(super) probes: HashSet<ExchangeId>,
}

/// What passed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::app) struct PassedCounts {
    /// Exchanges that ended.
    pub(in crate::app) exchanges: u64,
    /// Those of them that did not end as they should.
    pub(in crate::app) failed: u64,
    /// Bytes of response content in them.
    pub(in crate::app) received: u64,
    /// Tunnels that ended.
    pub(in crate::app) tunnels: u64,
    /// Clients that refused our certificate.
    pub(in crate::app) handshakes: u64,
    /// Events that could not be redacted, and so were not recorded.
    pub(in crate::app) withheld: u64,
}

impl Pump {
    pub(super) async fn run(mut self) -> PassedCounts {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut events = Vec::new();
            tokio::select! {
                () = self.changes.next(&mut events) => {}
                _ = tick.tick() => self.changes.progress(&mut events),
                () = self.last_call.cancelled() => {
                    // What the select dropped half-way is found again: nothing has been told.
                    self.changes.drain_all(&mut events);
                    self.pass_on(events).await;
                    return self.passed;
                }
            }
            self.pass_on(events).await;
        }
    }

    async fn pass_on(&mut self, mut events: Vec<Event>) {
        events.retain(|event| !self.is_probe(event));
        let events = self.redact(events).await;
        for event in &events {
            self.passed.count(event);
            if let Some(refusals) = &mut self.refusals {
                refusals.event(event);
            }
        }
        for model in &self.models {
            model.take(&events);
        }
        let Some(out) = &mut self.events_out else {
            self.journal.record_all(events).await;
            return;
        };
        // What is told there is on disk.
        self.journal.record_all(events.clone()).await;
        let told = |event: &Event| !matches!(event, Event::Progress { .. });
        if events.iter().any(told) {
            self.journal.flush().await;
        }
        for event in &events {
            out.event(event);
        }
    }

    /// Whether it is of a doctor that tries a client: that is none of the user's traffic.
    fn is_probe(&mut self, event: &Event) -> bool {
        let id = event.exchange();
        let connection = match event {
            Event::Opened { connection, .. } => connection,
            Event::Tunnel(tunnel) => &tunnel.connection,
            Event::HandshakeFailed(handshake) => &handshake.connection,
            _ => return id.is_some_and(|id| self.probes.contains(&id)),
        };
        let target = connection.target.as_ref();
        let is_probe = target.is_some_and(|target| target.host == PROBE_HOST);
        self.probes.extend(id.filter(|_| is_probe));
        is_probe
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
                self.passed.withheld += count;
                Vec::new()
            }
        }
    }
}

impl PassedCounts {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Ended { end, .. } => {
                self.exchanges += 1;
                self.failed += u64::from(end.ending != Ending::Complete);
                self.received += end.response_body.as_ref().map_or(0, |body| body.size);
            }
            Event::Tunnel(tunnel) if tunnel.ended.is_some() => self.tunnels += 1,
            Event::HandshakeFailed(_) => self.handshakes += 1,
            _ => {}
        }
    }

    /// Whether nothing passed.
    pub(in crate::app) fn is_nothing(&self) -> bool {
        self.exchanges + self.tunnels + self.handshakes == 0
    }
}

/// How often progress is asked for.
const TICK: Duration = Duration::from_millis(200);
