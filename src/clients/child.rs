//! Running a command in the foreground or behind the live view, and passing signals on to it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use thiserror::Error;
use tokio::process::{Child, Command};
use tokio::signal::unix::SignalKind;

use crate::base::signals::SignalSet;

/// Why a command did not run.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// There is no such program.
    #[error("failed to run {program:?}: no such program; {}", hint(program))]
    NotFound {
        /// The program's name.
        program: OsString,
    },
    /// There is one, and it cannot be run.
    #[error("failed to run {program:?}: {source}")]
    NotExecutable {
        /// The program's name.
        program: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// Signals cannot be listened to, or the command cannot be waited for.
    #[error("failed to look after the command: {0}")]
    Watch(#[from] io::Error),
}

fn hint(program: &OsStr) -> &'static str {
    if program.to_string_lossy().contains(char::is_whitespace) {
        "a line for a shell goes to one, as in `pullscope exec -- sh -c 'LINE'`"
    } else {
        "is it installed, and in PATH?"
    }
}

impl LaunchError {
    /// The exit code that env(1) has for it.
    pub fn code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } => 126,
            Self::Watch(_) => 125,
        }
    }
}

/// Runs a command with these variables set beside those it inherits, on this process's terminal
/// and standard streams, and waits for its end. Signals that this process gets are passed on,
/// except those that a terminal has sent to both. `launch` surrounds the moment of the start.
///
/// # Errors
/// When the command cannot be started or waited for.
pub async fn run(
    command: &[OsString],
    variables: Vec<(&'static str, OsString)>,
    launch: impl FnOnce(&mut Command) -> io::Result<Child>,
) -> Result<ExitStatus, LaunchError> {
    let mut signals = SignalSet::take([
        (SignalKind::interrupt(), (Signal::INT, true)),
        (SignalKind::quit(), (Signal::QUIT, true)),
        (SignalKind::terminate(), (Signal::TERM, false)),
        (SignalKind::hangup(), (Signal::HUP, false)),
        (SignalKind::user_defined1(), (Signal::USR1, false)),
        (SignalKind::user_defined2(), (Signal::USR2, false)),
    ])?;
    let mut child = start(command, variables, launch)?;
    // The kernel gives the terminal's signals to every process of the foreground group.
    let shared_terminal = io::stdin().is_terminal();
    loop {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let (signal, from_terminal) = tokio::select! {
            status = child.wait() => return Ok(status?),
            signal = signals.next() => signal,
        };
        if !(from_terminal && shared_terminal)
            && let Some(pid) = pid.and_then(Pid::from_raw)
        {
            // It has not been waited for, so the number is still its own.
            let _ = kill_process(pid, signal);
        }
    }
}

/// A command without a terminal, whose output goes to files. It leads a process group of its own,
/// so that the keys of whoever has the terminal do not reach it.
#[derive(Debug)]
pub struct Background {
    child: Child,
    group: Option<Pid>,
}

impl Background {
    /// Starts it as [`run`] does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        command: &[OsString],
        variables: Vec<(&'static str, OsString)>,
        stdout: File,
        stderr: File,
        launch: impl FnOnce(&mut Command) -> io::Result<Child>,
    ) -> Result<Self, LaunchError> {
        let child = start(command, variables, |prepared| {
            prepared.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
            launch(prepared.process_group(0))
        })?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            group: id.and_then(Pid::from_raw),
            child,
        })
    }

    /// Waits for its end. It may be given up and called again.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> Result<ExitStatus, LaunchError> {
        Ok(self.child.wait().await?)
    }

    /// Sends a signal to it and to what it has started, as long as it has not been waited for.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = self.group.filter(|_| self.child.id().is_some()) {
            let _ = kill_process_group(group, signal);
        }
    }
}

fn start(
    command: &[OsString],
    variables: Vec<(&'static str, OsString)>,
    launch: impl FnOnce(&mut Command) -> io::Result<Child>,
) -> Result<Child, LaunchError> {
    let program = command.first().cloned().unwrap_or_default();
    let mut prepared = Command::new(&program);
    prepared.args(command.iter().skip(1)).envs(variables);
    launch(&mut prepared).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LaunchError::NotFound { program },
        _ => LaunchError::NotExecutable { program, source },
    })
}

/// The exit code of a command that ended, as a shell has it.
pub fn code(status: ExitStatus) -> u8 {
    let signal = || status.signal().map(|number| 128 + number);
    status
        .code()
        .or_else(signal)
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(125)
}
