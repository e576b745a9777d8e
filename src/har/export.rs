//! A trace as a HAR.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::content::Kept;
use super::writer::Writer;
use super::{HarError, Warning, connect, entry, tls_error};
use crate::base::atomic_file::{FileError, OutputFile, directory};
use crate::exchange::{
    Bodies, Body, Capture, Exchange, ExchangeId, HandshakeFailed, RawHead, Trace, Tunnel,
};

/// How a HAR is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether tunnels and rejected handshakes get entries of their CONNECT request. Some tools
    /// would replay these.
    pub connect_entries: bool,
    /// The largest stored body, in bytes, that stands in the HAR itself; a larger one is
    /// referred to.
    pub inline_limit: u64,
    /// Whether the JSON is indented.
    pub pretty: bool,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
    /// What some reader will not like.
    pub warnings: Vec<Warning>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_entries: true,
            inline_limit: 8 << 20,
            pretty: false,
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
    options: &Options,
) -> Result<Report, HarError> {
    let mut file = OutputFile::create(path)?;
    let base = directory(path).canonicalize().ok();
    let report = Job::new(trace, bodies, base, options)
        .write(&mut file)
        .map_err(|source| FileError::Write {
            path: path.to_owned(),
            source,
        })?;
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
    options: &Options,
) -> Result<Report, HarError> {
    Job::new(trace, bodies, None, options)
        .write(out)
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
    options: &Options,
    limit: u64,
) -> Result<Vec<(PathBuf, Report)>, HarError> {
    let base = directory(path).canonicalize().ok();
    Job::new(trace, bodies, base, options).parts(path, limit)
}

/// One of several files on its way.
struct Part {
    path: PathBuf,
    writer: Writer<OutputFile>,
}

impl Part {
    fn begin(job: &Job<'_>, path: PathBuf) -> Result<Self, HarError> {
        let file = OutputFile::create(&path)?;
        match job.begin(file) {
            Ok(writer) => Ok(Self { path, writer }),
            Err(source) => Err(FileError::Write { path, source }.into()),
        }
    }

    fn failed(&self, source: io::Error) -> HarError {
        let path = self.path.clone();
        FileError::Write { path, source }.into()
    }

