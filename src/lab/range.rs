//! Byte ranges (RFC 9110 section 14).

use std::ops::Range;

/// The part of an object that is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    /// Which bytes.
    pub(super) range: Range<usize>,
    /// The whole object's size.
    pub(super) total: usize,
    /// Whether a range was asked for: status 206.
    pub(super) partial: bool,
}

/// A range that begins beyond the object's end: status 416.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsatisfiable;

impl ByteRange {
    /// What a `Range` field asks of an object. A field that is malformed, has another unit or
    /// more than one range is ignored, as the RFC permits.
    pub(super) fn asked(field: Option<&str>, total: usize) -> Result<Self, Unsatisfiable> {
        let whole = Self {
            range: 0..total,
            total,
            partial: false,
        };
        let Some((first, last)) = field.and_then(parse) else {
            return Ok(whole);
        };
        let range = match (first, last) {
            (Some(first), Some(last)) if last < first => return Ok(whole),
            (Some(first), last) => {
                let end = last.map_or(total, |last| last.saturating_add(1).min(total));
                first..end
            }
            (None, Some(suffix)) => total.saturating_sub(suffix)..total,
            (None, None) => return Ok(whole),
        };
        if range.is_empty() {
            return Err(Unsatisfiable);
        }
        Ok(Self {
            range,
            total,
            partial: true,
        })
    }

    /// Status and reason.
    pub(super) fn status(&self) -> &'static str {
        if self.partial {
            "206 Partial Content"
        } else {
            "200 OK"
        }
    }

    /// `Content-Range`, where there is one.
    pub(super) fn content_range(&self) -> Option<String> {
        self.partial.then(|| {
            let last = self.range.end.saturating_sub(1);
            format!("bytes {}-{last}/{}", self.range.start, self.total)
        })
    }
}

/// Several ranges, where a field asks for those and each of them can be satisfied.
pub(super) fn several(field: Option<&str>, total: usize) -> Option<Vec<ByteRange>> {
    let list = field?.trim().strip_prefix("bytes=")?;
    let (_, _) = list.split_once(',')?;
    let ranges = list.split(',').take(MOST).map(|range| {
        let range = ByteRange::asked(Some(&format!("bytes={}", range.trim())), total).ok()?;
        range.partial.then_some(range)
    });
    ranges.collect()
}

/// A `multipart/byteranges` body (RFC 9110 section 14.6).
pub(super) fn parts(bytes: &[u8], ranges: &[ByteRange], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for part in ranges {
        let range = part.content_range().unwrap_or_default();
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: {range}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes.get(part.range.clone()).unwrap_or_default());
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

/// Ranges of one request that are looked at.
const MOST: usize = 256;

/// First and last position; a missing first one makes the second a suffix length.
fn parse(field: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (first, last) = field.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(field: &str) -> Result<(Range<usize>, bool), Unsatisfiable> {
        ByteRange::asked(Some(field), 10).map(|part| (part.range, part.partial))
    }

    #[test]
    fn ranges_are_taken_from_the_object() {
        assert_eq!(asked("bytes=2-4"), Ok((2..5, true)));
        assert_eq!(asked("bytes=2-"), Ok((2..10, true)));
        assert_eq!(asked("bytes=0-99"), Ok((0..10, true)));
        assert_eq!(asked("bytes=-3"), Ok((7..10, true)));
        assert_eq!(asked("bytes=-99"), Ok((0..10, true)));
        let part = ByteRange::asked(Some("bytes=2-4"), 10).unwrap();
        assert_eq!(part.content_range().as_deref(), Some("bytes 2-4/10"));
        assert_eq!(part.status(), "206 Partial Content");
    }

    #[test]
    fn several_ranges_come_as_parts() {
        let ranges = several(Some("bytes=0-1, 8-"), 10).unwrap();
        assert_eq!(
            String::from_utf8(parts(b"0123456789", &ranges, "b")).unwrap(),
            "\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
             \r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 8-9/10\r\n\r\n89\
             \r\n--b--\r\n"
        );
        for single in ["bytes=0-1", "bytes=0-1,x", "bytes=0-1,10-", "lines=0-1,2-3"] {
            assert_eq!(several(Some(single), 10), None, "{single}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_cannot_be_satisfied() {
        assert_eq!(asked("bytes=10-"), Err(Unsatisfiable));
        assert_eq!(asked("bytes=11-12"), Err(Unsatisfiable));
        assert_eq!(asked("bytes=-0"), Err(Unsatisfiable));
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_ignored() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=4-2",
            "bytes=1-2,4-5",
            "lines=1-2",
        ] {
            assert_eq!(asked(field), Ok((0..10, false)), "{field}");
        }
        assert_eq!(asked("bytes=+1-2"), Ok((0..10, false)));
        assert_eq!(asked("bytes=99999999999999999999-"), Ok((0..10, false)));
        let whole = ByteRange::asked(None, 10).unwrap();
        assert_eq!(whole.content_range(), None);
    }
}
