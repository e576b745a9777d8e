//! One exchange as it is known so far.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Body, Connection, Ending, Event, ExchangeId, RequestHead, ResponseHead, Side, Timings, Upstream,
};
use crate::base::clock;

/// One request and its response.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number in this session.
    pub id: ExchangeId,
    /// When the first byte of the request arrived.
    pub started: Timestamp,
    /// The client's connection.
    pub connection: Connection,
    /// The request.
    #[serde(default)]
    pub request: Option<RequestHead>,
    /// The request's body, once it ended.
    #[serde(default)]
    pub request_body: Option<Body>,
    /// The server's side, once a connection was tried.
    #[serde(default)]
    pub upstream: Option<Arc<Upstream>>,
    /// The response, once its head arrived.
    #[serde(default)]
    pub response: Option<ResponseHead>,
    /// The response's body, once it ended.
    #[serde(default)]
    pub response_body: Option<Body>,
    /// Bytes of request content forwarded so far.
    #[serde(default)]
    pub sent: u64,
    /// Bytes of response content forwarded so far.
    #[serde(default)]
    pub received: u64,
    /// The phases.
    #[serde(default)]
    pub timings: Timings,
    /// When and how it ended; `None` while it is open.
    #[serde(default)]
    pub ended: Option<(Timestamp, Ending)>,
    /// Whether secrets were taken out of this record.
    #[serde(default)]
    pub redacted: bool,
    /// Whether its moments were not measured but taken from its place in a file, and from the
    /// servers' clocks: they give an order and nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untimed: bool,
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
            untimed: false,
        }
    }

    /// How long it took: the sum of its phases, and where none of them was measured, from its
    /// start to its end. Zero while neither is known, and where the clock went back.
    pub fn took(&self) -> Duration {
        let total = self.timings.total();
        match &self.ended {
            Some((at, _)) if total.is_zero() && !self.untimed => clock::passed(self.started, *at),
            _ => total,
        }
    }

    /// Whether request and response passed whole.
    pub fn is_complete(&self) -> bool {
        matches!(self.ended, Some((_, Ending::Complete)))
    }

    /// Whether no answer of the server's came.
    pub fn has_failed(&self) -> bool {
        matches!(self.ended, Some((_, Ending::Failed { .. })))
    }

    /// Who cut it off, where somebody did.
    pub fn cut_by(&self) -> Option<Side> {
        match self.ended {
            Some((_, Ending::Aborted { by, .. })) => Some(by),
            _ => None,
        }
    }

    /// When it ended, or `other` as long as it has not.
    pub fn ended_by(&self, other: Timestamp) -> Timestamp {
        self.ended.as_ref().map_or(other, |(at, _)| *at)
    }

    /// When it began, where that was measured.
    pub fn measured(&self) -> Option<Timestamp> {
        (!self.untimed).then_some(self.started)
    }

    /// Bytes of its bodies that are in memory.
    pub(crate) fn in_memory(&self) -> u64 {
        let bodies = [&self.request_body, &self.response_body];
        let held = bodies.into_iter().flatten().map(Body::in_memory);
        held.fold(0, |sum, held| sum.saturating_add(held as u64))
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
