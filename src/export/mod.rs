//! The forms a trace is shared in besides HAR. Pure: each takes a trace and gives text.

pub mod story;
pub mod transcript;
