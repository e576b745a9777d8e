//! Changing the machine for the user: show, ask, write, run; and undo.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::base::atomic_file::make_dirs;
use crate::clients::plan::ChangePlan;
use crate::clients::system::{NoPrograms, Programs, Runner, System};
use crate::clients::undo::{Record, Records};
use crate::config::{ChangeArgs, Dirs};

use crate::app::process::failure::{Failure, Outcome, usage};
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;

/// The machine, what was changed on it before, and how the user wants it done.
pub(in crate::app) struct PlannedChanges<'a> {
    args: &'a ChangeArgs,
    pub(in crate::app) talk: &'a Talk,
    pub(in crate::app) system: System,
    pub(in crate::app) programs: Box<dyn Runner>,
    records: Records,
    dirs: &'a Dirs,
}

/// What became of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Became {
    /// There was nothing to do.
    Present,
    /// It was done.
    Done,
    /// The user only looked, or said no.
    Dropped,
}

impl<'a> PlannedChanges<'a> {
    pub(in crate::app) fn new(
        args: &'a ChangeArgs,
        dirs: &'a Dirs,
        talk: &'a Talk,
    ) -> Outcome<Self> {
        let root = args.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        if !root.is_absolute() || !root.is_dir() {
            return Err(usage(format!(
                "--root {}: give the absolute path of a directory",
                root.display()
            )));
        }
        let system = System::at(root);
        let programs: Box<dyn Runner> = if system.is_this_machine() {
            Box::new(Programs { limit: PATIENCE })
        } else {
            Box::new(NoPrograms)
        };
        Ok(Self {
            args,
            talk,
            system,
            programs,
            records: Records::in_dir(dirs.data().join("setup")),
            dirs,
        })
    }

    /// What was changed before under this name.
    pub(in crate::app) fn record(&self, name: &str) -> Outcome<Option<Record>> {
        Ok(self.records.load(name, &self.system)?)
    }

    /// Does what is planned, if the user agrees. `takes_root` is the command to run with sudo,
    /// when the plan is not for the user alone.
    pub(in crate::app) fn make(
        &self,
        plan: &ChangePlan,
        takes_root: Option<&str>,
    ) -> Outcome<Became> {
        if plan.is_done(&self.system)? {
            return Ok(Became::Present);
        }
        self.show(&plan.diff(&self.system)?, &plan.restart, &plan.notes)?;
        if !self.may("Write this?", takes_root)? {
            return Ok(Became::Dropped);
        }
        let data = self.dirs.data();
        make_dirs(data, 0o700, self.dirs.owner())
            .with_context(|| format!("failed to create {}", data.display()))?;
        self.records.apply(plan, &self.system)?;
        if let Err(failure) = self.run_all(&plan.restart) {
            return Err(self.taken_back(plan.client, &failure));
        }
        Ok(Became::Done)
    }

    /// Takes a change back that did not take effect, and says how that went.
    fn taken_back(&self, name: &str, failure: &Failure) -> Failure {
        let undone = || -> Outcome {
            let record = self.record(name)?.context("there is no record of it")?;
            self.records.undo(&record, &self.system)?;
            self.run_all(record.restart())
        };
        let end = match undone() {
            Ok(()) => "What was written was taken back: all is as it was before".to_owned(),
            Err(again) => format!("What was written was taken back, and still: {again}"),
        };
        anyhow::anyhow!("{failure}. {end}").into()
    }

    /// Puts back what was there before `command` made changes under this name, if the user
    /// agrees; says `done` then.
    pub(in crate::app) fn undo(
        &self,
        name: &str,
        command: &str,
        takes_root: Option<&str>,
        done: &str,
    ) -> Outcome {
        let Some(record) = self.record(name)? else {
            self.talk.say(&format!(
                "nothing to undo: `{command}` has changed nothing here"
            ));
            return Ok(());
        };
        self.show(&record.diff(&self.system)?, record.restart(), &[])?;
        if self.may("Restore this?", takes_root)? {
            self.records.undo(&record, &self.system)?;
            self.run_all(record.restart())?;
            self.talk.say(done);
        }
        Ok(())
    }

    fn show(&self, diff: &str, commands: &[Vec<String>], notes: &[String]) -> Outcome {
        output::data(diff)?;
        for command in commands {
            self.talk.say(&format!("then: {}", command.join(" ")));
        }
        for note in notes {
            self.talk.insist(&format!("note: {note}"));
        }
        Ok(())
    }

    /// Whether to go on: not for a look, not without the rights, not without a yes.
    pub(in crate::app) fn may(&self, question: &str, takes_root: Option<&str>) -> Outcome<bool> {
        if self.args.dry_run {
            self.talk.say("nothing was changed (--dry-run)");
            return Ok(false);
        }
        if let Some(command) = takes_root
            && self.system.is_this_machine()
            && !is_root()
        {
            return Err(anyhow::anyhow!(
                "this changes files of the system, which takes root. Run: sudo {command}"
            )
            .into());
        }
        let agreed = self.args.yes || agreed(question)?;
        if !agreed {
            self.talk.say("nothing was changed");
        }
        Ok(agreed)
    }

    /// Runs commands, unless the machine is another one.
    pub(in crate::app) fn run_all(&self, commands: &[Vec<String>]) -> Outcome {
        if !self.system.is_this_machine() {
            return Ok(());
        }
        for command in commands {
            let words: Vec<_> = command.iter().map(String::as_str).collect();
            let shown = words.join(" ");
            self.talk.say(&shown);
            let ran = self
                .programs
                .run(&words)
                .map_err(|error| anyhow::anyhow!("failed to run {shown}: {error}"))?;
            if !ran.success {
                return Err(anyhow::anyhow!(
                    "{shown} failed: {}",
                    ran.err.trim().trim_end_matches('.')
                )
                .into());
            }
        }
        Ok(())
    }
}

/// Asks on the terminal.
fn agreed(question: &str) -> Outcome<bool> {
    if !io::stdin().is_terminal() {
        return Err(usage(
            "there is no terminal to ask on; look at --dry-run, then give --yes",
        ));
    }
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ");
    let _ = err.flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

pub(in crate::app) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How long a program may take, a restart of a daemon among them.
const PATIENCE: Duration = Duration::from_secs(120);
