//! `pullscope export`.

use std::io;
use std::path::Path;

use crate::config::{ExportArgs, Format};
use crate::exchange::{Event, Trace};
use crate::har;
use crate::redact::Redactor;

use super::failure::Outcome;
use super::run::Talk;
use super::source;

pub(super) fn run(args: &ExportArgs, talk: &Talk) -> Outcome {
    let mut source = source::open(&args.source)?;
    for warning in &source.warnings {
        talk.insist(&format!("warning: {}: {warning}", args.source.display()));
    }
    if !args.keep_secrets {
        redact(&mut source.trace);
    }
    let report = match args.format {
        Format::Har => {
            let connect_entries = !args.no_connect_entries;
            let options = har::Options {
                connect_entries,
                ..har::Options::default()
            };
            let (trace, bodies) = (&source.trace, source.bodies.as_ref());
            if args.output == Path::new("-") {
                har::write(trace, bodies, io::stdout().lock(), &options)?
            } else {
                har::export(trace, bodies, &args.output, &options)?
            }
        }
    };
    for warning in &report.warnings {
        talk.insist(&format!("warning: {warning}"));
    }
    if args.output != Path::new("-") {
        talk.say(&format!(
            "wrote {}: {} entries",
            args.output.display(),
            report.entries
        ));
    }
    Ok(())
}

/// Redacts what is not redacted yet; what is stays as it is.
fn redact(trace: &mut Trace) {
    let mut redactor = Redactor::new();
    trace.exchanges = std::mem::take(&mut trace.exchanges)
        .into_iter()
        .map(|e| redactor.exchange(e))
        .collect();
    for tunnel in &mut trace.tunnels {
        if let Event::Tunnel(clean) = redactor.event(Event::Tunnel(Box::new(tunnel.clone()))) {
            *tunnel = *clean;
        }
    }
    for handshake in &mut trace.handshakes {
        let event = Event::HandshakeFailed(Box::new(handshake.clone()));
        if let Event::HandshakeFailed(clean) = redactor.event(event) {
            *handshake = *clean;
        }
    }
    trace.secrets_kept = false;
}
