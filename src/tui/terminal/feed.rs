//! What changed in the store of a live capture, on its way to the view.
//!
//! Whoever changes the store holds its lock while it says so here; whoever holds that lock and has
//! looked here knows of every change.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::message::{Mailbox, Message};
use crate::base::lock::lock;
use crate::exchange::ExchangeId;

/// Where news goes in.
#[derive(Clone, Debug)]
pub struct Feeder {
    feed: Feed,
    mailbox: Mailbox,
}

/// Where news comes out.
#[derive(Clone, Debug, Default)]
pub struct Feed(Arc<FeedState>);

#[derive(Debug, Default)]
struct FeedState {
    news: Mutex<StoreNews>,
    /// Whether the view has been told and has not looked yet.
    told: AtomicBool,
}

/// What the view has not heard of the store yet.
#[derive(Debug, Default)]
pub(super) struct StoreNews {
    /// Exchanges that changed.
    pub(super) changed: BTreeSet<ExchangeId>,
    /// Events that never came into the store because they came too fast, in all.
    pub(super) missed: u64,
}

/// A feed; `mailbox` is told when there is something in it.
pub fn feed(mailbox: Mailbox) -> (Feeder, Feed) {
    let feed = Feed::default();
    let feeder = Feeder {
        feed: feed.clone(),
        mailbox,
    };
    (feeder, feed)
}

impl Feeder {
    /// These exchanges changed; `missed` events were dropped so far. It does not wait.
    pub fn changed(&self, ids: impl IntoIterator<Item = ExchangeId>, missed: u64) {
        let mut news = self.feed.news();
        news.changed.extend(ids);
        while news.changed.len() > MOST_CHANGED {
            news.changed.pop_first();
        }
        news.missed = missed;
        drop(news);
        let told = &self.feed.0.told;
        if !told.swap(true, Ordering::AcqRel) && !self.mailbox.offer(Message::Fed) {
            told.store(false, Ordering::Release);
        }
    }
}

impl Feed {
    /// Everything that has come in.
    pub(super) fn take(&self) -> StoreNews {
        self.0.told.store(false, Ordering::Release);
        let mut news = self.news();
        StoreNews {
            changed: std::mem::take(&mut news.changed),
            missed: news.missed,
        }
    }

    fn news(&self) -> MutexGuard<'_, StoreNews> {
        lock(&self.0.news)
    }
}

/// More exchanges than a store keeps: older ones are not there any more.
const MOST_CHANGED: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::super::message::mailbox;
    use super::*;

    #[test]
    fn the_view_is_told_once_until_it_looks() {
        let (mailbox, inbox) = mailbox();
        let (feeder, feed) = feed(mailbox);
        feeder.changed([ExchangeId(1)], 0);
        feeder.changed([ExchangeId(2), ExchangeId(1)], 3);
        assert!(matches!(inbox.0.try_recv(), Ok(Message::Fed)));
        assert!(inbox.0.try_recv().is_err());
        let news = feed.take();
        assert_eq!((news.changed.len(), news.missed), (2, 3));
        feeder.changed([ExchangeId(3)], 3);
        assert!(matches!(inbox.0.try_recv(), Ok(Message::Fed)));
        assert_eq!(feed.take().changed.len(), 1);
    }

    #[test]
    fn a_view_that_is_gone_costs_bounded_memory() {
        let (mailbox, inbox) = mailbox();
        let (feeder, feed) = feed(mailbox);
        drop(inbox);
        let most = MOST_CHANGED as u64;
        feeder.changed((0..most + 5).map(ExchangeId), 0);
        let news = feed.take();
        assert_eq!(news.changed.len(), MOST_CHANGED);
        assert_eq!(news.changed.first(), Some(&ExchangeId(5)));
    }
}
