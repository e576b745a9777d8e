//! The crate's sources as tokens: where files name what others define.
//!
//! Tokens leave out comments and strings but see inside macros. What is shared here is used by
//! every test program that reads the sources.

pub(crate) mod crate_source;
pub(crate) mod cycles;
pub(crate) mod definitions;
mod module_map;
pub(crate) mod path;
mod production;
