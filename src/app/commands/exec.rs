//! `pullscope exec`: one command, traced.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::Command;

use crate::base::table::rows;
use crate::clients::child;
use crate::clients::system::{Programs, Runner as _};
use crate::clients::{containers, environment, refusal, trust};
use crate::config::ExecArgs;
use crate::proxy::ca::CaFiles;

use crate::app::observe::outline::outline;
use crate::app::observe::refusals::{OF_EXEC, Refusals};
use crate::app::process::failure::{Outcome, not_run};
use crate::app::process::hardening::Started;
use crate::app::recording::conclusion::warn_of_risks;
use crate::app::recording::fail_on::FailOn;
use crate::app::recording::plan::{Audience, RecordingPlan, SessionDir, writable};
use crate::app::recording::run::Recording;
use crate::app::recording::settings;
use crate::app::terminal::talk::Talk;
use crate::app::view::behind_view;
use crate::app::view::live::{self, PreparedView};

/// Runs the command and gives its exit code. What goes wrong with pullscope itself is 125.
pub(in crate::app) async fn run(
    args: ExecArgs,
    started: &Started,
    talk: &Talk,
) -> Outcome<ExitCode> {
    traced(args, started, talk).await.map_err(|mut failure| {
        if matches!(failure.code, 1 | 2) {
            failure.code = OWN_FAILURE;
        }
        failure
    })
}

async fn traced(mut args: ExecArgs, started: &Started, talk: &Talk) -> Outcome<ExitCode> {
    if let Some(refusal) = refusal::of(&args.command, &version) {
        return Err(anyhow::anyhow!("{refusal}").into());
    }
    let mut view = PreparedView::wanted(args.tui)?;
    writable(&args.output)?;
    let scratch = Scratch::new()?;
    // This CA is nobody else's, and ends with the command.
    let identity = CaFiles::new(scratch.private().join("ca")).open()?;
    let trust = scratch.publish(identity.pem())?;
    if containers::keep_from_proxy(&mut args.command, inherited) {
        talk.say(
            "podman is told not to hand the proxy on to its containers, which would outlive it \
             (--http-proxy=false)",
        );
    }
    let session = SessionDir::within(&scratch.private());
    let mut plan = RecordingPlan::of(Some(args.output.clone()), session, &args.proxy)?;
    plan.fail_on = FailOn::read(args.fail_on.as_deref())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let recording = Recording::start(
        plan,
        identity,
        settings::of_proxy(listen, &args.proxy)?,
        |_| match &mut view {
            Some(view) => view.audience(),
            None => Audience {
                // For its outline.
                reader: (!talk.quiet).then_some(Audience::KEPT),
                refusals: Refusals::new(talk, Some(OF_EXEC)),
                ..Audience::default()
            },
        },
    )?;
    warn(&args, talk);
    let proxy = format!("http://{}", recording.address());
    let route = environment::ChildRoute {
        proxy: &proxy,
        bundle: &trust.bundle,
        ca: &trust.ca,
        wgetrc: &trust.wgetrc,
        java: trust.java.as_deref(),
    };
    let variables = environment::variables(route, inherited);
    // The recording goes with its folder where there was no command.
    let status = if let Some(view) = view {
        let save_as = args.output.with_extension("copy.har").display().to_string();
        let shown = behind_view::ShownCommand {
            command: &args.command,
            facts: live::facts(&recording, &trust.bundle, save_as),
        };
        shown
            .run(view, &recording, variables, started, talk)
            .await?
    } else {
        let launch = |command: &mut Command| started.lend(|| command.spawn());
        let ended = child::run(&args.command, variables, launch).await;
        ended.map_err(not_run)?
    };
    let summary = recording.stop(Duration::from_secs(args.proxy.drain)).await;
    let (passed, seen) = (summary.passed, summary.seen.clone());
    // The session is where the HAR came from; it is kept only when that is missing.
    let kept = summary.session.clone();
    let spared = summary.har.is_none();
    let concluded = summary.conclude(Some(&args.output), talk);
    if let Some(seen) = seen {
        for line in outline(&seen.store(), passed.received) {
            talk.say(&line);
        }
    }
    let code = child::code(status);
    if passed.is_nothing() {
        talk.say(&why_nothing(&args.command, code));
    } else if concluded.is_ok() {
        talk.say(&format!(
            "`pullscope show {}` tells the story",
            args.output.display()
        ));
    }
    if spared {
        talk.say(&format!("{} is left as it was", args.output.display()));
    }
    if kept.is_some() && concluded.is_err() {
        let path = scratch.keep();
        talk.insist(&format!("what was recorded is in {}", path.display()));
    }
    match concluded {
        // The command has failed: that is what its caller has to know.
        Err(failure) if code != 0 => {
            talk.insist(&format!("{failure}"));
            Ok(ExitCode::from(code))
        }
        Err(failure) => Err(failure),
        Ok(()) => Ok(ExitCode::from(code)),
    }
}

