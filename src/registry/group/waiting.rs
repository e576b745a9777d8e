//! Exchanges that name no repository and wait for one that does: `/v2/` and bare tokens.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::{Ask, ClientKey, Place, answered_by, ended_by, failed, place};
use super::{Look, Observed};
use crate::registry::Reading;

/// The exchanges that wait, by client.
#[derive(Debug, Default)]
pub(super) struct Waiting(HashMap<ClientKey, Vec<Waiter>>);

#[derive(Debug)]
struct Waiter {
    at: Place,
    token: bool,
    claimed: Option<Place>,
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
        let waiter = Waiter {
            at: place(observed),
            token: Ask::of(observed) == Ask::Token,
            claimed: None,
        };
        let waiters = self.0.entry(ClientKey::of(observed)).or_default();
        waiters.push(waiter);
    }

    /// Takes an exchange out, and gives back what later ones had claimed.
    pub(super) fn forget(&mut self, from: Place) {
        self.0.retain(|_, waiters| {
            waiters.retain(|waiter| waiter.at < from);
            for waiter in waiters.iter_mut() {
                waiter.claimed = waiter.claimed.filter(|claimed| *claimed < from);
            }
            !waiters.is_empty()
        });
    }

    /// Takes one exchange out for good.
    pub(super) fn remove(&mut self, client: ClientKey, at: Place) {
        if let Some(waiters) = self.0.get_mut(&client) {
            waiters.retain(|waiter| waiter.at != at);
            if waiters.is_empty() {
                self.0.remove(&client);
            }
        }
    }

    /// Whether a `/v2/` waits that this request may follow.
    pub(super) fn has_ping_for(&self, observed: Observed<'_>, look: &dyn Look) -> bool {
        self.ping_for(observed, look).is_some()
    }

    /// Everything that waits and that the first request of a pull belongs with, claimed for it.
    pub(super) fn claim(&mut self, observed: Observed<'_>, look: &dyn Look) -> Vec<Place> {
        let here = place(observed);
        let ping = self.ping_for(observed, look);
        let first = ping.map_or(here.0, |(at, _)| at);
        let Some(waiters) = self.0.get_mut(&ClientKey::of(observed)) else {
            return Vec::new();
        };
        let mut claimed = Vec::new();
        for waiter in waiters.iter_mut().filter(|waiter| waiter.claimed.is_none()) {
            let is_ping = ping == Some(waiter.at);
            // What was tried before and failed: another registry, or the same by other means.
            let before = !waiter.token
                && look.look(waiter.at.1).is_some_and(|other| {
                    failed(other)
                        && other.reading.status != Some(401)
                        && ended_by(other, first).is_some_and(|end| within(end, first, FALLTHROUGH))
                });
            // A token without a scope, got between the two.
            let between = waiter.token && ping.is_some_and(|ping| ping < waiter.at);
            if is_ping || before || between {
                waiter.claimed = Some(here);
                claimed.push(waiter.at);
            }
        }
        claimed
    }

    /// The exchanges that nothing claimed.
    pub(super) fn unclaimed(&self) -> impl Iterator<Item = (ClientKey, Place)> {
        self.0.iter().flat_map(|(client, waiters)| {
            let free = waiters.iter().filter(|waiter| waiter.claimed.is_none());
            free.map(|waiter| (*client, waiter.at))
        })
    }

    /// The `/v2/` that a request follows.
    pub(super) fn ping_for(&self, observed: Observed<'_>, look: &dyn Look) -> Option<Place> {
        let here = place(observed);
        let waiters = self.0.get(&ClientKey::of(observed))?;
        let fitting = waiters
            .iter()
            .rev()
            .take_while(|waiter| within(waiter.at.0, here.0, LONG))
            .filter(|waiter| waiter.claimed.is_none() && !waiter.token && waiter.at < here)
            .filter(|waiter| {
                look.look(waiter.at.1).is_some_and(|ping| {
                    answered_by(ping, here.0) && leads_to(ping.reading, observed.reading)
                })
            })
            .map(|waiter| waiter.at);
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
            named == realm || url::Url::parse(named).is_ok_and(|named| named.as_str() == realm)
        })
    })
}

/// Whether `later` is at most this much later; also when it is earlier.
pub(super) fn within(earlier: Timestamp, later: Timestamp, span: Duration) -> bool {
    later
        .duration_since(earlier)
        .try_into()
        .is_ok_and(|passed: Duration| passed <= span)
        || later < earlier
}
