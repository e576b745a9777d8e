//! The log: to stderr or a file, never holding a secret.
//!
//! Log lines are written from redacted events, and by code that names hosts and never whole URLs.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

use crate::app::process::failure::{Outcome, usage};
use crate::base::atomic_file::open_to_append;
use crate::base::lock::lock;

/// Begins to log. Lines to stderr go round the live lines of `bars`.
pub(in crate::app) fn start(
    verbose: u8,
    quiet: bool,
    file: Option<&Path>,
    bars: &MultiProgress,
) -> Outcome {
    let filter = filter(verbose, quiet)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    let mut ansi = false;
    let file = if let Some(path) = file {
        let file = open_to_append(path)
            .with_context(|| format!("failed to open the log file {}", path.display()))?;
        Some(Arc::new(file))
    } else {
        ansi = io::IsTerminal::is_terminal(&io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        None
    };
    let lines = LogLines {
        bars: bars.clone(),
        file,
    };
    builder
        .with_ansi(ansi)
        .with_writer(move || lines.clone())
        .init();
    Ok(())
}

fn filter(verbose: u8, quiet: bool) -> Outcome<EnvFilter> {
    if let Ok(text) = std::env::var("PULLSCOPE_LOG") {
        return EnvFilter::try_new(&text)
            .map_err(|error| usage(format!("invalid PULLSCOPE_LOG {text:?}: {error}")));
    }
    // The front door's library logs every client that hangs up as an error.
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,pullscope=info",
        (false, _) => "warn,pullscope=debug",
    };
    Ok(EnvFilter::new(format!("{level},hudsucker=off")))
}

/// Who gets the lines in the place of stderr.
type Sink = Box<dyn Fn(&str) + Send>;

static SINK: Mutex<Option<Sink>> = Mutex::new(None);

/// From here on lines go to `sink` and no longer to stderr, or to stderr again: while the live
/// view is on, the terminal is its own.
pub(in crate::app) fn divert(sink: Option<Sink>) {
    *lock(&SINK) = sink;
}

/// Gives text to whoever has the lines now; whether there is someone.
pub(in crate::app) fn diverted(text: &str) -> bool {
    let sink = lock(&SINK);
    let Some(sink) = sink.as_ref() else {
        return false;
    };
    for line in text.lines().filter(|line| !line.is_empty()) {
        sink(&without_colours(line));
    }
    true
}

/// The line without the sequences that colour it.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Where lines of the log go: into the live view besides a file, and else between the live lines
/// of stderr.
#[derive(Clone)]
struct LogLines {
    bars: MultiProgress,
    file: Option<Arc<File>>,
}

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let diverted = diverted(&String::from_utf8_lossy(bytes));
        match &self.file {
            Some(file) => (&**file).write(bytes),
            None if diverted => Ok(bytes.len()),
            None => self.bars.suspend(|| io::stderr().lock().write(bytes)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
