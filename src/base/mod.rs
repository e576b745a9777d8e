//! The ground floor: what everybody needs and nobody owns. It names no other room.

pub mod atomic_file;
pub mod cause;
pub mod clock;
pub(crate) mod fast;
pub mod hex;
pub mod host_pattern;
pub(crate) mod lock;
pub(crate) mod pem;
pub mod printable;
pub mod signals;
pub(crate) mod table;
pub mod text;
pub(crate) mod token;
