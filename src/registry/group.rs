//! Which exchanges make a pull.

use super::{Pull, Reading};
use crate::exchange::Exchange;

/// An exchange and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// What it says by itself.
    pub reading: &'a Reading,
}

/// Groups exchanges into pulls and pushes. `observed` is in order of start.
pub fn group(observed: &[Observed<'_>]) -> Vec<Pull> {
    let _ = observed;
    Vec::new()
}
