//! The live view on a capture under way, and on what was recorded before.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::base::clock;
use crate::clients::system::{Programs, Runner as _};
use crate::config::ViewArgs;
use crate::exchange::{Event, ExchangeId};
use crate::store::Retention;
use crate::tui::terminal::{
    Feeder, Inbox, Mailbox, Message, Tty, TtyError, View, feed, mailbox, restore_after_panic,
    run as run_view,
};
use crate::tui::{Check, Facts, FirstStep, Mask, Said, State};
use crate::words::Lang;

use super::screen::{self, Hands, InStore};
use crate::app::observe::{Sight, Watcher};
use crate::app::process::failure::{Outcome, usage};
use crate::app::process::signals::Signals;
use crate::app::recording::health::News;
use crate::app::recording::plan::Audience;
use crate::app::recording::run::Recording;
use crate::app::terminal::log;
use crate::app::terminal::talk::Talk;

/// `pullscope view`.
pub(in crate::app) async fn run(args: ViewArgs, talk: &Talk) -> Outcome {
    if !Tty::is_there() {
        return Err(usage(
            "view needs a terminal for input and output; `pullscope export` writes the trace in other forms",
        ));
    }
    let mut signals = Signals::new()?;
    let path = args.source.clone();
    let mask = Mask::default();
    let its = mask.clone();
    let (opened, warnings) =
        tokio::task::spawn_blocking(move || screen::opened(&path, &its)).await??;
    for warning in &warnings {
        let warning = warning.of(screen::look().lang);
        talk.insist(&format!("warning: {}: {warning}", args.source.display()));
    }
    let (mailbox, inbox) = mailbox();
    let mut state = State::new(opened.facts, screen::look(), clock::now());
    for warning in warnings {
        state.log_line(warning);
    }
    let view = View {
        state,
        store: Arc::new(Mutex::new(opened.store)),
        bodies: opened.bodies,
        feed: None,
        host: Box::new(Hands {
            source: args.source,
            mask,
        }),
    };
    let window = Window::open(view, mailbox.clone(), inbox)?;
    let mut closed = Box::pin(window.closed());
    tokio::select! {
        ended = &mut closed => ended,
        _ = signals.next() => {
            mailbox.send(Message::Stop);
            closed.await
        }
    }
}

/// The view on a capture that is about to start: its observer comes first.
pub(in crate::app) struct PreparedView {
    mailbox: Mailbox,
    inbox: Inbox,
    feed: crate::tui::terminal::Feed,
    feeder: Option<Feeder>,
}

/// Tells the view what has changed in the model.
struct ToView {
    feeder: Feeder,
    changed: Vec<ExchangeId>,
    generation: u64,
}

impl Watcher for ToView {
    fn event(&mut self, event: &Event) {
        self.changed.extend(event.exchange());
    }

    fn look(&mut self, sight: &Sight<'_>) {
        if !self.changed.is_empty() || sight.store.generation() != self.generation {
            self.generation = sight.store.generation();
            self.feeder.changed(self.changed.drain(..), sight.missed);
        }
    }
}

impl PreparedView {
    /// A view, where one is wanted; there must be a terminal for it then.
    pub(in crate::app) fn wanted(tui: bool) -> Outcome<Option<Self>> {
        if tui && !Tty::is_there() {
            return Err(usage("--tui needs a terminal for input and output"));
        }
        Ok(tui.then(Self::new))
    }

