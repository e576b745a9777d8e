//! Moments as they stand in header fields.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

/// An HTTP date in its preferred form (RFC 9110 section 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    PARSER.parse_timestamp(text.trim()).ok()
}

/// The compact form object stores use: `20200820T061741Z`.
pub(super) fn compact(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let moment = DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
    TimeZone::UTC.to_timestamp(moment).ok()
}

/// Seconds since 1970.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_name_the_same_moment() {
        let moment = epoch("1597904261");
        assert!(moment.is_some());
        assert_eq!(http_date("Thu, 20 Aug 2020 06:17:41 GMT"), moment);
        assert_eq!(compact("20200820T061741Z"), moment);
    }

    #[test]
    fn anything_else_is_none() {
        assert_eq!(http_date("yesterday"), None);
        assert_eq!(compact("20201340T000000Z"), None);
        assert_eq!(epoch("99999999999999999999"), None);
    }
}