    fn close(self, end: &[Value]) -> Result<(PathBuf, Report), HarError> {
        let Self { path, writer } = self;
        let written = writer.finish_into(end);
        let (file, entries, bytes) = match written {
            Ok(written) => written,
            Err(source) => return Err(FileError::Write { path, source }.into()),
        };
        file.finish()?;
        let warnings = Warning::of_size(bytes).into_iter().collect();
        let report = Report {
            entries,
            bytes,
            warnings,
        };
        Ok((path, report))
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

/// One HAR on its way.
struct Job<'a> {
    trace: &'a Trace,
    bodies: &'a dyn Bodies,
    /// The directory of the HAR.
    base: Option<PathBuf>,
    options: &'a Options,
    warnings: Vec<Warning>,
}

/// What becomes an entry.
enum Record<'a> {
    Exchange(&'a Exchange),
    Tunnel(&'a Tunnel),
    Handshake(&'a HandshakeFailed),
}

impl<'a> Job<'a> {
    fn new(
        trace: &'a Trace,
        bodies: &'a dyn Bodies,
        base: Option<PathBuf>,
        options: &'a Options,
    ) -> Self {
        Self {
            trace,
            bodies,
            base,
            options,
            warnings: Vec::new(),
        }
    }

    fn write(mut self, out: impl Write) -> io::Result<Report> {
        let mut writer = self.begin(out)?;
        for record in self.records() {
            writer.entry(&self.record(&record))?;
        }
        self.finish(writer)
    }

    fn begin<W: Write>(&self, out: W) -> io::Result<Writer<W>> {
        Writer::begin(out, self.trace.secrets_kept, self.options.pretty)
    }

    fn record(&mut self, record: &Record<'_>) -> super::model::Entry {
        match record {
            Record::Exchange(exchange) => self.entry(exchange),
            Record::Tunnel(tunnel) => connect::tunnel(tunnel),
            Record::Handshake(failed) => connect::handshake(failed),
        }
    }

    fn finish<W: Write>(&mut self, writer: Writer<W>) -> io::Result<Report> {
        let handshakes = self.trace.handshakes.iter();
        let tls_errors: Vec<_> = handshakes.map(tls_error::tls_error).collect();
        let (entries, bytes) = writer.finish(&tls_errors)?;
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.extend(Warning::of_size(bytes));
        Ok(Report {
            entries,
            bytes,
            warnings,
        })
    }

    /// Writes files of at most `limit` bytes; see [`export_parts`].
    fn parts(mut self, path: &Path, limit: u64) -> Result<Vec<(PathBuf, Report)>, HarError> {
        let mut parts = Vec::new();
        let mut part = Part::begin(&self, path.to_owned())?;
        for record in self.records() {
            let entry = self.record(&record);
            if !part
                .writer
                .has_room(&entry, limit)
                .map_err(|e| part.failed(e))?
            {
                parts.push(part.close(&[])?);
                let next = numbered(path, parts.len() + 1);
                part = Part::begin(&self, next)?;
            }
            part.writer.entry(&entry).map_err(|e| part.failed(e))?;
        }
        // What belongs to no entry stands in the last part.
        let handshakes = self.trace.handshakes.iter();
        let tls_errors: Vec<_> = handshakes.map(tls_error::tls_error).collect();
        parts.push(part.close(&tls_errors)?);
        if let Some((_, report)) = parts.last_mut() {
            report.warnings.splice(0..0, self.warnings);
        }
        Ok(parts)
    }

    /// Everything that becomes an entry, by its start.
    fn records(&self) -> Vec<Record<'a>> {
        let exchanges = self.trace.exchanges.iter().map(Record::Exchange);
        let tunnels = self.trace.tunnels.iter().map(Record::Tunnel);
        let handshakes = self.trace.handshakes.iter().map(Record::Handshake);
        let connects = tunnels.chain(handshakes);
        let mut records: Vec<_> = connects
            .filter(|_| self.options.connect_entries)
            .chain(exchanges)
            .collect();
        records.sort_by_key(Record::start);
        records
    }

    fn entry(&mut self, exchange: &Exchange) -> super::model::Entry {
        let heads = [
            exchange.request.as_ref().map(|request| &request.head),
            exchange.response.as_ref().map(|response| &response.head),
        ];
        for head in heads.into_iter().flatten() {
            self.check_encoding(exchange.id, head);
        }
        let request = self.body(exchange.id, exchange.request_body.as_ref());
        let response = self.body(exchange.id, exchange.response_body.as_ref());
        entry::entry(exchange, &request, &response)
    }

    fn body(&mut self, id: ExchangeId, body: Option<&Body>) -> Kept {
        match body.map(|body| &body.capture) {
            Some(Capture::Memory { bytes }) => Kept {
                bytes: Some(bytes.clone()),
                file: None,
            },
            Some(capture @ Capture::Stored { size, .. }) => {
                let mut kept = Kept {
                    bytes: None,
                    file: self.reference(capture),
                };
                if *size <= self.options.inline_limit {
                    match self.bodies.read(capture) {
                        Ok(bytes) => kept.bytes = bytes.map(Into::into),
                        Err(error) => {
                            kept.file = None;
                            self.warnings.push(Warning::Body {
                                exchange: id,
                                reason: error.to_string(),
                            });
                        }
                    }
                }
                kept
            }
            _ => Kept::default(),
        }
    }

    /// The path from the HAR to a stored body.
    fn reference(&self, capture: &Capture) -> Option<String> {
        let file = self.bodies.file(capture)?.canonicalize().ok()?;
        let path = relative(self.base.as_deref()?, &file);
        path.to_str().map(str::to_owned)
    }

    fn check_encoding(&mut self, id: ExchangeId, head: &RawHead) {
        const KNOWN: [&[u8]; 5] = [b"gzip", b"deflate", b"br", b"zstd", b"identity"];
        let values: Vec<_> = head.values("content-encoding").collect();
        let value = values.join(&b", "[..]);
        let is_known = value.is_empty() || KNOWN.iter().any(|k| k.eq_ignore_ascii_case(&value));
        if !is_known {
            self.warnings.push(Warning::Encoding {
                exchange: id,
                value: super::text::text(&value),
            });
        }
    }
}

impl Record<'_> {
    fn start(&self) -> Timestamp {
        match self {
            Self::Exchange(exchange) => exchange.started,
            Self::Tunnel(tunnel) => tunnel.connection.opened,
            Self::Handshake(failed) => failed.connection.opened,
        }
    }
}

/// The way from a directory to a file; both are absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    from.map(|_| Component::ParentDir).chain(to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_the_har_on() {
        let relative = |from: &str, to: &str| relative(from.as_ref(), to.as_ref());
        assert_eq!(relative("/a/b", "/a/b/c/d"), Path::new("c/d"));
        assert_eq!(relative("/a/b", "/a/x/d"), Path::new("../x/d"));
        assert_eq!(relative("/", "/d"), Path::new("d"));
    }
}
