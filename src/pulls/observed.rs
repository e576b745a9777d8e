//! An exchange with what it says.

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
