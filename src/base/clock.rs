//! The only place that asks what time it is.
//!
//! Wall-clock time is carried forward by the monotonic clock and read anew where the two have come
//! apart: after a machine slept, or its clock was set. What happened before keeps its time, so a
//! step bends no span of time that was measured on either side of it.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The wall-clock time.
pub fn now() -> Timestamp {
    scale(|scale| scale.now(system(), Instant::now()))
}

/// The wall-clock time at which `instant` was, on the same scale as [`now`].
pub fn at(instant: Instant) -> Timestamp {
    scale(|scale| scale.at(instant))
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

fn scale<T>(read: impl FnOnce(&mut Scale) -> T) -> T {
    static SCALE: OnceLock<Mutex<Scale>> = OnceLock::new();
    let scale = SCALE.get_or_init(|| Mutex::new(Scale(vec![(Instant::now(), system())])));
    read(&mut scale.lock().unwrap_or_else(PoisonError::into_inner))
}

/// From which instant on which wall-clock time holds, the latest last.
struct Scale(Vec<(Instant, Timestamp)>);

impl Scale {
    fn now(&mut self, wall: Timestamp, instant: Instant) -> Timestamp {
        let carried = self.at(instant);
        if wall.duration_since(carried).abs() <= APART {
            return carried;
        }
        if self.0.len() >= STEPS {
            self.0.remove(0);
        }
        self.0.push((instant, wall));
        wall
    }

    fn at(&self, instant: Instant) -> Timestamp {
        let mut steps = self.0.iter().rev();
        let step = steps.find(|(from, _)| *from <= instant).or(self.0.first());
        let Some((from, wall)) = step else {
            return system();
        };
        match instant.checked_duration_since(*from) {
            Some(after) => *wall + after,
            None => *wall - from.saturating_duration_since(instant),
        }
    }
}

/// By how much the clocks may differ.
const APART: SignedDuration = SignedDuration::from_secs(1);
/// How many steps are remembered.
const STEPS: usize = 64;

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

    #[test]
    fn a_step_of_the_clock_is_followed_and_bends_nothing() {
        let (start, wall) = (Instant::now(), system());
        let mut scale = Scale(vec![(start, wall)]);
        let second = |n| Duration::from_secs(n);
        let at = |n: u64| start + second(n);
        // Within a second, the monotonic clock is right.
        assert_eq!(
            scale.now(wall + Duration::from_millis(5_900), at(5)),
            wall + second(5)
        );
        // The machine slept for an hour, of which the monotonic clock knows nothing.
        assert_eq!(
            scale.now(wall + second(3_610), at(10)),
            wall + second(3_610)
        );
        assert_eq!(scale.at(at(12)), wall + second(3_612));
        assert_eq!(
            scale.at(at(7)),
            wall + second(7),
            "what was before keeps its time"
        );
        // The clock was set back.
        assert_eq!(scale.now(wall + second(20), at(20)), wall + second(20));
        assert_eq!(scale.at(at(11)), wall + second(3_611));
        assert_eq!(scale.at(at(21)), wall + second(21));
    }
}
