//! Sentences for people, in every language: why a step happened and what it means, what the
//! rules say, and the names of kinds and states.
//!
//! Values from the network stand in the sentences as they are, only shortened: whoever prints
//! them escapes them.

#[cfg(test)]
mod gallery;
mod step;

use crate::pulls::{Pull, Step};
use crate::registry::{Kind, Reading};
use crate::words::Lang;

/// One to four sentences about a step of a pull: what the client wanted and what came of it.
pub fn explain(step: &Step, reading: &Reading, pull: &Pull, lang: Lang) -> String {
    let scene = step::StepScene {
        kind: step.kind,
        part: step.part,
        why: step.cause.map(|cause| cause.why),
        entry: step.entry.as_deref(),
        reading,
        pull: Some(pull),
    };
    step::tell(&scene, lang)
}

/// The same about an exchange that belongs to no pull.
pub fn explain_alone(kind: Kind, reading: &Reading, lang: Lang) -> String {
    let scene = step::StepScene {
        kind,
        part: None,
        why: None,
        entry: None,
        reading,
        pull: None,
    };
    step::tell(&scene, lang)
}
