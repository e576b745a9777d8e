//! What the proxy announces, in a form that is stored, replayed and merged in any order.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Body, Capture, Connection, Ending, Exchange, ExchangeId, HandshakeFailed, Omission,
    RequestHead, ResponseHead, Timings, Tunnel, Upstream,
};

/// One step of the traffic. Each fills in fields that no other step fills in, so applying a set
/// of events in any order gives the same record; `Ended` and `Tunnel` supersede earlier figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub ending: Ending,
    /// The phases.
    pub timings: Timings,
    /// The server's side, when a connection was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// The request's body, when there was a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<Body>,
    /// The response's body, when there was a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

impl Exchange {
    /// An exchange that has just been opened.
    pub fn new(id: ExchangeId, started: Timestamp, connection: Connection) -> Self {
        Self {
            id,
            started,
            connection,
            request: None,
            request_body: None,
            upstream: None,
            response: None,
            response_body: None,
            sent: 0,
            received: 0,
            timings: Timings::default(),
            ended: None,
            redacted: false,
        }
    }

    /// How long it took: the sum of its phases, and where none of them was measured, from its
    /// start to its end. Zero while neither is known, and where the clock went back.
    pub fn took(&self) -> Duration {
        let total = self.timings.total();
        match &self.ended {
            Some((at, _)) if total.is_zero() => {
                Duration::try_from(at.duration_since(self.started)).unwrap_or_default()
            }
            _ => total,
        }
    }

    /// Fills in what an event of this exchange says. `Opened` and events without an exchange
    /// change nothing here.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::RequestHead { request, .. } => self.request = Some(request),
            Event::ResponseHead { response, .. } => self.response = Some(response),
            Event::Progress { sent, received, .. } => {
                self.sent = self.sent.max(sent);
                self.received = self.received.max(received);
            }
            Event::Ended { end, .. } => {
                let size = |body: &Option<Body>| body.as_ref().map_or(0, |body| body.size);
                self.sent = self.sent.max(size(&end.request_body));
                self.received = self.received.max(size(&end.response_body));
                self.ended = Some((end.at, end.ending));
                self.timings = end.timings;
                self.upstream = end.upstream;
                self.request_body = end.request_body;
                self.response_body = end.response_body;
                self.redacted = end.redacted;
            }
            Event::Opened { .. } | Event::Tunnel(_) | Event::HandshakeFailed(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_took_its_phases_or_else_the_time_to_its_end() {
        let start = Timestamp::UNIX_EPOCH;
        let connection = r#"{"id":1,"client":"127.0.0.1:1","opened":"1970-01-01T00:00:00Z"}"#;
        let connection = serde_json::from_str(connection).unwrap();
        let mut exchange = Exchange::new(ExchangeId(1), start, connection);
        assert_eq!(exchange.took(), Duration::ZERO);
        let end = start + Duration::from_millis(100);
        exchange.ended = Some((end, Ending::Complete));
        assert_eq!(exchange.took(), Duration::from_millis(100));
        exchange.timings.wait = Some(Duration::from_millis(40));
        assert_eq!(exchange.took(), Duration::from_millis(40));
        exchange.timings = Timings::default();
        exchange.started = end + Duration::from_secs(1);
        assert_eq!(exchange.took(), Duration::ZERO);
    }
}
