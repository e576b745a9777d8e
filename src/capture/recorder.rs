//! The state of everything that passes, kept so that its reader can never hold traffic up.
//!
//! Each exchange, tunnel and refused handshake has a cell. Whoever sees the traffic writes into the
//! cell and puts the cell's key on a bounded channel; the reader takes the key, looks at the cell and
//! learns all that is new. A full channel therefore loses nothing: it only makes the reader look
//! at every cell. What is bounded is the backlog of ended cells: beyond it the oldest are dropped
//! and counted.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, sleep_until};

use crate::base::lock::lock;
use crate::exchange::{ConnectionId, Event, ExchangeId, SocketId, TunnelId};

use super::limits::CaptureLimits;
use super::strip::Strips;

/// Where a source of traffic records, shared by all its tasks.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Ledger>,
}

/// The reader's end: what has happened since it last looked.
pub struct Changes {
    shared: Arc<Ledger>,
    dirty: mpsc::Receiver<u64>,
    /// A key that was taken from the channel and not looked at yet.
    held: Option<u64>,
    /// Before this, news is left to gather.
    next_look: tokio::time::Instant,
}

/// Something that can tell what is new about it.
pub(super) trait EventCell: Send + Sync {
    /// Adds the events that were not told before; returns whether the cell is done with.
    fn drain(&self, events: &mut Vec<Event>) -> bool;
    /// Adds a [`Event::Progress`] when content is passing.
    fn progress(&self, _: &mut Vec<Event>) {}
    /// Whether it is over, told or not.
    fn is_over(&self) -> bool;
}

/// The handle by which a cell says that something is new.
pub(super) struct Mark {
    key: u64,
    queued: AtomicBool,
    shared: Arc<Ledger>,
}

struct Ledger {
    cells: Mutex<BTreeMap<u64, Arc<CellSlot>>>,
    dirty: mpsc::Sender<u64>,
    overflow: AtomicBool,
    wake: Notify,
    /// Ended cells that were not told; below zero for a moment when one is told before its end
    /// is counted.
    over: AtomicI64,
    lost: AtomicU64,
    faults: AtomicU64,
    stopping: AtomicBool,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    backlog: i64,
    body_budget: u64,
    bodies: AtomicU64,
    strips: Mutex<Strips>,
    keys: AtomicU64,
    exchanges: AtomicU64,
    connections: AtomicU64,
    sockets: AtomicU64,
    tunnels: AtomicU64,
}

struct CellSlot {
    mark: Arc<Mark>,
    cell: Arc<dyn EventCell>,
}

impl Recorder {
    /// A recorder and its one reader. What ends by being dropped ends when `clock` says.
    pub fn new(
        bounds: &CaptureLimits,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> (Self, Changes) {
        let (dirty, receiver) = mpsc::channel(CHANNEL);
        let shared = Arc::new(Ledger {
            cells: Mutex::default(),
            dirty,
            overflow: AtomicBool::new(false),
            wake: Notify::new(),
            over: AtomicI64::new(0),
            lost: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            clock: Box::new(clock),
            backlog: i64::try_from(bounds.backlog).unwrap_or(i64::MAX),
            body_budget: bounds.body_budget,
            bodies: AtomicU64::new(0),
            strips: Mutex::default(),
            keys: AtomicU64::new(0),
            exchanges: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            sockets: AtomicU64::new(0),
            tunnels: AtomicU64::new(0),
        });
        let changes = Changes {
            shared: Arc::clone(&shared),
            dirty: receiver,
            held: None,
            next_look: tokio::time::Instant::now(),
        };
        (Self { shared }, changes)
    }

    pub(super) fn now(&self) -> Instant {
        (self.shared.clock)()
    }

    pub(super) fn next_exchange(&self) -> ExchangeId {
        ExchangeId(next(&self.shared.exchanges))
    }

    /// A number for a client's connection.
    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId(next(&self.shared.connections))
    }

    /// A number for a connection to a server.
    pub fn next_socket(&self) -> SocketId {
        SocketId(next(&self.shared.sockets))
    }

    pub(super) fn next_tunnel(&self) -> TunnelId {
        TunnelId(next(&self.shared.tunnels))
    }

