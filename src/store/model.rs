//! The store.

use std::collections::HashMap;

use super::Entry;
use super::pulls::Pulls;
use super::shelf::Shelf;
use crate::exchange::{Event, Exchange, ExchangeId, HandshakeFailed, Trace, Tunnel};
use crate::registry::group::{Grouping, assemble};
use crate::registry::{Bodies, Finding, InMemoryOnly, Pull, PullId, Reading};

/// Everything a session holds. The same set of events gives the same store, in whatever order
/// they are applied.
#[derive(Debug, Default)]
pub struct Store {
    shelf: Shelf,
    /// What was said of exchanges whose beginning has not been told yet.
    early: HashMap<ExchangeId, Vec<Event>>,
    grouping: Grouping,
    pulls: Pulls,
    findings: Vec<Finding>,
    tunnels: Vec<Tunnel>,
    handshakes: Vec<HandshakeFailed>,
    generation: u64,
}

impl Store {
    /// A store of a trace that was read from a file.
    pub fn of_trace(trace: Trace, bodies: &dyn Bodies) -> Self {
        let mut store = Self::default();
        for exchange in trace.exchanges {
            store.put(Entry::new(exchange, bodies));
        }
        for tunnel in trace.tunnels {
            store.put_tunnel(tunnel);
        }
        for handshake in trace.handshakes {
            store.put_handshake(handshake);
        }
        store.refresh();
        store
    }

    /// Takes one event of the live capture.
    pub fn apply(&mut self, event: Event) {
        self.extend([event]);
    }

    /// A number that is another one whenever something has changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Every exchange, by its start.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.shelf.iter()
    }

    /// One exchange.
    pub fn entry(&self, id: ExchangeId) -> Option<&Entry> {
        self.shelf.get(id)
    }

    /// Every pull, by its start.
    pub fn pulls(&self) -> &[Pull] {
        self.pulls.all()
    }

    /// One pull.
    pub fn pull(&self, id: PullId) -> Option<&Pull> {
        self.pulls.get(id)
    }

    /// The exchanges that belong to no pull, by their start.
    pub fn loose(&self) -> impl Iterator<Item = &Entry> {
        self.shelf.iter().filter(|entry| entry.pull.is_none())
    }

    /// What is wrong and belongs to no pull, such as refused handshakes.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The tunnels that were passed on unread, by their start.
    pub fn tunnels(&self) -> &[Tunnel] {
        &self.tunnels
    }

    /// The handshakes in which a client did not accept our certificate, by time.
    pub fn handshakes(&self) -> &[HandshakeFailed] {
        &self.handshakes
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Tunnel(tunnel) => self.put_tunnel(*tunnel),
            Event::HandshakeFailed(handshake) => self.put_handshake(*handshake),
            Event::Opened { id, at, connection } => {
                if self.shelf.get(id).is_some() {
                    return;
                }
                let mut exchange = Exchange::new(id, at, *connection);
                for event in self.early.remove(&id).into_iter().flatten() {
                    exchange.apply(event);
                }
                self.put(Entry::new(exchange, &InMemoryOnly));
            }
            Event::RequestHead { id, .. }
            | Event::ResponseHead { id, .. }
            | Event::Progress { id, .. }
            | Event::Ended { id, .. } => self.hear(id, event),
        }
    }

    /// What was said of an exchange.
    fn hear(&mut self, id: ExchangeId, event: Event) {
        let Some(entry) = self.shelf.get_mut(id) else {
            if self.early.len() < MOST_EARLY || self.early.contains_key(&id) {
                self.early.entry(id).or_default().push(event);
            }
            return;
        };
        let told = !matches!(event, Event::Progress { .. });
        entry.exchange.apply(event);
        if told {
            *entry.reading = Reading::of(&entry.exchange, &InMemoryOnly);
            if entry.pull.is_none() {
                entry.kind = entry.reading.kind(&entry.exchange);
            }
        }
        self.grouping.update(entry.observed());
    }

    fn put(&mut self, entry: Entry) {
        self.grouping.update(entry.observed());
        self.shelf.insert(Box::new(entry));
    }

    fn put_tunnel(&mut self, tunnel: Tunnel) {
        let known = self.tunnels.iter_mut().find(|other| other.id == tunnel.id);
        match known {
            Some(known) => {
                if supersedes(&tunnel, known) {
                    *known = tunnel;
                }
            }
            None => {
                let place = |t: &Tunnel| (t.connection.opened, t.id);
                let at = self.tunnels.partition_point(|t| place(t) < place(&tunnel));
                self.tunnels.insert(at, tunnel);
            }
        }
    }

    fn put_handshake(&mut self, handshake: HandshakeFailed) {
        let place = |h: &HandshakeFailed| (h.at, h.connection.id);
        let at = self
            .handshakes
            .partition_point(|h| place(h) < place(&handshake));
        if self.handshakes.get(at).map(place) != Some(place(&handshake)) {
            self.handshakes.insert(at, handshake);
        }
    }

    /// Brings the pulls up to date with the exchanges.
    fn refresh(&mut self) {
        self.generation += 1;
        self.grouping.refresh(&self.shelf);
        let touched = self.grouping.take_touched();
        for key in &touched {
            let steps = self.pulls.of(*key).map(|pull| &pull.steps);
            for step in steps.into_iter().flatten() {
                if let Some(entry) = self.shelf.get_mut(step.exchange) {
                    entry.pull = None;
                    entry.kind = entry.reading.kind(&entry.exchange);
                }
            }
        }
        for key in &touched {
            let members = self.grouping.members(*key);
            let members: Vec<_> = members
                .into_iter()
                .filter_map(|id| self.shelf.get(id).map(Entry::observed))
                .collect();
            self.pulls.replace(*key, assemble(&members));
        }
        let renumbered = self.pulls.number();
        let renumbered = renumbered.iter().filter_map(|at| self.pulls.all().get(*at));
        let changed = touched.iter().filter_map(|key| self.pulls.of(*key));
        for pull in renumbered.chain(changed) {
            for step in &pull.steps {
                if let Some(entry) = self.shelf.get_mut(step.exchange) {
                    entry.pull = Some(pull.id);
                    entry.kind = step.kind;
                }
            }
        }
    }
}

impl Extend<Event> for Store {
    /// Takes many events, which costs less than one after the other.
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        for event in events {
            self.take(event);
        }
        self.refresh();
    }
}

/// How many exchanges may be spoken of before they begin. In a live capture none are.
const MOST_EARLY: usize = 10_000;

/// Whether this is a later word on a tunnel.
fn supersedes(new: &Tunnel, old: &Tunnel) -> bool {
    let rank = |t: &Tunnel| (t.ended.is_some(), t.sent.saturating_add(t.received));
    rank(new) >= rank(old)
}
