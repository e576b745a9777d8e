//! Where the bytes of a body come from.

use bytes::Bytes;

use crate::exchange::{Body, Capture};

/// Gives back bodies that were moved out of memory.
pub trait Bodies {
    /// The content of a stored body by its file name ([`Capture::Stored`]); `None` when it is
    /// not to be had.
    fn load(&self, file: &str) -> Option<Bytes>;
}

/// Bodies that were moved out of memory are not to be had.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemoryOnly;

impl Bodies for InMemoryOnly {
    fn load(&self, _file: &str) -> Option<Bytes> {
        None
    }
}

/// The decoded content of a body, when it was kept and is not larger than `limit` bytes.
pub(super) fn content(body: &Body, bodies: &dyn Bodies, limit: u64) -> Option<Bytes> {
    match &body.capture {
        Capture::Empty => Some(Bytes::new()),
        Capture::Memory { bytes } if fits(bytes.len(), limit) => Some(bytes.clone()),
        Capture::Stored { file, size } if *size <= limit => bodies.load(file),
        Capture::Memory { .. }
        | Capture::Stored { .. }
        | Capture::Streamed
        | Capture::Omitted { .. } => None,
    }
}

fn fits(length: usize, limit: u64) -> bool {
    u64::try_from(length).is_ok_and(|length| length <= limit)
}
