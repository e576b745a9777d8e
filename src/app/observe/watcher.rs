//! Someone who reads what was seen.

use crate::exchange::Event;
use crate::store::Store;

/// Someone who reads the model while a recording goes on. It may take its time, but should not
/// wait for anything: the model's other watchers wait for it.
pub(in crate::app) trait Watcher: Send {
    /// Something happened, which the store does not know yet.
    fn event(&mut self, _event: &Event) {}

    /// The store is up to date, or some time has passed.
    fn look(&mut self, sight: &Sight<'_>);
}

/// What a watcher sees.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct Sight<'a> {
    /// What was seen so far.
    pub(in crate::app) store: &'a Store,
    /// Events that came too fast for the store, in all.
    pub(in crate::app) missed: u64,
    /// Whether nothing more is to come.
    pub(in crate::app) last: bool,
}
