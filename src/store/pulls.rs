//! The pulls in order, and their numbers.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::base::fast::HashMap;
use crate::exchange::ExchangeId;
use crate::findings::Finding;
use crate::pulls::{GroupKey, order};
use crate::pulls::{Pull, PullId};

type Order = (Timestamp, Option<ExchangeId>);

/// Pulls by their start, numbered from 1. Those that were dropped keep their numbers.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    sorted: Vec<Pull>,
    /// What stands beside each of them.
    beside: Vec<Beside>,
    dropped: u64,
    orders: HashMap<GroupKey, Order>,
    /// From where on numbers are to be given.
    unnumbered: Option<usize>,
}

/// What else is known of a pull.
#[derive(Debug)]
struct Beside {
    /// How many before it were dropped.
    skips: u64,
    findings: Box<[Finding]>,
}

impl Pulls {
    pub(super) fn all(&self) -> &[Pull] {
        &self.sorted
    }

    pub(super) fn get(&self, id: PullId) -> Option<&Pull> {
        self.sorted.get(self.place(id)?)
    }

    /// What is wrong with a pull.
    pub(super) fn findings(&self, id: PullId) -> &[Finding] {
        let beside = self.place(id).and_then(|at| self.beside.get(at));
        beside.map_or(&[], |beside| &beside.findings)
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
    pub(super) fn replace(&mut self, key: GroupKey, pull: Option<(Pull, Vec<Finding>)>) {
        if let Some(at) = self.position(key) {
            match pull {
                Some((mut pull, findings)) if self.orders.get(&key) == Some(&order(&pull)) => {
                    if let Some(place) = self.sorted.get_mut(at) {
                        pull.id = place.id;
                        *place = pull;
                    }
                    if let Some(beside) = self.beside.get_mut(at) {
                        beside.findings = findings.into();
                    }
                    return;
                }
                _ => {}
            }
            self.sorted.remove(at);
            self.beside.remove(at);
            self.orders.remove(&key);
            self.renumber_from(at);
        }
        if let Some((pull, findings)) = pull {
            self.insert(key, pull, findings);
        }
    }

    fn insert(&mut self, key: GroupKey, pull: Pull, findings: Vec<Finding>) {
        let place = order(&pull);
        let at = self.sorted.partition_point(|other| order(other) < place);
        let skips = self.beside.get(at).map_or(self.dropped, |next| next.skips);
        self.orders.insert(key, place);
        self.sorted.insert(at, pull);
        let findings = findings.into();
        self.beside.insert(at, Beside { skips, findings });
        self.renumber_from(at);
    }

    /// Drops pulls for good.
    pub(super) fn drop(&mut self, gone: &HashSet<PullId>) {
        let mut dropped = 0;
        let mut kept = self.sorted.iter().map(|pull| !gone.contains(&pull.id));
        self.beside.retain_mut(|beside| {
            let keep = kept.next().unwrap_or(true);
            dropped += u64::from(!keep);
            beside.skips += dropped;
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
        for (((at, pull), beside), number) in numbered.zip(&self.beside).zip(1_u64..).skip(from) {
            let id = PullId(number + beside.skips);
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

    fn place(&self, id: PullId) -> Option<usize> {
        self.sorted.binary_search_by_key(&id, |pull| pull.id).ok()
    }

    fn position(&self, key: GroupKey) -> Option<usize> {
        let place = self.orders.get(&key)?;
        self.sorted.binary_search_by_key(place, order).ok()
    }
}
