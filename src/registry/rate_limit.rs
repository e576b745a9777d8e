//! Rate limits in every form registries state them: Docker Hub's `ratelimit-*`, the drafts of
//! the IETF's `RateLimit`, GitHub's `X-RateLimit-*`, and `Retry-After` (RFC 9110 section 10.2.3).

use jiff::Timestamp;
use serde::Serialize;

use super::time::http_date;
use crate::exchange::ParsedHead;

/// What a response says of its server's limits.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// How many requests are allowed in a window.
    pub limit: Option<u64>,
    /// How many of them are left.
    pub remaining: Option<u64>,
    /// The window in seconds.
    pub window: Option<u64>,
    /// Seconds until the count starts again.
    pub reset: Option<u64>,
    /// Whom the limit counts: an address or an account (`docker-ratelimit-source`).
    pub source: Option<String>,
    /// Seconds to wait before the next request.
    pub retry_after: Option<u64>,
}

impl RateLimit {
    /// Reads a response head; `None` when it states no limit. `now` is the response's `Date`,
    /// against which moments are turned into seconds.
    pub fn read(head: &ParsedHead<'_>, now: Option<Timestamp>) -> Option<Self> {
        let mut found = Self::default();
        for field in head.fields() {
            // The names of few fields are of interest, and this is asked of every answer.
            if let Some(b'r' | b'R' | b'x' | b'X' | b'd' | b'D') = field.name.first()
                && let Ok(value) = std::str::from_utf8(field.value)
            {
                found.take(&field.name.to_ascii_lowercase(), value, now);
            }
        }
        (found != Self::default()).then_some(found)
    }

    fn take(&mut self, name: &[u8], value: &str, now: Option<Timestamp>) {
        match name {
            b"ratelimit-limit" | b"x-ratelimit-limit" => {
                self.limit = number(value);
                self.window = self.window.or(parameter(value, "w"));
            }
            b"ratelimit-remaining" | b"x-ratelimit-remaining" => {
                self.remaining = number(value);
                self.window = self.window.or(parameter(value, "w"));
            }
            b"ratelimit-reset" => self.reset = number(value),
            b"x-ratelimit-reset" => self.reset = number(value).map(|at| until_epoch(at, now)),
            b"ratelimit-policy" => {
                self.limit = self.limit.or(parameter(value, "q")).or(number(value));
                self.window = self.window.or(parameter(value, "w"));
            }
            b"ratelimit" => {
                self.limit = self.limit.or(parameter(value, "limit"));
                self.remaining = parameter(value, "r").or(parameter(value, "remaining"));
                self.reset = parameter(value, "t").or(parameter(value, "reset"));
            }
            b"docker-ratelimit-source" => self.source = Some(value.to_owned()),
            b"retry-after" => {
                self.retry_after = number(value).or_else(|| {
                    let wait = http_date(value)?.duration_since(now?).as_secs();
                    Some(u64::try_from(wait).unwrap_or_default())
                });
            }
            _ => {}
        }
    }

    /// Whether less than a tenth of the allowance is left.
    pub fn is_low(&self) -> bool {
        match (self.limit, self.remaining) {
            (Some(limit), Some(remaining)) => remaining.saturating_mul(10) < limit,
            _ => false,
        }
    }
}

/// The number a value begins with: `100;w=21600` and `100, 100;w=60` are 100.
fn number(value: &str) -> Option<u64> {
    let digits: String = value
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// The value of `name=` among parameters parted by `;` or `,`.
fn parameter(value: &str, name: &str) -> Option<u64> {
    value.split([';', ',']).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| number(value)).flatten()
    })
}

/// A reset given as seconds since 1970 turned into seconds from now; smaller numbers are
/// already that.
fn until_epoch(value: u64, now: Option<Timestamp>) -> u64 {
    const LONGER_THAN_ANY_WINDOW: u64 = 1_000_000_000;
    let now = now.and_then(|now| u64::try_from(now.as_second()).ok());
    match now {
        Some(now) if value > LONGER_THAN_ANY_WINDOW => value.saturating_sub(now),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::RawHead;
    use proptest::prelude::*;

    fn read(lines: &str) -> Option<RateLimit> {
        let head = RawHead::new(format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n"));
        let now = http_date("Thu, 20 Aug 2020 06:17:41 GMT");
        RateLimit::read(&head.parse(), now)
    }

    #[test]
    fn docker_hub() {
        let limit = read(
            "ratelimit-limit: 100;w=21600\r\nratelimit-remaining: 9;w=21600\r\n\
             docker-ratelimit-source: 192.0.2.1",
        )
        .unwrap();
        assert_eq!(
            (limit.limit, limit.remaining, limit.window),
            (Some(100), Some(9), Some(21600))
        );
        assert_eq!(limit.source.as_deref(), Some("192.0.2.1"));
        assert!(limit.is_low());
        assert!(
            !read("ratelimit-limit: 100\r\nratelimit-remaining: 10")
                .unwrap()
                .is_low()
        );
    }

    #[test]
    fn the_drafts() {
        let new = read("RateLimit-Policy: \"p\";q=50;w=60\r\nRateLimit: \"p\";r=20;t=30").unwrap();
        assert_eq!(
            (new.limit, new.remaining, new.window, new.reset),
            (Some(50), Some(20), Some(60), Some(30))
        );
        let old = read("RateLimit: limit=10, remaining=3, reset=5").unwrap();
        assert_eq!(
            (old.limit, old.remaining, old.reset),
            (Some(10), Some(3), Some(5))
        );
    }

    #[test]
    fn github_and_retry_after() {
        let limit = read(
            "X-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1597904321\r\n\
             Retry-After: Thu, 20 Aug 2020 06:18:41 GMT",
        )
        .unwrap();
        assert_eq!((limit.reset, limit.retry_after), (Some(60), Some(60)));
        assert_eq!(read("Retry-After: 7").unwrap().retry_after, Some(7));
    }

    #[test]
    fn nothing_stated_is_none() {
        assert_eq!(read("Content-Length: 0"), None);
        assert_eq!(read("ratelimit-limit: lots"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            RateLimit::read(&RawHead::new(bytes).parse(), None);
        }

        #[test]
        fn any_number_is_read(value in "[0-9]{1,40}(;w=[0-9]{0,30})?") {
            read(&format!("ratelimit-remaining: {value}\r\nx-ratelimit-reset: {value}"));
        }
    }
}
