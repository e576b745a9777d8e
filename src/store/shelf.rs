//! The exchanges themselves, by their start and by their number.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Entry;
use crate::exchange::ExchangeId;
use crate::registry::Observed;
use crate::registry::group::Look;

/// Entries in order of start; what began together is ordered by number.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    entries: Vec<Box<Entry>>,
    started: HashMap<ExchangeId, Timestamp>,
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
