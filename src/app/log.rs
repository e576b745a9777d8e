//! The log: to stderr or a file, never holding a secret.
//!
//! Log lines are written from redacted events, and by code that names hosts and never whole URLs.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context as _;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::failure::{Outcome, usage};

/// Begins to log. Lines to stderr go round the live lines of `bars`.
pub(super) fn start(
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
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .with_context(|| format!("failed to open the log file {}", path.display()))?;
        builder
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .init();
    } else {
        let ansi = io::IsTerminal::is_terminal(&io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        builder
            .with_ansi(ansi)
            .with_writer(BesideBars(bars.clone()))
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

/// Writes to stderr between two frames of the progress bars.
#[derive(Clone)]
struct BesideBars(MultiProgress);

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
