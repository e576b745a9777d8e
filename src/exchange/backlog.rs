//! Events that wait for someone who may be slow: a queue that never makes whoever fills it wait.

use std::collections::VecDeque;

use super::{Event, Omission};

/// Events that wait, bounded by their number and by the bytes of their bodies.
#[derive(Debug, Default)]
pub struct Backlog {
    events: VecDeque<Event>,
    /// Bytes of bodies in the queue.
    bytes: usize,
    missed: u64,
}

impl Backlog {
    /// Takes an event. It is dropped and counted when too many wait; a body is left out when too
    /// many bytes do.
    pub fn push(&mut self, event: &Event) {
        let passing = matches!(event, Event::Progress { .. });
        let most = if passing {
            MOST_EVENTS / 2
        } else {
            MOST_EVENTS
        };
        if self.events.len() >= most {
            // Progress is told again; what else is lost is counted.
            self.missed += u64::from(!passing);
            return;
        }
        let event = if self.bytes + event.body_bytes() > MOST_BYTES {
            event.without_bodies(0, Omission::Budget)
        } else {
            event.clone()
        };
        self.bytes += event.body_bytes();
        self.events.push_back(event);
    }

    /// Everything that has come in.
    pub fn take(&mut self) -> VecDeque<Event> {
        self.bytes = 0;
        std::mem::take(&mut self.events)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Events that were dropped, in all.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// Events that may wait: many seconds of the busiest traffic.
const MOST_EVENTS: usize = 100_000;
/// Bytes of bodies that may wait.
const MOST_BYTES: usize = 128 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::exchange::{Body, Capture, End, Ending, ExchangeId, Timings};

    fn progress(received: u64) -> Event {
        Event::Progress {
            id: ExchangeId(1),
            sent: 0,
            received,
        }
    }

    fn ended(body: &Bytes) -> Event {
        Event::Ended {
            id: ExchangeId(1),
            end: Box::new(End {
                at: Timestamp::UNIX_EPOCH,
                ending: Ending::Complete,
                timings: Timings::default(),
                upstream: None,
                request_body: None,
                response_body: Some(Body {
                    capture: Capture::Memory {
                        bytes: body.clone(),
                    },
                    ..Body::default()
                }),
                redacted: false,
            }),
        }
    }

    #[test]
    fn progress_gives_way_to_what_is_told_once() {
        let mut backlog = Backlog::default();
        let body = Bytes::from_static(b"{}");
        for received in 0..(MOST_EVENTS as u64) {
            backlog.push(&progress(received));
        }
        assert_eq!(
            (backlog.events.len(), backlog.missed()),
            (MOST_EVENTS / 2, 0)
        );
        for _ in 0..(MOST_EVENTS / 2 + 3) {
            backlog.push(&ended(&body));
        }
        assert_eq!(backlog.take().len(), MOST_EVENTS);
        assert_eq!(backlog.missed(), 3);
        assert!(backlog.take().is_empty());
    }

    #[test]
    fn bodies_are_left_out_before_memory_grows() {
        let mut backlog = Backlog::default();
        // One megabyte, many times: the bytes themselves are shared here.
        let body = Bytes::from(vec![b' '; 1 << 20]);
        for _ in 0..200 {
            backlog.push(&ended(&body));
        }
        let kept = backlog.take();
        assert_eq!(kept.len(), 200);
        assert_eq!(
            kept.iter().map(Event::body_bytes).sum::<usize>(),
            MOST_BYTES
        );
        backlog.push(&ended(&body));
        assert_eq!(backlog.take()[0].body_bytes(), body.len());
    }
}
