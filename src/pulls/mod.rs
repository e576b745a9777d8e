//! Which exchanges make a pull, and what they make of it.
//!
//! A pull runs over many connections and hosts, and nothing on the wire names it. What belongs
//! together shows by the client, the repository, the token, the digests that manifests name,
//! where redirects lead, and time. [`Grouping`] takes those decisions, one exchange after the
//! other in the order of their start, each by what was known when it started; [`assemble`] makes
//! a [`Pull`] of the exchanges that were found to belong together.

mod ask;
mod assemble;
mod blobs;
mod causes;
mod critical;
mod grouping;
mod links;
mod member;
mod orphans;
mod party;
mod pull;
mod step;
mod summary;
mod waiting;

pub use assemble::assemble;
pub use grouping::{GroupKey, Grouping};
pub use pull::{Blob, BlobState, ImageSteps, Pull, PullId, Purpose, State, Totals};
pub use step::{Cause, Part, Step, Why};

use std::collections::HashMap;

use crate::exchange::{Exchange, ExchangeId};
use crate::registry::Reading;

/// An exchange and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// What it says by itself.
    pub reading: &'a Reading,
}

/// Gives exchanges by their number.
pub trait Look {
    /// The exchange with this number, when there is one.
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>>;
}

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

/// Pulls stand in the order of their first exchange.
pub fn order(pull: &Pull) -> (jiff::Timestamp, Option<ExchangeId>) {
    (pull.started, pull.steps.first().map(|step| step.exchange))
}

struct All<'a>(HashMap<ExchangeId, Observed<'a>>);

impl Look for All<'_> {
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>> {
        self.0.get(&id).copied()
    }
}
