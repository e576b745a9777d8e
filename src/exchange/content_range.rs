//! Which bytes of a whole an answer brings (RFC 9110 section 14).

use memchr::memmem;

/// What a `Content-Range` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte.
    pub from: u64,
    /// The byte after the last.
    pub to: u64,
    /// The size of the whole in bytes, where it is said.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads a field's value, such as `bytes 0-99/1000` (section 14.4).
    pub fn read(value: &str) -> Option<Self> {
        let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let from: u64 = first.trim().parse().ok()?;
        let to = last.trim().parse::<u64>().ok()?.checked_add(1)?;
        let total = total.parse().ok();
        (from < to).then_some(Self { from, to, total })
    }
}

/// Follows the parts of a `multipart/byteranges` (section 14.6) through content that comes piece by
/// piece. Where a part ends is known by its `Content-Range`; at what is no part it stops.
#[derive(Clone, Debug, Default)]
pub struct RangeParts {
    /// What came of the next part's head.
    head: Vec<u8>,
    /// What is still to come of a part.
    part: Option<ContentRange>,
    /// The first byte, and the one after the last, of what came of each part.
    came: Vec<(u64, u64)>,
    over: bool,
}

impl RangeParts {
    /// Takes the next bytes; `take` is handed the content in them, each time with its place: from
    /// where to where it goes, and the size of the whole.
    pub fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(ContentRange, &[u8])) {
        while !bytes.is_empty() && !self.over {
            let Some(part) = &mut self.part else {
                bytes = self.head_part(bytes);
                continue;
            };
            let left = usize::try_from(part.to - part.from).unwrap_or(usize::MAX);
            let (content, rest) = bytes.split_at(left.min(bytes.len()));
            let to = part.from + content.len() as u64;
            take(ContentRange { to, ..*part }, content);
            part.from = to;
            if let Some((_, end)) = self.came.last_mut() {
                *end = to;
            }
            self.part = self.part.filter(|part| part.from < part.to);
            bytes = rest;
        }
    }

    /// What came of each part so far.
    pub fn came(&self) -> &[(u64, u64)] {
        &self.came
    }

    /// Takes what belongs to the head of a part, and gives back what follows it.
    fn head_part<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let known = self.head.len();
        self.head.extend_from_slice(bytes);
        let from = known.saturating_sub(END.len() - 1);
        let searched = self.head.get(from..).unwrap_or_default();
        let Some(end) = memmem::find(searched, END).map(|at| from + at + END.len()) else {
            self.over = self.head.len() > LONGEST_HEAD;
            return &[];
        };
        let head = String::from_utf8_lossy(self.head.get(..end).unwrap_or_default());
        self.part = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_range = name.trim().eq_ignore_ascii_case("content-range");
            is_range.then(|| ContentRange::read(value))?
        });
        self.came
            .extend(self.part.map(|part| (part.from, part.from)));
        self.over = self.part.is_none() || self.came.len() > MOST;
        self.head.clear();
        bytes.get(end - known..).unwrap_or_default()
    }
}

/// What a head ends with.
const END: &[u8] = b"\r\n\r\n";
/// No head of a part is longer.
const LONGEST_HEAD: usize = 8 << 10;
/// More parts of one answer are not followed.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_is_read() {
        let read = |value| ContentRange::read(value).map(|r| (r.from, r.to, r.total));
        assert_eq!(read("bytes 3-9/10"), Some((3, 10, Some(10))));
        assert_eq!(read(" bytes 0-0/*"), Some((0, 1, None)));
        for odd in [
            "bytes */10",
            "bytes 9-3/10",
            "octets 0-1/2",
            "bytes 0-1",
            "bytes 0-18446744073709551615/*",
            "",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    /// An answer with these ranges of a content.
    fn answer(content: &[u8], ranges: &[(usize, usize)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (from, to) in ranges {
            let (last, all) = (to - 1, content.len());
            body.extend(
                format!("\r\n--b\r\nContent-Type: a/b\r\ncontent-range:bytes {from}-{last}/{all}\r\n\r\n")
                    .bytes(),
            );
            body.extend(&content[*from..*to]);
        }
        body.extend(b"\r\n--b--\r\nContent-Range: bytes 0-1/2\r\n");
        body
    }

    proptest! {
        #[test]
        fn parts_are_the_same_however_they_are_cut(
            content in prop::collection::vec(prop::sample::select(&b"\r\n-:bx"[..]), 1..60),
            places in prop::collection::vec((0_usize..60, 1_usize..60), 0..6),
            cuts in prop::collection::vec(1_usize..40, 1..40),
            end in 0_usize..600,
        ) {
            let ranges: Vec<_> = places
                .iter()
                .map(|(from, length)| (from % content.len(), *length))
                .map(|(from, length)| (from, (from + length).min(content.len())))
                .collect();
            let body = answer(&content, &ranges);
            let body = &body[..end.min(body.len())];
            let mut parts = RangeParts::default();
            let mut rest = body;
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                parts.feed(piece, |range, bytes| {
                    let at = |place: u64| usize::try_from(place).unwrap();
                    let place = at(range.from)..at(range.to);
                    assert_eq!(&content[place], bytes);
                    assert_eq!(range.total, Some(content.len() as u64));
                });
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            let mut whole = RangeParts::default();
            whole.feed(body, |_, _| {});
            prop_assert_eq!(parts.came(), whole.came());
            for ((from, to), came) in ranges.iter().zip(parts.came()) {
                prop_assert_eq!(*from as u64, came.0);
                prop_assert!(came.1 <= *to as u64);
            }
            let is_whole = end >= answer(&content, &ranges).len();
            prop_assert!(!is_whole || parts.came().len() == ranges.len());
            prop_assert!(!is_whole || ranges.iter().zip(parts.came()).all(|(r, c)| r.1 as u64 == c.1));
        }

        #[test]
        fn any_bytes_are_followed(bytes: Vec<u8>) {
            RangeParts::default().feed(&bytes, |_, _| {});
        }
    }
}