    /// Opens it, and watches until it is closed or a signal comes, beside some work. What goes
    /// wrong with opening it is told by its error.
    pub(in crate::app) async fn show<W: Future<Output = ()>>(
        self,
        recording: &Recording,
        facts: Facts,
        signals: &mut Signals,
        work: impl FnOnce(Mailbox) -> W,
    ) -> Outcome<Option<&'static str>> {
        let (window, mailbox) = self.open(recording, facts)?;
        let work = work(mailbox.clone());
        watch(recording, window, &mailbox, signals, work).await
    }

    fn new() -> Self {
        let (mailbox, inbox) = mailbox();
        let (feeder, feed) = feed(mailbox.clone());
        Self {
            mailbox,
            inbox,
            feed,
            feeder: Some(feeder),
        }
    }

    /// Who is to watch the recording; once.
    pub(in crate::app) fn audience(&mut self) -> Audience {
        let watcher = self.feeder.take().map(|feeder| {
            Box::new(ToView {
                feeder,
                changed: Vec::new(),
                generation: 0,
            }) as Box<dyn Watcher>
        });
        Audience {
            watchers: watcher.into_iter().collect(),
            reader: Some(Retention::default()),
            ..Audience::default()
        }
    }

    /// Opens the view.
    fn open(self, recording: &Recording, facts: Facts) -> Outcome<(Window, Mailbox)> {
        let mailbox = self.mailbox;
        let view = View {
            state: State::new(facts.clone(), screen::look(), clock::now()),
            store: recording.seen().unwrap_or_default(),
            bodies: Box::new(InStore),
            feed: Some(self.feed),
            host: Box::new(Hands {
                source: recording.session.path.clone(),
                mask: facts.mask.clone(),
            }),
        };
        let window = Window::open(view, mailbox.clone(), self.inbox)?;
        let letter = mailbox.clone();
        let may_be_docker = facts.first_steps.iter().any(is_for_docker);
        if may_be_docker {
            // Awaited by nobody: it says what it finds, or nothing when the view has gone.
            tokio::task::spawn_blocking(move || look_at_docker(facts, &letter));
        }
        Ok((window, mailbox))
    }
}

/// An open view.
struct Window {
    thread: thread::JoinHandle<Result<(), TtyError>>,
}

impl Window {
    fn open(view: View, mailbox: Mailbox, inbox: Inbox) -> Outcome<Self> {
        let logs = mailbox.clone();
        restore_after_panic();
        log::divert(Some(Box::new(move |line| {
            logs.offer(Message::Log(line.into()));
        })));
        let tty = Tty::enter().inspect_err(|_| log::divert(None))?;
        let thread = run_view(view, tty, mailbox, inbox)?;
        Ok(Self { thread })
    }

    /// Waits until the user has left; the terminal has been given back then.
    async fn closed(self) -> Outcome {
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        log::divert(None);
        match joined {
            Ok(Ok(outcome)) => Ok(outcome?),
            _ => Err(anyhow::anyhow!("the view failed; what was recorded is kept").into()),
        }
    }
}

/// Shows the capture until the user leaves or a signal comes. `work` goes on beside it.
async fn watch(
    recording: &Recording,
    window: Window,
    mailbox: &Mailbox,
    signals: &mut Signals,
    work: impl Future<Output = ()>,
) -> Outcome<Option<&'static str>> {
    // Ctrl-Z is a key in the view; stopping from outside would stop the proxy as well.
    let _stop = signal(SignalKind::from_raw(STOP))?;
    let mut work = std::pin::pin!(work);
    let mut working = true;
    let letters = mailbox.clone();
    let end = async {
        let mut closed = Box::pin(window.closed());
        loop {
            tokio::select! {
                ended = &mut closed => return ended.map(|()| None),
                name = signals.next() => {
                    let letter = mailbox.clone();
                    tokio::task::spawn_blocking(move || letter.send(Message::Stop)).await?;
                    return closed.await.map(|()| Some(name));
                }
                () = &mut work, if working => working = false,
            }
        }
    };
    let tell = |News { good, text }| {
        letters.offer(Message::Told {
            good,
            text: text.into(),
        });
    };
    recording.until(end, tell).await
}

