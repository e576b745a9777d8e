//! The chain of exchanges that determined how long a pull took.

use jiff::Timestamp;

use super::blobs::{is_immediate, is_transfer};
use super::causes::Trail;
use super::observed::Observed;

/// Walks back from the exchange that ended last: to what caused it, or to what it waited for.
pub(super) fn critical_path(members: &[Observed<'_>], trail: &Trail) -> Vec<usize> {
    let end = |at: usize| {
        let exchange = members.get(at).map(|m| m.exchange);
        let ended = exchange.and_then(|x| x.ended.as_ref()).map(|(at, _)| *at);
        // What is open ends after everything else.
        (ended.is_none(), ended)
    };
    let ends = Ends::of(members, trail);
    let mut path = Vec::new();
    let mut next = (0..members.len()).max_by_key(|at| (end(*at), *at));
    while let Some(at) = next {
        path.push(at);
        next = ends.before(members, trail, at);
    }
    path.reverse();
    path
}

/// Exchanges by their end.
struct Ends {
    all: Vec<(Timestamp, usize)>,
    /// Only those that brought bytes of a blob.
    transfers: Vec<(Timestamp, usize)>,
}

impl Ends {
    fn of(members: &[Observed<'_>], trail: &Trail) -> Self {
        let mut all: Vec<_> = members
            .iter()
            .enumerate()
            .filter_map(|(at, m)| Some((m.exchange.ended.as_ref()?.0, at)))
            .collect();
        all.sort_unstable();
        let is_transfer = |at: usize| {
            let member = members.get(at);
            member.is_some_and(|member| is_transfer(*member, trail, at))
        };
        let transfers = all.iter().filter(|(_, at)| is_transfer(*at));
        Self {
            transfers: transfers.copied().collect(),
            all,
        }
    }

    /// What an exchange could not begin before.
    fn before(&self, members: &[Observed<'_>], trail: &Trail, at: usize) -> Option<usize> {
        let started = members.get(at)?.exchange.started;
        let cause = trail.causes.get(at).copied().flatten();
        if let Some((why, from)) = cause
            && is_immediate(why)
        {
            return Some(from);
        }
        // Clients fetch a few blobs at a time: a later one waits until an earlier one is there.
        let list = if cause.is_none() {
            &self.all
        } else {
            &self.transfers
        };
        let ended = list.partition_point(|(end, _)| *end <= started);
        let waited = list.iter().take(ended).rev().find(|(_, other)| *other < at);
        let caused = cause.and_then(|(_, from)| {
            let (ended, _) = members.get(from)?.exchange.ended.as_ref()?;
            Some((*ended, from))
        });
        let latest = waited.copied().max(caused).map(|(_, from)| from);
        latest.or(cause.map(|(_, from)| from))
    }
}
