//! The pulls in order, and their numbers.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::exchange::ExchangeId;
use crate::pulls::{GroupKey, order};
use crate::pulls::{Pull, PullId};

type Order = (Timestamp, Option<ExchangeId>);

/// Pulls by their start, numbered from 1. Those that were dropped keep their numbers.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    sorted: Vec<Pull>,
    /// Of each pull: how many before it were dropped.
    skips: Vec<u64>,
    dropped: u64,
    orders: HashMap<GroupKey, Order>,
    /// From where on numbers are to be given.
    unnumbered: Option<usize>,
}

impl Pulls {
    pub(super) fn all(&self) -> &[Pull] {
        &self.sorted
    }

    pub(super) fn get(&self, id: PullId) -> Option<&Pull> {
        let at = self.sorted.binary_search_by_key(&id, |pull| pull.id).ok()?;
        self.sorted.get(at)
    }

    /// The pull that a group made, as it stands.
    pub(super) fn of(&self, key: GroupKey) -> Option<&Pull> {
        self.sorted.get(self.position(key)?)
    }

    /// Every pull with its group.
    pub(super) fn keys(&self) -> impl Iterator<Item = (GroupKey, &Pull)> {
        let keys = self.orders.keys();
        keys.filter_map(|key| Some((*key, self.of(*key)?)))
    }

    /// Puts what a group now makes in the place of what it made before.
    pub(super) fn replace(&mut self, key: GroupKey, pull: Option<Pull>) {
        if let Some(at) = self.position(key) {
            if let Some(pull) = &pull
                && self.orders.get(&key) == Some(&order(pull))
            {
                if let Some(place) = self.sorted.get_mut(at) {
                    let id = place.id;
                    place.clone_from(pull);
                    place.id = id;
                }
                return;
            }
            self.sorted.remove(at);
            self.skips.remove(at);
            self.orders.remove(&key);
            self.renumber_from(at);
        }
        if let Some(pull) = pull {
            self.insert(key, pull);
        }
    }

    fn insert(&mut self, key: GroupKey, pull: Pull) {
        let place = order(&pull);
        let at = self.sorted.partition_point(|other| order(other) < place);
        let skipped = self.skips.get(at).copied().unwrap_or(self.dropped);
        self.orders.insert(key, place);
        self.sorted.insert(at, pull);
        self.skips.insert(at, skipped);
        self.renumber_from(at);
    }

    /// Drops pulls for good.
    pub(super) fn drop(&mut self, gone: &HashSet<PullId>) {
        let mut dropped = 0;
        let mut kept = self.sorted.iter().map(|pull| !gone.contains(&pull.id));
        self.skips.retain_mut(|skips| {
            let keep = kept.next().unwrap_or(true);
            dropped += u64::from(!keep);
            *skips += dropped;
            keep
        });
        self.dropped += dropped;
        let all = std::mem::take(&mut self.sorted);
        let (gone, kept): (Vec<Pull>, Vec<Pull>) =
            all.into_iter().partition(|pull| gone.contains(&pull.id));
        self.sorted = kept;
        let gone: HashSet<Order> = gone.iter().map(order).collect();
        self.orders.retain(|_, order| !gone.contains(order));
    }

    /// Gives numbers where they are missing or wrong; the pulls whose number changed.
    pub(super) fn number(&mut self) -> Vec<usize> {
        let Some(from) = self.unnumbered.take() else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        let numbered = self.sorted.iter_mut().enumerate();
        for (((at, pull), skipped), number) in numbered.zip(&self.skips).zip(1_u64..).skip(from) {
            let id = PullId(number + skipped);
            if pull.id != id {
                pull.id = id;
                changed.push(at);
            }
        }
        changed
    }

    fn renumber_from(&mut self, at: usize) {
        self.unnumbered = Some(self.unnumbered.map_or(at, |from| from.min(at)));
    }

    fn position(&self, key: GroupKey) -> Option<usize> {
        let place = self.orders.get(&key)?;
        self.sorted.binary_search_by_key(place, order).ok()
    }
}
