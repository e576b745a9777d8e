//! The exchanges and pulls of a session, in memory: one owner changes them, views borrow.

pub(crate) mod entry;
#[doc(hidden)]
pub mod filter;
mod findings;
mod model;
mod pulls;
mod refresh;
pub(crate) mod retention;
mod share;
mod shelf;
mod tunnels;

pub use entry::Entry;
pub use filter::{Filter, Mistake};
pub use model::Store;
pub use retention::{Dropped, Retention};