    /// Adds a cell; `make` is handed the mark by which the cell announces itself.
    pub(super) fn add<C: EventCell + 'static>(&self, make: impl FnOnce(Arc<Mark>) -> C) -> Arc<C> {
        let key = next(&self.shared.keys);
        let mark = Arc::new(Mark {
            key,
            queued: AtomicBool::new(false),
            shared: Arc::clone(&self.shared),
        });
        let cell = Arc::new(make(Arc::clone(&mark)));
        let slot = Arc::new(CellSlot {
            mark,
            cell: Arc::clone(&cell) as Arc<dyn EventCell>,
        });
        lock(&self.shared.cells).insert(key, slot);
        cell
    }

    /// Reserves memory for a captured body; `false` when the budget is spent.
    pub(super) fn reserve_body(&self, bytes: u64) -> bool {
        let before = self.shared.bodies.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.shared.body_budget;
        if !fits {
            self.release_body(bytes);
        }
        fits
    }

    /// Returns what [`Self::reserve_body`] reserved.
    pub(super) fn release_body(&self, bytes: u64) {
        self.shared.bodies.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The content that comes in parts.
    pub(super) fn strips(&self) -> MutexGuard<'_, Strips> {
        lock(&self.shared.strips)
    }

    /// From here on, what is cut off is cut off because pullscope stops.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }

    /// Counts a panic that was caught.
    pub(super) fn fault(&self) {
        self.shared.faults.fetch_add(1, Ordering::Relaxed);
    }

    /// Panics that were caught, each of which ended the one exchange or tunnel it happened in.
    pub fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::Relaxed)
    }

    /// Ended exchanges that were dropped because the reader fell too far behind.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Changes {
    /// Waits for news and adds it to `events`. Dropping the future loses nothing.
    ///
    /// What happens in quick succession is told together, at most `PACE` later: waking the
    /// reader for each change would cost traffic more than the change itself.
    pub async fn next(&mut self, events: &mut Vec<Event>) {
        sleep_until(self.next_look).await;
        loop {
            if let Some(key) = self.held.take() {
                self.drain_key(key, events);
            }
            if self.shared.overflow.swap(false, Ordering::AcqRel) {
                self.drain_all(events);
            }
            self.drain_queued(events);
            if !events.is_empty() {
                let behind = events.len() >= BATCH;
                self.next_look =
                    tokio::time::Instant::now() + if behind { Duration::ZERO } else { PACE };
                return;
            }
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                // The sender lives as long as `shared`, so there is always a key to come.
                key = self.dirty.recv() => self.held = key,
                () = shared.wake.notified() => {}
            }
        }
    }

    /// Hands every event to `sink` while `traffic` runs, and what is left once it is over. Gives
    /// what `traffic` gave.
    pub async fn follow<T>(
        &mut self,
        traffic: impl Future<Output = T>,
        mut sink: impl FnMut(Event),
    ) -> T {
        let mut traffic = pin!(traffic);
        let mut events = Vec::new();
        let given = loop {
            tokio::select! {
                given = &mut traffic => break given,
                () = self.next(&mut events) => events.drain(..).for_each(&mut sink),
            }
        };
        self.drain_all(&mut events);
        events.into_iter().for_each(sink);
        given
    }

    /// Everything that is new right now, without waiting.
    pub fn drain_all(&mut self, events: &mut Vec<Event>) {
        let keys: Vec<u64> = lock(&self.shared.cells).keys().copied().collect();
        for key in keys {
            self.drain_key(key, events);
        }
    }

    /// How far the open exchanges are, as [`Event::Progress`].
    pub fn progress(&self, events: &mut Vec<Event>) {
        let open: Vec<_> = lock(&self.shared.cells)
            .values()
            .map(|slot| Arc::clone(&slot.cell))
            .collect();
        for cell in open {
            cell.progress(events);
        }
    }

    fn drain_queued(&mut self, events: &mut Vec<Event>) {
        while events.len() < BATCH {
            match self.dirty.try_recv() {
                Ok(key) => self.drain_key(key, events),
                Err(_) => return,
            }
        }
    }

    fn drain_key(&self, key: u64, events: &mut Vec<Event>) {
        let slot = lock(&self.shared.cells).get(&key).map(Arc::clone);
        let Some(slot) = slot else { return };
        // Cleared first: what happens from here on is queued again.
        slot.mark.queued.store(false, Ordering::Release);
        if slot.cell.drain(events) && lock(&self.shared.cells).remove(&key).is_some() {
            self.shared.over.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Mark {
    /// Tells the reader that the cell has news. Never waits.
    pub(super) fn touch(&self) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.shared.dirty.try_send(self.key).is_err() {
            self.shared.overflow.store(true, Ordering::Release);
            self.shared.wake.notify_one();
        }
    }

    /// Tells the reader that the cell is over, and keeps the backlog bounded.
    pub(super) fn end(&self) {
        let over = self.shared.over.fetch_add(1, Ordering::Relaxed) + 1;
        if over > self.shared.backlog {
            self.shared.drop_oldest();
        }
        self.touch();
    }
}

impl Ledger {
    fn drop_oldest(&self) {
        let mut cells = lock(&self.cells);
        let oldest = cells
            .iter()
            .find(|(_, slot)| slot.cell.is_over())
            .map(|(key, _)| *key);
        if oldest.and_then(|key| cells.remove(&key)).is_some() {
            self.over.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn next(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}

/// Keys in flight to the reader before it is told to look at everything.
const CHANNEL: usize = 4_096;
/// How often the reader is told, at most.
const PACE: Duration = Duration::from_millis(4);
/// Events handed to the reader at once, about.
const BATCH: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter {
        mark: Arc<Mark>,
        id: u64,
        over: AtomicBool,
    }

    impl EventCell for Counter {
        fn drain(&self, events: &mut Vec<Event>) -> bool {
            events.push(Event::Progress {
                id: ExchangeId(self.id),
                sent: 0,
                received: 0,
            });
            self.is_over()
        }
        fn progress(&self, _: &mut Vec<Event>) {}
        fn is_over(&self) -> bool {
            self.over.load(Ordering::Relaxed)
        }
    }

    fn recorder(backlog: usize, body_budget: u64) -> (Recorder, Changes) {
        let bounds = CaptureLimits {
            backlog,
            body_budget,
            ..CaptureLimits::default()
        };
        Recorder::new(&bounds, Instant::now)
    }

    fn add(recorder: &Recorder, id: u64) -> Arc<Counter> {
        recorder.add(|mark| Counter {
            mark,
            id,
            over: AtomicBool::new(false),
        })
    }

    fn end(counter: &Counter) {
        counter.over.store(true, Ordering::Relaxed);
        counter.mark.end();
    }

    fn ids(events: &[Event]) -> Vec<u64> {
        events
            .iter()
            .filter_map(|event| event.exchange().map(|id| id.0))
            .collect()
    }

    #[tokio::test]
    async fn a_touch_is_told_once_and_an_end_removes_the_cell() {
        let (recorder, mut changes) = recorder(10, 10);
        let cell = add(&recorder, 7);
        cell.mark.touch();
        cell.mark.touch();
        let mut events = Vec::new();
        changes.next(&mut events).await;
        assert_eq!(ids(&events), [7]);
        end(&cell);
        events.clear();
        changes.next(&mut events).await;
        assert_eq!(ids(&events), [7]);
        events.clear();
        changes.drain_all(&mut events);
        assert!(events.is_empty());
    }

    #[tokio::test]
    async fn a_full_channel_loses_nothing() {
        let (recorder, mut changes) = recorder(100_000, 10);
        let many = CHANNEL as u64 * 3;
        for id in 0..many {
            end(&add(&recorder, id));
        }
        let mut seen = std::collections::BTreeSet::new();
        while (seen.len() as u64) < many {
            let mut events = Vec::new();
            changes.next(&mut events).await;
            seen.extend(ids(&events));
        }
        assert_eq!(recorder.lost(), 0);
    }

    #[test]
    fn a_reader_that_never_reads_costs_the_oldest_and_they_are_counted() {
        let (recorder, mut changes) = recorder(5, 10);
        for id in 0..8 {
            end(&add(&recorder, id));
        }
        let mut events = Vec::new();
        changes.drain_all(&mut events);
        assert_eq!(ids(&events), [3, 4, 5, 6, 7]);
        assert_eq!(recorder.lost(), 3);
    }

    #[test]
    fn a_cell_told_before_its_end_is_counted_does_no_harm() {
        let (recorder, mut changes) = recorder(1, 10);
        let early = add(&recorder, 1);
        early.over.store(true, Ordering::Relaxed);
        let mut events = Vec::new();
        changes.drain_all(&mut events);
        early.mark.end();
        end(&add(&recorder, 2));
        events.clear();
        changes.drain_all(&mut events);
        assert_eq!(ids(&events), [2]);
        assert_eq!(recorder.lost(), 0);
    }

    #[test]
    fn the_body_budget_is_kept_and_returned() {
        let (recorder, _changes) = recorder(5, 100);
        assert!(recorder.reserve_body(60));
        assert!(!recorder.reserve_body(60));
        recorder.release_body(60);
        assert!(recorder.reserve_body(100));
    }
}
