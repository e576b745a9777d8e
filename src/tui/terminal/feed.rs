//! Events on their way to the view: a queue that never makes whoever fills it wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::message::{Mailbox, Message};
use crate::exchange::{Backlog, Event};

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
    backlog: Mutex<Backlog>,
    /// Whether the view has been told and has not looked yet.
    told: AtomicBool,
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

impl Shared {
    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feeder {
    /// Hands an event over. It is dropped and counted when the view is too far behind.
    pub fn push(&self, event: &Event) {
        self.shared.backlog().push(event);
        if !self.shared.told.swap(true, Ordering::AcqRel) && !self.mailbox.offer(Message::Fed) {
            self.shared.told.store(false, Ordering::Release);
        }
    }
}

impl Feed {
    /// Everything that has come in.
    pub(super) fn take(&self) -> VecDeque<Event> {
        self.shared.told.store(false, Ordering::Release);
        self.shared.backlog().take()
    }

    /// Events that were dropped because the view was too far behind.
    pub(super) fn missed(&self) -> u64 {
        self.shared.backlog().missed()
    }
}

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
}
