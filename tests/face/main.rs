//! What others may build on: the examples do what they say, and no type of a crate that only the
//! inside needs stands in a public signature.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod examples;
mod public;
mod signatures;
#[path = "../source/mod.rs"]
mod source;
