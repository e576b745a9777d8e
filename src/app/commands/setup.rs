//! `pullscope setup`.

use std::path::Path;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::clients::docker_host;
use crate::clients::plan::ChangePlan;
use crate::clients::setup::{self, SetupError, UserPlaces, Wanted};
use crate::clients::undo::Record;
use crate::config::{ClientName, Dirs, SetupArgs};

use super::ca;
use super::change::{Became, PlannedChanges, is_root};
use crate::app::process::failure::{Outcome, usage};
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;

pub(in crate::app) fn run(args: &SetupArgs, dirs: &Dirs, talk: &Talk) -> Outcome {
    if args.print {
        return print_recipe(args, dirs);
    }
    let changes = PlannedChanges::new(&args.change, dirs, talk)?;
    let client = args.client.name();
    if !args.undo {
        return set_up(args, &changes, dirs, talk);
    }
    let own = own_places(args, &changes, dirs).is_some();
    let command = format!("pullscope setup {client}");
    let sudo = format!("{command} --undo");
    let done = format!("{client} is as it was before `pullscope setup`");
    changes.undo(client, &command, (!own).then_some(&*sudo), &done)
}

fn set_up(args: &SetupArgs, changes: &PlannedChanges<'_>, dirs: &Dirs, talk: &Talk) -> Outcome {
    let client = args.client.name();
    if args.client == ClientName::Docker
        && changes.system.is_this_machine()
        && let Some(host) = docker_host::elsewhere(dirs.home(), |name| std::env::var_os(name))
    {
        return Err(anyhow::anyhow!(
            "the docker command asks the daemon at {host} (DOCKER_HOST, or its context), which is \
             not this machine's docker.service: nothing was changed. For rootless dockerd \
             `pullscope setup --print docker-rootless` prints what to do; for another machine, run \
             `pullscope setup docker` there; for this one's, unset DOCKER_HOST or `docker context \
             use default`"
        )
        .into());
    }
    let record = changes.record(client)?;
    let wanted = Wanted {
        proxy: args.proxy.url.clone(),
        ca: certificate(args, dirs, talk)?,
        user: own_places(args, changes, dirs),
    };
    // Planned from what was there before, so that a second run plans the same.
    let before = changes.system.clone();
    let before = before.as_before(record.iter().flat_map(Record::before));
    let plan = match setup::plan(args.client, &before, &*changes.programs, &wanted) {
        Ok(plan) => plan,
        Err(error) => {
            if matches!(
                error,
                SetupError::NoSystemd(_) | SetupError::ByEnvironment(_)
            ) {
                print_recipe(args, dirs)?;
            }
            return Err(error.into());
        }
    };
    let sudo = format!("pullscope setup {client}");
    let prefix = if wanted.user.is_some() { "" } else { "sudo " };
    match changes.make(&plan, wanted.user.is_none().then_some(&sudo))? {
        Became::Dropped => {}
        Became::Present => {
            talk.say(&format!("{client} is set up already"));
            // What an interrupted run may not have come to.
            if is_root() || wanted.user.is_some() {
                verify(changes, &plan, &wanted)?;
            }
        }
        Became::Done => {
            verify(changes, &plan, &wanted)?;
            talk.say(&format!(
                "{client} is set up to use {}. Its pulls need pullscope running: pullscope record \
                 -o pulls.har\nundo: {prefix}pullscope setup {client} --undo",
                wanted.proxy
            ));
        }
    }
    Ok(())
}

/// The CA that the client is to trust: the user's own, or the one that is named.
fn certificate(args: &SetupArgs, dirs: &Dirs, talk: &Talk) -> Outcome<String> {
    let Some(path) = &args.ca else {
        let files = ca::files(dirs);
        return Ok(ca::identity(&files, args.change.dry_run, talk)?
            .pem()
            .to_owned());
    };
    one_certificate(path)
}

/// A file of `--ca`: one certificate, and nothing else.
pub(super) fn one_certificate(path: &Path) -> Outcome<String> {
    let fail = |why: String| usage(format!("--ca {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if found.len() == 1 && !text.contains("PRIVATE KEY") => Ok(text),
        _ => Err(fail(
            "give a file with one certificate (PEM) and nothing else".to_owned(),
        )),
    }
}

/// A client that is the user's own has its settings in the user's folders.
fn own_places(args: &SetupArgs, changes: &PlannedChanges<'_>, dirs: &Dirs) -> Option<UserPlaces> {
    let own = args.client == ClientName::Podman && changes.system.is_this_machine() && !is_root();
    own.then(|| UserPlaces {
        config: dirs.config_home().to_owned(),
        trust: dirs.data().join("trust"),
    })
}

/// Asks the service whether it has what it was given, and has it take it, once, if it has not.
fn verify(changes: &PlannedChanges<'_>, plan: &ChangePlan, wanted: &Wanted) -> Outcome {
    if !changes.system.is_this_machine() || plan.restart.is_empty() {
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
        match changes.programs.run(&question) {
            Ok(ran) if ran.out.contains(&expected) => {
                let asked = question.join(" ");
                changes
                    .talk
                    .say(&format!("verified: {asked} says {expected}"));
                return Ok(());
            }
            Ok(ran) => last = format!("{}{}", ran.out.trim(), ran.err.trim()),
            Err(error) => last = error.to_string(),
        }
        // A daemon that has just been restarted takes a moment.
        std::thread::sleep(GLANCE);
    }
    let commands = plan.restart.iter().map(|words| words.join(" "));
    Err(anyhow::anyhow!(
        "{0} does not use {1}: `{2}` says {last:?}. If it was not restarted, run: {3}. \
         `pullscope doctor {0}` looks for other reasons",
        plan.client,
        wanted.proxy,
        question.join(" "),
        commands.collect::<Vec<_>>().join(" && "),
    )
    .into())
}

fn print_recipe(args: &SetupArgs, dirs: &Dirs) -> Outcome {
    let files = ca::files(dirs);
    let bundle = if args.change.dry_run {
        ca::bundle_path(dirs)
    } else {
        ca::bundle(files.open()?.pem(), dirs)?
    };
    let ca = files.certificate_path();
    let text = setup::recipe(args.client, &args.proxy.url, &ca, &bundle);
    Ok(output::data(&text)?)
}

/// How long a restarted daemon may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(200);
