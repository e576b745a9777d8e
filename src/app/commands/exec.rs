//! `pullscope exec`: one command, traced.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::Command;

use crate::clients::child;
use crate::clients::{environment, refusal, trust};
use crate::config::ExecArgs;
use crate::proxy::ca::CaFiles;

use crate::app::observe::outline::outline;
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

async fn traced(args: ExecArgs, started: &Started, talk: &Talk) -> Outcome<ExitCode> {
    if let Some(refusal) = refusal::of(&args.command, is_podman) {
        return Err(anyhow::anyhow!("{refusal}").into());
    }
    let mut view = PreparedView::wanted(args.tui)?;
    writable(&args.output)?;
    let scratch = Scratch::new()?;
    // This CA is nobody else's, and ends with the command.
    let identity = CaFiles::new(scratch.private().join("ca")).open()?;
    let (ca, bundle) = scratch.publish(identity.pem())?;
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
                ..Audience::default()
            },
        },
    )?;
    warn(&args, talk);
    let proxy = format!("http://{}", recording.address());
    let route = environment::ChildRoute {
        proxy: &proxy,
        bundle: &bundle,
        ca: &ca,
    };
    let variables = environment::variables(route, inherited);
    // The recording goes with its folder where there was no command.
    let status = if let Some(view) = view {
        let save_as = args.output.with_extension("copy.har").display().to_string();
        let shown = behind_view::Shown {
            command: &args.command,
            facts: live::facts(&recording, &bundle, save_as),
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
        for line in outline(&seen.store(), passed.received, passed.failed) {
            talk.say(&line);
        }
    }
    if passed.is_nothing() {
        talk.say(&why_nothing(&args.command));
    }
    if spared {
        talk.say(&format!("{} is left as it was", args.output.display()));
    }
    if kept.is_some() && concluded.is_err() {
        let path = scratch.keep();
        talk.insist(&format!("what was recorded is in {}", path.display()));
    }
    let code = child::code(status);
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

    /// Writes the CA's certificate, and a list of roots with it.
    fn publish(&self, pem: &str) -> Outcome<(PathBuf, PathBuf)> {
        let at = |name: &str| self.dir.path().join(name);
        let (ca, bundle) = (at("ca.pem"), at("bundle.pem"));
        trust::publish(&ca, pem, None)?;
        trust::publish(&bundle, &trust::bundle(pem, inherited), None)?;
        Ok((ca, bundle))
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
    let named = |at: usize, names: &[&str]| {
        let word = args.command.get(at).map(|word| Path::new(word).file_name());
        let word = word.flatten().and_then(OsStr::to_str);
        word.is_some_and(|word| names.contains(&word))
    };
    if named(0, &["podman"]) && named(1, &["create", "run"]) {
        talk.say(
            "podman gives its containers the proxy that it was given, and this one ends with the \
             command: add --http-proxy=false for a container that stays",
        );
    }
    warn_of_risks(&args.proxy, talk);
}

/// What may be the reason that a command made no request through the proxy.
fn why_nothing(command: &[OsString]) -> String {
    let name = command
        .first()
        .map(|program| Path::new(program).file_name().unwrap_or(program));
    let hint = match name.and_then(OsStr::to_str) {
        Some("ctr") => {
            "ctr of containerd 2 leaves pulls to the daemon: add --local, or set the daemon up \
             with `sudo pullscope setup containerd`"
        }
        Some("podman" | "buildah") => {
            "a remote podman (podman machine, CONTAINER_HOST) pulls elsewhere; and an image \
             that is here already is not asked for"
        }
        Some("node" | "npm" | "npx") => {
            "Node.js before 22.21 ignores HTTPS_PROXY; give it undici's EnvHttpProxyAgent"
        }
        _ => {
            "programs written in Go never use a proxy for localhost and 127.0.0.1, and some \
             programs ignore HTTPS_PROXY"
        }
    };
    format!("the command made no request through the proxy: {hint}")
}

/// podman's stand-in for docker is a script.
fn is_podman(program: &OsStr) -> bool {
    let found = if Path::new(program).components().count() > 1 {
        Some(PathBuf::from(program))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|dir| dir.join(program))
            .find(|file| file.is_file())
    };
    let mut start = Vec::new();
    let read = found.and_then(|file| fs::File::open(file).ok());
    let read = read.map(|file| file.take(4096).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    matches!(read, Some(Ok(_))) && text.starts_with("#!") && text.contains("podman")
}

fn inherited(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The exit code of failures that are not the command's, as env(1) has it.
const OWN_FAILURE: u8 = 125;
