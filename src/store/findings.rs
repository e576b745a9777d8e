//! Asks the rules.

use super::Entry;
use super::pulls::Pulls;
use super::shelf::Shelf;
use super::tunnels::Tunnels;
use crate::exchange::ExchangeId;
use crate::findings::{Around, Finding, Session, conclude, diagnose_session};
use crate::pulls::{Observed, Pull};

/// What is wrong with a pull; how it stands may change by it.
pub(super) fn of_pull(
    pull: &mut Pull,
    shelf: &Shelf,
    tunnels: &Tunnels,
    settled: bool,
) -> Vec<Finding> {
    let observed = |id: ExchangeId| shelf.get(id).map(Entry::observed);
    let around = Around {
        observed: &observed,
        handshakes: tunnels.handshakes(),
        tunnels: tunnels.tunnels(),
        settled,
    };
    conclude(pull, &around)
}

/// What is wrong besides.
pub(super) fn of_session(pulls: &Pulls, shelf: &Shelf, tunnels: &Tunnels) -> Vec<Finding> {
    let observed = |id: ExchangeId| shelf.get(id).map(Entry::observed);
    let loose: Vec<Observed<'_>> = shelf.loose().map(Entry::observed).collect();
    diagnose_session(&Session {
        pulls: pulls.all(),
        observed: &observed,
        loose: &loose,
        handshakes: tunnels.handshakes(),
        tunnels: tunnels.tunnels(),
    })
}
