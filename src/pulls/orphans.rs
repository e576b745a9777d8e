//! Clients that never got as far as naming a repository: their `/v2/` failed, and nothing
//! followed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ask::{Ask, Place, failed, hash};
use super::group_key::GroupKey;
use super::observed::Look;
use super::waiting::{Waiting, within};

/// Tries of one client at one registry, none of which came to anything.
pub(super) type Orphans = BTreeMap<GroupKey, Vec<Place>>;

/// A client that tries again does so within this time.
const AGAIN: Duration = Duration::from_secs(30);

/// Gathers what waits in vain and failed.
pub(super) fn orphans(waiting: &Waiting, look: &dyn Look) -> Orphans {
    let mut orphans = Orphans::new();
    // The latest try of each client at each registry.
    let mut latest: BTreeMap<u64, (GroupKey, Place)> = BTreeMap::new();
    for (client, at) in waiting.unclaimed() {
        let Some(observed) = look.look(at.1) else {
            continue;
        };
        let in_vain = failed(observed) && observed.reading.status != Some(401);
        if !in_vain || Ask::of(observed) != Ask::Ping {
            continue;
        }
        let lane = hash(&(client, &observed.reading.authority));
        let key = match latest.get(&lane) {
            Some((key, before)) if within(before.0, at.0, AGAIN) => *key,
            _ => GroupKey(at.1),
        };
        latest.insert(lane, (key, at));
        orphans.entry(key).or_default().push(at);
    }
    orphans
}
