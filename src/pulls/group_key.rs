//! The name of a group.

use crate::exchange::ExchangeId;

/// The name of a group: the exchange that it was formed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(pub ExchangeId);
