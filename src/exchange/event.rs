//! What the proxy announces, in a form that is stored, replayed and merged in any order.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Body, Capture, Connection, Ending, ExchangeId, HandshakeFailed, Omission, RequestHead,
    ResponseHead, Timings, Tunnel, Upstream,
};

/// One step of the traffic. Each fills in fields that no other step fills in, so applying a set
/// of events in any order gives the same record; `Ended` and `Tunnel` supersede earlier figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// A request began to arrive.
    Opened {
        /// Which exchange.
        id: ExchangeId,
        /// When its first byte arrived.
        at: Timestamp,
        /// On which connection.
        connection: Box<Connection>,
    },
    /// A request's head is complete.
    RequestHead {
        /// Which exchange.
        id: ExchangeId,
        /// The head and the URL.
        request: RequestHead,
    },
    /// A response's head is complete.
    ResponseHead {
        /// Which exchange.
        id: ExchangeId,
        /// The head.
        response: ResponseHead,
    },
    /// Content has passed.
    Progress {
        /// Which exchange.
        id: ExchangeId,
        /// Bytes of request content so far.
        sent: u64,
        /// Bytes of response content so far.
        received: u64,
    },
    /// The exchange is over; nothing about it changes any more.
    Ended {
        /// Which exchange.
        id: ExchangeId,
        /// How it went.
        end: Box<End>,
    },
    /// A tunnel opened, moved or ended; a later one replaces an earlier one of the same id.
    Tunnel(Box<Tunnel>),
    /// A client did not accept our certificate, or sent no TLS we can answer.
    HandshakeFailed(Box<HandshakeFailed>),
}

/// What is known of an exchange once it is over.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub ending: Ending,
    /// The phases.
    pub timings: Timings,
    /// The server's side, when a connection was tried.
    #[serde(default)]
    pub upstream: Option<Arc<Upstream>>,
    /// The request's body, when there was a request.
    #[serde(default)]
    pub request_body: Option<Body>,
    /// The response's body, when there was a response.
    #[serde(default)]
    pub response_body: Option<Body>,
    /// Whether secrets were taken out of this exchange's events.
    #[serde(default)]
    pub redacted: bool,
}

impl Event {
    /// The exchange this event is about, if it is about one.
    pub fn exchange(&self) -> Option<ExchangeId> {
        match self {
            Self::Opened { id, .. }
            | Self::RequestHead { id, .. }
            | Self::ResponseHead { id, .. }
            | Self::Progress { id, .. }
            | Self::Ended { id, .. } => Some(*id),
            Self::Tunnel(_) | Self::HandshakeFailed(_) => None,
        }
    }

    /// Bytes of the bodies that this event carries.
    pub fn body_bytes(&self) -> usize {
        let Self::Ended { end, .. } = self else {
            return 0;
        };
        let bodies = [&end.request_body, &end.response_body];
        bodies.into_iter().flatten().map(Body::in_memory).sum()
    }

    /// The same event, without the bodies it carries that are longer than `longest` bytes.
    #[must_use]
    pub fn without_bodies(&self, longest: usize, reason: Omission) -> Self {
        let mut event = self.clone();
        if let Self::Ended { end, .. } = &mut event {
            let bodies = [&mut end.request_body, &mut end.response_body];
            for body in bodies.into_iter().flatten() {
                if body.in_memory() > longest {
                    body.capture = Capture::Omitted { reason };
                }
            }
        }
        event
    }
}