/// A folder for what lasts as long as the command.
struct Scratch {
    dir: TempDir,
}

/// What commands are to trust, as files.
struct TrustFiles {
    ca: PathBuf,
    bundle: PathBuf,
    wgetrc: PathBuf,
    java: Option<PathBuf>,
}

impl Scratch {
    fn new() -> Outcome<Self> {
        let dir = tempfile::Builder::new().prefix("pullscope-exec-").tempdir();
        let dir = dir.with_context(|| {
            let dir = std::env::temp_dir();
            format!("failed to make a folder in {}", dir.display())
        })?;
        // A command that changes its user must still be able to read the certificates.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let scratch = Self { dir };
        fs::DirBuilder::new()
            .mode(0o700)
            .create(scratch.private())?;
        Ok(scratch)
    }

    fn private(&self) -> PathBuf {
        self.dir.path().join("private")
    }

    /// Writes what commands are to trust, in each form that they read.
    fn publish(&self, pem: &str) -> Outcome<TrustFiles> {
        let at = |name: &str| self.dir.path().join(name);
        let files = TrustFiles {
            ca: at("ca.pem"),
            bundle: at("bundle.pem"),
            wgetrc: at("wgetrc"),
            java: environment::has_program("java", inherited).then(|| at("java.jks")),
        };
        let roots = trust::bundle(pem, inherited);
        trust::publish(&files.ca, pem, None)?;
        trust::publish(&files.bundle, &roots, None)?;
        if let Some(java) = &files.java {
            trust::publish(java, trust::java(&roots), None)?;
        }
        let home = || Some(Path::new(&inherited("HOME")?).join(".wgetrc"));
        let own = inherited("WGETRC").map(PathBuf::from).or_else(home);
        let own = own.and_then(|own| fs::read_to_string(own).ok());
        let own = own.unwrap_or_default();
        let settings = format!("{own}\nca_certificate = {}\n", files.bundle.display());
        trust::publish(&files.wgetrc, settings, None)?;
        Ok(files)
    }

    /// Leaves everything but the CA's key in place.
    fn keep(self) -> PathBuf {
        let _ = fs::remove_dir_all(self.private().join("ca"));
        let session = self.private().join("session");
        let _ = self.dir.keep();
        session
    }
}

fn warn(args: &ExecArgs, talk: &Talk) {
    let past: Vec<_> = environment::of_shell(inherited)
        .into_iter()
        .filter(|host| !environment::is_local(host))
        .collect();
    if !past.is_empty() {
        talk.say(&format!(
            "NO_PROXY keeps these hosts from proxies, so they will not be in the trace: {}",
            past.join(", ")
        ));
    }
    warn_of_risks(&args.proxy, talk);
}

/// Why nothing passed, as far as the command and its end say.
fn why_nothing(command: &[OsString], code: u8) -> String {
    let line = command.iter().map(|word| word.to_string_lossy());
    let line = line.collect::<Vec<_>>().join(" ");
    let words = line.split(|c: char| !c.is_alphanumeric());
    let known = rows(HINTS).find(|[names, _]| {
        let mut names = names.split(' ');
        names.any(|name| words.clone().any(|word| word == name))
    });
    let past = !environment::of_shell(inherited).is_empty();
    let hint = match known {
        Some([_, hint]) => hint,
        None if past => "the hosts in NO_PROXY are asked without it",
        None if code != 0 => "it may have failed before it made one",
        None => {
            "programs written in Go never use a proxy for localhost and 127.0.0.1, and some \
             programs ignore HTTPS_PROXY"
        }
    };
    let end = match code {
        0 => String::new(),
        code => format!(", and ended with {code}"),
    };
    format!("the command made no request through the proxy{end}: {hint}")
}

/// What a program says of itself.
fn version(program: &OsStr) -> String {
    let programs = Programs {
        limit: Duration::from_secs(5),
    };
    let ran = programs.run(&[&program.to_string_lossy(), "--version"]);
    ran.map(|ran| ran.out).unwrap_or_default()
}

fn inherited(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The exit code of failures that are not the command's, as env(1) has it.
const OWN_FAILURE: u8 = 125;
/// Words of a command, and why it may have made no request through the proxy.
const HINTS: &str = include_str!("exec_hints.txt");
