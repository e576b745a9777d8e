//! Which exchanges belong together, decided one after the other and undone where an earlier one
//! turns out to be different.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Ask, ClientKey, Place, hash, place};
use super::group_key::GroupKey;
use super::links::Links;
use super::observed::{Look, Observed};
use super::orphans::{Orphans, orphans};
use super::party::Party;
use super::waiting::Waiting;
use crate::base::fast::HashMap;
use crate::exchange::ExchangeId;

/// The exchanges of a session, divided into pulls.
///
/// Each exchange is placed by what was known when it started. So a change to one bears only on
/// those that started later than the change, and only those are placed anew.
#[derive(Debug, Default)]
pub struct Grouping {
    order: BTreeMap<Place, Placed>,
    parties: BTreeMap<GroupKey, Box<Party>>,
    lanes: HashMap<(ClientKey, u64), Vec<GroupKey>>,
    links: Links,
    waiting: Waiting,
    orphans: Orphans,
    /// Whether something moved that has no group.
    unsettled: bool,
    /// From where on exchanges are to be placed.
    stale: Option<Place>,
    /// The groups that may have changed.
    touched: BTreeSet<GroupKey>,
}

/// An exchange and where it belongs.
#[derive(Debug)]
struct Placed {
    group: Option<GroupKey>,
    heard: Heard,
}

/// How far an exchange had got, hashed: placing looks at nothing else that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    /// Its request, its answer, and what was read in them.
    told: u64,
    /// Its end.
    ended: u64,
}

/// How many pulls of one client, or of one repository, are looked at for a place.
const MOST: usize = 16;
/// How many pulls of anybody are looked at for a token's place.
const MANY: usize = 64;

impl Grouping {
    /// Takes an exchange in, or what has become of it.
    pub fn update(&mut self, observed: Observed<'_>) {
        let here = place(observed);
        let heard = Heard::of(observed);
        let Some(placed) = self.order.get_mut(&here) else {
            self.order.insert(here, Placed { group: None, heard });
            self.spoil(here);
            return;
        };
        let before = std::mem::replace(&mut placed.heard, heard);
        match placed.group {
            Some(key) => {
                self.touched.insert(key);
                if let Some(party) = self.parties.get_mut(&key) {
                    party.moved(observed);
                }
            }
            None => self.unsettled = true,
        }
        if before == heard {
            return;
        }
        match &observed.exchange.ended {
            // What had started by then was placed as if it were open, as it was.
            Some((at, _)) if before.told == heard.told => self.spoil((*at, ExchangeId(0))),
            _ => self.spoil(here),
        }
    }

    /// Places what has not been placed.
    pub fn refresh(&mut self, look: &dyn Look) {
        if let Some(from) = self.stale.take() {
            self.undo(from, look);
            let places: Vec<Place> = self.order.range(from..).map(|(at, _)| *at).collect();
            for at in places {
                if let Some(observed) = look.look(at.1) {
                    self.put(observed, look);
                }
            }
            self.unsettled = true;
        }
        if std::mem::take(&mut self.unsettled) {
            let before = std::mem::replace(&mut self.orphans, orphans(&self.waiting, look));
            // What became of each may have changed, too.
            self.touched.extend(before.into_keys());
            self.touched.extend(self.orphans.keys());
        }
    }

    /// Forgets exchanges for good: all those of a group, or such as have none.
    pub fn forget(&mut self, observed: Observed<'_>) {
        let here = place(observed);
        self.links.forget(here);
        self.waiting.remove(ClientKey::of(observed), here);
        let group = self.order.remove(&here).and_then(|placed| placed.group);
        if let Some(key) = group {
            self.dissolve(key);
        }
        self.orphans.retain(|_, places| {
            places.retain(|at| *at != here);
            !places.is_empty()
        });
    }

    /// The groups whose exchanges may have changed since this was last asked.
    pub fn take_touched(&mut self) -> BTreeSet<GroupKey> {
        std::mem::take(&mut self.touched)
    }

    /// The exchanges of a group by their start; none when there is no such group.
    pub fn members(&self, key: GroupKey) -> Vec<ExchangeId> {
        let party = self.parties.get(&key);
        let members = party.into_iter().flat_map(|party| &party.members);
        let orphans = self.orphans.get(&key).into_iter().flatten();
        let all = members.map(|member| member.at.1);
        all.chain(orphans.map(|at| at.1)).collect()
    }

    fn spoil(&mut self, from: Place) {
        self.stale = Some(self.stale.map_or(from, |stale| stale.min(from)));
    }

    /// Takes back every decision from some place on.
    fn undo(&mut self, from: Place, look: &dyn Look) {
        let mut shaken = BTreeSet::new();
        for (at, placed) in self.order.range_mut(from..) {
            shaken.extend(placed.group.take());
            self.links.forget(*at);
        }
        self.waiting.forget(from);
        for key in shaken {
            self.touched.insert(key);
            let Some(party) = self.parties.get_mut(&key) else {
                continue;
            };
            for at in party.truncate(from, look) {
                if let Some(placed) = self.order.get_mut(&at) {
                    placed.group = None;
                }
            }
            if party.members.is_empty() {
                self.dissolve(key);
            }
        }
    }

    fn dissolve(&mut self, key: GroupKey) {
        let Some(party) = self.parties.remove(&key) else {
            return;
        };
        if let Some(keys) = self.lanes.get_mut(&(party.client, party.lane)) {
            keys.retain(|other| *other != key);
        }
    }

