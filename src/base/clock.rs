//! The only place that asks what time it is.
//!
//! Wall-clock time is taken once per session and carried forward by the monotonic clock, so a
//! clock that jumps in the middle of a capture never makes a timing negative.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The wall-clock time, advanced monotonically since the first call in this process.
pub fn now() -> Timestamp {
    let (wall, start) = *epoch();
    wall + start.elapsed()
}

/// The wall-clock time at which `instant` was, on the same scale as [`now`].
pub fn at(instant: Instant) -> Timestamp {
    let (wall, start) = *epoch();
    match instant.checked_duration_since(start) {
        Some(after) => wall + after,
        None => wall - start.saturating_duration_since(instant),
    }
}

/// The system's wall clock as it reads right now, jumps included: for certificate validity.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub fn system() -> Timestamp {
    Timestamp::now()
}

/// The time that passed from one moment to another; zero where the clock went back.
pub fn passed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// The span between two instants; zero when they are in the wrong order.
pub fn between(from: Instant, to: Instant) -> Duration {
    to.saturating_duration_since(from)
}

fn epoch() -> &'static (Timestamp, Instant) {
    static EPOCH: OnceLock<(Timestamp, Instant)> = OnceLock::new();
    EPOCH.get_or_init(|| (system(), Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards() {
        let mut last = now();
        for _ in 0..1_000 {
            let next = now();
            assert!(next >= last);
            last = next;
        }
    }

    #[test]
    fn an_instant_maps_onto_the_same_scale() {
        let before = now();
        let mapped = at(Instant::now());
        let after = now();
        assert!(before <= mapped && mapped <= after);
    }
}
