//! The chain of exchanges that determined how long a pull took.

use super::Observed;
use super::blobs::{is_immediate, is_transfer};
use super::causes::Trail;

/// Walks back from the exchange that ended last: to what caused it, or to what it waited for.
pub(super) fn critical_path(members: &[Observed<'_>], trail: &Trail) -> Vec<usize> {
    let end = |at: usize| {
        let exchange = members.get(at).map(|m| m.exchange);
        let ended = exchange.and_then(|x| x.ended.as_ref()).map(|(at, _)| *at);
        // What is open ends after everything else.
        (ended.is_none(), ended)
    };
    let mut path = Vec::new();
    let mut next = (0..members.len()).max_by_key(|at| (end(*at), *at));
    while let Some(at) = next {
        path.push(at);
        next = before(members, trail, at);
    }
    path.reverse();
    path
}

fn before(members: &[Observed<'_>], trail: &Trail, at: usize) -> Option<usize> {
    let started = members.get(at)?.exchange.started;
    let cause = trail.causes.get(at).copied().flatten();
    if let Some((why, from)) = cause
        && is_immediate(why)
    {
        return Some(from);
    }
    // Clients fetch a few blobs at a time: a later one waits until an earlier one is there.
    let waited = (0..at)
        .filter_map(|other| {
            let member = *members.get(other)?;
            let (ended, _) = member.exchange.ended.as_ref()?;
            let counts = cause.is_none() || is_transfer(member, trail, other);
            (counts && *ended <= started).then_some((*ended, other))
        })
        .max();
    let caused = cause.and_then(|(_, from)| {
        let (ended, _) = members.get(from)?.exchange.ended.as_ref()?;
        Some((*ended, from))
    });
    let latest = waited.max(caused).map(|(_, from)| from);
    latest.or(cause.map(|(_, from)| from))
}
