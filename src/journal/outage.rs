//! A time in which the disk takes nothing.

use std::time::{Duration, Instant};

/// Says when to try again, and counts what was lost meanwhile.
#[derive(Debug)]
pub(super) struct Outage {
    retry_at: Instant,
    /// What was lost since it began.
    pub(super) missed: u64,
}

impl Outage {
    /// Begins with this many losses.
    pub(super) fn new(retry: Duration, missed: u64) -> Self {
        Self {
            retry_at: Instant::now() + retry,
            missed,
        }
    }

    /// Whether it is too early to try again.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.retry_at
    }

    /// Waits again after an attempt that failed, with this many more losses.
    pub(super) fn renew(&mut self, retry: Duration, missed: u64) {
        self.missed += missed;
        self.retry_at = Instant::now() + retry;
    }

    /// Waits no longer.
    pub(super) fn expire(&mut self) {
        self.retry_at = Instant::now();
    }
}
