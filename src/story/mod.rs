//! The story of a pull as blocks of text: pure layout that terminals, Markdown and others print.
//!
//! [`pull()`] and its siblings say *what* is told, in either language; [`text`] lays it out in
//! columns. Everything in a [`Span`] has passed the sanitiser.

mod blob;
mod block;
mod connections;
mod digest;
mod document;
mod explain;
mod finding;
mod image;
mod labelled;
mod naming;
mod needed;
mod outcome;
mod place;
mod pull;
mod redirect;
mod step;
mod telling;
pub mod text;
mod token;
mod transfer;
mod verdict;

pub use block::{Block, Cell, Share, Span, Table, Tone};
pub(crate) use block::{cell, spaced};
pub use connections::{
    beyond_pulls, handshake, loose, loose_heading, refusal, target, tunnel, unread,
};
pub use explain::{explain, explain_alone};
pub use finding::{finding, findings_shown_by};
pub use outcome::{status, tone, was_cut};
pub use place::{short_url, shorten};
pub use pull::{PullStory, at_a_glance, pull, title};
pub use redirect::way;
pub use step::{StepStory, about, around, decoded, why};
pub use telling::Telling;
pub(crate) use transfer::millis;
pub use transfer::{certificates, connection, moments};
pub use verdict::{mark, tally, verdict};
