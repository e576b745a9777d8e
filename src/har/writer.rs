//! A HAR written entry by entry: memory does not grow with the file.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use serde::Serialize;
use serde_json::Value;

use super::model::{Creator, HarEntry};
use crate::exchange::Trace;

/// Writes the log's parts in their order.
#[derive(Debug)]
pub(super) struct HarWriter<W> {
    out: W,
    entries: u64,
    bytes: u64,
    /// Where the last entry begins.
    entry_from: u64,
    pretty: bool,
}

impl<W: Write> HarWriter<W> {
    /// Begins the file of a trace.
    pub(super) fn begin(out: W, trace: &Trace, pretty: bool) -> io::Result<Self> {
        let mut writer = Self {
            out,
            entries: 0,
            bytes: 0,
            entry_from: 0,
            pretty,
        };
        writer.raw(b"{\"log\":{\"version\":\"1.2\",\"creator\":")?;
        writer.json(&Creator {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Creator::default()
        })?;
        let file = &trace.foreign.file;
        if !file.contains_key("pages") {
            // Some readers need the list though it is empty.
            writer.raw(b",\"pages\":[]")?;
        }
        for (name, value) in file {
            writer.raw(b",")?;
            writer.json(name)?;
            writer.raw(b":")?;
            writer.json(value)?;
        }
        if trace.secrets_kept {
            writer.raw(b",\"comment\":")?;
            writer.json(&SECRETS_KEPT)?;
            writer.raw(b",\"_secretsKept\":true")?;
        }
        writer.raw(b",\"entries\":[")?;
        Ok(writer)
    }

    /// An entry as it is to be written.
    pub(super) fn text(&self, entry: &HarEntry) -> io::Result<Vec<u8>> {
        json(entry, self.pretty)
    }

    /// Writes the text of one entry.
    pub(super) fn entry(&mut self, text: &[u8]) -> io::Result<()> {
        self.separate(1)?;
        self.raw(text)
    }

    /// Writes entries as they stand in another file that this wrote, the separators between them
    /// included.
    pub(super) fn copied(
        &mut self,
        entries: u64,
        from: &File,
        range: Range<u64>,
    ) -> io::Result<()> {
        self.separate(entries)?;
        let mut at = range.start;
        let mut buffer = vec![0; COPIED_AT_ONCE];
        while at < range.end {
            let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let piece = buffer
                .get_mut(..left.min(COPIED_AT_ONCE))
                .unwrap_or_default();
            from.read_exact_at(piece, at)?;
            self.raw(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Where the entry that was written last stands in the file, or all that were copied last.
    pub(super) fn last_entry(&self) -> Range<u64> {
        self.entry_from..self.bytes
    }

    /// Whether an entry of this text may stand here without the file growing beyond `limit` bytes.
    /// The first one may in any case.
    pub(super) fn has_room(&self, text: &[u8], limit: u64) -> bool {
        let after = self.bytes.saturating_add(text.len() as u64 + END);
        self.entries == 0 || after <= limit
    }

    /// Ends the file; gives back what was written to, and says how many entries and bytes it has.
    pub(super) fn finish(mut self, tls_errors: &[Value]) -> io::Result<(W, u64, u64)> {
        self.raw(b"\n],\"_tlsErrors\":")?;
        self.json(&tls_errors)?;
        self.raw(b"}}\n")?;
        self.out.flush()?;
        Ok((self.out, self.entries, self.bytes))
    }

    /// Begins so many entries.
    fn separate(&mut self, entries: u64) -> io::Result<()> {
        self.raw(if self.entries == 0 { b"\n" } else { b",\n" })?;
        self.entries += entries;
        self.entry_from = self.bytes;
        Ok(())
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.raw(&json(value, self.pretty)?)
    }

    fn raw(&mut self, text: &[u8]) -> io::Result<()> {
        self.bytes += text.len() as u64;
        self.out.write_all(text)
    }
}

/// JSON that can stand in an HTML page: no string in it opens a tag.
fn json(value: &impl Serialize, pretty: bool) -> io::Result<Vec<u8>> {
    let text = if pretty {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    Ok(text.replace('<', "\\u003c").into_bytes())
}

/// Bytes of another file that are in memory at once.
const COPIED_AT_ONCE: usize = 256 << 10;
/// Bytes that the end of a file takes, rejected handshakes not counted, and what parts two entries.
const END: u64 = 66;
const SECRETS_KEPT: &str =
    "secrets were kept (--keep-secrets): this file holds credentials that may still be valid";

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    #[test]
    fn security_21_no_string_opens_a_tag() {
        let mut file = Vec::new();
        let trace = Trace {
            secrets_kept: true,
            ..Trace::default()
        };
        let mut writer = HarWriter::begin(&mut file, &trace, false).unwrap();
        let entry = HarEntry {
            comment: Some("a</script><b>\"".to_owned()),
            ..HarEntry::default()
        };
        for entry in [&entry, &HarEntry::default()] {
            let text = writer.text(entry).unwrap();
            writer.entry(&text).unwrap();
        }
        let (_, entries, bytes) = writer.finish(&[]).unwrap();
        assert_eq!((entries, bytes), (2, file.len() as u64));
        assert!(!file.contains(&b'<'));
        let har: Value = serde_json::from_slice(&file).unwrap();
        let written = HarEntry::deserialize(&har["log"]["entries"][0]).unwrap();
        assert_eq!(written, entry);
        assert_eq!(har["log"]["comment"], SECRETS_KEPT);
    }
}
