//! The log: to stderr or a file, never holding a secret.
//!
//! Log lines are written from redacted events, and by code that names hosts and never whole URLs.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

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
    if let Some(path) = file {
        let file = open_to_append(path)
            .with_context(|| format!("failed to open the log file {}", path.display()))?;
        let file = LogFile(Arc::new(Mutex::new(file)));
        builder
            .with_ansi(false)
            .with_writer(move || file.clone())
            .init();
    } else {
        let ansi = io::IsTerminal::is_terminal(&io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let bars = bars.clone();
        builder
            .with_ansi(ansi)
            .with_writer(move || BesideBars(bars.clone()))
            .init();
    }
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

/// Writes to the log file, and to the live view while it is on.
#[derive(Clone)]
struct LogFile(Arc<Mutex<std::fs::File>>);

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        diverted(&String::from_utf8_lossy(bytes));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}

/// Writes to stderr between two frames of the progress bars.
struct BesideBars(MultiProgress);

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if diverted(&String::from_utf8_lossy(bytes)) {
            return Ok(bytes.len());
        }
        self.0.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
