//! When an entry began, as programs write it.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::oddity::Oddity;

/// Reads `startedDateTime`, and says what is odd about it.
pub(super) fn read(text: &str) -> (Option<Timestamp>, Option<Oddity>) {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        // Programs that know none write their zero: the year 1, 1601 or 1970.
        let is_zero = moment.as_second() < EARLIEST;
        return (
            Some(moment).filter(|_| !is_zero),
            is_zero.then_some(Oddity::NoTime),
        );
    }
    if let Some(moment) = text.parse().ok().and_then(since_1970) {
        return (Some(moment), Some(Oddity::EpochTime));
    }
    if let Some(moment) = zoneless(text) {
        return (Some(moment), Some(Oddity::ZonelessTime));
    }
    match http_date(text) {
        Some(moment) => (Some(moment), Some(Oddity::OtherTime)),
        None => (None, Some(Oddity::NoTime)),
    }
}

/// No recording is earlier, in seconds since 1970.
const EARLIEST: i64 = 100_000_000;

/// A date as servers write it (RFC 9110 section 5.6.7).
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text).ok()
}

fn zoneless(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    // A date alone tells no order.
    let has_time = text.contains(':');
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    has_time.then(|| zoned.timestamp())
}

/// A number of seconds, or of a thousandth, a millionth, a billionth of one: a recording is of
/// this century, so its size tells which.
fn since_1970(number: f64) -> Option<Timestamp> {
    let seconds = match number {
        1e8..1e11 => number,
        1e11..1e14 => number / 1e3,
        1e14..1e17 => number / 1e6,
        1e17..1e20 => number / 1e9,
        _ => return None,
    };
    let span = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_time_is_told_apart() {
        let noon = "2026-05-04T12:00:00Z".parse().unwrap();
        for (text, oddity) in [
            ("2026-05-04T14:00:00.000+02:00", None),
            ("1777896000000", Some(Oddity::EpochTime)),
            ("1777896000", Some(Oddity::EpochTime)),
            ("1777896000.0", Some(Oddity::EpochTime)),
            ("1777896000000000", Some(Oddity::EpochTime)),
            ("2026-05-04T12:00:00", Some(Oddity::ZonelessTime)),
            ("2026-05-04 12:00:00.000", Some(Oddity::ZonelessTime)),
            ("Mon, 04 May 2026 12:00:00 GMT", Some(Oddity::OtherTime)),
        ] {
            assert_eq!(read(text), (Some(noon), oddity), "{text}");
        }
        let zeros = ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"];
        let none = ["", "never", "7", "-1", "2026-05-04", "NaN", "1e300"];
        for text in none.into_iter().chain(zeros) {
            assert_eq!(read(text), (None, Some(Oddity::NoTime)), "{text}");
        }
    }
}
