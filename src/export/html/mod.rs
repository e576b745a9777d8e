//! A page of its own: the story of every pull in both languages, its pictures, every exchange in
//! full. It loads nothing, and is whole without scripts; a script adds search and keys.
//!
//! The page is written piece by piece: beside one pull, memory does not grow with the trace.
//! What came over the wire is text only (`markup`); should that ever fail, the page's
//! Content-Security-Policy lets no script run but the one whose digest it names.

mod comparison;
mod frame;
mod ladder;
mod markup;
mod trace;
mod waterfall;

pub use comparison::write as write_comparison;
pub use trace::write;
