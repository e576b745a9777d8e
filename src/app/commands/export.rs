//! `pullscope export` and `pullscope redact`.

use std::io::{self, Write as _};
use std::path::Path;

use crate::config::{ExportArgs, Format, RedactArgs};
use crate::exchange::{Bodies, Event, Trace};
use crate::export::{allowlist, curl, html, json, markdown, mermaid, otlp, transcript};
use crate::har;
use crate::redact::Redactor;
use crate::store::{Entry, Store};
use crate::story::Telling;

use crate::app::observe::otlp::origin;
use crate::app::process::failure::{Outcome, usage};
use crate::app::terminal::talk::Talk;
use crate::app::trace::select;
use crate::app::trace::select::Selection;
use crate::app::trace::source;
use crate::app::trace::source::{Loader, Source};
use crate::base::atomic_file::OutputFile;

pub(in crate::app) fn run(args: &ExportArgs, talk: &Talk) -> Outcome {
    let selection = Selection::read(&args.selection)?;
    let mut source = open(&args.source, args.keep_secrets, talk)?;
    match args.format {
        Format::Har | Format::Http => selection.narrow(&mut source)?,
        _ => return told(args, &selection, source, talk),
    }
    let (trace, bodies) = (&source.trace, source.bodies.as_ref());
    if let Format::Http = args.format {
        return write(&args.output, talk, |out| {
            transcript::write(&trace.exchanges, bodies, out).map(|_| ())
        });
    }
    let options = har::Options {
        connect_entries: !args.no_connect_entries,
        pretty: args.pretty,
        ..har::Options::default()
    };
    let Some(limit) = args.split else {
        return write_har(trace, bodies, &args.output, &options, talk);
    };
    if args.output == Path::new("-") {
        return Err(usage(
            "--split needs --output FILE.har: several files do not fit on stdout",
        ));
    }
    for (path, report) in har::export_parts(trace, bodies, &args.output, &options, limit)? {
        told_har(&path, &report, talk);
    }
    Ok(())
}

/// Writes a form that is made from pulls.
fn told(args: &ExportArgs, selection: &Selection, source: Source, talk: &Talk) -> Outcome {
    let secrets_kept = source.trace.secrets_kept || args.keep_secrets;
    // A session is where it was recorded; a file may come from anywhere.
    let recorded_here = args.source.is_dir();
    let bodies = source.bodies.as_ref();
    let store = Store::of_trace(source.trace, &Loader(bodies));
    selection.check(&store)?;
    let lang = select::lang(args.selection.lang);
    let telling = Telling {
        store: &store,
        lang,
    };
    let takes = |entry: &Entry| selection.takes(entry, &store);
    let entries = || store.entries().filter(|entry| takes(entry));
    let whole = selection.is_all();
    write(&args.output, talk, |out| match args.format {
        Format::Json => json::write(&telling, &takes, whole, secrets_kept, out),
        Format::Md => markdown::write(&telling, &takes, whole, bodies, out),
        Format::Html => html::write(&telling, &takes, whole, secrets_kept, bodies, out),
        Format::Curl => curl::write(entries(), &telling, bodies, out),
        Format::Mermaid => {
            if mermaid::write(entries, &telling, out)? > mermaid::LARGEST {
                talk.insist(
                    "warning: Mermaid draws no more than 50,000 characters unless its maxTextSize \
                     is raised; --pull N or --filter make the diagram smaller",
                );
            }
            Ok(())
        }
        Format::Allowlist => {
            let needed = allowlist::needed(entries(), whole, &telling);
            out.write_all(allowlist::text(&needed, &telling).as_bytes())
        }
        Format::Otlp => otlp::write(&telling, &takes, whole, &origin(recorded_here), out),
        Format::Har | Format::Http => Ok(()),
    })
}

pub(in crate::app) fn redact(args: &RedactArgs, talk: &Talk) -> Outcome {
    let source = open(&args.source, false, talk)?;
    let options = har::Options {
        pretty: args.pretty,
        ..har::Options::default()
    };
    let bodies = source.bodies.as_ref();
    write_har(&source.trace, bodies, &args.output, &options, talk)
}

/// Opens a source, says what its reader passed over, and redacts it unless told otherwise.
pub(in crate::app) fn open(path: &Path, keep_secrets: bool, talk: &Talk) -> Outcome<Source> {
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
pub(in crate::app) fn write_har(
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
    told_har(output, &report, talk);
    Ok(())
}

/// Says what was written, and what readers will not like about it.
fn told_har(output: &Path, report: &har::Report, talk: &Talk) {
    for warning in &report.warnings {
        talk.insist(&format!("warning: {warning}"));
    }
    if output != Path::new("-") {
        let (name, entries) = (output.display(), report.entries);
        talk.say(&format!("wrote {name}: {entries} entries"));
    }
}

/// Writes text to a file, which appears when it is whole, or to stdout.
pub(in crate::app) fn write(
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
    let mut file = OutputFile::create(output)?;
    make(&mut file)?;
    file.finish()?;
    talk.say(&format!("wrote {}", output.display()));
    Ok(())
}

/// Redacts what is not redacted yet; what is stays as it is.
pub(in crate::app) fn redact_trace(trace: &mut Trace) {
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
