//! The thread that writes to the terminal, which may take its time.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::message::{Mailbox, Message};

/// Writes one piece at a time.
pub(super) struct Writer {
    pieces: Option<SyncSender<Vec<u8>>>,
    busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; `mailbox` is told when a piece has been written.
    pub(super) fn start(mailbox: Mailbox) -> io::Result<Self> {
        let mut out = File::from(rustix::io::dup(rustix::stdio::stdout())?);
        let (pieces, todo) = sync_channel::<Vec<u8>>(1);
        let busy = Arc::new(AtomicBool::new(false));
        let working = Arc::clone(&busy);
        let thread = thread::Builder::new()
            .name("tui-writer".into())
            .spawn(move || {
                for piece in todo {
                    let written = out.write_all(&piece).and_then(|()| out.flush());
                    working.store(false, Ordering::Release);
                    let told = if written.is_ok() {
                        Message::Written
                    } else {
                        Message::Closed
                    };
                    mailbox.offer(told);
                    if written.is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            pieces: Some(pieces),
            busy,
            thread: Some(thread),
        })
    }

    /// Whether an earlier piece is still being written. While it is, nothing new is drawn.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Writes a piece, unless an earlier one is still being written; whether it was taken.
    pub(super) fn write(&self, piece: Vec<u8>) -> bool {
        if self.busy.swap(true, Ordering::AcqRel) {
            return false;
        }
        let taken = self
            .pieces
            .as_ref()
            .is_some_and(|pieces| pieces.try_send(piece).is_ok());
        if !taken {
            self.busy.store(false, Ordering::Release);
        }
        taken
    }
}

impl Drop for Writer {
    /// Waits a moment for the last piece: what follows must not mix with it. A terminal whose
    /// output is stopped is set going again.
    fn drop(&mut self) {
        self.pieces = None;
        let _ = rustix::termios::tcflow(rustix::stdio::stdout(), rustix::termios::Action::OOn);
        let deadline = Instant::now() + PATIENCE;
        let Some(thread) = self.thread.take() else {
            return;
        };
        while !thread.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

/// How long the last piece may take.
const PATIENCE: Duration = Duration::from_millis(500);
