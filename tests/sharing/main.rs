//! What is made of a trace for people and tools: the story, and every form it is exported in.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

#[path = "../e2e/components.rs"]
mod components;
#[path = "../article/load.rs"]
mod load;
#[path = "../e2e/roster.rs"]
mod roster;

mod agreement;
mod curl;
mod diff;
mod golden;
mod hostile;
mod json;
mod mermaid;
mod mitmproxy;
mod otlp;
mod page;
mod program;
