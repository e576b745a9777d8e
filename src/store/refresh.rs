//! Brings the pulls up to date with the exchanges, and lets go of the oldest.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::model::Store;
use super::{Entry, findings};
use crate::exchange::{Capture, ExchangeId, Omission};
use crate::pulls::{GroupKey, assemble};
use crate::pulls::{Pull, PullId, State};

/// A pull that was quiet for this long is over.
const QUIET: Duration = Duration::from_secs(3);
/// Handshakes and tunnels have to do with pulls that were about within this time of them.
const ABOUT: Duration = Duration::from_secs(60);

impl Store {
    /// Makes anew the pulls that changed.
    pub(super) fn refresh(&mut self) {
        let pulls = self.pulls.all().len();
        self.grouping.refresh(&self.shelf);
        let touched = self.grouping.take_touched();
        let mut moved = BTreeSet::new();
        for key in &touched {
            moved.extend(self.pulls.of(*key).into_iter().flat_map(steps));
            self.rebuild(*key);
        }
        self.number(&touched, moved);
        self.judge_around(&touched);
        let heard = std::mem::take(&mut self.due.heard);
        let loose = heard
            .iter()
            .any(|id| self.entry(*id).is_some_and(|entry| entry.pull.is_none()));
        // A new pull may explain a refusal.
        let explained = !self.tunnels.handshakes().is_empty() && self.pulls.all().len() != pulls;
        if std::mem::take(&mut self.due.session) || loose || explained {
            self.loose_findings = findings::of_session(&self.pulls, &self.shelf, &self.tunnels);
        }
    }

    /// Looks again at the pulls that have been quiet for long enough by now; whether there was
    /// one.
    pub(super) fn calm(&mut self) -> bool {
        let restless = std::mem::take(&mut self.restless);
        let (calm, restless): (BTreeSet<_>, BTreeSet<_>) = restless
            .into_iter()
            .partition(|key| self.is_settled(&self.grouping.members(*key)));
        self.restless = restless;
        for key in &calm {
            self.rebuild(*key);
        }
        self.number(&calm, BTreeSet::new());
        !calm.is_empty()
    }

    fn rebuild(&mut self, key: GroupKey) {
        let ids = self.grouping.members(key);
        let settled = self.is_settled(&ids);
        if settled || ids.is_empty() {
            self.restless.remove(&key);
        } else {
            self.restless.insert(key);
        }
        let members = ids.iter().filter_map(|id| self.shelf.get(*id));
        let members: Vec<_> = members.map(Entry::observed).collect();
        let pull = assemble(&members, settled).map(|mut pull| {
            let found = findings::of_pull(&mut pull, &self.shelf, &self.tunnels, settled);
            (pull, found)
        });
        self.pulls.replace(key, pull);
    }

    /// Whether nothing more is to come of these exchanges.
    fn is_settled(&self, ids: &[ExchangeId]) -> bool {
        let mut ends = ids.iter().filter_map(|id| {
            let entry = self.shelf.get(*id)?;
            Some(entry.exchange.ended.as_ref().map(|(at, _)| *at))
        });
        let Some(now) = self.now else {
            return ends.all(|end| end.is_some());
        };
        ends.all(|end| end.is_some_and(|end| now >= end + QUIET))
    }

    /// Tells exchanges their pull; `moved` are those that may have had another one.
    fn number(&mut self, touched: &BTreeSet<GroupKey>, mut moved: BTreeSet<ExchangeId>) {
        let renumbered = self.pulls.number();
        let renumbered = renumbered.iter().filter_map(|at| self.pulls.all().get(*at));
        let touched = touched.iter().filter_map(|key| self.pulls.of(*key));
        for pull in renumbered.chain(touched) {
            for step in &pull.steps {
                moved.remove(&step.exchange);
                let found = self.shelf.assign(step.exchange, Some((pull.id, step.kind)));
                self.due.session |= found && !self.loose_findings.is_empty();
            }
        }
        for id in moved {
            self.due.session = true;
            self.shelf.assign(id, None);
        }
    }

