//! The exchanges and pulls of a session, in memory: one owner changes them, views borrow.

pub mod entry;
mod model;

pub use entry::Entry;
pub use model::Store;
