//! The store.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::pulls::Pulls;
use super::share::Shared;
use super::shelf::Shelf;
use super::tunnels::Tunnels;
use super::{Dropped, Entry, Retention};
use crate::exchange::{Event, Exchange, ExchangeId, HandshakeFailed, Trace, Tunnel};
use crate::findings::Finding;
use crate::pulls::{GroupKey, Grouping};
use crate::pulls::{Pull, PullId};
use crate::registry::{Bodies, InMemoryOnly, Known, ReadingPart};

/// Everything a session holds. The same set of events gives the same store, in whatever order
/// they are applied, as long as nothing had to be let go.
#[derive(Debug, Default)]
pub struct Store {
    pub(super) shelf: Shelf,
    known: Known,
    shared: Shared,
    /// What was said of exchanges whose beginning has not been told yet.
    early: HashMap<ExchangeId, Vec<Event>>,
    pub(super) grouping: Grouping,
    pub(super) pulls: Pulls,
    pub(super) loose_findings: Vec<Finding>,
    pub(super) tunnels: Tunnels,
    /// What is to be done when the pulls are brought up to date.
    pub(super) due: Due,
    /// The time, when it is told.
    pub(super) now: Option<Timestamp>,
    /// Pulls that were not quiet for long enough when they were last looked at.
    pub(super) restless: BTreeSet<GroupKey>,
    pub(super) retention: Retention,
    pub(super) dropped: Dropped,
    generation: u64,
}

/// What changed besides exchanges.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Handshakes and tunnels that pulls around this time may have to do with.
    pub(super) around: Vec<Timestamp>,
    /// Exchanges that something was heard of.
    pub(super) heard: Vec<ExchangeId>,
    /// What belongs to no pull.
    pub(super) session: bool,
}

impl Store {
    /// A store that keeps this much.
    pub fn new(retention: Retention) -> Self {
        Self {
            retention,
            ..Self::default()
        }
    }

    /// A store of a trace that was read from a file. Everything is kept.
    pub fn of_trace(trace: Trace, bodies: &dyn Bodies) -> Self {
        let mut store = Self::new(Retention::ALL);
        for exchange in trace.exchanges {
            let entry = Entry::with(exchange, bodies, &mut store.known);
            store.put(entry);
        }
        for tunnel in trace.tunnels {
            store.put_tunnel(tunnel);
        }
        for handshake in trace.handshakes {
            store.put_handshake(handshake);
        }
        store.changed();
        store
    }

    /// Takes one event of the live capture. Many at once are better taken by `extend`.
    pub fn apply(&mut self, event: Event) {
        self.extend([event]);
    }

    /// Tells the time: a pull that is quiet for some seconds counts as over, and what is missing
    /// then is missing. As long as this was never called, a pull is over when nothing is open.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = self.now.max(Some(now));
        if self.calm() {
            self.generation += 1;
        }
    }

    /// A number that is another one whenever something has changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What was let go to bound memory.
    pub fn dropped(&self) -> Dropped {
        self.dropped
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
        self.shelf.loose()
    }

    /// What is wrong with a pull or worth knowing of it, the gravest first.
    pub fn findings_of(&self, id: PullId) -> &[Finding] {
        self.pulls.findings(id)
    }

    /// What is wrong and belongs to no pull, such as refused handshakes.
    pub fn loose_findings(&self) -> &[Finding] {
        &self.loose_findings
    }

    /// What is wrong with any pull, and besides.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        let pulls = self.pulls().iter();
        let of_pulls = pulls.flat_map(|pull| self.findings_of(pull.id));
        of_pulls.chain(&self.loose_findings)
    }

    /// The findings that an exchange is evidence of.
    pub fn findings_shown_by(&self, entry: &Entry) -> impl Iterator<Item = &Finding> {
        let id = entry.exchange.id;
        let of_pull = entry.pull.map_or(&[][..], |pull| self.findings_of(pull));
        of_pull
            .iter()
            .chain(&self.loose_findings)
            .filter(move |finding| finding.shown_by(id))
    }

    /// The tunnels that were passed on unread, by their start.
    pub fn tunnels(&self) -> &[Tunnel] {
        self.tunnels.tunnels()
    }

    /// The handshakes in which a client did not accept our certificate, by time.
    pub fn handshakes(&self) -> &[HandshakeFailed] {
        self.tunnels.handshakes()
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
                let entry = Entry::with(exchange, &InMemoryOnly, &mut self.known);
                self.put(entry);
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
        let changed = ReadingPart::changed_by(&event);
        let before = entry.exchange.in_memory();
        entry.exchange.apply(event);
        if let Some(part) = changed {
            let reading = &mut entry.reading;
            reading.update(part, &entry.exchange, &InMemoryOnly, &mut self.known);
            self.shared.share(&mut entry.exchange);
            if entry.pull.is_none() {
                entry.kind = entry.reading.kind(&entry.exchange);
            }
            self.due.heard.push(id);
        }
        self.grouping.update(entry.observed());
        let now = entry.exchange.in_memory();
        self.shelf.weigh(before, now);
    }

    fn put(&mut self, mut entry: Entry) {
        self.shared.share(&mut entry.exchange);
        self.grouping.update(entry.observed());
        self.due.heard.push(entry.exchange.id);
        self.shelf.insert(entry);
    }

    fn put_tunnel(&mut self, tunnel: Tunnel) {
        self.due.around.push(tunnel.connection.opened);
        self.tunnels.put(tunnel);
    }

    fn put_handshake(&mut self, handshake: HandshakeFailed) {
        self.due.around.push(handshake.at);
        self.tunnels.put_handshake(handshake);
    }

    fn changed(&mut self) {
        self.generation += 1;
        self.refresh();
        self.retain();
    }
}

impl Extend<Event> for Store {
    /// Takes many events, which costs less than one after the other.
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        for event in events {
            self.take(event);
        }
        self.changed();
    }
}

/// How many exchanges may be spoken of before they begin. In a live capture none are.
const MOST_EARLY: usize = 10_000;
