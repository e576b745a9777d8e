//! A trace as a HAR.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::entries::{EntryMaker, EntrySource, tls_errors};
use super::options::WriteOptions;
use super::writer::HarWriter;
use super::{HarError, ReaderWarning};
use crate::base::atomic_file::{FileError, OutputFile};
use crate::exchange::{Bodies, Trace};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
    /// What some reader will not like.
    pub warnings: Vec<ReaderWarning>,
}

impl Written {
    /// Of so many entries and bytes, with these warnings besides that of the size.
    pub(super) fn new(entries: u64, bytes: u64, mut warnings: Vec<ReaderWarning>) -> Self {
        warnings.extend(ReaderWarning::of_size(bytes));
        Self {
            entries,
            bytes,
            warnings,
        }
    }
}

/// Writes a trace to a file, which appears when it is whole and is readable by us alone.
///
/// # Errors
/// When the file cannot be written. A body that cannot be read is a warning.
pub fn export(
    trace: &Trace,
    bodies: &dyn Bodies,
    path: &Path,
    options: &WriteOptions,
) -> Result<Written, HarError> {
    let mut file = OutputFile::create(path)?;
    let maker = EntryMaker::beside(path, bodies, options).keeping(&trace.foreign);
    let report = write_all(trace, maker, &mut file).map_err(failed(path))?;
    file.finish()?;
    Ok(report)
}

/// Writes a trace to a stream. Stored bodies over the limit cannot be referred to, since the
/// HAR has no place that a path could start from.
///
/// # Errors
/// When the stream fails. A body that cannot be read is a warning.
pub fn write(
    trace: &Trace,
    bodies: &dyn Bodies,
    out: impl Write,
    options: &WriteOptions,
) -> Result<Written, HarError> {
    write_all(
        trace,
        EntryMaker::new(bodies, options).keeping(&trace.foreign),
        out,
    )
    .map_err(HarError::Stream)
}

/// Writes a trace to several files of at most `limit` bytes each, every one a HAR of its own: the
/// first has the given name, the others `name-2.har` and so on. A single entry that is larger
/// than the limit makes a part that is larger too.
///
/// # Errors
/// When a file cannot be written. Those before it are whole.
pub fn export_parts(
    trace: &Trace,
    bodies: &dyn Bodies,
    path: &Path,
    options: &WriteOptions,
    limit: u64,
) -> Result<Vec<(PathBuf, Written)>, HarError> {
    let mut maker = EntryMaker::beside(path, bodies, options).keeping(&trace.foreign);
    let begin = |path| HarPart::begin(path, trace, options.pretty);
    let mut parts = Vec::new();
    let mut part = begin(path.to_owned())?;
    for source in EntrySource::all(trace, options) {
        let text = part.writer.text(&maker.entry(source));
        let text = text.map_err(failed(&part.path))?;
        if !part.writer.has_room(&text, limit) {
            parts.push(part.close(&[])?);
            part = begin(numbered(path, parts.len() + 1))?;
        }
        let written = part.writer.entry(&text);
        written.map_err(failed(&part.path))?;
    }
    // What belongs to no entry stands in the last part.
    parts.push(part.close(&tls_errors(&trace.handshakes))?);
    if let Some((_, report)) = parts.last_mut() {
        report.warnings.splice(0..0, maker.warnings);
    }
    Ok(parts)
}

/// Writes a trace as one HAR.
fn write_all(trace: &Trace, mut maker: EntryMaker<'_>, out: impl Write) -> io::Result<Written> {
    let mut writer = HarWriter::begin(out, trace, maker.options.pretty)?;
    for source in EntrySource::all(trace, maker.options) {
        writer.entry(&writer.text(&maker.entry(source))?)?;
    }
    let (_, entries, bytes) = writer.finish(&tls_errors(&trace.handshakes))?;
    Ok(Written::new(entries, bytes, maker.warnings))
}

/// One of several files on its way.
struct HarPart {
    path: PathBuf,
    writer: HarWriter<OutputFile>,
}

impl HarPart {
    fn begin(path: PathBuf, trace: &Trace, pretty: bool) -> Result<Self, HarError> {
        let file = OutputFile::create(&path)?;
        let writer = HarWriter::begin(file, trace, pretty).map_err(failed(&path))?;
        Ok(Self { path, writer })
    }

    fn close(self, end: &[Value]) -> Result<(PathBuf, Written), HarError> {
        let Self { path, writer } = self;
        let (file, entries, bytes) = writer.finish(end).map_err(failed(&path))?;
        file.finish()?;
        Ok((path, Written::new(entries, bytes, Vec::new())))
    }
}

/// What a failure to write to this file becomes.
fn failed(path: &Path) -> impl Fn(io::Error) -> FileError {
    move |source| FileError::Write {
        path: path.to_owned(),
        source,
    }
}

/// The name of a later part.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path
        .extension()
        .map(|ext| format!(".{}", ext.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number}{}", extension.unwrap_or_default()))
}
