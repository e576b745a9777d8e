//! From the command line to the exit code.

use std::process::ExitCode;

use clap::Parser as _;
use indicatif::MultiProgress;

use crate::config::{Cli, Command, Dirs};

use super::failure::Outcome;
use super::hardening::Started;
use super::{
    ca, demo, exec, export, hardening, import, lab, log, output, record, setup, show, view,
};

/// Runs pullscope with the arguments of this process.
pub fn run() -> ExitCode {
    let started = hardening::harden();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    match dispatch(cli, &started) {
        Ok(code) => code,
        Err(failure) => {
            output::say(&format!("pullscope: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// Prints help, the version, or what is wrong with the command line.
fn misread(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    // Codes below 125 are the command's that `exec` runs.
    let verb = std::env::args_os()
        .skip(1)
        .find(|arg| !arg.to_string_lossy().starts_with('-'));
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if verb.is_some_and(|verb| verb == "exec") => ExitCode::from(125),
        _ => ExitCode::from(2),
    }
}

fn dispatch(cli: Cli, started: &Started) -> Outcome<ExitCode> {
    let bars = MultiProgress::new();
    log::start(cli.verbose, cli.quiet, cli.log_file.as_deref(), &bars)?;
    let talk = Talk::new(cli.quiet, bars);
    match cli.command {
        None => block_on(record::run(record::defaults()?, &Dirs::of_user()?, &talk))?,
        Some(Command::Record(args)) => block_on(record::run(*args, &Dirs::of_user()?, &talk))?,
        Some(Command::Exec(args)) => {
            return block_on(exec::run(*args, started, &talk.beside_a_command()));
        }
        Some(Command::Setup(args)) => setup::run(&args, &Dirs::of_user()?, &talk)?,
        Some(Command::View(args)) => block_on(view::run(args, &talk))?,
        Some(Command::Show(args)) => show::run(&args, &talk)?,
        Some(Command::Export(args)) => export::run(&args, &talk)?,
        Some(Command::Import(args)) => import::run(&args, &talk)?,
        Some(Command::Redact(args)) => export::redact(&args, &talk)?,
        Some(Command::Ca { command }) => ca::run(command, &Dirs::of_user()?)?,
        Some(Command::Demo(args)) => return block_on(demo::run(args, &talk)),
        Some(Command::Lab(args)) => block_on(lab::run(args, &talk))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How the user is talked to.
pub(super) struct Talk {
    /// Only errors are told.
    pub(super) quiet: bool,
    /// What every line begins with.
    prefix: &'static str,
    /// Live lines.
    pub(super) bars: MultiProgress,
}

impl Talk {
    pub(super) fn new(quiet: bool, bars: MultiProgress) -> Self {
        Self {
            quiet,
            prefix: "",
            bars,
        }
    }

    /// Talk that shares a terminal with a command: it says who is speaking.
    fn beside_a_command(mut self) -> Self {
        self.prefix = "pullscope: ";
        self
    }

    /// Tells something on stderr, unless the user wants it quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Tells something that must be known even when the user wants it quiet.
    pub(super) fn insist(&self, text: &str) {
        let prefix = self.prefix;
        self.bars
            .suspend(|| output::say(&format!("{prefix}{text}")));
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