    /// Places one exchange.
    fn put(&mut self, observed: Observed<'_>, look: &dyn Look) {
        let ask = Ask::of(observed);
        let group = self.find(observed, &ask, look);
        if let Some(key) = group {
            self.join(key, observed, &ask, look);
        } else if matches!(ask, Ask::Ping | Ask::Token) {
            self.waiting.add(observed);
        }
        self.links.tell(observed);
    }

    /// The group an exchange belongs to, formed where there is none.
    fn find(&mut self, observed: Observed<'_>, ask: &Ask, look: &dyn Look) -> Option<GroupKey> {
        if let Some(source) = self.links.follow(observed, look)
            && let Some(key) = self.order.get(&source).and_then(|placed| placed.group)
        {
            return Some(key);
        }
        let client = ClientKey::of(observed);
        let Some(lane) = lane(observed, ask) else {
            return self.by_realm(client, observed, look);
        };
        let keys = self.lanes.get(&(client, lane)).into_iter().flatten();
        let mut best: Option<(u32, GroupKey)> = None;
        for key in keys.rev().take(MOST) {
            let Some(party) = self.parties.get(key) else {
                continue;
            };
            let Some(fit) = party.fit(observed, ask, &self.waiting, look) else {
                continue;
            };
            // What a manifest names is for the pull that began first.
            let named = matches!(ask, Ask::Blob(_));
            if best.is_none_or(|(most, _)| fit > most || (named && fit == most)) {
                best = Some((fit, *key));
            }
        }
        // The realm that a mirror names may ask for the repository by another name.
        let sent = match best {
            Some((SENT.., _)) => None,
            _ => self.by_realm(client, observed, look),
        };
        let best = sent.or(best.map(|(_, key)| key));
        let best = best.or_else(|| self.by_blob(client, observed, ask));
        Some(best.unwrap_or_else(|| self.form(client, lane, observed)))
    }

    fn form(&mut self, client: ClientKey, lane: u64, observed: Observed<'_>) -> GroupKey {
        let key = GroupKey(observed.exchange.id);
        self.parties.insert(key, Party::new(client, lane).into());
        self.lanes.entry((client, lane)).or_default().push(key);
        key
    }

    /// A token request belongs where a 401 sent it, also if it names no repository, or if who asks
    /// calls itself otherwise: Docker 29 does so by the library that it is made of, BuildKit by the
    /// command that a person gave.
    fn by_realm(
        &self,
        client: ClientKey,
        observed: Observed<'_>,
        look: &dyn Look,
    ) -> Option<GroupKey> {
        let request = observed.reading.token_request.as_ref()?;
        let scope = request.main_scope();
        let recent = self.parties.iter().rev().take(MANY);
        let fits = recent.filter_map(|(key, party)| {
            if party.client.address != client.address
                || scope.is_some_and(|scope| !party.was_told(&scope.name, look))
            {
                return None;
            }
            let fit = party.fit(observed, &Ask::Token, &self.waiting, look)?;
            (fit >= SENT).then_some(((party.client == client, fit), *key))
        });
        fits.max_by_key(|(fit, _)| *fit).map(|(_, key)| key)
    }

    /// Before a push mounts a blob, clients look for it in other repositories, too.
    fn by_blob(&self, client: ClientKey, observed: Observed<'_>, ask: &Ask) -> Option<GroupKey> {
        let looks = *ask == Ask::Store && observed.reading.method == "HEAD";
        let mut recent = self.parties.iter().rev().take(MANY).filter(|_| looks);
        let (key, _) =
            recent.find(|(_, party)| party.client == client && party.looked_for(observed))?;
        Some(*key)
    }

    fn join(&mut self, key: GroupKey, observed: Observed<'_>, ask: &Ask, look: &dyn Look) {
        let here = place(observed);
        self.touched.insert(key);
        let Some(party) = self.parties.get_mut(&key) else {
            return;
        };
        // What waited for the first request of a pull to a registry.
        let claimed = if lane(observed, ask).is_some() && party.begins_with(observed, ask, look) {
            self.waiting.claim(observed, look)
        } else {
            Vec::new()
        };
        for at in claimed {
            if let Some(other) = look.look(at.1) {
                party.admit(other, here);
            }
            if let Some(placed) = self.order.get_mut(&at) {
                placed.group = Some(key);
            }
        }
        party.admit(observed, here);
        if let Some(placed) = self.order.get_mut(&here) {
            placed.group = Some(key);
        }
    }
}

/// How well a token request fits where a 401 sent it.
const SENT: u32 = 80;

impl Heard {
    fn of(observed: Observed<'_>) -> Self {
        let Observed { exchange, reading } = observed;
        let answered = exchange.response.as_ref().map(|response| response.at);
        let read = [
            exchange.request.is_some(),
            reading.document.is_some(),
            reading.referrers.is_some(),
            reading.token_answer.is_some(),
            reading.token_request.is_some(),
        ];
        Self {
            told: hash(&(answered, read)),
            ended: hash(&exchange.ended.as_ref().map(|(at, _)| *at)),
        }
    }
}

/// What pulls of the same client are told apart by at first: the repository.
fn lane(observed: Observed<'_>, ask: &Ask) -> Option<u64> {
    let reading = observed.reading;
    match ask {
        Ask::Catalog => return Some(hash(&("catalog", &reading.authority))),
        Ask::Token => {
            let request = reading.token_request.as_ref()?;
            if let Some(scope) = request.main_scope() {
                return Some(hash(&("repository", &scope.name)));
            }
            return None;
        }
        Ask::Ping | Ask::Other => return None,
        _ => {}
    }
    let repository = reading.repository()?;
    Some(hash(&("repository", repository)))
}
