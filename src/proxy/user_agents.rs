//! What the clients at an address call themselves, for those that refuse our certificate and do not
//! say: many name themselves in their requests only, and a refused tunnel has none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::base::lock::lock;

/// The `User-Agent` fields of addresses; none where it is not one alone, since who of several
/// refuses does not show.
#[derive(Default)]
pub(crate) struct UserAgents {
    seen: Mutex<HashMap<IpAddr, Option<String>>>,
}

impl UserAgents {
    /// A request came from this address.
    pub(crate) fn note(&self, address: IpAddr, agent: &str) {
        // That says which library sends, not which program.
        if agent.is_empty() || agent.len() > LONGEST || agent.starts_with("Go-http-client") {
            return;
        }
        let mut seen = lock(&self.seen);
        if seen.len() >= MOST && !seen.contains_key(&address) {
            seen.clear();
        }
        let known = seen
            .entry(address)
            .or_insert_with(|| Some(agent.to_owned()));
        known.take_if(|known| known != agent);
    }

    /// What all requests from this address said, if they said the same.
    pub(crate) fn only(&self, address: IpAddr) -> Option<String> {
        lock(&self.seen).get(&address)?.clone()
    }
}

/// Addresses that are remembered; then all are forgotten.
const MOST: usize = 1_024;
/// A longer field is not kept, in bytes.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_what_all_its_requests_say() {
        let agents = UserAgents::default();
        let [one, two] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        agents.note(one, "Go-http-client/1.1");
        assert_eq!(agents.only(one), None);
        agents.note(one, "docker/20.10");
        agents.note(one, "docker/20.10");
        agents.note(two, "curl/8");
        assert_eq!(agents.only(one).as_deref(), Some("docker/20.10"));
        agents.note(two, "skopeo/1.9");
        agents.note(two, "curl/8");
        assert_eq!(agents.only(two), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let agents = UserAgents::default();
        for number in 0..3_000_u32 {
            agents.note(IpAddr::from(number.to_be_bytes()), "curl/8");
        }
        assert!(lock(&agents.seen).len() <= MOST);
        agents.note(IpAddr::from([192, 0, 2, 1]), &"x".repeat(LONGEST + 1));
        assert_eq!(agents.only(IpAddr::from([192, 0, 2, 1])), None);
    }
}
