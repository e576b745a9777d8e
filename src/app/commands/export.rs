//! `pullscope export` and `pullscope redact`.

use std::path::Path;

use crate::config::{ExportArgs, ExportFormat, RedactArgs};
use crate::har;
use crate::words::Lang;

use crate::app::process::failure::{Outcome, usage};
use crate::app::terminal::talk::Talk;
use crate::app::trace::produce::{
    Destination, ExportForm, Produced, produce, tell_taken, write_har,
};
use crate::app::trace::select::{self, Selection};
use crate::app::trace::source::Source;

pub(in crate::app) fn run(args: &ExportArgs, talk: &Talk) -> Outcome {
    let selection = Selection::read(&args.selection)?;
    let lang = select::lang(args.selection.lang);
    let mut source = Source::told(&args.source, args.keep_secrets, lang, talk)?;
    let form = ExportForm {
        format: args.format,
        lang,
        har: har::WriteOptions {
            connect_entries: !args.no_connect_entries,
            pretty: args.pretty,
            ..har::WriteOptions::default()
        },
        keep_secrets: args.keep_secrets,
        // A session is where it was recorded; a file may come from anywhere.
        recorded_here: args.source.is_dir(),
    };
    tell_taken(&source.taken, talk);
    if let (ExportFormat::Har, Some(limit)) = (args.format, args.split) {
        selection.narrow(&mut source)?;
        return split(&source, &args.output, &form.har, limit, talk);
    }
    produce(source, &selection, &form, Destination::of(&args.output))?.tell(&args.output, talk);
    Ok(())
}

/// Writes several HAR files.
fn split(
    source: &Source,
    output: &Path,
    options: &har::WriteOptions,
    limit: u64,
    talk: &Talk,
) -> Outcome {
    if output == Path::new("-") {
        return Err(usage(
            "--split needs --output FILE.har: several files do not fit on stdout",
        ));
    }
    let (trace, bodies) = (&source.trace, source.bodies.as_ref());
    for (path, report) in har::export_parts(trace, bodies, output, options, limit)? {
        Produced::of_har(&report).tell(&path, talk);
    }
    Ok(())
}

pub(in crate::app) fn redact(args: &RedactArgs, talk: &Talk) -> Outcome {
    let source = Source::told(&args.source, false, Lang::En, talk)?;
    if source.taken.places() == 0 {
        talk.say("there was no secret to take out");
    }
    tell_taken(&source.taken, talk);
    let options = har::WriteOptions {
        pretty: args.pretty,
        ..har::WriteOptions::default()
    };
    let (trace, bodies) = (&source.trace, source.bodies.as_ref());
    write_har(trace, bodies, &options, Destination::of(&args.output))?.tell(&args.output, talk);
    Ok(())
}
