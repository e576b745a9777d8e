//! Groups a whole session at once.

use std::collections::HashMap;

use super::assemble::assemble;
use super::grouping::Grouping;
use super::observed::{Look, Observed};
use super::pull::{Pull, PullId, order};
use crate::exchange::ExchangeId;

/// Groups exchanges into pulls and pushes. `observed` is in order of start.
pub fn group(observed: &[Observed<'_>]) -> Vec<Pull> {
    let all = All(observed.iter().map(|o| (o.exchange.id, *o)).collect());
    let mut grouping = Grouping::default();
    for one in observed {
        grouping.update(*one);
    }
    grouping.refresh(&all);
    let mut pulls: Vec<Pull> = grouping
        .groups()
        .filter_map(|members| {
            let members: Vec<_> = members.into_iter().filter_map(|id| all.look(id)).collect();
            assemble(&members, true)
        })
        .collect();
    pulls.sort_by_key(order);
    for (pull, number) in pulls.iter_mut().zip(1..) {
        pull.id = PullId(number);
    }
    pulls
}

struct All<'a>(HashMap<ExchangeId, Observed<'a>>);

impl Look for All<'_> {
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>> {
        self.0.get(&id).copied()
    }
}
