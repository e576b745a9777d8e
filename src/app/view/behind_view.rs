//! `pullscope exec --tui`: the command runs behind the live view.
//!
//! Two programs cannot share a screen. The command has no terminal, its output goes to files that
//! have no name, and all of it follows on our own stdout and stderr once the view is gone.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::process::ExitStatus;

use anyhow::Context as _;
use rustix::process::Signal;

use crate::base::printable::printable;
use crate::clients::child::{self, Background, LaunchError};
use crate::tui::Facts;
use crate::tui::terminal::{Mailbox, Message};

use super::live;
use super::live::PreparedView;
use crate::app::process::failure::Outcome;
use crate::app::process::failure::not_run;
use crate::app::process::hardening::Started;
use crate::app::process::signals::Signals;
use crate::app::recording::run::Recording;
use crate::app::terminal::talk::Talk;

/// A command, and what the view is told of it.
pub(in crate::app) struct ShownCommand<'a> {
    pub(in crate::app) command: &'a [OsString],
    pub(in crate::app) facts: Facts,
}

impl ShownCommand<'_> {
    /// Runs the command until it has ended and the user has left the view. Leaving first asks it
    /// to end; a signal after that ends it.
    pub(in crate::app) async fn run(
        self,
        view: PreparedView,
        recording: &Recording,
        variables: Vec<(&'static str, OsString)>,
        started: &Started,
        talk: &Talk,
    ) -> Outcome<ExitStatus> {
        let mut signals = Signals::new()?;
        let (stdout, stderr) = (spool()?, spool()?);
        let files = (stdout.try_clone()?, stderr.try_clone()?);
        let launch = |command: &mut tokio::process::Command| started.lend(|| command.spawn());
        let running = Background::start(self.command, variables, files.0, files.1, launch);
        let mut running = running.map_err(not_run)?;
        let line = self.line();
        let facts = live::of_command(self.facts, &line);
        let mut ended = None;
        let wait = async |mailbox| {
            let outcome = running.ended().await;
            tell(&line, &outcome, &mailbox);
            ended = Some(outcome);
        };
        let shown = view.show(recording, facts, &mut signals, wait).await;
        let shown = shown.map(|_| ended);
        let outcome = match shown {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Self::end(&mut running, &mut signals, talk).await,
            Err(failure) => {
                let _ = Self::end(&mut running, &mut signals, talk).await;
                return Err(failure);
            }
        };
        pass_on(stdout, io::stdout().lock());
        pass_on(stderr, io::stderr().lock());
        outcome.map_err(not_run)
    }

    /// Asks the command to end, and waits until it has.
    async fn end(
        running: &mut Background,
        signals: &mut Signals,
        talk: &Talk,
    ) -> Result<ExitStatus, LaunchError> {
        running.signal(Signal::TERM);
        // One that has stopped to wait for a terminal has to be told to go on first.
        running.signal(Signal::CONT);
        talk.say("asked the command to end (SIGTERM), and waiting for it; Ctrl-C kills it");
        loop {
            tokio::select! {
                outcome = running.ended() => return outcome,
                _ = signals.next() => running.signal(Signal::KILL),
            }
        }
    }

    /// The command as one types it, near enough for people.
    fn line(&self) -> String {
        let words = self.command.iter().map(|word| word.to_string_lossy());
        let line = words.collect::<Vec<_>>().join(" ");
        printable(&line).into_owned()
    }
}

fn tell(line: &str, outcome: &Result<ExitStatus, LaunchError>, mailbox: &Mailbox) {
    let (good, text) = match outcome {
        Ok(status) => (
            status.success(),
            format!(
                "`{line}` ended with exit code {}; q leaves",
                child::code(*status)
            ),
        ),
        Err(error) => (false, error.to_string()),
    };
    mailbox.offer(Message::Log(text.clone().into()));
    mailbox.offer(Message::Told {
        good,
        text: text.into(),
    });
}

/// A file without a name.
fn spool() -> Outcome<File> {
    let dir = std::env::temp_dir();
    let file = tempfile::tempfile();
    let file = file.with_context(|| {
        format!(
            "failed to make a file in {} for the command's output",
            dir.display()
        )
    });
    Ok(file?)
}

/// Writes all that the command has written. A reader that has gone has what it wanted.
fn pass_on(mut spool: File, mut out: impl Write) {
    let _ = spool.rewind().and_then(|()| io::copy(&mut spool, &mut out));
    let _ = out.flush();
}
