//! The capture core: how bytes that pass become exchanges, whoever reads the bytes.
//!
//! [`rules`] decides what a message head may look like and how its body is framed, [`framer`]
//! follows the messages of one direction through a stream of bytes, [`meter`] measures a body,
//! with [`hash_worker`] hashing large ones on the side, [`exchange_cell`] holds an exchange while
//! it passes, and a [`Recorder`] hands on what changed. Its reader can be slow, stuck or gone
//! without any effect on traffic.

pub(crate) mod catch_panic;
pub(crate) mod exchange_cell;
pub(crate) mod framer;
pub(crate) mod hash_worker;
pub(crate) mod meter;
pub(crate) mod recorder;
pub(crate) mod rules;
pub mod sink;

pub use recorder::{Changes, Recorder};
pub use sink::{BodyStore, BodyWriter, Direction};
