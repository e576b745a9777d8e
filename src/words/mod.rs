//! Words for people, in every language that they exist in: the catalogue, its phrases, and figures
//! as sentences have them. What it says stands in the data files of this folder, which need no
//! Rust to edit.

mod catalogue;
pub mod figures;
mod finding_text;
mod lang;
mod phrase;
mod worded;

#[cfg(test)]
mod tests;

pub(crate) use catalogue::row;
#[cfg(test)]
pub(crate) use catalogue::rows;
pub use catalogue::{phrase, say};
pub use finding_text::FindingText;
pub use lang::Lang;
pub use phrase::Phrase;
#[cfg(test)]
pub(crate) use worded::assert_rows;
pub(crate) use worded::worded;
