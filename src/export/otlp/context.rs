//! Identifiers that follow from what they identify.

use aws_lc_rs::digest;
use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::exchange::{Connection, Exchange};

/// The trace that spans belong to, and its root.
///
/// The identifiers are the first bytes of a SHA-256 over the number, start and client of the
/// exchange that a trace begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Context {
    /// The trace's identifier.
    pub(super) trace: [u8; 16],
    /// The identifier of the root span.
    pub(super) root: [u8; 8],
}

impl Context {
    /// The trace of the pull that begins with this exchange.
    pub(super) fn of_pull(first: &Exchange) -> Self {
        let identity = identity(first.id.0, first.started, &first.connection);
        Self {
            trace: hash("trace", &identity),
            root: hash("pull", &identity),
        }
    }

    /// The trace of an exchange that belongs to no pull: its span is the root.
    pub(super) fn of_loose(exchange: &Exchange) -> Self {
        let identity = identity(exchange.id.0, exchange.started, &exchange.connection);
        Self {
            trace: hash("trace", &identity),
            root: span_id(exchange),
        }
    }

    /// The trace of a tunnel or a refused handshake.
    pub(super) fn of_other(what: &str, number: u64, at: Timestamp, on: &Connection) -> Self {
        let identity = identity(number, at, on);
        let root: [u8; 8] = hash(what, &identity);
        Self {
            trace: hash(what, &[identity.as_slice(), b"trace"].concat()),
            root,
        }
    }

    /// A span of this trace; without a parent it is the root.
    pub(super) fn span(&self, id: [u8; 8], parent: Option<[u8; 8]>) -> Span {
        Span {
            trace_id: self.trace.to_vec(),
            span_id: id.to_vec(),
            parent_span_id: parent.map(Vec::from).unwrap_or_default(),
            // Sampled (W3C trace flags).
            flags: 1,
            // Some readers of JSON stumble over `null`.
            status: Some(Status::default()),
            ..Span::default()
        }
    }
}

/// The identifier of an exchange's span.
pub(super) fn span_id(exchange: &Exchange) -> [u8; 8] {
    let identity = identity(exchange.id.0, exchange.started, &exchange.connection);
    hash("exchange", &identity)
}

/// Nanoseconds since 1970; 0 before.
pub(super) fn nanoseconds(at: Timestamp) -> u64 {
    at.as_nanosecond().try_into().unwrap_or_default()
}

fn identity(number: u64, at: Timestamp, on: &Connection) -> Vec<u8> {
    let mut identity = number.to_be_bytes().to_vec();
    identity.extend(at.as_nanosecond().to_be_bytes());
    identity.extend(on.client.to_string().into_bytes());
    identity
}

fn hash<const N: usize>(what: &str, identity: &[u8]) -> [u8; N] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [b"pullscope ", what.as_bytes(), b"\0", identity] {
        context.update(part);
    }
    let mut id = [0; N];
    for (byte, from) in id.iter_mut().zip(context.finish().as_ref()) {
        *byte = *from;
    }
    // Nothing but zeroes would be no identifier (W3C Trace Context).
    if id.iter().all(|byte| *byte == 0)
        && let Some(last) = id.last_mut()
    {
        *last = 1;
    }
    id
}
