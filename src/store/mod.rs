//! The exchanges and pulls of a session, in memory: one owner changes them, views borrow.

pub mod entry;
mod model;
mod pulls;
mod shelf;

pub use entry::Entry;
pub use model::Store;
