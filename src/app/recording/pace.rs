//! When to write the trace in between: often while that is cheap, seldom when it is not.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// The time of the next write.
pub(in crate::app) struct Pace {
    next: Instant,
}

impl Pace {
    /// The first write comes after the shortest interval.
    pub(in crate::app) fn new() -> Self {
        Self {
            next: Instant::now() + SHORTEST,
        }
    }

    /// Waits until it is time.
    pub(in crate::app) async fn wait(&self) {
        sleep_until(self.next.into()).await;
    }

    /// Notes how long a write took: writing gets a twentieth of the time at most.
    pub(in crate::app) fn took(&mut self, duration: Duration) {
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
