//! The story of a pull as blocks of text: pure layout that terminals, Markdown and others print.
//!
//! [`pull()`] and its siblings say *what* is told, in either language; [`text`] lays it out in
//! columns. Everything in a [`Span`] has passed the sanitiser.

mod block;
mod connections;
mod digest;
mod document;
mod explain;
mod finding;
mod image;
mod place;
mod pull;
mod redirect;
mod step;
pub mod text;
mod token;
mod transfer;

pub use block::{Block, Cell, Span, Table, Tone};
pub(crate) use block::{cell, spaced};
pub use connections::{beyond_pulls, loose, loose_heading, unread};
pub use explain::{explain, explain_alone};
pub use finding::finding;
pub use place::{short_url, shorten};
pub use pull::{PullStory, StepStory, Telling, pull, title};
pub use step::around;
pub(crate) use transfer::millis;