    /// Handshakes and tunnels may change what is to be said of pulls that did not change.
    fn judge_around(&mut self, touched: &BTreeSet<GroupKey>) {
        let moments = std::mem::take(&mut self.due.around);
        if moments.is_empty() {
            return;
        }
        self.due.session = true;
        let about = |pull: &Pull| {
            let ended = pull.ended.unwrap_or(Timestamp::MAX);
            let near = |at: &Timestamp| before(pull.started) <= *at && *at <= after(ended);
            moments.iter().any(near)
        };
        let near: Vec<GroupKey> = self
            .pulls
            .keys()
            .filter(|(key, pull)| !touched.contains(key) && about(pull))
            .map(|(key, _)| key)
            .collect();
        for key in near {
            self.rebuild(key);
        }
    }

    /// Lets go of what is too much.
    pub(super) fn retain(&mut self) {
        if self.shelf.len() > self.retention.exchanges {
            self.drop_oldest();
        }
        if self.shelf.weight() > self.retention.bodies {
            self.drop_bodies();
        }
    }

    /// Drops the oldest pulls that are over, and the oldest exchanges without one, and some more
    /// than need be, so that this is not done at each event.
    fn drop_oldest(&mut self) {
        let keep = self.retention.exchanges - self.retention.exchanges / 16;
        let mut excess = self.shelf.len().saturating_sub(keep);
        let mut gone: HashSet<ExchangeId> = HashSet::new();
        let mut pulls: HashSet<PullId> = HashSet::new();
        for entry in self.shelf.iter() {
            if excess == 0 {
                break;
            }
            let pull = entry.pull.and_then(|id| self.pulls.get(id));
            let group: Vec<ExchangeId> = match pull {
                Some(pull) if pull.state == State::UnderWay || pulls.contains(&pull.id) => continue,
                Some(pull) => {
                    pulls.insert(pull.id);
                    pull.steps.iter().map(|step| step.exchange).collect()
                }
                None if entry.exchange.ended.is_some() => vec![entry.exchange.id],
                None => continue,
            };
            excess = excess.saturating_sub(group.len());
            gone.extend(group);
        }
        for id in &gone {
            if let Some(entry) = self.shelf.get(*id) {
                self.grouping.forget(entry.observed());
            }
        }
        self.shelf.remove(&gone);
        self.due.session = true;
        self.dropped.exchanges += gone.len() as u64;
        self.dropped.pulls += pulls.len() as u64;
        self.pulls.drop(&pulls);
    }

    /// Lets go of the oldest bodies; what was read in them stays.
    fn drop_bodies(&mut self) {
        let keep = self.retention.bodies - self.retention.bodies / 16;
        let mut weight = self.shelf.weight();
        let mut let_go = 0;
        let ids: Vec<ExchangeId> = self.shelf.ids().collect();
        for id in ids {
            if weight <= keep {
                break;
            }
            let Some(entry) = self.shelf.get_mut(id) else {
                continue;
            };
            if entry.exchange.ended.is_none() {
                continue;
            }
            weight = weight.saturating_sub(entry.exchange.in_memory());
            let exchange = &mut entry.exchange;
            let bodies = [&mut exchange.request_body, &mut exchange.response_body];
            for body in bodies.into_iter().flatten() {
                if matches!(&body.capture, Capture::Memory { bytes } if !bytes.is_empty()) {
                    body.capture = Capture::Omitted {
                        reason: Omission::Memory,
                    };
                    let_go += 1;
                }
            }
        }
        self.shelf.weigh(self.shelf.weight(), weight);
        self.dropped.bodies += let_go;
    }
}

/// The exchanges of a pull.
fn steps(pull: &Pull) -> impl Iterator<Item = ExchangeId> {
    pull.steps.iter().map(|step| step.exchange)
}

fn before(moment: Timestamp) -> Timestamp {
    moment.checked_sub(ABOUT).unwrap_or(Timestamp::MIN)
}

fn after(moment: Timestamp) -> Timestamp {
    moment.checked_add(ABOUT).unwrap_or(Timestamp::MAX)
}
