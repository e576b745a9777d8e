//! `pullscope setup`: show, ask, write, restart, verify; and undo.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::clients::plan::Plan;
use crate::clients::setup::{self, SetupError, UserPlaces, Wanted};
use crate::clients::system::{NoPrograms, Programs, Runner, System};
use crate::clients::trust;
use crate::clients::undo::{Record, Records};
use crate::config::{ClientName, Dirs, SetupArgs};
use crate::proxy::ca::{CaFiles, Identity};

use super::failure::{Outcome, usage};
use super::output;
use super::run::Talk;

pub(super) fn run(args: &SetupArgs, dirs: &Dirs, talk: &Talk) -> Outcome {
    let work = Work::new(args, dirs, talk)?;
    if args.print {
        return print_recipe(args, dirs);
    }
    match work.records.load(args.client.name(), &work.system)? {
        Some(record) if args.undo => work.undo(&record),
        None if args.undo => {
            talk.say(&format!(
                "nothing to undo: `pullscope setup {}` has changed nothing here",
                args.client.name()
            ));
            Ok(())
        }
        record => work.set_up(record.as_ref(), dirs),
    }
}

struct Work<'a> {
    args: &'a SetupArgs,
    talk: &'a Talk,
    system: System,
    programs: Box<dyn Runner>,
    records: Records,
}

impl<'a> Work<'a> {
    fn new(args: &'a SetupArgs, dirs: &Dirs, talk: &'a Talk) -> Outcome<Self> {
        let root = args.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        if !root.is_absolute() || !root.is_dir() {
            return Err(usage(format!(
                "--root {}: give the absolute path of a directory",
                root.display()
            )));
        }
        let system = System::at(root);
        let programs: Box<dyn Runner> = if system.is_this_machine() {
            Box::new(Programs::default())
        } else {
            Box::new(NoPrograms)
        };
        Ok(Self {
            args,
            talk,
            system,
            programs,
            records: Records::in_dir(dirs.data().join("setup")),
        })
    }

