//! `pullscope ca`.

use std::path::PathBuf;

use crate::base::hex::fingerprint;
use crate::clients::{store, trust};
use crate::config::{CaCommand, ChangeArgs, Dirs};
use crate::proxy::ca::{CaFiles, Identity, SigningScope};

use super::change::{Became, PlannedChanges};
use crate::app::process::failure::{Outcome, usage};
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;

pub(in crate::app) fn run(command: &CaCommand, dirs: &Dirs, talk: &Talk) -> Outcome {
    let files = files(dirs);
    match command {
        CaCommand::Print => output::data(files.open()?.pem())?,
        CaCommand::Path => {
            files.open()?;
            output::data(&format!("{}\n", files.certificate_path().display()))?;
        }
        CaCommand::Bundle => {
            let path = bundle(files.open()?.pem(), dirs)?;
            output::data(&format!("{}\n", path.display()))?;
        }
        CaCommand::Info => output::data(&describe(&files.open()?, &files)?)?,
        CaCommand::Regenerate { only } => {
            let scope: Option<SigningScope> = only
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|why| usage(format!("--only: {why}")))?;
            let identity = files.regenerate(scope.as_ref())?;
            output::data(&describe(&identity, &files)?)?;
            talk.insist(
                "A new CA was made. Clients that trusted the old one refuse this one until they \
                 are given the new certificate.",
            );
        }
        CaCommand::Install(args) => install(args, &files, dirs, talk)?,
        CaCommand::Uninstall(args) => uninstall(args, &files, dirs, talk)?,
    }
    Ok(())
}

/// Where the CA is kept.
pub(in crate::app) fn files(dirs: &Dirs) -> CaFiles {
    CaFiles::of_owner(dirs.data(), dirs.owner())
}

/// Writes what clients are to trust, the system's roots and the CA, beside the CA.
pub(in crate::app) fn bundle(ca: &str, dirs: &Dirs) -> Outcome<PathBuf> {
    let path = bundle_path(dirs);
    let roots = trust::bundle(ca, |name| std::env::var_os(name));
    trust::publish(&path, &roots, dirs.owner())?;
    Ok(path)
}

/// Where [`bundle`] writes.
pub(in crate::app) fn bundle_path(dirs: &Dirs) -> PathBuf {
    dirs.data().join("bundle.pem")
}

/// The CA; for a mere look (`--dry-run`), where there is none yet, an example of one.
pub(in crate::app) fn identity(files: &CaFiles, look: bool, talk: &Talk) -> Outcome<Identity> {
    if !look {
        return Ok(files.open()?);
    }
    if let Some(identity) = files.find()? {
        return Ok(identity);
    }
    talk.insist("note: there is no CA yet; what is shown has one that is made up");
    Ok(CaFiles::example()?)
}

/// Makes the whole system trust the CA.
fn install(args: &ChangeArgs, files: &CaFiles, dirs: &Dirs, talk: &Talk) -> Outcome {
    let identity = identity(files, args.dry_run, talk)?;
    let changes = PlannedChanges::new(args, dirs, talk)?;
    if cfg!(target_os = "macos") && changes.system.is_this_machine() {
        return keychain(&changes, files, true);
    }
    let Some(plan) = store::plan(&changes.system, identity.pem()) else {
        return Err(anyhow::anyhow!(
            "it is not known how this system keeps its roots. Add {} by its own means, or leave \
             the system alone: `pullscope exec` and `pullscope setup` do without",
            files.certificate_path().display()
        )
        .into());
    };
    match changes.make(&plan, Some("pullscope ca install"))? {
        Became::Dropped => {}
        Became::Present => talk.say("the system trusts this CA already"),
        Became::Done => {
            talk.say("the system trusts this CA\nundo: sudo pullscope ca uninstall");
        }
    }
    Ok(())
}

fn uninstall(args: &ChangeArgs, files: &CaFiles, dirs: &Dirs, talk: &Talk) -> Outcome {
    let changes = PlannedChanges::new(args, dirs, talk)?;
    if cfg!(target_os = "macos") && changes.system.is_this_machine() {
        return keychain(&changes, files, false);
    }
    let sudo = Some("pullscope ca uninstall");
    let done = "the system does not trust this CA any more";
    changes.undo(store::NAME, "pullscope ca install", sudo, done)
}

/// macOS keeps its roots in a database, which only its own program changes.
fn keychain(changes: &PlannedChanges<'_>, files: &CaFiles, trusts: bool) -> Outcome {
    let command = store::keychain(&files.certificate_path(), trusts);
    let question = [
        "Stop trusting this CA on this Mac?",
        "Trust this CA on this Mac?",
    ];
    let question = question[usize::from(trusts)];
    let line = command.join(" ");
    changes.talk.say(&format!("to run: {line}"));
    if changes.may(question, Some(&line))? {
        changes.run_all(&[command])?;
    }
    Ok(())
}

fn describe(identity: &Identity, files: &CaFiles) -> Outcome<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(identity.certificate())
        .map_err(|error| anyhow::anyhow!("failed to read the CA's certificate: {error}"))?;
    let serial = certificate.raw_serial_as_string();
    let hosts = identity.scope().map_or_else(
        || "every host (`ca regenerate --only` narrows that)".to_owned(),
        |scope| format!("{} alone; others are passed on unread", scope.describe()),
    );
    Ok(format!(
        "subject      {}\n\
         valid        {} to {}\n\
         signs for    {hosts}\n\
         serial       {serial}\n\
         sha256       {}\n\
         certificate  {}\n\
         private key  {} (yours alone, never printed)\n",
        certificate.subject(),
        certificate.validity().not_before,
        certificate.validity().not_after,
        fingerprint(identity.certificate()),
        files.certificate_path().display(),
        files.key_path().display(),
    ))
}
