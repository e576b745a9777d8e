//! One exchange with what it says.

use crate::exchange::Exchange;
use crate::registry::{Kind, PullId, Reading};

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
