//! A HAR written entry by entry: memory does not grow with the file.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::model::{Creator, HarEntry};

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
    /// Begins the file.
    pub(super) fn begin(out: W, secrets_kept: bool, pretty: bool) -> io::Result<Self> {
        let mut writer = Self::empty(out, pretty);
        writer.raw("{\"log\":{\"version\":\"1.2\",\"creator\":")?;
        writer.json(&Creator {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Creator::default()
        })?;
        // Some readers need the list though it is empty.
        writer.raw(",\"pages\":[]")?;
        if secrets_kept {
            writer.raw(",\"comment\":")?;
            writer.json(&SECRETS_KEPT)?;
            writer.raw(",\"_secretsKept\":true")?;
        }
        writer.raw(",\"entries\":[")?;
        Ok(writer)
    }

    /// Writes one entry.
    pub(super) fn entry(&mut self, entry: &HarEntry) -> io::Result<()> {
        self.separate(1)?;
        self.json(entry)
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
            CountedWrites(self).write_all(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Where the entry that was written last stands in the file, or all that were copied last.
    pub(super) fn last_entry(&self) -> Range<u64> {
        self.entry_from..self.bytes
    }

    /// Whether an entry may stand here without the file growing beyond `limit` bytes. The first
    /// one may in any case.
    pub(super) fn has_room(&self, entry: &HarEntry, limit: u64) -> io::Result<bool> {
        let mut measure = HarWriter::empty(io::sink(), self.pretty);
        measure.entry(entry)?;
        let after = self.bytes.saturating_add(measure.bytes).saturating_add(END);
        Ok(self.entries == 0 || after <= limit)
    }

    /// Ends the file; gives back what was written to, and says how many entries and bytes it has.
    pub(super) fn finish(mut self, tls_errors: &[Value]) -> io::Result<(W, u64, u64)> {
        self.raw("\n],\"_tlsErrors\":")?;
        self.json(&tls_errors)?;
        self.raw("}}\n")?;
        self.out.flush()?;
        Ok((self.out, self.entries, self.bytes))
    }

    fn empty(out: W, pretty: bool) -> Self {
        Self {
            out,
            entries: 0,
            bytes: 0,
            entry_from: 0,
            pretty,
        }
    }

    /// Begins so many entries.
    fn separate(&mut self, entries: u64) -> io::Result<()> {
        self.raw(if self.entries == 0 { "\n" } else { ",\n" })?;
        self.entries += entries;
        self.entry_from = self.bytes;
        Ok(())
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let pretty = self.pretty.then(PrettyFormatter::new);
        let counted = CountedWrites(self);
        value.serialize(&mut Serializer::with_formatter(counted, Safe { pretty }))?;
        Ok(())
    }

    fn raw(&mut self, text: &str) -> io::Result<()> {
        CountedWrites(self).write_all(text.as_bytes())
    }
}

/// Bytes of another file that are in memory at once.
const COPIED_AT_ONCE: usize = 256 << 10;
/// Bytes that the end of a file takes, rejected handshakes not counted.
const END: u64 = 64;
const SECRETS_KEPT: &str =
    "secrets were kept (--keep-secrets): this file holds credentials that may still be valid";

/// Counts what is written.
struct CountedWrites<'a, W>(&'a mut HarWriter<W>);

impl<W: Write> Write for CountedWrites<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.out.write(bytes)?;
        self.0.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.out.flush()
    }
}

/// JSON that can stand in an HTML page, compact or indented: no string in it opens a tag.
struct Safe {
    pretty: Option<PrettyFormatter<'static>>,
}

/// Hands a part of the layout to the formatter that was chosen.
macro_rules! layout {
    ($($name:ident($($first:ident: bool)?);)*) => {
        $(fn $name<W>(&mut self, writer: &mut W, $($first: bool)?) -> io::Result<()>
        where
            W: ?Sized + Write,
        {
            match &mut self.pretty {
                Some(pretty) => pretty.$name(writer, $($first)?),
                None => CompactFormatter.$name(writer, $($first)?),
            }
        })*
    };
}

impl Formatter for Safe {
    layout! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some((before, after)) = rest.split_once('<') {
            writer.write_all(before.as_bytes())?;
            writer.write_all(b"\\u003c")?;
            rest = after;
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    #[test]
    fn security_21_no_string_opens_a_tag() {
        let mut file = Vec::new();
        let mut writer = HarWriter::begin(&mut file, true, false).unwrap();
        let entry = HarEntry {
            comment: Some("a</script><b>\"".to_owned()),
            ..HarEntry::default()
        };
        writer.entry(&entry).unwrap();
        writer.entry(&HarEntry::default()).unwrap();
        let (_, entries, bytes) = writer.finish(&[]).unwrap();
        assert_eq!((entries, bytes), (2, file.len() as u64));
        assert!(!file.contains(&b'<'));
        let har: Value = serde_json::from_slice(&file).unwrap();
        let written = HarEntry::deserialize(&har["log"]["entries"][0]).unwrap();
        assert_eq!(written, entry);
        assert_eq!(har["log"]["comment"], SECRETS_KEPT);
    }
}
