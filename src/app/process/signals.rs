//! Being asked to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

/// SIGINT, SIGTERM and SIGHUP all ask for an orderly end.
pub(in crate::app) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    pub(in crate::app) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one and gives its name.
    pub(in crate::app) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }

    /// From here on a signal ends the process at once.
    pub(in crate::app) fn end_at_next(mut self) {
        // The task ends the process, or ends with it.
        TaskTracker::new().spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }
}
