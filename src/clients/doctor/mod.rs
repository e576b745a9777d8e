//! What keeps a client from being traced: checks with a reason and a fix.
//!
//! Each check looks at the machine as it is, and asks the programs themselves where it can. A
//! fix is lines for a shell that, run as printed, make the check pass.

mod cause;
mod check;
mod docker;
mod examine;
mod general;
mod handshake;
mod no_proxy;
mod patient;
mod unit;

pub use cause::Cause;
pub use check::{Check, CheckResult, describe};
pub use examine::examine;
pub use handshake::PROBE_HOST;
pub use patient::Patient;
