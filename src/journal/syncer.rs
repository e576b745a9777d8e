//! The thread that brings the journal from the page cache onto the disk.
//!
//! It is a thread of its own because a sync can take seconds on a busy disk, in which the
//! writer has bodies to take.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Status;
use crate::base::lock::lock;

/// Calls `fdatasync` about once per interval while there is something new, and at the end.
#[derive(Debug)]
pub(super) struct Syncer {
    dirty: Arc<AtomicBool>,
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Syncer {
    pub(super) fn start(
        file: File,
        interval: Duration,
        status: Arc<Mutex<Status>>,
    ) -> io::Result<Self> {
        let dirty = Arc::new(AtomicBool::new(true));
        let (stop, stopped) = mpsc::sync_channel(0);
        let flag = Arc::clone(&dirty);
        let thread = thread::Builder::new()
            .name("journal-sync".to_owned())
            .spawn(move || run(&file, interval, &flag, &stopped, &status))?;
        Ok(Self {
            dirty,
            stop,
            thread,
        })
    }

    /// Says that something was written.
    pub(super) fn mark(&self) {
        self.dirty.store(true, Ordering::Release);
    }

    /// Syncs a last time.
    pub(super) fn finish(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the journal's sync thread stopped with a fault");
        }
    }
}

fn run(
    file: &File,
    interval: Duration,
    dirty: &AtomicBool,
    stopped: &Receiver<()>,
    status: &Mutex<Status>,
) {
    let mut failing = false;
    loop {
        let last = stopped.recv_timeout(interval) == Err(RecvTimeoutError::Disconnected);
        if dirty.swap(false, Ordering::AcqRel) {
            match file.sync_data() {
                Ok(()) => failing = false,
                Err(error) => {
                    dirty.store(true, Ordering::Release);
                    lock(status).note(|| format!("sync the journal: {error}"));
                    if !failing {
                        tracing::warn!(%error, "cannot sync the journal to the disk");
                    }
                    failing = true;
                }
            }
        }
        if last {
            return;
        }
    }
}
