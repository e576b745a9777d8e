//! The bounded queue between the proxy's and the app's threads and the journal's.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::base::lock::lock;
use crate::capture::Direction;
use crate::exchange::{Event, ExchangeId};

/// Which body: each exchange has two.
pub(super) type BodyKey = (ExchangeId, Direction);

/// What the journal's thread is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Write an event down. Its place in the queue is free again when that is done.
    Record(Event, OwnedSemaphorePermit),
    /// A body begins.
    BodyBegins(BodyKey),
    /// More of a body.
    BodyBytes(BodyKey, Bytes),
    /// A body is given up.
    BodyGivenUp(BodyKey),
    /// A body is over.
    BodyEnds(BodyKey),
    /// Say when everything before this is done.
    Flush(oneshot::Sender<()>),
}

impl Job {
    /// What it counts against the budget: a body may come in pieces smaller than their overhead.
    fn weight(&self) -> usize {
        match self {
            Self::BodyBytes(_, bytes) => bytes.len() + size_of::<Self>(),
            _ => 0,
        }
    }
}

/// First in, first out. Events are bounded by their permits, body bytes by a budget.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    ready: Condvar,
    /// Body bytes that may wait at once.
    budget: usize,
}

#[derive(Debug, Default)]
struct Inner {
    jobs: VecDeque<Job>,
    body_bytes: usize,
    closed: bool,
    /// Whether somebody waits for a job: waking nobody costs a system call as well.
    awaited: bool,
}

impl Queue {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            inner: Mutex::default(),
            ready: Condvar::new(),
            budget,
        }
    }

    /// Adds a job; `false` when the queue is closed, or has no room for these body bytes.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return false;
        }
        let waiting = inner.body_bytes.saturating_add(job.weight());
        // One piece over the whole budget passes when nothing else waits.
        if waiting > self.budget && inner.body_bytes > 0 && job.weight() > 0 {
            return false;
        }
        inner.body_bytes = waiting;
        inner.jobs.push_back(job);
        self.wake(inner);
        true
    }

    /// Adds events, which have their places; `false` when the queue is closed.
    pub(super) fn push_records(&self, records: Vec<(Event, OwnedSemaphorePermit)>) -> bool {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return false;
        }
        let records = records.into_iter();
        let jobs = records.map(|(event, place)| Job::Record(event, place));
        inner.jobs.extend(jobs);
        self.wake(inner);
        true
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        if std::mem::take(&mut inner.awaited) {
            drop(inner);
            self.ready.notify_one();
        }
    }

    /// Takes what is next; `None` when the queue is closed and empty. Blocks.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut inner = lock(&self.inner);
        loop {
            if let Some(job) = inner.jobs.pop_front() {
                inner.body_bytes -= job.weight();
                return Some(job);
            }
            if inner.closed {
                return None;
            }
            inner.awaited = true;
            inner = self
                .ready
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the events that are next, if any are, but not many.
    pub(super) fn take_records(&self) -> Vec<(Event, OwnedSemaphorePermit)> {
        let mut inner = lock(&self.inner);
        let is_other = |job: &Job| !matches!(job, Job::Record(..));
        let others = inner.jobs.iter().position(is_other);
        let count = others.unwrap_or(inner.jobs.len()).min(TOGETHER);
        let records = inner.jobs.drain(..count);
        let records = records.filter_map(|job| match job {
            Job::Record(event, place) => Some((event, place)),
            _ => None,
        });
        records.collect()
    }

    /// Takes no more jobs; those that wait are still handed out.
    pub(super) fn close(&self) {
        lock(&self.inner).closed = true;
        self.ready.notify_one();
    }

    /// Closes and drops what waits; answers how many events were among it.
    pub(super) fn abandon(&self) -> u64 {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        let events = inner
            .jobs
            .drain(..)
            .filter(|job| matches!(job, Job::Record(..)));
        events.count() as u64
    }
}

/// Events that are taken at once, at most.
const TOGETHER: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: BodyKey = (ExchangeId(1), Direction::Response);

    fn bytes(len: usize) -> Job {
        Job::BodyBytes(KEY, Bytes::from(vec![0; len]))
    }

    #[test]
    fn body_bytes_are_bounded_and_the_bound_is_given_back() {
        let queue = Queue::new(10_000);
        assert!(queue.push(bytes(6_000)));
        assert!(!queue.push(bytes(6_000)));
        assert!(queue.push(Job::BodyEnds(KEY)));
        assert!(matches!(queue.pop(), Some(Job::BodyBytes(..))));
        assert!(queue.push(bytes(6_000)));
    }

    #[test]
    fn a_flood_of_tiny_pieces_is_bounded_too() {
        let queue = Queue::new(10_000);
        let taken = (0..10_000).filter(|_| queue.push(bytes(1))).count();
        assert!(taken < 1_000, "{taken}");
    }

    #[test]
    fn a_piece_over_the_budget_passes_alone() {
        let queue = Queue::new(100);
        assert!(queue.push(bytes(500)));
        assert!(!queue.push(bytes(1)));
    }

    #[test]
    fn what_waits_is_handed_out_after_closing() {
        let queue = Queue::new(100);
        assert!(queue.push(bytes(1)));
        queue.close();
        assert!(!queue.push(bytes(1)));
        assert!(queue.pop().is_some());
        assert!(queue.pop().is_none());
    }
}