/// Asks dockerd, where there is one, whether it goes through this proxy.
fn look_at_docker(mut facts: Facts, mailbox: &Mailbox) {
    let asked = ["docker", "info", "--format", "{{.HTTPSProxy}}"];
    let Ok(told) = (Programs { limit: PATIENCE }).run(&asked) else {
        return;
    };
    if !told.success {
        return;
    }
    let proxy = told.out.trim();
    let address = facts.source.of(Lang::En).trim_start_matches("proxy ");
    let ours = !address.is_empty() && proxy.contains(address);
    let key = facts.first_steps.iter().find(|step| is_for_docker(step));
    let hint = key.map_or_else(Said::default, |step| {
        Said::phrase("check.press", &[("n", &step.key.to_string())])
    });
    let uses = if ours { "check.uses" } else { "check.uses-not" };
    let place = facts.checks.len().min(2);
    facts
        .checks
        .insert(place, check(Some(ours), Said::row(uses), hint));
    mailbox.offer(Message::Facts(Box::new(facts)));
}

/// What the view is told of a live capture: what clients are to trust, and where the trace is
/// saved by default.
pub(in crate::app) fn facts(recording: &Recording, bundle: &Path, save_as: String) -> Facts {
    let address = recording.address().to_string();
    let left = recording.not_after.duration_since(clock::system());
    let days = left.as_hours() / 24;
    Facts {
        source: Said::phrase("first.proxy", &[("n", &address)]),
        live: true,
        ca: Said::phrase("first.ca", &[("n", &days.to_string())]),
        first_steps: first_steps(&address, bundle),
        checks: checks(&address),
        formats: screen::formats(),
        secrets_kept: recording.keep_secrets,
        mask: Mask::default(),
        save_as,
    }
}

fn first_steps(address: &str, bundle: &Path) -> Vec<FirstStep> {
    let exec = "pullscope exec -- skopeo inspect docker://docker.io/library/alpine:3.20";
    let setup = "sudo pullscope setup docker && docker pull alpine:3.20";
    let undo = "sudo pullscope setup docker --undo";
    let bundle = bundle.display();
    let any = format!("export HTTPS_PROXY=http://{address} SSL_CERT_FILE={bundle}");
    let undo = Said::phrase("first.undo", &[("n", undo)]);
    let steps = [
        ("first.demo", "pullscope demo".to_owned(), Vec::new()),
        ("first.exec", exec.to_owned(), Vec::new()),
        ("first.setup", setup.to_owned(), vec![undo]),
        ("first.any", any, vec![Said::row("first.bundle")]),
    ];
    let step = |((what, command, notes), key)| FirstStep {
        key,
        what: Said::row(what),
        command,
        notes,
    };
    steps.into_iter().zip('a'..).map(step).collect()
}

fn is_for_docker(step: &FirstStep) -> bool {
    step.command.contains("setup docker")
}

/// The facts of a view on one command, which needs nothing of the user.
pub(in crate::app) fn of_command(mut facts: Facts, command: &str) -> Facts {
    facts.first_steps.clear();
    let running = check(
        Some(true),
        Said::phrase("check.running", &[("n", command)]),
        Said::row("check.output"),
    );
    facts.checks.insert(0, running);
    facts
}

fn check(holds: Option<bool>, what: Said, hint: Said) -> Check {
    Check { holds, what, hint }
}

fn checks(address: &str) -> Vec<Check> {
    let listening = Said::phrase("check.listening", &[("n", address)]);
    let rows = [
        ("check.no-connect", "check.in-dockerd"),
        ("check.no-request", "check.no-proxy"),
        ("check.not-accepted", "check.own-row"),
    ];
    let mut checks = vec![
        check(Some(true), listening, Said::row("check.port")),
        check(
            Some(true),
            Said::row("check.ca"),
            "pullscope ca path".into(),
        ),
    ];
    checks.extend(rows.map(|(what, hint)| check(None, Said::row(what), Said::row(hint))));
    checks
}

/// SIGTSTP, the same on every system.
const STOP: i32 = 20;
/// How long the docker command may take.
const PATIENCE: Duration = Duration::from_secs(30);
