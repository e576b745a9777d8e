//! `--json`: events on stdout, one JSON object a line.
//!
//! A thread of its own writes them. A reader that is slow costs lines, which are counted, and
//! never the capture.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::exchange::{Event, Omission};

/// Writes events to stdout.
pub(in crate::app) struct EventsOut {
    lines: Option<SyncSender<String>>,
    /// Closes when the writer has ended.
    written: Receiver<Infallible>,
    dropped: u64,
}

impl EventsOut {
    /// Begins, with a line that says where the proxy is.
    pub(in crate::app) fn start(address: &str, ca: &str, session: &str) -> Self {
        let (lines, waiting) = sync_channel(WAITING);
        let (alive, written) = sync_channel(0);
        std::thread::spawn(move || {
            write(&waiting);
            drop(alive);
        });
        let mut out = Self {
            lines: Some(lines),
            written,
            dropped: 0,
        };
        out.line(&json!({
            "schema": 1,
            "event": "listening",
            "address": address,
            "ca": ca,
            "session": session,
        }));
        out
    }

    /// Something happened.
    pub(in crate::app) fn event(&mut self, event: &Event) {
        // Bodies are in the session; a line stays a line.
        self.line(&event.without_bodies(LONGEST_BODY, Omission::TooLarge));
    }

    fn line(&mut self, value: &impl Serialize) {
        let Some(lines) = &self.lines else { return };
        let Ok(mut text) = serde_json::to_string(value) else {
            return;
        };
        text.push('\n');
        match lines.try_send(text) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
            // The reader has gone; the capture goes on without it.
            Err(TrySendError::Disconnected(_)) => self.lines = None,
        }
    }
}

impl Drop for EventsOut {
    fn drop(&mut self) {
        self.lines = None;
        // A reader that reads nothing must not keep the program from ending.
        let late = self.written.recv_timeout(LAST_LINES) == Err(RecvTimeoutError::Timeout);
        if self.dropped > 0 || late {
            tracing::warn!(
                "{} events or more were not printed: the reader of stdout was too slow",
                self.dropped + u64::from(late)
            );
        }
    }
}

fn write(lines: &Receiver<String>) {
    let mut out = io::stdout().lock();
    for line in lines {
        if out
            .write_all(line.as_bytes())
            .and_then(|()| out.flush())
            .is_err()
        {
            return;
        }
    }
}

/// How long the last lines may take when everything else has ended.
const LAST_LINES: Duration = Duration::from_secs(5);
/// Lines that may wait for the reader.
const WAITING: usize = 8_192;
/// Larger bodies are left out of the line.
const LONGEST_BODY: usize = 64 * 1024;
