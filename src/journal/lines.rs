//! Lines of a file that may be cut off, damaged, or made to hurt.

use std::io::{self, BufRead, Read as _};

/// Longer than any record: a head has at most 64 KiB, and JSON makes at most six of each byte.
const LIMIT: u64 = 16 << 20;

/// Reads newline-terminated lines of bounded length.
#[derive(Debug)]
pub(super) struct JournalLines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Bytes of the lines before, which have an end.
    passed: u64,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JournalLine<'a> {
    /// A whole line.
    Whole(&'a [u8]),
    /// A line over the limit, which was skipped.
    TooLong,
    /// The last one, which has no end: how many bytes.
    Torn(u64),
}

impl<R: BufRead> JournalLines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            passed: 0,
        }
    }

    /// Bytes of the lines that have an end, so far.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<JournalLine<'_>>> {
        self.buffer.clear();
        let mut limited = self.reader.by_ref().take(LIMIT);
        let length = limited.read_until(b'\n', &mut self.buffer)? as u64;
        if self.buffer.last() == Some(&b'\n') {
            self.passed += length;
            self.buffer.pop();
            return Ok(Some(JournalLine::Whole(&self.buffer)));
        }
        match length {
            0 => Ok(None),
            LIMIT => Ok(Some(self.skip(length)?)),
            _ => Ok(Some(JournalLine::Torn(length))),
        }
    }

    /// Goes to the next line's beginning.
    fn skip(&mut self, mut length: u64) -> io::Result<JournalLine<'_>> {
        self.buffer = Vec::new();
        loop {
            let rest = self.reader.fill_buf()?;
            if rest.is_empty() {
                return Ok(JournalLine::Torn(length));
            }
            if let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                self.reader.consume(end + 1);
                self.passed += length + end as u64 + 1;
                return Ok(JournalLine::TooLong);
            }
            let all = rest.len();
            length += all as u64;
            self.reader.consume(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_may_be_torn() {
        let mut lines = JournalLines::new(&b"one\n\ntw"[..]);
        assert_eq!(lines.next().unwrap(), Some(JournalLine::Whole(b"one")));
        assert_eq!(lines.next().unwrap(), Some(JournalLine::Whole(b"")));
        assert_eq!(lines.next().unwrap(), Some(JournalLine::Torn(2)));
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn an_endless_line_is_skipped() {
        let mut file = vec![b'x'; 3 * usize::try_from(LIMIT).unwrap()];
        file.extend(b"\nnext\n");
        let mut lines = JournalLines::new(&file[..]);
        assert_eq!(lines.next().unwrap(), Some(JournalLine::TooLong));
        assert_eq!(lines.next().unwrap(), Some(JournalLine::Whole(b"next")));
        assert_eq!(lines.next().unwrap(), None);
    }
}
