//! Exchanges that name no repository and wait for one that does: `/v2/` and bare tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::{
    Ask, ClientKey, Place, answered_by, ended_by, failed, leads_on, place, shows_login,
};
use super::observed::{Look, Observed};
use crate::exchange::ExchangeId;
use crate::registry::Reading;

/// The exchanges that wait, by client and then by their start.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    waiters: BTreeMap<(ClientKey, Place), Waiter>,
    order: BTreeMap<Place, ClientKey>,
    /// Those that nothing has claimed.
    free: BTreeMap<Place, ClientKey>,
    /// What was claimed, by who claimed it.
    claims: BTreeMap<Place, Vec<(ClientKey, Place)>>,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    token: bool,
    claimed: bool,
}

/// How long a registry's `/v2/` counts as the beginning of a pull.
const LONG: Duration = Duration::from_secs(60);
/// Within this time, the earliest waits for the earliest.
const SHORT: Duration = Duration::from_secs(10);
/// How long after a failure the next registry is tried.
const FALLTHROUGH: Duration = Duration::from_secs(30);

impl Waiting {
    /// Lets an exchange wait.
    pub(super) fn add(&mut self, observed: Observed<'_>) {
        let (client, at) = (ClientKey::of(observed), place(observed));
        let waiter = Waiter {
            token: Ask::of(observed) == Ask::Token,
            claimed: false,
        };
        self.waiters.insert((client, at), waiter);
        self.order.insert(at, client);
        self.free.insert(at, client);
    }

    /// Forgets all from some place on, and gives back what they had claimed.
    pub(super) fn forget(&mut self, from: Place) {
        for (at, client) in self.order.split_off(&from) {
            self.waiters.remove(&(client, at));
            self.free.remove(&at);
        }
        for (client, at) in self.claims.split_off(&from).into_values().flatten() {
            if let Some(waiter) = self.waiters.get_mut(&(client, at)) {
                waiter.claimed = false;
                self.free.insert(at, client);
            }
        }
    }

    /// Takes one exchange out for good.
    pub(super) fn remove(&mut self, client: ClientKey, at: Place) {
        self.waiters.remove(&(client, at));
        self.order.remove(&at);
        self.free.remove(&at);
        self.claims.remove(&at);
    }

    /// Whether a `/v2/` waits that this request may follow.
    pub(super) fn has_ping_for(&self, observed: Observed<'_>, look: &dyn Look) -> bool {
        self.ping_for(observed, look).is_some()
    }

    /// Everything that waits and that the first request of a pull belongs with, claimed for it.
    pub(super) fn claim(&mut self, observed: Observed<'_>, look: &dyn Look) -> Vec<Place> {
        let here = place(observed);
        let ping = self.ping_for(observed, look);
        let next = ping.and_then(|at| look.look(at.1));
        let next = next.unwrap_or(observed).reading;
        let first = ping.map_or(here.0, |(at, _)| at);
        let client = ClientKey::of(observed);
        let claimed: Vec<Place> = self
            .recent(client, here)
            .filter(|(at, waiter)| {
                let is_ping = ping == Some(*at);
                // What was tried before and failed: another registry, or the same by other means.
                let before = !waiter.token
                    && look.look(at.1).is_some_and(|other| {
                        let same = other.reading.authority == next.authority;
                        failed(other)
                            && (same || leads_on(other.reading, next))
                            && other.reading.status != Some(401)
                            && ended_by(other, first)
                                .is_some_and(|end| within(end, first, FALLTHROUGH))
                    });
                // A token without a scope, got between the two.
                let between = waiter.token && ping.is_some_and(|ping| ping < *at);
                is_ping || before || between
            })
            .map(|(at, _)| at)
            .collect();
        for at in &claimed {
            if let Some(waiter) = self.waiters.get_mut(&(client, *at)) {
                waiter.claimed = true;
            }
            self.free.remove(at);
            self.claims.entry(here).or_default().push((client, *at));
        }
        claimed
    }

