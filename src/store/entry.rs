//! One exchange with what it says.

use crate::exchange::Exchange;
use crate::pulls::{Observed, PullId};
use crate::registry::{Bodies, Kind, Known, Reading};

/// One exchange of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The exchange.
    pub exchange: Exchange,
    /// What it says by itself.
    pub reading: Box<Reading>,
    /// What it is for; where it belongs to a pull, with the whole pull in sight.
    pub kind: Kind,
    /// The pull it belongs to.
    pub pull: Option<PullId>,
}

impl Entry {
    /// An exchange, read; it belongs to no pull yet.
    pub fn new(exchange: Exchange, bodies: &dyn Bodies) -> Self {
        Self::with(exchange, bodies, &mut Known::default())
    }

    /// The same; what is known already is not decoded again.
    pub(super) fn with(exchange: Exchange, bodies: &dyn Bodies, known: &mut Known) -> Self {
        let reading = Box::new(Reading::with(&exchange, bodies, known));
        Self {
            kind: reading.kind(&exchange),
            exchange,
            reading,
            pull: None,
        }
    }

    /// The exchange and what it says.
    pub fn observed(&self) -> Observed<'_> {
        Observed {
            exchange: &self.exchange,
            reading: &self.reading,
        }
    }
}
