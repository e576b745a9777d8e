//! What the handles and the journal's thread share: the queue, its places, the status.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::queue::{Job, Queue};
use super::{Options, Status};
use crate::base::lock::lock;
use crate::exchange::{Body, Capture, Event};

/// What the handles and the journal's thread share.
#[derive(Debug)]
pub(super) struct JournalLink {
    pub(super) queue: Arc<Queue>,
    pub(super) status: Arc<Mutex<Status>>,
    /// Events that found no place in time, not yet written down as a gap.
    pub(super) turned_away: AtomicU64,
    places: Arc<Semaphore>,
    /// Whether the last event found no place in time; the next one does not wait.
    stalled: AtomicBool,
    patience: Duration,
}

impl JournalLink {
    pub(super) fn new(options: &Options, status: Arc<Mutex<Status>>) -> Self {
        Self {
            queue: Arc::new(Queue::new(options.body_budget)),
            status,
            turned_away: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            stalled: AtomicBool::new(false),
            patience: options.patience,
        }
    }

    /// A place in the queue for an event, where there is one right now.
    pub(super) fn place_for(&self, event: &Event) -> Option<OwnedSemaphorePermit> {
        let places = Arc::clone(&self.places);
        places.try_acquire_many_owned(weight(event)).ok()
    }

    /// Whether the event found a place in time.
    pub(super) async fn enqueue(&self, event: Event) -> bool {
        let places = Arc::clone(&self.places);
        let weight = weight(&event);
        let permit = if self.stalled.load(Ordering::Relaxed) {
            places.try_acquire_many_owned(weight).ok()
        } else {
            let acquire = places.acquire_many_owned(weight);
            match tokio::time::timeout(self.patience, acquire).await {
                Ok(permit) => permit.ok(),
                Err(_) => None,
            }
        };
        self.stalled.store(permit.is_none(), Ordering::Relaxed);
        permit.is_some_and(|permit| self.queue.push(Job::Record(event, permit)))
    }

    /// Puts events that have their places into the queue.
    pub(super) fn hand_over(&self, records: Vec<(Event, OwnedSemaphorePermit)>) {
        let count = records.len() as u64;
        if count == 0 {
            return;
        }
        self.stalled.store(false, Ordering::Relaxed);
        if !self.queue.push_records(records) {
            self.turn_away(count);
        }
    }

    /// Counts events that found no place.
    pub(super) fn turn_away(&self, count: u64) {
        self.turned_away.fetch_add(count, Ordering::Relaxed);
        let mut status = lock(&self.status);
        status.lost_records += count;
        status.note(|| "write the journal: the disk did not keep up".to_owned());
    }

    /// Takes nothing any more; what waits is lost.
    pub(super) fn give_up(&self) {
        self.places.close();
        let lost = self.queue.abandon();
        lock(&self.status).lost_records += lost;
    }
}

/// How many KiB of events may wait: 64 MiB.
const PLACES: u32 = 64 << 10;

/// About how many KiB of memory an event takes while it waits.
fn weight(event: &Event) -> u32 {
    const HEADS: usize = 4;
    let kept = |body: &Option<Body>| match body.as_ref().map(|body| &body.capture) {
        Some(Capture::Memory { bytes }) => bytes.len() >> 10,
        _ => 0,
    };
    let bodies = match event {
        Event::Ended { end, .. } => kept(&end.request_body) + kept(&end.response_body),
        _ => 0,
    };
    u32::try_from(HEADS + bodies).map_or(PLACES, |weight| weight.min(PLACES))
}
