//! When to write the trace in between: often while that is cheap, seldom when it is not.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// The time of the next write.
pub(super) struct Pace {
    next: Instant,
}

impl Pace {
    /// The first write comes after the shortest interval.
    pub(super) fn new() -> Self {
        Self {
            next: Instant::now() + SHORTEST,
        }
    }

    /// Waits until it is time.
    pub(super) async fn wait(&self) {
        sleep_until(self.next.into()).await;
    }

    /// Notes how long a write took: writing gets a twentieth of the time at most.
    pub(super) fn took(&mut self, duration: Duration) {
        self.next = Instant::now() + interval(duration);
    }
}

fn interval(took: Duration) -> Duration {
    took.saturating_mul(20).clamp(SHORTEST, LONGEST)
}

const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_writes_become_rare() {
        assert_eq!(interval(Duration::from_millis(3)), SHORTEST);
        assert_eq!(interval(Duration::from_secs(2)), Duration::from_secs(40));
        assert_eq!(interval(Duration::from_secs(200)), LONGEST);
    }
}
