//! `pullscope import`.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::Context as _;

use crate::base::clock;
use crate::config::ImportArgs;
use crate::export::transcript::{self, Form};
use crate::har;

use crate::app::process::failure::{Failure, Outcome};
use crate::app::terminal::talk::Talk;
use crate::app::trace::produce::{Destination, tell_taken, write_har};
use crate::redact::Redactor;

pub(in crate::app) fn run(args: &ImportArgs, talk: &Talk) -> Outcome {
    let name = args.source.display();
    let text = read(&args.source)?;
    let mut imported = transcript::read(&text, clock::now());
    for remark in &imported.remarks {
        talk.insist(&format!(
            "warning: {name}, line {}: {}",
            remark.line, remark.text
        ));
    }
    match imported.form {
        Form::Plain => {}
        Form::Curl => talk.say(&format!("{name}: read as the output of curl -v")),
        Form::Log => talk.say(&format!("{name}: read as a log with messages in it")),
    }
    if let Some(words) = &imported.unsent {
        talk.insist(&format!(
            "warning: {name}: curl sent nothing, and the command is not in the file: {words}"
        ));
    }
    if imported.trace.exchanges.is_empty() {
        return Err(Failure::from(anyhow::anyhow!(
            "failed to import {name}: there is no request in it; one begins with a line such as \
             \"GET https://registry.example/v2/ HTTP/1.1\", and the output of curl -v, \
             ctr --http-dump, crane -v and the like is read as well"
        )));
    }
    if args.keep_secrets {
        imported.trace.secrets_kept = true;
    } else {
        let mut redactor = Redactor::new();
        redactor.trace(&mut imported.trace, None);
        tell_taken(redactor.taken(), talk);
    }
    let bodies = har::HarDocument::default();
    let options = har::WriteOptions::default();
    let to = Destination::of(&args.output);
    write_har(&imported.trace, &bodies, &options, to)?.tell(&args.output, talk);
    Ok(())
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut text)
            .context("failed to read stdin")?;
        return Ok(text);
    }
    Ok(std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))?)
}
