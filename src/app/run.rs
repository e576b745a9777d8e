//! From the command line to the exit code.

use std::process::ExitCode;

use clap::Parser as _;
use indicatif::MultiProgress;

use crate::config::{Cli, Command, Dirs};

use super::failure::Outcome;
use super::{ca, demo, export, faults, hardening, import, lab, log, output, record, show};

/// Runs pullscope with the arguments of this process.
pub fn run() -> ExitCode {
    hardening::harden();
    // clap prints help and usage errors itself, and ends with 0 or 2.
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            output::say(&format!("pullscope: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: Cli) -> Outcome<ExitCode> {
    let bars = MultiProgress::new();
    log::start(cli.verbose, cli.quiet, cli.log_file.as_deref(), &bars)?;
    faults::report();
    let talk = Talk {
        quiet: cli.quiet,
        bars,
    };
    match cli.command {
        Command::Record(args) => block_on(record::run(*args, &Dirs::of_user()?, &talk))?,
        Command::Show(args) => show::run(&args, &talk)?,
        Command::Export(args) => export::run(&args, &talk)?,
        Command::Import(args) => import::run(&args, &talk)?,
        Command::Redact(args) => export::redact(&args, &talk)?,
        Command::Ca { command } => ca::run(command, &Dirs::of_user()?)?,
        Command::Demo(args) => return block_on(demo::run(args, &talk)),
        Command::Lab(args) => block_on(lab::run(args, &talk))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How the user is talked to.
pub(super) struct Talk {
    /// Only errors are told.
    pub(super) quiet: bool,
    /// Live lines.
    pub(super) bars: MultiProgress,
}

impl Talk {
    /// Tells something on stderr, unless the user wants it quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Tells something that must be known even when the user wants it quiet.
    pub(super) fn insist(&self, text: &str) {
        self.bars.suspend(|| output::say(text));
    }
}

fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work);
    // Threads that still wait for a resolver must not hold the exit up.
    runtime.shutdown_background();
    outcome
}
