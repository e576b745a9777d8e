//! An exchange's membership in a pull.

use super::ask::Place;

/// One exchange of a pull that forms, and the exchange at which it was found to belong there:
/// itself, or a later one that claimed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) at: Place,
    pub(super) decided: Place,
}
