//! The proxy between raw sockets: what both ends saw is compared, byte for byte, with what was
//! recorded; and what is malformed, hostile or broken ends as documented, after which the next
//! good request is served.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod bad_requests;
mod bad_responses;
#[path = "../e2e/components.rs"]
mod components;
mod faults;
mod features;
mod fidelity;
mod flags;
mod hostile;
mod passes;
mod program;
mod ranges;
mod rig;
#[path = "../e2e/roster.rs"]
mod roster;
mod secrets;
mod tls;
