//! What can be chosen of a journal.

use std::time::Duration;

/// How a journal behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether secrets are left in on the user's demand; the header says so.
    pub secrets_kept: bool,
    /// Time between two syncs to the disk.
    pub sync: Duration,
    /// Time between two attempts while the disk takes nothing.
    pub retry: Duration,
    /// The longest that [`JournalHandle::record`](super::JournalHandle::record) waits for a place in the queue.
    pub patience: Duration,
    /// Bytes of streamed bodies that may wait to be written.
    pub body_budget: usize,
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
