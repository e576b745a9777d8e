//! The forms a trace is shared in besides HAR. Pure: each takes a trace and gives text.

pub mod allowlist;
mod arrow;
pub mod curl;
pub mod diff;
pub mod html;
pub mod json;
pub mod markdown;
pub mod mermaid;
pub mod otlp;
pub mod transcript;
