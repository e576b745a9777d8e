//! Events on their way to the view: a queue that never makes whoever fills it wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::message::{Mailbox, Message};
use crate::exchange::{Body, Capture, Event};

/// Where events go in.
#[derive(Clone, Debug)]
pub struct Feeder {
    shared: Arc<Shared>,
    mailbox: Mailbox,
}

/// Where events come out.
#[derive(Debug)]
pub struct Feed {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Whether the view has been told and has not looked yet.
    told: AtomicBool,
    missed: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    /// Bytes of bodies in the queue.
    bytes: usize,
}

/// A queue; `mailbox` is told when there is something in it.
pub fn feed(mailbox: Mailbox) -> (Feeder, Feed) {
    let shared = Arc::new(Shared::default());
    (
        Feeder {
            shared: Arc::clone(&shared),
            mailbox,
        },
        Feed { shared },
    )
}

impl Feeder {
    /// Hands an event over. It is dropped and counted when the view is too far behind.
    pub fn push(&self, event: &Event) {
        {
            let mut queue = self
                .shared
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let size = body_bytes(event);
            let passing = matches!(event, Event::Progress { .. });
            if queue.events.len() >= MOST_EVENTS || passing && queue.events.len() >= MOST_EVENTS / 2
            {
                // Progress is told again; what else is lost is counted.
                if !passing {
                    self.shared.missed.fetch_add(1, Ordering::Relaxed);
                }
                return;
            }
            let event = if queue.bytes + size > MOST_BYTES {
                without_bodies(event)
            } else {
                event.clone()
            };
            queue.bytes += body_bytes(&event);
            queue.events.push_back(event);
        }
        if !self.shared.told.swap(true, Ordering::AcqRel) && !self.mailbox.offer(Message::Fed) {
            self.shared.told.store(false, Ordering::Release);
        }
    }
}

impl Feed {
    /// Everything that has come in.
    pub(super) fn take(&self) -> VecDeque<Event> {
        self.shared.told.store(false, Ordering::Release);
        let mut queue = self
            .shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        queue.bytes = 0;
        std::mem::take(&mut queue.events)
    }

    /// Events that were dropped because the view was too far behind.
    pub(super) fn missed(&self) -> u64 {
        self.shared.missed.load(Ordering::Relaxed)
    }
}

fn body_bytes(event: &Event) -> usize {
    let Event::Ended { end, .. } = event else {
        return 0;
    };
    let kept = |body: &Option<Body>| match body.as_ref().map(|body| &body.capture) {
        Some(Capture::Memory { bytes }) => bytes.len(),
        _ => 0,
    };
    kept(&end.request_body) + kept(&end.response_body)
}

fn without_bodies(event: &Event) -> Event {
    let mut event = event.clone();
    if let Event::Ended { end, .. } = &mut event {
        for body in [&mut end.request_body, &mut end.response_body]
            .into_iter()
            .flatten()
        {
            if matches!(body.capture, Capture::Memory { .. }) {
                body.capture = Capture::Omitted {
                    reason: crate::exchange::Omission::Budget,
                };
            }
        }
    }
    event
}

/// Events that may wait: many seconds of the busiest traffic.
const MOST_EVENTS: usize = 100_000;
/// Bytes of bodies that may wait.
const MOST_BYTES: usize = 128 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::super::message::mailbox;
    use super::*;
    use crate::exchange::ExchangeId;

    fn progress(received: u64) -> Event {
        Event::Progress {
            id: ExchangeId(1),
            sent: 0,
            received,
        }
    }

    #[test]
    fn the_view_is_told_once_until_it_looks() {
        let (mailbox, inbox) = mailbox();
        let (feeder, feed) = feed(mailbox);
        feeder.push(&progress(1));
        feeder.push(&progress(2));
        assert!(matches!(inbox.0.try_recv(), Ok(Message::Fed)));
        assert!(inbox.0.try_recv().is_err());
        assert_eq!(feed.take().len(), 2);
        feeder.push(&progress(3));
        assert!(matches!(inbox.0.try_recv(), Ok(Message::Fed)));
    }

    #[test]
    fn nobody_looking_makes_nobody_wait() {
        let (mailbox, _inbox) = mailbox();
        let (feeder, feed) = feed(mailbox);
        for received in 0..(MOST_EVENTS as u64 + 10) {
            feeder.push(&progress(received));
        }
        assert_eq!(feed.take().len(), MOST_EVENTS / 2);
        assert_eq!(feed.missed(), 0);
    }
}
