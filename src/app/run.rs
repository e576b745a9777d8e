//! From the command line to the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use indicatif::MultiProgress;

use crate::base::atomic_file::CALLER;
use crate::config::{Cli, Command, Dirs, with_file};

use super::commands::{
    ca, demo, diff, doctor, exec, export, import, lab, record, setup, shell, show,
};
use super::process::failure::Outcome;
use super::process::hardening::Started;
use super::process::{faults, hardening};
use super::terminal::talk::Talk;
use super::terminal::{log, output};
use super::view::live;

/// Runs pullscope with the arguments of this process.
pub fn run() -> ExitCode {
    let started = hardening::harden();
    if let Some(owner) = Dirs::of_user().ok().and_then(|dirs| dirs.owner()) {
        let _ = CALLER.set(owner);
    }
    let (cli, configured) = match arguments() {
        Ok(read) => read,
        Err(code) => return code,
    };
    match dispatch(cli, configured, &started) {
        Ok(code) => code,
        Err(failure) => {
            output::say(&format!("pullscope: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// The command line, over the environment, over the configuration file; and what it is read by.
fn arguments() -> Result<(Cli, clap::Command), ExitCode> {
    let verb = std::env::args_os()
        .skip(1)
        .find(|arg| !arg.to_string_lossy().starts_with('-'));
    let verb = verb.unwrap_or_default();
    // Codes below 125 are the command's that `exec` runs.
    let mistake = || ExitCode::from(if verb == "exec" { 125 } else { 2 });
    let file = std::env::var_os("PULLSCOPE_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(Dirs::of_user().ok()?.config_file()));
    let command = match file.as_deref() {
        // These say how to mend the file.
        _ if ["config", "completions", "man"]
            .iter()
            .any(|name| verb == *name) =>
        {
            Cli::command()
        }
        Some(file) if !file.as_os_str().is_empty() => {
            with_file(Cli::command(), file).map_err(|error| {
                output::say(&format!("pullscope: {error}"));
                mistake()
            })?
        }
        _ => Cli::command(),
    };
    let read = command
        .clone()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    read.map(|cli| (cli, command)).map_err(|error| {
        let _ = error.print();
        match error.exit_code() {
            0 => ExitCode::SUCCESS,
            _ => mistake(),
        }
    })
}

fn dispatch(cli: Cli, configured: clap::Command, started: &Started) -> Outcome<ExitCode> {
    let bars = MultiProgress::new();
    log::start(cli.verbose, cli.quiet, cli.log_file.as_deref(), &bars)?;
    faults::report();
    let talk = Talk::new(cli.quiet, bars);
    match cli.command {
        None => block_on(record::run(
            record::defaults(configured)?,
            &Dirs::of_user()?,
            &talk,
        ))?,
        Some(Command::Record(args)) => block_on(record::run(*args, &Dirs::of_user()?, &talk))?,
        Some(Command::Exec(args)) => {
            return block_on(exec::run(*args, started, &talk.beside_a_command()));
        }
        Some(Command::Doctor(args)) => return doctor::run(&args, &Dirs::of_user()?),
        Some(Command::Setup(args)) => setup::run(&args, &Dirs::of_user()?, &talk)?,
        Some(Command::View(args)) => block_on(live::run(args, &talk))?,
        Some(Command::Show(args)) => show::run(&args, &talk)?,
        Some(Command::Diff(args)) => diff::run(&args, &talk)?,
        Some(Command::Export(args)) => export::run(&args, &talk)?,
        Some(Command::Import(args)) => import::run(&args, &talk)?,
        Some(Command::Redact(args)) => export::redact(&args, &talk)?,
        Some(Command::Ca { command }) => ca::run(&command, &Dirs::of_user()?, &talk)?,
        Some(Command::Config { command }) => shell::config(command, &Dirs::of_user()?)?,
        Some(Command::Completions { shell }) => shell::completions(shell)?,
        Some(Command::Man { dir }) => shell::man(dir.as_deref())?,
        Some(Command::Demo(args)) => return block_on(demo::run(args, &talk)),
        Some(Command::Lab(args)) => block_on(lab::run(args, &talk))?,
    }
    Ok(ExitCode::SUCCESS)
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
