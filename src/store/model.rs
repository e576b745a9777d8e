//! The store.

use crate::exchange::{Event, ExchangeId, HandshakeFailed, Trace, Tunnel};
use crate::registry::{Bodies, Finding, Pull, PullId};

use super::Entry;

/// Everything a session holds. The same set of events gives the same store, in whatever order
/// they are applied.
#[derive(Debug, Default)]
pub struct Store {
    entries: Vec<Entry>,
    pulls: Vec<Pull>,
    findings: Vec<Finding>,
    tunnels: Vec<Tunnel>,
    handshakes: Vec<HandshakeFailed>,
}

impl Store {
    /// A store of a trace that was read from a file.
    pub fn of_trace(trace: Trace, bodies: &dyn Bodies) -> Self {
        let _ = (trace, bodies);
        Self::default()
    }

    /// Takes one event of the live capture.
    pub fn apply(&mut self, event: Event) {
        let _ = event;
    }

    /// Every exchange, by its start.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// One exchange.
    pub fn entry(&self, id: ExchangeId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.exchange.id == id)
    }

    /// Every pull, by its start.
    pub fn pulls(&self) -> &[Pull] {
        &self.pulls
    }

    /// One pull.
    pub fn pull(&self, id: PullId) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.id == id)
    }

    /// The exchanges that belong to no pull, by their start.
    pub fn loose(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.pull.is_none())
    }

    /// What is wrong and belongs to no pull, such as refused handshakes.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The tunnels that were passed on unread.
    pub fn tunnels(&self) -> &[Tunnel] {
        &self.tunnels
    }

    /// The handshakes in which a client did not accept our certificate.
    pub fn handshakes(&self) -> &[HandshakeFailed] {
        &self.handshakes
    }
}
