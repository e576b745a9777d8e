//! `pullscope export` and `pullscope redact`.

use std::io::{self, Write as _};
use std::path::Path;

use crate::config::{ExportArgs, Format, RedactArgs};
use crate::exchange::{Bodies, Event, Trace};
use crate::export::transcript;
use crate::har;
use crate::redact::Redactor;

use super::failure::Outcome;
use super::run::Talk;
use super::select::Selection;
use super::source::{self, Source};

pub(super) fn run(args: &ExportArgs, talk: &Talk) -> Outcome {
    let selection = Selection::read(&args.selection)?;
    let mut source = open(&args.source, args.keep_secrets, talk)?;
    selection.narrow(&mut source)?;
    let (trace, bodies) = (&source.trace, source.bodies.as_ref());
    match args.format {
        Format::Har => {
            let options = har::Options {
                connect_entries: !args.no_connect_entries,
                pretty: args.pretty,
                ..har::Options::default()
            };
            write_har(trace, bodies, &args.output, &options, talk)
        }
        Format::Http => write(&args.output, talk, |out| {
            transcript::write(&trace.exchanges, bodies, out).map(|_| ())
        }),
    }
}

pub(super) fn redact(args: &RedactArgs, talk: &Talk) -> Outcome {
    let source = open(&args.source, false, talk)?;
    let options = har::Options {
        pretty: args.pretty,
        ..har::Options::default()
    };
    let bodies = source.bodies.as_ref();
    write_har(&source.trace, bodies, &args.output, &options, talk)
}

/// Opens a source, says what its reader passed over, and redacts it unless told otherwise.
pub(super) fn open(path: &Path, keep_secrets: bool, talk: &Talk) -> Outcome<Source> {
    let mut source = source::open(path)?;
    for warning in &source.warnings {
        talk.insist(&format!("warning: {}: {warning}", path.display()));
    }
    if !keep_secrets {
        redact_trace(&mut source.trace);
    }
    Ok(source)
}

/// Writes a HAR to a file or to stdout, and says what readers will not like about it.
pub(super) fn write_har(
    trace: &Trace,
    bodies: &dyn Bodies,
    output: &Path,
    options: &har::Options,
    talk: &Talk,
) -> Outcome {
    let report = if output == Path::new("-") {
        match har::write(trace, bodies, io::stdout().lock(), options) {
            // A reader that has gone has what it wanted.
            Err(har::HarError::Stream(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(());
            }
            other => other?,
        }
    } else {
        har::export(trace, bodies, output, options)?
    };
    for warning in &report.warnings {
        talk.insist(&format!("warning: {warning}"));
    }
    if output != Path::new("-") {
        let (name, entries) = (output.display(), report.entries);
        talk.say(&format!("wrote {name}: {entries} entries"));
    }
    Ok(())
}

/// Writes text to a file, which appears when it is whole, or to stdout.
fn write(
    output: &Path,
    talk: &Talk,
    make: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Outcome {
    if output == Path::new("-") {
        let mut out = io::BufWriter::new(io::stdout().lock());
        return match make(&mut out).and_then(|()| out.flush()) {
            // A reader that has gone has what it wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        };
    }
    let mut file = har::OutputFile::create(output)?;
    make(&mut file)?;
    file.finish()?;
    talk.say(&format!("wrote {}", output.display()));
    Ok(())
}

/// Redacts what is not redacted yet; what is stays as it is.
pub(super) fn redact_trace(trace: &mut Trace) {
    let mut redactor = Redactor::new();
    trace.exchanges = std::mem::take(&mut trace.exchanges)
        .into_iter()
        .map(|e| redactor.exchange(e))
        .collect();
    for tunnel in &mut trace.tunnels {
        if let Event::Tunnel(clean) = redactor.event(Event::Tunnel(Box::new(tunnel.clone()))) {
            *tunnel = *clean;
        }
    }
    for handshake in &mut trace.handshakes {
        let event = Event::HandshakeFailed(Box::new(handshake.clone()));
        if let Event::HandshakeFailed(clean) = redactor.event(event) {
            *handshake = *clean;
        }
    }
    trace.secrets_kept = false;
}
