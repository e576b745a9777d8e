//! A HAR that is written again and again while what it is of grows.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::SystemTime;

use super::entries::{EntryMaker, EntryPlace, EntrySource, tls_errors};
use super::writer::HarWriter;
use super::{HarError, ReaderWarning, WriteOptions, Written};
use crate::base::atomic_file::{FileError, OutputFile};
use crate::exchange::{Bodies, HandshakeFailed, Trace};

/// Writes the same file as [`export`](super::export) would, and makes the entry of what is over
/// only once: after that it is copied from the file as it was written last.
#[derive(Debug)]
pub struct GrowingHar {
    path: PathBuf,
    options: WriteOptions,
    last: Option<LastFile>,
    /// What is over and in no file yet.
    pending: Trace,
    handshakes: Vec<HandshakeFailed>,
}

/// The file that was written last.
#[derive(Debug)]
struct LastFile {
    file: File,
    state: (u64, Option<SystemTime>),
    /// The entries in it that do not change any more, in their order.
    done: Vec<DoneEntry>,
}

/// An entry that does not change any more.
#[derive(Debug)]
struct DoneEntry {
    place: EntryPlace,
    start: u64,
    end: u64,
    warnings: Box<[ReaderWarning]>,
}

impl GrowingHar {
    /// A HAR at this path, of which nothing has been written.
    pub fn new(path: PathBuf, options: WriteOptions) -> Self {
        Self {
            path,
            options,
            last: None,
            pending: Trace::default(),
            handshakes: Vec::new(),
        }
    }

    /// Takes what is over since the last time.
    pub fn take(&mut self, over: Trace) {
        self.handshakes.extend(over.handshakes.iter().cloned());
        self.handshakes.sort_by_key(|h| (h.at, h.connection.id));
        self.pending.secrets_kept = over.secrets_kept;
        self.pending.exchanges.extend(over.exchanges);
        self.pending.tunnels.extend(over.tunnels);
        self.pending.handshakes.extend(over.handshakes);
    }

    /// Whether the file that was written last is as it was left. Somebody else may have written
    /// to it, and then what is over has to be taken anew.
    pub fn is_intact(&self) -> bool {
        let last = self.last.as_ref();
        last.is_none_or(|last| state(&last.file).is_ok_and(|state| state == last.state))
    }

    /// Writes everything that was taken, and what is under way as it stands.
    ///
    /// # Errors
    /// When the file cannot be written; nothing that was taken is lost by that. A body that
    /// cannot be read is a warning.
    pub fn write(&mut self, under_way: &Trace, bodies: &dyn Bodies) -> Result<Written, HarError> {
        let mut output = OutputFile::create(&self.path)?;
        let failed = |source| FileError::Write {
            path: self.path.clone(),
            source,
        };
        let (report, done) = self
            .write_to(&mut output, under_way, bodies)
            .map_err(failed)?;
        let file = output.finish()?;
        let state = state(&file).map_err(failed)?;
        self.last = Some(LastFile { file, state, done });
        self.pending = Trace {
            secrets_kept: self.pending.secrets_kept,
            ..Trace::default()
        };
        Ok(report)
    }

    fn write_to(
        &self,
        out: &mut OutputFile,
        under_way: &Trace,
        bodies: &dyn Bodies,
    ) -> io::Result<(Written, Vec<DoneEntry>)> {
        let mut writer = HarWriter::begin(out, &self.pending, self.options.pretty)?;
        let mut maker = EntryMaker::beside(&self.path, bodies, &self.options);
        let mut new: Vec<(EntrySource<'_>, bool)> = [(&self.pending, true), (under_way, false)]
            .into_iter()
            .flat_map(|(trace, over)| {
                let sources = EntrySource::all(trace, &self.options);
                sources.into_iter().map(move |source| (source, over))
            })
            .collect();
        new.sort_by_key(|(source, _)| source.place());
        let mut new = new.into_iter().peekable();
        let mut rest = self.last.as_ref().map_or(&[][..], |last| &last.done);
        let mut done = Vec::with_capacity(rest.len() + new.len());
        let mut warnings = Vec::new();
        loop {
            let next = new.peek().map(|(source, _)| source.place());
            let before = next.map_or(rest.len(), |next| rest.partition_point(|e| e.place <= next));
            let (copied, after) = rest.split_at_checked(before).unwrap_or((rest, &[]));
            rest = after;
            if let Some(last) = &self.last {
                copy(last, copied, &mut writer, &mut done)?;
            }
            warnings.extend(
                copied
                    .iter()
                    .flat_map(|entry| entry.warnings.iter().cloned()),
            );
            let Some((source, over)) = new.next() else {
                break;
            };
            writer.entry(&writer.text(&maker.entry(source))?)?;
            let said = std::mem::take(&mut maker.warnings);
            warnings.extend(said.iter().cloned());
            if over {
                let Range { start, end } = writer.last_entry();
                done.push(DoneEntry {
                    place: source.place(),
                    start,
                    end,
                    warnings: said.into(),
                });
            }
        }
        let (_, entries, bytes) = writer.finish(&tls_errors(&self.handshakes))?;
        Ok((Written::new(entries, bytes, warnings), done))
    }
}

/// Copies entries that follow each other from the last file, neighbours in it at once.
fn copy(
    last: &LastFile,
    entries: &[DoneEntry],
    writer: &mut HarWriter<&mut OutputFile>,
    done: &mut Vec<DoneEntry>,
) -> io::Result<()> {
    let neighbours = |one: &DoneEntry, next: &DoneEntry| next.start == one.end + SEPARATOR;
    for run in entries.chunk_by(neighbours) {
        let (Some(first), Some(end)) = (run.first(), run.last()) else {
            continue;
        };
        writer.copied(run.len() as u64, &last.file, first.start..end.end)?;
        let shift = writer.last_entry().start;
        done.extend(run.iter().map(|entry| DoneEntry {
            place: entry.place,
            start: entry.start - first.start + shift,
            end: entry.end - first.start + shift,
            warnings: entry.warnings.clone(),
        }));
    }
    Ok(())
}

/// What changes when somebody writes to a file.
fn state(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let meta = file.metadata()?;
    Ok((meta.len(), meta.modified().ok()))
}

/// Bytes between two entries.
const SEPARATOR: u64 = ",\n".len() as u64;
