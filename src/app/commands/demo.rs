//! `pullscope demo`: lab, proxy and client in one process, told as a story.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};

use crate::base::cause::chain;
use crate::config::DemoArgs;
use crate::lab::client::{ClientProfile, PullError, PullEvent, Pulled, Puller};
use crate::lab::{Lab, LabImage, Provider};
use crate::proxy::ca::CaFiles;
use crate::proxy::{RootCertificate, Settings};
use crate::registry::Platform;
use crate::story::shorten;
use crate::tui::terminal::{Mailbox, Message, Tty};

use super::lab;
use crate::app::observe::narration::Narration;
use crate::app::process::failure::{Outcome, usage_of};
use crate::app::process::signals::Signals;
use crate::app::recording::plan::{Audience, RecordingPlan, SessionDir};
use crate::app::recording::run::Recording;
use crate::app::recording::settings::all;
use crate::app::terminal::locale;
use crate::app::terminal::output;
use crate::app::terminal::talk::Talk;
use crate::app::view::live::{self, PreparedView};

pub(in crate::app) async fn run(args: DemoArgs, talk: &Talk) -> Outcome<ExitCode> {
    if lab::asks_for_help(&args.fault)? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut signals = Signals::new()?;
    let mut providers: Vec<Provider> = all("--provider", &args.provider)?;
    let lab_options = lab::options(args.era.as_deref(), &args.fault, &providers)?;
    let profile = args
        .client
        .as_deref()
        .map_or(Ok(ClientProfile::default()), str::parse);
    let profile = profile.map_err(usage_of)?;
    // What strikes pushes alone shows in pushes alone.
    let pushes = lab_options
        .faults
        .iter()
        .any(|spec| spec.fault.is_of_push());
    if providers.is_empty() {
        let struck = |provider: &Provider| {
            let mut faults = lab_options.faults.iter();
            !pushes || faults.any(|spec| spec.strikes(*provider, spec.fault))
        };
        providers = lab_options.era.providers().filter(struck).collect();
    }
    let served = Lab::start(lab_options).await.map_err(usage_of)?;
    // Everything but the trace lives in here and goes with it.
    let home = tempfile::Builder::new()
        .prefix("pullscope-demo-")
        .tempdir()?;
    let identity = CaFiles::new(home.path().join("ca")).open()?;
    let proxy_ca = identity.pem().to_owned();
    let settings = settings(&served)?;
    let (narration, texts) = Narration::new();
    let plan = RecordingPlan {
        output: Some(args.output.clone()),
        session: SessionDir::within(home.path()),
        keep_secrets: false,
        keep_blobs: false,
        fail_on: None,
        collector: None,
    };
    let mut view = PreparedView::wanted(Tty::is_there() && !args.no_tui)?;
    let recording = Recording::start(plan, identity, settings, |_| match &mut view {
        Some(view) => view.audience(),
        None => Audience {
            watchers: vec![Box::new(narration)],
            ..Audience::default()
        },
    })?;
    let mut teller = Teller { texts, told: 0 };
    let puller = Puller::new(recording.address(), &proxy_ca, Platform::of_a_container())?;
    let client = DemoClient {
        puller: puller.speaking(profile),
        pushes,
    };
    let images = served
        .images()
        .iter()
        .filter(|image| providers.contains(&image.provider));
    let bundle = home.path().join("ca.pem");
    std::fs::write(&bundle, &proxy_ca)?;
    let code = if let Some(view) = view {
        let facts = live::facts(&recording, &bundle, "pullscope-copy.har".to_owned());
        let pulls = |mailbox| pull_all(&client, images, mailbox);
        let shown = view.show(&recording, facts, &mut signals, pulls).await;
        shown.map(|interrupted| interrupted.map_or(0, |_| 130))
    } else {
        let mut failed = false;
        for image in images {
            tokio::select! {
                good = teller.pull(&client, image) => failed |= !good?,
                _ = signals.next() => return Ok(ExitCode::from(130)),
            }
        }
        if args.keep_running {
            keep_running(&recording, &bundle, &mut teller, &mut signals).await?;
        }
        // With a fault asked for, a pull that fails is what was to be shown.
        Ok(u8::from(failed && args.fault.is_empty()))
    };
    let summary = recording.stop(DRAIN).await;
    served.shutdown().await;
    summary.conclude(Some(&args.output), talk)?;
    let code = code?;
    output::data(&farewell(&args.output))?;
    Ok(ExitCode::from(code))
}

