//! Being asked to stop.

use std::io;

use tokio::signal::unix::SignalKind;
use tokio_util::task::TaskTracker;

use crate::base::signals::SignalSet;

/// SIGINT, SIGTERM and SIGHUP all ask for an orderly end.
pub(in crate::app) struct Signals(SignalSet<&'static str>);

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    pub(in crate::app) fn new() -> io::Result<Self> {
        let set = SignalSet::take([
            (SignalKind::interrupt(), "SIGINT"),
            (SignalKind::terminate(), "SIGTERM"),
            (SignalKind::hangup(), "SIGHUP"),
        ]);
        Ok(Self(set?))
    }

    /// Waits for the next one and gives its name.
    pub(in crate::app) async fn next(&mut self) -> &'static str {
        self.0.next().await
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
