//! The journal as the rest of the program sees it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::blob::BlobStore;
use super::bodies::BodyFiles;
use super::directory::Directory;
use super::log::Log;
use super::queue::{Job, Queue, lock};
use super::syncer::Syncer;
use super::writer::Writer;
use super::{Header, JournalError, Status};
use crate::base::clock;
use crate::capture::BodyStore;
use crate::exchange::{Body, Capture, Event};

/// How a journal behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether secrets are left in on the user's demand; the header says so.
    pub secrets_kept: bool,
    /// Time between two syncs to the disk.
    pub sync: Duration,
    /// Time between two attempts while the disk takes nothing.
    pub retry: Duration,
    /// The longest that [`JournalHandle::record`] waits for a place in the queue.
    pub patience: Duration,
    /// Bytes of streamed bodies that may wait to be written.
    pub body_budget: usize,
}

/// A session that is being written. Whoever owns it ends it with [`Journal::finish`].
#[derive(Debug)]
pub struct Journal {
    handle: JournalHandle,
    done: oneshot::Receiver<()>,
}

/// Access to a [`Journal`] for everyone who has something to write down.
#[derive(Clone, Debug)]
pub struct JournalHandle {
    shared: Arc<Shared>,
}

/// What the handles and the journal's thread share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) status: Arc<Mutex<Status>>,
    /// Events that found no place in time, not yet written down as a gap.
    pub(super) turned_away: AtomicU64,
    places: Arc<Semaphore>,
    /// Whether the last event found no place in time; the next one does not wait.
    stalled: AtomicBool,
    patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            secrets_kept: false,
            sync: Duration::from_secs(1),
            retry: Duration::from_secs(3),
            patience: Duration::from_secs(5),
            body_budget: 16 << 20,
        }
    }
}

impl Journal {
    /// Begins a session in a directory, which is made if it is not there, and starts the thread
    /// that writes it.
    ///
    /// # Errors
    /// When the directory cannot be made, is not safe to write to, or holds a journal already.
    pub fn create(path: &Path, options: &Options) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Write {
            path: path.to_owned(),
            source,
        };
        let directory = Directory::create(path)?;
        let file = directory.create_journal()?;
        let bodies = BodyFiles::new(directory.create_bodies().map_err(failed)?);
        let status = Arc::new(Mutex::new(Status::default()));
        let sync_file = file.try_clone().map_err(failed)?;
        let mut log = Log::new(file);
        log.append(&header(options)).map_err(failed)?;
        lock(&status).bytes = log.len();
        let syncer = Syncer::start(sync_file, options.sync, Arc::clone(&status)).map_err(failed)?;

        let shared = Arc::new(Shared {
            queue: Arc::new(Queue::new(options.body_budget)),
            status,
            turned_away: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            stalled: AtomicBool::new(false),
            patience: options.patience,
        });
        let writer = Writer::new(Arc::clone(&shared), log, bodies, syncer, options.retry);
        let (finished, done) = oneshot::channel();
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                writer.run();
                let _ = finished.send(());
            })
            .map_err(failed)?;
        Ok(Self {
            handle: JournalHandle { shared },
            done,
        })
    }

    /// Access for others.
    pub fn handle(&self) -> JournalHandle {
        self.handle.clone()
    }

    /// Writes what waits, syncs, and stops. Records and bodies that come later are lost, and
    /// counted as such.
    pub async fn finish(mut self) -> Status {
        self.handle.shared.queue.close();
        // An error means that the thread panicked, which the status tells.
        let _ = (&mut self.done).await;
        self.handle.status()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.handle.shared.queue.close();
    }
}

impl JournalHandle {
    /// Hands an event over. It waits for a place in the queue, and not for the disk; when the
    /// disk has stood still for so long that no place comes free, the event is counted as lost.
    /// `Progress` is not written.
    pub async fn record(&self, event: Event) {
        if matches!(event, Event::Progress { .. }) {
            return;
        }
        if !self.shared.enqueue(event).await {
            self.shared.turn_away(1);
        }
    }

    /// The same for several events, which is cheaper than one by one.
    pub async fn record_all(&self, events: Vec<Event>) {
        let mut placed = Vec::with_capacity(events.len());
        for event in events {
            if matches!(event, Event::Progress { .. }) {
                continue;
            }
            let all = Arc::clone(&self.shared.places);
            if let Ok(place) = all.try_acquire_many_owned(weight(&event)) {
                placed.push((event, place));
            } else {
                self.shared.hand_over(std::mem::take(&mut placed));
                self.record(event).await;
            }
        }
        self.shared.hand_over(placed);
    }

    /// Waits until everything handed over so far has been written, or lost.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.shared.queue.push(Job::Flush(done)) {
            // An error means that the journal ended.
            let _ = written.await;
        }
    }

    /// The body store, for the proxy.
    pub fn bodies(&self) -> Arc<dyn BodyStore> {
        Arc::new(BlobStore::new(Arc::clone(&self.shared.queue)))
    }

    /// How it is going, or how it went.
    pub fn status(&self) -> Status {
        lock(&self.shared.status).clone()
    }
}

impl Shared {
    /// Whether the event found a place in time.
    async fn enqueue(&self, event: Event) -> bool {
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
    fn hand_over(&self, records: Vec<(Event, OwnedSemaphorePermit)>) {
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
    fn turn_away(&self, count: u64) {
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

/// The journal's first line.
fn header(options: &Options) -> Vec<u8> {
    let header = Header {
        schema: Header::SCHEMA,
        creator: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: clock::now(),
        secrets_kept: options.secrets_kept,
    };
    let mut line = serde_json::json!(header).to_string().into_bytes();
    line.push(b'\n');
    line
}
