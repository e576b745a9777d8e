//! Sentences for people, in every language: why a step happened and what it means, what the
//! rules say, and the names of kinds and states.

mod findings;
mod text;

pub use findings::FindingText;
pub use text::Text;

use super::{Lang, Pull, Reading, Step};

/// One to three sentences about a step of a pull: what the client wanted and what came of it.
pub fn explain(step: &Step, reading: &Reading, pull: &Pull, lang: Lang) -> String {
    let _ = (step, reading, pull, lang);
    String::new()
}
