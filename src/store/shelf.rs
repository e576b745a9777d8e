//! The exchanges themselves, by their start and by their number.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::Entry;
use crate::base::fast::HashMap;
use crate::exchange::ExchangeId;
use crate::pulls::Look;
use crate::pulls::{Observed, PullId};
use crate::registry::Kind;

type ShelfPlace = (Timestamp, ExchangeId);

/// Entries in order of start; what began together is ordered by number.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    slots: Vec<Option<Box<Entry>>>,
    /// Slots that are empty.
    vacant: Vec<usize>,
    order: Vec<(ShelfPlace, usize)>,
    by_id: HashMap<ExchangeId, usize>,
    /// Those that belong to no pull.
    loose: BTreeSet<ShelfPlace>,
    /// Bytes of bodies held.
    weight: u64,
}

impl Shelf {
    /// Puts an entry in its place; one of the same number is left as it is.
    pub(super) fn insert(&mut self, entry: Entry) {
        let place = place(&entry);
        if self.by_id.contains_key(&place.1) {
            return;
        }
        self.weight = self.weight.saturating_add(entry.exchange.in_memory());
        if entry.pull.is_none() {
            self.loose.insert(place);
        }
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Some(vacant) = self.slots.get_mut(slot) {
            *vacant = Some(Box::new(entry));
        }
        self.by_id.insert(place.1, slot);
        let at = self.order.partition_point(|(other, _)| *other < place);
        self.order.insert(at, (place, slot));
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        Entries {
            shelf: self,
            order: self.order.iter(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, id: ExchangeId) -> Option<&Entry> {
        self.slots.get(*self.by_id.get(&id)?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: ExchangeId) -> Option<&mut Entry> {
        self.slots.get_mut(*self.by_id.get(&id)?)?.as_deref_mut()
    }

    /// Those that belong to no pull, by their start.
    pub(super) fn loose(&self) -> impl Iterator<Item = &Entry> {
        self.loose.iter().filter_map(|(_, id)| self.get(*id))
    }

    /// Says which pull an entry belongs to and what it is for there; without one, what it says
    /// by itself. Whether it belonged to none before and does now.
    pub(super) fn assign(&mut self, id: ExchangeId, pull: Option<(PullId, Kind)>) -> bool {
        let Some(entry) = self.get_mut(id) else {
            return false;
        };
        let place = place(entry);
        if let Some((pull, kind)) = pull {
            entry.pull = Some(pull);
            entry.kind = kind;
            self.loose.remove(&place)
        } else {
            entry.pull = None;
            entry.kind = entry.reading.kind(&entry.exchange);
            self.loose.insert(place);
            false
        }
    }

    pub(super) fn remove(&mut self, gone: &HashSet<ExchangeId>) {
        for id in gone {
            let Some(slot) = self.by_id.remove(id) else {
                continue;
            };
            let entry = self.slots.get_mut(slot).and_then(Option::take);
            let held = entry.map_or(0, |entry| entry.exchange.in_memory());
            self.weight = self.weight.saturating_sub(held);
            self.vacant.push(slot);
        }
        self.order.retain(|((_, id), _)| !gone.contains(id));
        self.loose.retain(|(_, id)| !gone.contains(id));
    }

    /// The numbers of all, by their start.
    pub(super) fn ids(&self) -> impl Iterator<Item = ExchangeId> {
        self.order.iter().map(|((_, id), _)| *id)
    }

    /// Bytes of bodies held.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// Notes that an entry holds another number of bytes than before.
    pub(super) fn weigh(&mut self, before: u64, now: u64) {
        self.weight = self.weight.saturating_sub(before).saturating_add(now);
    }
}

/// Entries by their start.
struct Entries<'a> {
    shelf: &'a Shelf,
    order: std::slice::Iter<'a, (ShelfPlace, usize)>,
}

impl<'a> Entries<'a> {
    fn at(&self, order: Option<&(ShelfPlace, usize)>) -> Option<&'a Entry> {
        let (_, slot) = order?;
        self.shelf.slots.get(*slot)?.as_deref()
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.order.next();
        self.at(next)
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let next = self.order.nth(n);
        self.at(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.order.size_hint()
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let next = self.order.next_back();
        self.at(next)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let next = self.order.nth_back(n);
        self.at(next)
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl Look for Shelf {
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>> {
        self.get(id).map(Entry::observed)
    }
}

fn place(entry: &Entry) -> ShelfPlace {
    (entry.exchange.started, entry.exchange.id)
}
