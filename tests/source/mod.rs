//! The crate's sources as tokens: where files name what others define.
//!
//! Tokens leave out comments and strings but see inside macros. What is shared here is used by
//! every test program that reads the sources.

mod crate_source;
mod cycles;
mod definitions;
mod module_map;
mod path;
mod production;

pub(crate) use crate_source::{CrateSource, SourceFile};
pub(crate) use cycles::{Cycle, cycles};
pub(crate) use definitions::{Definition, definitions};
pub(crate) use module_map::ModuleMap;
pub(crate) use path::{Named, Tokens, paths};
