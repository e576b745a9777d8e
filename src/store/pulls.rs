//! The pulls in order, and their numbers.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::exchange::ExchangeId;
use crate::registry::group::{GroupKey, order};
use crate::registry::{Pull, PullId};

type Order = (Timestamp, Option<ExchangeId>);

/// Pulls by their start, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    pulls: Vec<Pull>,
    orders: HashMap<GroupKey, Order>,
    /// From where on numbers are to be given.
    unnumbered: Option<usize>,
}

impl Pulls {
    pub(super) fn all(&self) -> &[Pull] {
        &self.pulls
    }

    pub(super) fn get(&self, id: PullId) -> Option<&Pull> {
        let at = self.pulls.binary_search_by_key(&id, |pull| pull.id).ok()?;
        self.pulls.get(at)
    }

    /// The pull that a group made, as it stands.
    pub(super) fn of(&self, key: GroupKey) -> Option<&Pull> {
        self.pulls.get(self.position(key)?)
    }

    /// Puts what a group now makes in the place of what it made before.
    pub(super) fn replace(&mut self, key: GroupKey, pull: Option<Pull>) {
        if let Some(at) = self.position(key) {
            match pull {
                Some(mut pull) if self.orders.get(&key) == Some(&order(&pull)) => {
                    if let Some(place) = self.pulls.get_mut(at) {
                        pull.id = place.id;
                        *place = pull;
                    }
                    return;
                }
                _ => {
                    self.pulls.remove(at);
                    self.orders.remove(&key);
                    self.renumber_from(at);
                }
            }
            return self.insert(key, pull);
        }
        self.insert(key, pull);
    }

    fn insert(&mut self, key: GroupKey, pull: Option<Pull>) {
        let Some(pull) = pull else {
            return;
        };
        let place = order(&pull);
        let at = self.pulls.partition_point(|other| order(other) < place);
        self.orders.insert(key, place);
        self.pulls.insert(at, pull);
        self.renumber_from(at);
    }

    /// Gives numbers where they are missing or wrong; the pulls whose number changed.
    pub(super) fn number(&mut self) -> Vec<usize> {
        let Some(from) = self.unnumbered.take() else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        let numbered = self.pulls.iter_mut().enumerate().zip(1..);
        for ((at, pull), number) in numbered.skip(from) {
            if pull.id != PullId(number) {
                pull.id = PullId(number);
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
        let at = self.pulls.binary_search_by_key(place, order);
        at.ok()
    }
}