    /// The exchanges that nothing claimed, by their start.
    pub(super) fn unclaimed(&self) -> impl Iterator<Item = (ClientKey, Place)> {
        self.free.iter().map(|(at, client)| (*client, *at))
    }

    /// What waits of a client, the latest first.
    fn recent(&self, client: ClientKey, here: Place) -> impl Iterator<Item = (Place, Waiter)> {
        let first = (client, (Timestamp::MIN, ExchangeId(0)));
        let all = self.waiters.range(first..(client, here)).rev();
        all.map(|((_, at), waiter)| (*at, *waiter))
            .take_while(move |(at, _)| within(at.0, here.0, LONG))
            .filter(|(_, waiter)| !waiter.claimed)
    }

    /// The `/v2/` that a request follows.
    pub(super) fn ping_for(&self, observed: Observed<'_>, look: &dyn Look) -> Option<Place> {
        let here = place(observed);
        let is_login = |at: Place| look.look(at.1).is_some_and(shows_login);
        let mut later = false;
        // What a login ended with, and all before it, is no beginning of what came after, unless that
        // shows the same.
        let shown =
            |observed: Observed<'_>| Some(observed.reading.authorization.as_ref()?.fingerprint);
        let goes_on = |at: Place| {
            observed.reading.token_request.is_some()
                || look.look(at.1).and_then(shown) == shown(observed)
        };
        let fitting = self
            .recent(ClientKey::of(observed), here)
            .filter(|(_, waiter)| !waiter.token)
            .map(|(at, _)| at)
            .take_while(|at| {
                let earlier = std::mem::replace(&mut later, true);
                !is_login(*at) || (!earlier && goes_on(*at))
            })
            .filter(|at| {
                look.look(at.1).is_some_and(|ping| {
                    answered_by(ping, here.0) && leads_to(ping.reading, observed.reading)
                })
            });
        let mut fitting = fitting.peekable();
        let latest = *fitting.peek()?;
        // Of those close together the earliest, or one on the same connection.
        let near: Vec<_> = fitting
            .take_while(|at| within(at.0, latest.0, SHORT))
            .collect();
        let connection = observed.exchange.connection.id;
        let same = |at: &&Place| {
            let ping = look.look(at.1);
            connection.0 != 0 && ping.is_some_and(|p| p.exchange.connection.id == connection)
        };
        near.iter().find(same).or(near.last()).copied()
    }
}

/// Whether the second may be what a client asks after the first, a `/v2/`.
fn leads_to(ping: &Reading, next: &Reading) -> bool {
    match &next.token_request {
        Some(request) => asks_for(ping, &request.realm),
        None => ping.authority == next.authority,
    }
}

/// Whether an answer sends its client to this token server.
pub(super) fn asks_for(challenge: &Reading, realm: &str) -> bool {
    let mut bearers = challenge.challenges.iter().filter(|c| c.is_bearer());
    bearers.any(|bearer| {
        bearer.realm().is_some_and(|named| {
            let named = named.split(['?', '#']).next().unwrap_or_default();
            named == realm
                || is_host_alike(named, realm)
                    && url::Url::parse(named).is_ok_and(|named| named.as_str() == realm)
        })
    })
}

/// Whether two URLs may name the same host. Most realms that are compared do not, and reading a
/// URL takes long.
fn is_host_alike(named: &str, realm: &str) -> bool {
    fn host(url: &str) -> Option<&str> {
        url.split_once("://")?.1.split(['/', ':', '?', '#']).next()
    }
    let is_plain = |host: &str| {
        let mut bytes = host.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    match (host(named), host(realm)) {
        (Some(named), Some(realm)) if is_plain(named) => named.eq_ignore_ascii_case(realm),
        _ => true,
    }
}

/// Whether `later` is at most this much later; also when it is earlier.
pub(super) fn within(earlier: Timestamp, later: Timestamp, span: Duration) -> bool {
    later
        .duration_since(earlier)
        .try_into()
        .is_ok_and(|passed: Duration| passed <= span)
        || later < earlier
}
