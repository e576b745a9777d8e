//! The exchanges themselves, by their start and by their number.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::Entry;
use super::model::kept;
use crate::exchange::ExchangeId;
use crate::registry::Observed;
use crate::registry::group::Look;

/// Entries in order of start; what began together is ordered by number.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    #[expect(
        clippy::vec_box,
        reason = "one that comes late moves pointers, not entries"
    )]
    entries: Vec<Box<Entry>>,
    started: HashMap<ExchangeId, Timestamp>,
    /// Bytes of bodies held.
    weight: u64,
}

impl Shelf {
    /// Puts an entry in its place; one of the same number is left as it is.
    pub(super) fn insert(&mut self, entry: Box<Entry>) {
        let place = place(&entry);
        if self.started.contains_key(&place.1) {
            return;
        }
        self.started.insert(place.1, place.0);
        let at = self
            .entries
            .partition_point(|other| self::place(other) < place);
        self.entries.insert(at, entry);
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter().map(|entry| &**entry)
    }

    pub(super) fn get(&self, id: ExchangeId) -> Option<&Entry> {
        self.entries.get(self.position(id)?).map(|entry| &**entry)
    }

    pub(super) fn get_mut(&mut self, id: ExchangeId) -> Option<&mut Entry> {
        let at = self.position(id)?;
        self.entries.get_mut(at).map(|entry| &mut **entry)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().map(|entry| &mut **entry)
    }

    pub(super) fn remove(&mut self, gone: &HashSet<ExchangeId>) {
        for entry in &self.entries {
            if gone.contains(&entry.exchange.id) {
                self.weight = self.weight.saturating_sub(kept(&entry.exchange));
            }
        }
        self.entries
            .retain(|entry| !gone.contains(&entry.exchange.id));
        self.started.retain(|id, _| !gone.contains(id));
    }

    /// Bytes of bodies held.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// Notes that an entry holds another number of bytes than before.
    pub(super) fn weigh(&mut self, before: u64, now: u64) {
        self.weight = self.weight.saturating_sub(before).saturating_add(now);
    }

    fn position(&self, id: ExchangeId) -> Option<usize> {
        let started = *self.started.get(&id)?;
        self.entries
            .binary_search_by(|entry| place(entry).cmp(&(started, id)))
            .ok()
    }
}

impl Look for Shelf {
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>> {
        self.get(id).map(Entry::observed)
    }
}

fn place(entry: &Entry) -> (Timestamp, ExchangeId) {
    (entry.exchange.started, entry.exchange.id)
}
