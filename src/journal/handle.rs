//! The journal as the rest of the program sees it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::blob::BlobStore;
use super::bodies::BodyFiles;
use super::directory::Directory;
use super::link::JournalLink;
use super::log::Log;
use super::queue::Job;
use super::syncer::Syncer;
use super::writer::JournalWriter;
use super::{Header, JournalError, Options, Status};
use crate::base::clock;
use crate::base::lock::lock;
use crate::capture::BodyStore;
use crate::exchange::Event;

/// A session that is being written. Whoever owns it ends it with [`Journal::finish`].
#[derive(Debug)]
pub struct Journal {
    handle: JournalHandle,
    done: oneshot::Receiver<()>,
}

/// Access to a [`Journal`] for everyone who has something to write down.
#[derive(Clone, Debug)]
pub struct JournalHandle {
    shared: Arc<JournalLink>,
}

impl Journal {
    /// Begins a session in a directory, which is made if it is not there, and starts the thread
    /// that writes it.
    ///
    /// # Errors
    /// When the directory cannot be made, is not safe to write to, or holds a journal already.
    pub fn create(path: &Path, options: &Options) -> Result<Self, JournalError> {
        let failed = JournalError::failed_to("write the journal in", path);
        let directory = Directory::create(path)?;
        let file = directory.create_journal()?;
        let bodies = BodyFiles::new(directory.create_bodies().map_err(failed)?);
        let status = Arc::new(Mutex::new(Status::default()));
        let sync_file = file.try_clone().map_err(failed)?;
        let mut log = Log::new(file);
        log.append(&header(options)).map_err(failed)?;
        lock(&status).bytes = log.len();
        let syncer = Syncer::start(sync_file, options.sync, Arc::clone(&status)).map_err(failed)?;

        let shared = Arc::new(JournalLink::new(options, status));
        let writer = JournalWriter::new(Arc::clone(&shared), log, bodies, syncer, options.retry);
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
            if let Some(place) = self.shared.place_for(&event) {
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
        Arc::new(BlobStore(Arc::clone(&self.shared.queue)))
    }

    /// How it is going, or how it went.
    pub fn status(&self) -> Status {
        lock(&self.shared.status).clone()
    }
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
