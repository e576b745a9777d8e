//! Giving out what was recorded, or a part of it, in one of the formats.

use std::io::{self, Write as _};
use std::path::Path;

use crate::base::atomic_file::OutputFile;
use crate::base::text::plural;
use crate::config::ExportFormat;
use crate::exchange::{Bodies, Trace};
use crate::export::{allowlist, curl, html, json, markdown, mermaid, otlp, transcript};
use crate::har;
use crate::redact::Taken;
use crate::store::{Entry, Store};
use crate::story::Telling;
use crate::words::Lang;

use super::origin::origin;
use super::select::Selection;
use super::source::{Loader, Source};
use crate::app::process::failure::Outcome;
use crate::app::terminal::talk::Talk;

/// In which form something is given out.
#[derive(Clone, Debug)]
pub(in crate::app) struct ExportForm {
    /// The format.
    pub(in crate::app) format: ExportFormat,
    /// The language of sentences.
    pub(in crate::app) lang: Lang,
    /// How a HAR is written.
    pub(in crate::app) har: har::WriteOptions,
    /// Whether secrets were left in where there were any.
    pub(in crate::app) keep_secrets: bool,
    /// Whether it was recorded on this machine.
    pub(in crate::app) recorded_here: bool,
}

/// Where something is written to.
pub(in crate::app) enum Destination<'a> {
    /// Stdout. A reader that has gone has what it wanted.
    Stdout,
    /// A file, which appears when it is whole.
    File(&'a Path),
    /// Memory.
    Memory(&'a mut Vec<u8>),
}

/// What was written, for people.
#[derive(Debug, Default)]
pub(in crate::app) struct Produced {
    /// Entries, in a HAR.
    pub(in crate::app) entries: Option<u64>,
    /// What some reader will not like about it.
    pub(in crate::app) warnings: Vec<String>,
}

/// Writes what is selected of a source.
pub(in crate::app) fn produce(
    mut source: Source,
    selection: &Selection,
    form: &ExportForm,
    to: Destination<'_>,
) -> Outcome<Produced> {
    match form.format {
        ExportFormat::Har => {
            selection.narrow(&mut source)?;
            write_har(&source.trace, source.bodies.as_ref(), &form.har, to)
        }
        ExportFormat::Http => {
            selection.narrow(&mut source)?;
            let bodies = source.bodies.as_ref();
            to.write(|out| transcript::write(&source.trace.exchanges, bodies, out).map(|_| ()))?;
            Ok(Produced::default())
        }
        _ => tell(source, selection, form, to),
    }
}

/// Writes a form that is made from pulls.
fn tell(
    source: Source,
    selection: &Selection,
    form: &ExportForm,
    to: Destination<'_>,
) -> Outcome<Produced> {
    let secrets_kept = source.trace.secrets_kept || form.keep_secrets;
    let bodies = source.bodies.as_ref();
    let store = Store::of_trace(source.trace, &Loader(bodies));
    selection.check(&store)?;
    let telling = Telling::of(&store, form.lang);
    let takes = |entry: &Entry| selection.takes(entry, &store);
    let entries = || store.entries().filter(|entry| takes(entry));
    let whole = selection.is_all();
    let mut produced = Produced::default();
    to.write(|out| match form.format {
        ExportFormat::Json => json::write(&telling, &takes, whole, secrets_kept, out),
        ExportFormat::Md => markdown::write(&telling, &takes, whole, bodies, out),
        ExportFormat::Html => html::write(&telling, &takes, whole, secrets_kept, bodies, out),
        ExportFormat::Curl => curl::write(entries(), &telling, bodies, out),
        ExportFormat::Mermaid => {
            if mermaid::write(entries, &telling, out)? > mermaid::LARGEST {
                produced.warnings.push(
                    "Mermaid draws no more than 50,000 characters unless its maxTextSize is \
                     raised; --pull N or --filter make the diagram smaller"
                        .to_owned(),
                );
            }
            Ok(())
        }
        ExportFormat::Allowlist => {
            let needed = allowlist::needed(entries(), whole, &telling);
            out.write_all(allowlist::text(&needed, &telling).as_bytes())
        }
        ExportFormat::Otlp => {
            otlp::write(&telling, &takes, whole, &origin(form.recorded_here), out)
        }
        ExportFormat::Har | ExportFormat::Http => Ok(()),
    })?;
    Ok(produced)
}

/// Writes a whole trace as a HAR.
pub(in crate::app) fn write_har(
    trace: &Trace,
    bodies: &dyn Bodies,
    options: &har::WriteOptions,
    to: Destination<'_>,
) -> Outcome<Produced> {
    let written = match to {
        Destination::File(path) => har::export(trace, bodies, path, options),
        Destination::Memory(text) => har::write(trace, bodies, text, options),
        Destination::Stdout => har::write(trace, bodies, io::stdout().lock(), options),
    };
    match written {
        // A reader that has gone has what it wanted.
        Err(har::HarError::Stream(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Produced::default())
        }
        written => Ok(Produced::of_har(&written?)),
    }
}

/// Says how many secrets were taken out, if any.
pub(in crate::app) fn tell_taken(taken: &Taken, talk: &Talk) {
    match taken.places() {
        0 => {}
        1 => talk.say(&format!("took a secret out of 1 place: {taken}")),
        places => talk.say(&format!("took secrets out of {places} places: {taken}")),
    }
}

impl<'a> Destination<'a> {
    /// The destination that a path on the command line means.
    pub(in crate::app) fn of(path: &'a Path) -> Self {
        if path == Path::new("-") {
            Self::Stdout
        } else {
            Self::File(path)
        }
    }

    /// Writes what `make` makes.
    pub(in crate::app) fn write(
        self,
        make: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Outcome {
        match self {
            Self::Memory(text) => make(text)?,
            Self::Stdout => {
                let mut out = io::BufWriter::new(io::stdout().lock());
                match make(&mut out).and_then(|()| out.flush()) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                    other => other?,
                }
            }
            Self::File(path) => {
                let mut file = OutputFile::create(path)?;
                make(&mut file)?;
                file.finish()?;
            }
        }
        Ok(())
    }
}

impl Produced {
    /// A HAR that was written.
    pub(in crate::app) fn of_har(report: &har::Written) -> Self {
        Self {
            entries: Some(report.entries),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
        }
    }

    /// Says what was written to `output`, and what readers will not like about it.
    pub(in crate::app) fn tell(&self, output: &Path, talk: &Talk) {
        for warning in &self.warnings {
            talk.insist(&format!("warning: {warning}"));
        }
        if output != Path::new("-") {
            let name = output.display();
            talk.say(&match self.entries {
                Some(entries) => format!("wrote {name}: {}", plural(entries, "entry", "entries")),
                None => format!("wrote {name}"),
            });
        }
    }
}