/// Pulls one image after the other; the view shows what happens.
async fn pull_all(client: &DemoClient, images: impl Iterator<Item = &LabImage>, mailbox: Mailbox) {
    for image in images {
        let message = match client.run(image, &|_| {}).await {
            Ok(_) => Message::Log(format!("the demo's client has {}", image.reference).into()),
            Err(error) => Message::Told {
                good: false,
                text: format!(
                    "the demo's client gave {} up: {}",
                    image.reference,
                    chain(&error)
                )
                .into(),
            },
        };
        mailbox.offer(message);
    }
}

/// The demo's client, and whether it pushes instead.
struct DemoClient {
    puller: Puller,
    pushes: bool,
}

impl DemoClient {
    async fn run(
        &self,
        image: &LabImage,
        tell: &(dyn Fn(PullEvent) + Send + Sync),
    ) -> Result<Option<Pulled>, PullError> {
        if self.pushes {
            return self.puller.push(image, tell).await.map(|()| None);
        }
        self.puller.pull(image, tell).await.map(Some)
    }
}

/// Prints exchanges as they end.
struct Teller {
    texts: Receiver<String>,
    told: u64,
}

impl Teller {
    /// Pulls one image, telling its story; whether the pull succeeded.
    async fn pull(&mut self, client: &DemoClient, image: &LabImage) -> Outcome<bool> {
        let by = image.provider.name();
        let does = if client.pushes { "push" } else { "pull" };
        output::data(&format!(
            "\ndocker {does} {}   ({by}: {})\n",
            image.reference, image.registry
        ))?;
        let answered = AtomicU64::new(0);
        let count = |event: PullEvent| {
            if matches!(event, PullEvent::Answered { .. }) {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        };
        let before = self.told;
        let mut pull = std::pin::pin!(client.run(image, &count));
        let outcome = loop {
            tokio::select! {
                biased;
                Some(text) = self.texts.recv() => self.tell(&text)?,
                outcome = &mut pull => break outcome,
            }
        };
        // The last exchanges are told a moment after the client has what it wants.
        let deadline = Instant::now() + LAST_NEWS;
        while self.told - before < answered.load(Ordering::Relaxed) {
            match timeout_at(deadline, self.texts.recv()).await {
                Ok(Some(text)) => self.tell(&text)?,
                _ => break,
            }
        }
        match &outcome {
            Ok(None) => output::data(&format!("     {} pushed\n", mark(true)))?,
            Ok(Some(image)) => output::data(&format!(
                "     {} manifest {}, {} bytes in {} layer(s) and a config; every digest is right\n",
                mark(true),
                shorten(&image.manifest),
                image.size,
                image.layers
            ))?,
            Err(error) => output::data(&format!(
                "     {} the client gave up: {}\n",
                mark(false),
                chain(error)
            ))?,
        }
        Ok(outcome.is_ok())
    }

    fn tell(&mut self, text: &str) -> Outcome {
        self.told += 1;
        Ok(output::data(text)?)
    }
}

/// Stays for clients of the user's own, until a signal.
async fn keep_running(
    recording: &Recording,
    bundle: &Path,
    teller: &mut Teller,
    signals: &mut Signals,
) -> Outcome {
    output::data(&format!(
        "\nThe lab stays. In another terminal:\n  \
         export HTTPS_PROXY=http://{address} HTTP_PROXY=http://{address} SSL_CERT_FILE={bundle}\n  \
         skopeo inspect docker://docker.io/library/alpine\n\
         Ctrl-C ends it.\n",
        address = recording.address(),
        bundle = bundle.display(),
    ))?;
    loop {
        tokio::select! {
            Some(text) = teller.texts.recv() => teller.tell(&text)?,
            _ = signals.next() => return Ok(()),
        }
    }
}

fn settings(lab: &Lab) -> Outcome<Settings> {
    let mut settings = Settings::new(([127, 0, 0, 1], 0).into());
    settings.connect_to = lab
        .routes()
        .iter()
        .map(|route| route.to_string().parse())
        .collect::<Result<_, _>>()?;
    settings.upstream_roots = RootCertificate::from_pem(lab.ca_pem())?;
    Ok(settings)
}

fn farewell(output: &Path) -> String {
    format!(
        "\nEvery byte of this is in {0}: drop it into a browser's network tab, or try\n  \
         pullscope demo --provider hub --fault truncated-layer\n  \
         pullscope demo --keep-running          a lab for your own client\n  \
         pullscope record -o pull.har           record a real client\n",
        output.display()
    )
}

/// A tick or a cross, in plain letters where the locale has no others.
fn mark(good: bool) -> &'static str {
    match (locale::is_utf8(), good) {
        (true, true) => "✓",
        (true, false) => "✗",
        (false, true) => "OK:",
        (false, false) => "FAILED:",
    }
}

/// How long the story waits for exchanges that are still being recorded.
const LAST_NEWS: Duration = Duration::from_secs(3);
/// The client is done by then.
const DRAIN: Duration = Duration::from_secs(2);
