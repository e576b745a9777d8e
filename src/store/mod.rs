//! The exchanges and pulls of a session, in memory: one owner changes them, views borrow.

pub mod entry;
pub mod filter;
mod model;
mod pulls;
mod shelf;

pub use entry::Entry;
pub use filter::{Filter, Mistake};
pub use model::Store;
