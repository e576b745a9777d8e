//! `pullscope record`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::FromArgMatches as _;
use tokio_util::task::TaskTracker;

use crate::base::clock;
use crate::base::text::plural;
use crate::config::{Cli, Command, Dirs, ProxyArgs, RecordArgs};
use crate::proxy::ca::Identity;
use crate::tui::terminal::Tty;

use super::ca;
use crate::app::observe::Observer;
use crate::app::observe::events_out::EventsOut;
use crate::app::observe::otlp::Delivery;
use crate::app::observe::progress::Progress;
use crate::app::process::failure::{Outcome, usage, usage_of};
use crate::app::process::signals::Signals;
use crate::app::recording::capture::{Capture, Plan, SessionDir, Summary};
use crate::app::recording::fail_on::FailOn;
use crate::app::recording::health::Health;
use crate::app::recording::pace::Pace;
use crate::app::recording::settings;
use crate::app::terminal::talk::Talk;
use crate::app::view::live;
use crate::app::view::live::{Known, Prepared};

pub(in crate::app) async fn run(args: RecordArgs, dirs: &Dirs, talk: &Talk) -> Outcome {
    let signals = Signals::new()?;
    let files = ca::files(dirs);
    let identity = files.open()?;
    let ca = files.certificate_path();
    let scope = identity
        .scope()
        .map(crate::proxy::ca::SigningScope::describe);
    let session = session_dir(&args, dirs);
    let plan = Plan {
        output: args.output.clone(),
        session: session.clone(),
        keep_secrets: args.proxy.keep_secrets,
        keep_blobs: args.keep_blobs,
        fail_on: FailOn::read(args.fail_on.as_deref())?,
        collector: settings::collector(&args.proxy)?,
    };
    if args.session.is_none() && args.output.is_none() {
        let dir = dirs.sessions();
        dirs.make(&dir)
            .with_context(|| format!("failed to create {}", dir.display()))?;
    }
    prepare(&plan, args.session.is_some())?;
    if args.tui {
        let bundle = ca::bundle(identity.pem(), dirs)?;
        return live(args, plan, identity, &bundle, signals, talk).await;
    }
    let capture = Capture::start(
        plan,
        identity,
        |bodies| settings::resolve(&args, bodies),
        |proxy| {
            let mut observers: Vec<Box<dyn Observer>> = Vec::new();
            if Progress::is_seen(talk) {
                observers.push(Box::new(Progress::new(talk)));
            }
            if args.json {
                let address = proxy.address().to_string();
                let (ca, session) = (ca.display().to_string(), session.path.display().to_string());
                observers.push(Box::new(EventsOut::start(&address, &ca, &session)));
            }
            observers
        },
    )?;
    greet(&capture, &ca, &args, talk);
    if let Some(hosts) = scope {
        talk.say(&format!(
            "the CA signs for {hosts} alone; tunnels to other hosts are passed on unread"
        ));
    }
    watch(&capture, signals, talk).await;
    let summary = capture.stop(Duration::from_secs(args.proxy.drain)).await;
    conclude(summary, args.output.as_deref(), talk)
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

/// Records, and shows it in the live view.
async fn live(
    args: RecordArgs,
    plan: Plan,
    identity: Identity,
    bundle: &Path,
    mut signals: Signals,
    talk: &Talk,
) -> Outcome {
    if !Tty::is_there() {
        return Err(usage("--tui needs a terminal for input and output"));
    }
    let mut view = Prepared::new();
    let not_after = identity.not_after();
    let session = plan.session.path.clone();
    let capture = Capture::start(
        plan,
        identity,
        |bodies| settings::resolve(&args, bodies),
        |_| view.observer().into_iter().collect(),
    )?;
    let save_as = match &args.output {
        Some(output) => output.with_extension("copy.har").display().to_string(),
        None => "pullscope.har".to_owned(),
    };
    let known = Known {
        address: capture.proxy().address().to_string(),
        bundle,
        not_after,
        keep_secrets: args.proxy.keep_secrets,
        save_as,
    };
    // The listener is bound by now: what goes wrong with it is told on a terminal in order.
    let shown = match view.open(known.facts(), session) {
        Ok((window, mailbox)) => {
            let idle = std::future::pending();
            live::watch(&capture, window, &mailbox, &mut signals, idle).await
        }
        Err(failure) => Err(failure),
    };
    end_at_second_signal(signals);
    let summary = capture.stop(Duration::from_secs(args.proxy.drain)).await;
    conclude(summary, args.output.as_deref(), talk)?;
    shown.map(|_| ())
}

/// Waits for a signal, writing the trace from time to time. After the first signal a second one
/// ends the process at once.
async fn watch(capture: &Capture, mut signals: Signals, talk: &Talk) {
    let mut pace = Pace::new();
    let mut health = Health::default();
    loop {
        tokio::select! {
            name = signals.next() => {
                talk.say(&format!("{name}: finishing transfers; again to stop at once"));
                break;
            }
            () = pace.wait() => pace.took(capture.write_har().await),
            () = tokio::time::sleep(GLANCE) => {
                for news in health.news(capture) {
                    if news.good {
                        talk.say(&news.text);
                    } else {
                        talk.insist(&format!("warning: {}", news.text));
                    }
                }
            }
        }
    }
    end_at_second_signal(signals);
}

/// From here on a signal ends the process at once.
fn end_at_second_signal(mut signals: Signals) {
    // The task ends the process, or ends with it.
    TaskTracker::new().spawn(async move {
        signals.next().await;
        std::process::exit(130);
    });
}

fn session_dir(args: &RecordArgs, dirs: &Dirs) -> SessionDir {
    match (&args.session, &args.output) {
        (Some(path), _) => SessionDir {
            path: path.clone(),
            temporary: false,
        },
        (None, Some(output)) => {
            let mut name = output.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{}.session", std::process::id()));
            // Blobs that were asked for are in the session, so it stays.
            SessionDir {
                path: output.with_file_name(name),
                temporary: !args.keep_blobs,
            }
        }
        (None, None) => {
            let stamp = clock::now().strftime("%Y%m%dT%H%M%SZ").to_string();
            let name = format!("{stamp}-{}", std::process::id());
            SessionDir {
                path: dirs.sessions().join(name),
                temporary: false,
            }
        }
    }
}

/// Makes the parents, and sees early whether the HAR can be written. `named` says that the user
/// named the session's place.
fn prepare(plan: &Plan, named: bool) -> Outcome {
    if let Some(output) = &plan.output {
        writable(output)?;
    }
    let dir = parent(&plan.session.path);
    match std::fs::create_dir_all(&dir) {
        Ok(()) => Ok(()),
        Err(error) if named => Err(usage(format!(
            "--session {}: {} cannot be created: {error}",
            plan.session.path.display(),
            dir.display()
        ))),
        Err(error) => {
            let what = format!("failed to create {}", dir.display());
            Err(anyhow::Error::new(error).context(what).into())
        }
    }
}

/// Sees whether a file of this name can be written: there is a directory for it, and it is none.
pub(in crate::app) fn writable(output: &Path) -> Outcome {
    let refuse = |why: &str| Err(usage(format!("--output {}: {why}", output.display())));
    let dir = parent(output);
    if !dir.is_dir() {
        return refuse(&format!("{} is no directory", dir.display()));
    }
    if output.is_dir() {
        return refuse("it is a directory; name the file to write");
    }
    Ok(())
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn greet(capture: &Capture, ca: &Path, args: &RecordArgs, talk: &Talk) {
    let address = capture.proxy().address();
    talk.say(&format!(
        "pullscope listens on http://{address}; Ctrl-C ends the recording"
    ));
    talk.say(&format!("clients must trust {}", ca.display()));
    warn_of_risks(&args.proxy, talk);
}

/// Says what the user has asked for that makes the trace, or what is recorded, less safe.
pub(in crate::app) fn warn_of_risks(args: &ProxyArgs, talk: &Talk) {
    if !args.insecure_upstream.is_empty() {
        let hosts = args.insecure_upstream.join(", ");
        talk.insist(&format!(
            "warning: certificates of {hosts} may be invalid and are accepted"
        ));
    }
    if args.keep_secrets {
        talk.insist("warning: passwords, tokens and signatures stay in the trace");
    }
}

/// Tells how it went; a trace that could not be written is a failure.
pub(in crate::app) fn conclude(summary: Summary, output: Option<&Path>, talk: &Talk) -> Outcome {
    let Summary {
        counts,
        drained,
        overrun,
        faults,
        journal,
        har,
        verdict,
        session,
        delivery,
    } = summary;
    let mut said = vec![format!(
        "recorded {}",
        plural(counts.exchanges, "exchange", "exchanges")
    )];
    if counts.tunnels > 0 {
        said.push(plural(counts.tunnels, "tunnel", "tunnels"));
    }
    if counts.handshakes > 0 {
        said.push(plural(
            counts.handshakes,
            "refused handshake",
            "refused handshakes",
        ));
    }
    talk.say(&said.join(", "));
    if !drained {
        talk.say("transfers that did not end in time were cut off (--drain gives them longer)");
    }
    let lost = journal.lost_records + overrun;
    if lost > 0 || journal.lost_bodies > 0 {
        let why = journal
            .first_error
            .as_deref()
            .unwrap_or("recording could not keep up");
        talk.insist(&format!(
            "warning: {} and {} were not recorded: {why}",
            plural(lost, "record", "records"),
            plural(journal.lost_bodies, "body", "bodies")
        ));
    }
    if faults > 0 {
        talk.insist(&format!(
            "warning: {} in pullscope ended what they happened in; the log says where",
            plural(faults, "fault", "faults")
        ));
    }
    let outcome = match har {
        Some(Ok(report)) => {
            for warning in &report.warnings {
                talk.insist(&format!("warning: {warning}"));
            }
            let name = output.unwrap_or(Path::new("the trace")).display();
            talk.say(&format!(
                "wrote {name}: {}",
                plural(report.entries, "entry", "entries")
            ));
            Ok(())
        }
        Some(Err(failure)) => Err(failure),
        None => Ok(()),
    };
    if let Some(session) = session {
        let path = session.display();
        talk.say(&format!(
            "the session is in {path}; `pullscope export {path} -o x.har` reads it"
        ));
    }
    if let Some(delivery) = delivery {
        tell_delivery(&delivery, talk);
    }
    outcome.and(verdict)
}

fn tell_delivery(delivery: &Delivery, talk: &Talk) {
    let collector = &delivery.collector;
    let taken = plural(delivery.taken, "span", "spans");
    talk.say(&format!("sent {taken} to {collector}"));
    if delivery.lost() > 0 {
        let why = delivery.first_error.as_deref();
        talk.insist(&format!(
            "warning: {} did not reach {collector}: {}. `pullscope export --format otlp` writes \
             them from the trace",
            plural(delivery.lost(), "span", "spans"),
            why.unwrap_or("they came faster than it took them")
        ));
    }
}

/// How often the journal's health is looked at.
const GLANCE: Duration = Duration::from_secs(1);
