//! Where a whole body goes while it passes (`--keep-blobs`), as the proxy sees it.

use std::fmt;

use bytes::Bytes;

use crate::exchange::ExchangeId;

/// Takes whole bodies while they pass. The journal's body store is one.
pub trait BodyStore: fmt::Debug + Send + Sync {
    /// Begins to keep one body. Its [`Body`](crate::exchange::Body) says
    /// [`Capture::Streamed`](crate::exchange::Capture::Streamed) once it ended.
    fn open(&self, exchange: ExchangeId, direction: Direction) -> Box<dyn BodyWriter>;
}

/// Takes one body, piece by piece.
///
/// Dropping it says that the body is over, whole or not: what was taken until then is kept, as
/// it is for a body in memory. Drop it before the exchange's `Ended` event is handed on.
pub trait BodyWriter: fmt::Debug + Send {
    /// Offers the next bytes and never waits. `false` means that this body is given up, now and
    /// for all bytes to come; the caller need not offer any more.
    fn push(&mut self, bytes: Bytes) -> bool;
}

/// Which of an exchange's two bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The client's.
    Request,
    /// The server's.
    Response,
}
