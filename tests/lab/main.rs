//! The lab on the wire: what its registries answer, byte by byte.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::format_push_string,
    reason = "a test ends where it goes wrong"
)]

mod client;
mod faults;
mod findings;
mod proxy;
mod refusals;
mod replay;
mod server;
mod support;
mod today;
