//! `pullscope record`.

use std::path::Path;
use std::time::Duration;

use clap::FromArgMatches as _;

use crate::config::{Cli, Command, Dirs, RecordArgs};
use crate::tui::terminal::Tty;

use super::ca;
use crate::app::observe::events_out::EventsOut;
use crate::app::observe::progress::Progress;
use crate::app::observe::refusals::Refusals;
use crate::app::process::failure::{Outcome, usage_of};
use crate::app::process::signals::Signals;
use crate::app::recording::conclusion::warn_of_risks;
use crate::app::recording::fail_on::FailOn;
use crate::app::recording::health::News;
use crate::app::recording::plan::{Audience, RecordingPlan, SessionDir, writable};
use crate::app::recording::run::Recording;
use crate::app::recording::settings;
use crate::app::terminal::talk::Talk;
use crate::app::view::live::{self, PreparedView};

pub(in crate::app) async fn run(args: RecordArgs, dirs: &Dirs, talk: &Talk) -> Outcome {
    let mut signals = Signals::new()?;
    let files = ca::files(dirs);
    let identity = files.open()?;
    let ca = files.certificate_path();
    let scope = identity
        .scope()
        .map(crate::proxy::ca::SigningScope::describe);
    let session = SessionDir::of(&args, dirs);
    let mut plan = RecordingPlan::of(args.output.clone(), session.clone(), &args.proxy)?;
    plan.keep_blobs = args.keep_blobs;
    plan.fail_on = FailOn::read(args.fail_on.as_deref())?;
    SessionDir::make_home(&args, dirs)?;
    if let Some(output) = &args.output {
        writable(output)?;
    }
    session.prepare(args.session.is_some())?;
    let mut view = PreparedView::wanted(args.tui)?;
    let settings = settings::resolve(&args)?;
    let bundle = args.tui.then(|| ca::bundle(identity.pem(), dirs));
    let bundle = bundle.transpose()?.unwrap_or_default();
    let recording = Recording::start(plan, identity, settings, |proxy| match &mut view {
        Some(view) => view.audience(),
        None => Audience {
            watchers: Progress::watcher(talk).into_iter().collect(),
            refusals: Refusals::new(talk, None),
            events_out: args.json.then(|| {
                let address = proxy.address().to_string();
                let (ca, session) = (ca.display().to_string(), session.path.display().to_string());
                EventsOut::start(&address, &ca, &session)
            }),
            ..Audience::default()
        },
    })?;
    let shown = if let Some(view) = view {
        let save_as = match &args.output {
            Some(output) => output.with_extension("copy.har").display().to_string(),
            None => "pullscope.har".to_owned(),
        };
        let facts = live::facts(&recording, &bundle, save_as);
        let idle = std::future::pending();
        view.show(&recording, facts, &mut signals, |_| idle).await
    } else {
        greet(&recording, &ca, &args, talk);
        if let Some(hosts) = scope {
            talk.say(&format!(
                "the CA signs for {hosts} alone; tunnels to other hosts are passed on unread"
            ));
        }
        watch(&recording, &mut signals, talk).await;
        Ok(None)
    };
    signals.end_at_next();
    let summary = recording.stop(Duration::from_secs(args.proxy.drain)).await;
    summary.conclude(args.output.as_deref(), talk)?;
    shown.map(|_| ())
}

/// The arguments of `pullscope` without a word: the live view on a terminal, and otherwise what
/// `record` does.
pub(in crate::app) fn defaults(configured: clap::Command) -> Outcome<RecordArgs> {
    let matches = configured.try_get_matches_from(["pullscope", "record"]);
    let read = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = read.map_err(usage_of)?;
    match cli.command {
        Some(Command::Record(mut args)) => {
            args.tui = Tty::is_there();
            Ok(*args)
        }
        _ => Err(anyhow::anyhow!("`record` is no command").into()),
    }
}

/// Waits for a signal. After the first one a second one ends the process at once.
async fn watch(recording: &Recording, signals: &mut Signals, talk: &Talk) {
    let tell = |news: News| {
        if news.good {
            talk.say(&news.text);
        } else {
            talk.insist(&format!("warning: {}", news.text));
        }
    };
    let name = recording.until(signals.next(), tell).await;
    talk.say(&format!(
        "{name}: finishing transfers; again to stop at once"
    ));
}

fn greet(recording: &Recording, ca: &Path, args: &RecordArgs, talk: &Talk) {
    let address = recording.address();
    talk.say(&format!(
        "pullscope listens on http://{address}; Ctrl-C ends the recording"
    ));
    talk.say(&format!("clients must trust {}", ca.display()));
    warn_of_risks(&args.proxy, talk);
}