    fn set_up(&self, record: Option<&Record>, dirs: &Dirs) -> Outcome {
        let client = self.args.client;
        let identity = identity(dirs)?;
        let wanted = self.wanted(&identity, dirs);
        // Planned from what was there before, so that a second run plans the same.
        let before = self
            .system
            .clone()
            .as_before(record.into_iter().flat_map(Record::before));
        let plan = match setup::plan(client, &before, &*self.programs, &wanted) {
            Ok(plan) => plan,
            Err(error @ (SetupError::NoSystemd(_) | SetupError::ByEnvironment(_))) => {
                print_recipe(self.args, dirs)?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        if plan.is_done(&self.system)? {
            self.talk
                .say(&format!("{} is set up already", client.name()));
            // What an interrupted run may not have come to.
            return self.verify(&plan, &wanted);
        }
        self.show(&plan.diff(&self.system)?, &plan.restart, &plan.notes)?;
        if self.args.dry_run {
            self.talk.say("nothing was changed (--dry-run)");
            return Ok(());
        }
        self.needs_root(&wanted)?;
        if !self.agreed("Write this?")? {
            self.talk.say("nothing was changed");
            return Ok(());
        }
        self.records.apply(&plan, &self.system)?;
        self.restart(&plan.restart)?;
        self.verify(&plan, &wanted)?;
        self.talk.say(&format!(
            "{0} is set up to use {1}. Its pulls need pullscope running: pullscope record -o \
             pulls.har\nundo: {2}pullscope setup {0} --undo",
            client.name(),
            wanted.proxy,
            if wanted.user.is_some() { "" } else { "sudo " }
        ));
        Ok(())
    }

    fn undo(&self, record: &Record) -> Outcome {
        let restart = record.restart();
        self.show(&record.diff(&self.system)?, restart, &[])?;
        if self.args.dry_run {
            self.talk.say("nothing was changed (--dry-run)");
            return Ok(());
        }
        if !self.agreed("Restore this?")? {
            self.talk.say("nothing was changed");
            return Ok(());
        }
        self.records.undo(record, &self.system)?;
        self.restart(restart)?;
        let client = self.args.client.name();
        self.talk
            .say(&format!("{client} is as it was before `pullscope setup`"));
        Ok(())
    }

    fn wanted(&self, identity: &Identity, dirs: &Dirs) -> Wanted {
        let own =
            self.args.client == ClientName::Podman && self.system.is_this_machine() && !is_root();
        Wanted {
            proxy: self.args.proxy.clone(),
            ca: identity.pem().to_owned(),
            user: own.then(|| UserPlaces {
                config: dirs.config_home().to_owned(),
                trust: dirs.data().join("trust"),
            }),
        }
    }

    fn show(&self, diff: &str, restart: &[Vec<String>], notes: &[String]) -> Outcome {
        output::data(diff)?;
        for command in restart {
            self.talk.say(&format!("then: {}", command.join(" ")));
        }
        for note in notes {
            self.talk.insist(&format!("note: {note}"));
        }
        Ok(())
    }

    fn needs_root(&self, wanted: &Wanted) -> Outcome {
        if !self.system.is_this_machine() || is_root() || wanted.user.is_some() {
            return Ok(());
        }
        Err(anyhow::anyhow!(
            "this changes files of the system, which takes root. Run: sudo pullscope setup {}",
            self.args.client.name()
        )
        .into())
    }

    fn agreed(&self, question: &str) -> Outcome<bool> {
        if self.args.yes {
            return Ok(true);
        }
        agreed(question)
    }

    fn restart(&self, commands: &[Vec<String>]) -> Outcome {
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
                    "{shown} failed: {}. What was written can be taken back with --undo",
                    ran.err.trim()
                )
                .into());
            }
        }
        Ok(())
    }

    /// Asks the service whether it has what it was given.
    fn verify(&self, plan: &Plan, wanted: &Wanted) -> Outcome {
        if !self.system.is_this_machine() || plan.restart.is_empty() {
            return Ok(());
        }
        let (question, expected): (Vec<&str>, _) = if plan.client == "docker" {
            let ask = ["docker", "info", "--format", "{{.HTTPSProxy}}"];
            (ask.into(), wanted.proxy.clone())
        } else {
            let unit = plan.restart.last().and_then(|restart| restart.last());
            let unit = unit.map_or("", String::as_str);
            let ask = ["systemctl", "show", unit, "--property=Environment"];
            (ask.into(), format!("HTTPS_PROXY={}", wanted.proxy))
        };
        let deadline = Instant::now() + ANSWER;
        let mut last = String::new();
        while Instant::now() < deadline {
            match self.programs.run(&question) {
                Ok(ran) if ran.out.contains(&expected) => {
                    self.talk
                        .say(&format!("verified: {} says {expected}", question.join(" ")));
                    return Ok(());
                }
                Ok(ran) => last = format!("{}{}", ran.out.trim(), ran.err.trim()),
                Err(error) => last = error.to_string(),
            }
            // A daemon that has just been restarted takes a moment.
            std::thread::sleep(GLANCE);
        }
        Err(anyhow::anyhow!(
            "{} does not use {}: `{}` says {last:?}. `pullscope doctor {}` looks for the reason",
            plan.client,
            wanted.proxy,
            question.join(" "),
            plan.client
        )
        .into())
    }
}

/// Asks on the terminal.
pub(super) fn agreed(question: &str) -> Outcome<bool> {
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

/// The CA, made first when there is none.
pub(super) fn identity(dirs: &Dirs) -> Outcome<Identity> {
    Ok(CaFiles::of_owner(dirs.data(), dirs.owner()).open()?)
}

fn print_recipe(args: &SetupArgs, dirs: &Dirs) -> Outcome {
    let files = CaFiles::of_owner(dirs.data(), dirs.owner());
    let identity = files.open()?;
    let bundle = dirs.data().join("bundle.pem");
    trust::publish(
        &bundle,
        &trust::bundle(identity.pem(), |name| std::env::var_os(name)),
    )?;
    let ca = files.certificate_path();
    let text = setup::recipe(args.client, &args.proxy, &ca, &bundle);
    Ok(output::data(&text)?)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How long a restarted daemon may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(200);
