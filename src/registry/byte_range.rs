//! Which bytes of a whole are asked for, and which come (RFC 9110 section 14). Each range is its
//! first byte and the one after its last.

use crate::exchange::{ContentRange, RangeParts};

/// The range of a `Content-Range`.
pub(super) fn of_content(value: &str) -> Option<(u64, u64)> {
    ContentRange::read(value).map(|range| (range.from, range.to))
}

/// The ranges of a request's `Range`, as far as they say where they begin and end.
pub(super) fn asked(value: &str) -> Box<[(u64, u64)]> {
    let ranges = value.strip_prefix("bytes=").unwrap_or_default();
    ranges.split(',').filter_map(closed).collect()
}

/// The ranges of a `multipart/byteranges`, by the heads of its parts; of one that is cut off, what
/// came of it.
pub(super) fn of_parts(body: &[u8]) -> Box<[(u64, u64)]> {
    let mut parts = RangeParts::default();
    parts.feed(body, |_, _| {});
    parts.came().into()
}

fn closed(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    let first: u64 = first.trim().parse().ok()?;
    let last: u64 = last.trim().parse().ok()?;
    (first <= last).then_some((first, last.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_from_fields_and_from_the_heads_of_parts() {
        assert_eq!(of_content("bytes 3-9/10"), Some((3, 10)));
        assert_eq!(of_content("bytes 9-3/10"), None);
        assert_eq!(*asked("bytes=0-1, 7-9,12-,-5"), [(0, 2), (7, 10)]);
        let body = b"--x:y\r\nContent-Type: a/b\r\nContent-Range: bytes 0-3/20\r\n\r\n\r\n\r\n\
            \r\n--x:y\r\ncontent-range:bytes 9-18/20\r\n\r\n0123456789\r\n--x:y--\r\n";
        assert_eq!(*of_parts(body), [(0, 4), (9, 19)]);
        let cut = body.len() - 18;
        assert_eq!(*of_parts(&body[..cut]), [(0, 4), (9, 12)]);
        assert_eq!(*of_parts(b"\r\n\r\n"), []);
    }
}
