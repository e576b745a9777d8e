//! The lab's idea of the time, handed in so that tests can move it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::base::clock;

/// Tells the wall-clock time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now` for the time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    /// This machine's clock.
    fn default() -> Self {
        Self::new(clock::system)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// A time as HTTP writes it (RFC 9110 section 5.6.7), such as `Thu, 20 Aug 2020 06:17:41 GMT`.
pub(super) fn http_date(time: Timestamp) -> String {
    // Only years beyond four digits cannot be written; the lab has no better answer to those.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}

/// A time moved by whole seconds.
pub(super) fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_does() {
        let time = Timestamp::from_second(1_597_904_261).unwrap();
        assert_eq!(http_date(time), "Thu, 20 Aug 2020 06:17:41 GMT");
        assert_eq!(http_date(after(time, 19)), "Thu, 20 Aug 2020 06:18:00 GMT");
    }
}
