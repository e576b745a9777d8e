//! The capture core: how bytes that pass become exchanges, whoever reads the bytes.
//!
//! A [`Framer`] follows the messages of one direction through a stream of bytes and checks their
//! heads, a [`Meter`] measures a body, an [`OpenExchange`] holds an exchange while it passes, an
//! [`OpenTunnel`] a tunnel that is not read, and a [`Recorder`] hands on what changed. Its reader
//! can be slow, stuck or gone without any effect on traffic.
//!
//! The core asks for no time: its caller says when bytes arrived, and hands the recorder the clock
//! by which exchanges end.

pub(crate) mod catch_panic;
mod content;
mod exchange_cell;
mod framer;
mod handshake_cell;
pub(crate) mod hash_worker;
mod limits;
mod meter;
mod recorder;
mod rules;
mod sink;
mod tunnel_cell;

pub use content::DeclaredContent;
pub use exchange_cell::{AtWork, BodyEnd, OpenExchange, PhaseMarks};
pub use framer::{FramedHead, Framer, StreamPart};
pub use handshake_cell::record_failed_handshake;
pub use limits::CaptureLimits;
pub use meter::{Meter, Policy};
pub use recorder::{Changes, Recorder};
pub use rules::Violation;
pub use sink::{BodyStore, BodyWriter, Direction};
pub use tunnel_cell::OpenTunnel;
