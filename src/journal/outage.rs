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
    /// Begins, or waits again after an attempt that failed, with this many more losses; whether
    /// it has just begun.
    pub(super) fn begin_or_renew(outage: &mut Option<Self>, retry: Duration, missed: u64) -> bool {
        let before = outage.as_ref().map(|outage| outage.missed);
        *outage = Some(Self {
            retry_at: Instant::now() + retry,
            missed: before.unwrap_or(0) + missed,
        });
        before.is_none()
    }

    /// Whether it is too early to try again.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.retry_at
    }

    /// Waits no longer.
    pub(super) fn expire(&mut self) {
        self.retry_at = Instant::now();
    }
}
