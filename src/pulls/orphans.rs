//! Clients that name no repository: they log in, or their `/v2/` failed, and nothing followed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ask::{Ask, Place, failed, hash, shows_login};
use super::group_key::GroupKey;
use super::observed::Look;
use super::waiting::{Waiting, asks_for, within};

/// Tries of one client at one registry that led to no repository.
pub(super) type Orphans = BTreeMap<GroupKey, Vec<Place>>;

/// A client that tries again does so within this time.
const AGAIN: Duration = Duration::from_secs(30);

/// Gathers the logins, and what waits in vain and failed.
pub(super) fn orphans(waiting: &Waiting, look: &dyn Look) -> Orphans {
    let mut orphans = Orphans::new();
    // The latest try of each client at each registry.
    let mut latest: BTreeMap<u64, (GroupKey, Place)> = BTreeMap::new();
    // What a login may have begun with.
    let mut before: Vec<(u64, Place)> = Vec::new();
    for (client, at) in waiting.unclaimed() {
        let Some(observed) = look.look(at.1) else {
            continue;
        };
        let is_ping = Ask::of(observed) == Ask::Ping;
        // A token request belongs where the 401 came from that it answers.
        let realm = observed.reading.token_request.as_ref().map(|r| &r.realm);
        let mut asked = before.iter().rev().filter_map(|(_, at)| look.look(at.1));
        let sender = asked.find(|c| realm.is_some_and(|realm| asks_for(c.reading, realm)));
        let Some(sender) = sender.or(Some(observed).filter(|_| is_ping)) else {
            continue;
        };
        let registry = &sender.reading.authority;
        let lane = hash(&(client, registry));
        let in_vain = is_ping && failed(observed) && observed.reading.status != Some(401);
        if !in_vain && !shows_login(observed) {
            before.push((lane, at));
            continue;
        }
        let begun = before.extract_if(.., |(other, first)| {
            *other == lane && within(first.0, at.0, AGAIN)
        });
        let begun: Vec<Place> = begun.map(|(_, at)| at).collect();
        let first = begun.first().copied().unwrap_or(at);
        let key = match latest.get(&lane) {
            Some((key, before)) if within(before.0, at.0, AGAIN) => *key,
            _ => GroupKey(first.1),
        };
        latest.insert(lane, (key, at));
        orphans.entry(key).or_default().extend(begun);
        orphans.entry(key).or_default().push(at);
    }
    for places in orphans.values_mut() {
        places.sort_unstable();
    }
    orphans
}
