//! The vocabulary: what one request and its response were, on the wire.
//!
//! An *exchange* is one HTTP request and its response. The proxy fills exchanges in as bytes
//! pass by and announces each step as an [`Event`]; every other module reads them. Nothing in
//! here performs IO and nothing in here knows what a registry is.

pub(crate) mod alert;
pub(crate) mod backlog;
pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod content_range;
pub(crate) mod ending;
pub(crate) mod event;
#[doc(hidden)]
pub mod head;
pub(crate) mod id;
pub(crate) mod message;
pub(crate) mod obstacle;
pub(crate) mod record;
pub(crate) mod timings;
pub(crate) mod trace;
pub(crate) mod tunnel;
pub(crate) mod upstream;

pub use alert::{HandshakeFailed, Rejection};
pub use backlog::Backlog;
pub use body::{Body, Capture, Omission};
pub use connection::{Authority, Connection, TlsSession};
pub use content_range::{ContentRange, RangeParts};
pub use ending::{Ending, Failure, Side};
pub use event::{End, Event};
pub use head::{Fidelity, Field, ParsedHead, RawHead};
pub use id::{ConnectionId, ExchangeId, SocketId, TunnelId};
pub use message::{RequestHead, ResponseHead, ResponseOrigin};
pub use obstacle::Obstacle;
pub use record::Exchange;
pub use timings::{Phase, Timings};
pub use trace::{Bodies, ForeignFields, Trace};
pub use tunnel::{Tunnel, TunnelKind};
pub use upstream::{Upstream, Verification};
