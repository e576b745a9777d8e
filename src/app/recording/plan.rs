//! What is to be recorded, where to, and who is told.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{Dirs, ProxyArgs, RecordArgs};
use crate::store::Retention;

use super::fail_on::FailOn;
use super::settings;
use crate::app::observe::Watcher;
use crate::app::observe::events_out::EventsOut;
use crate::app::observe::otlp::Collector;
use crate::app::observe::refusals::Refusals;
use crate::app::process::failure::{Outcome, usage};
use crate::base::atomic_file::{directory, make_dirs};
use crate::base::clock;

/// What is to be recorded, and where to.
pub(in crate::app) struct RecordingPlan {
    /// The HAR to write.
    pub(in crate::app) output: Option<PathBuf>,
    /// The session directory.
    pub(in crate::app) session: SessionDir,
    /// Whether secrets are left in.
    pub(in crate::app) keep_secrets: bool,
    /// Whether blobs are kept.
    pub(in crate::app) keep_blobs: bool,
    /// What is to make the recording a failure.
    pub(in crate::app) fail_on: Option<FailOn>,
    /// Where spans of what passes go.
    pub(in crate::app) collector: Option<Collector>,
}

impl RecordingPlan {
    /// A recording into these places.
    pub(in crate::app) fn of(
        output: Option<PathBuf>,
        session: SessionDir,
        args: &ProxyArgs,
    ) -> Outcome<Self> {
        Ok(Self {
            output,
            session,
            keep_secrets: args.keep_secrets,
            keep_blobs: false,
            fail_on: None,
            collector: settings::collector(args)?,
        })
    }
}

/// Who is told what passes.
#[derive(Default)]
pub(in crate::app) struct Audience {
    /// Those who read the model of what was seen.
    pub(in crate::app) watchers: Vec<Box<dyn Watcher>>,
    /// How much of what was seen is kept for whoever reads it besides; with nobody there is no
    /// model at all.
    pub(in crate::app) reader: Option<Retention>,
    /// Who is told of clients that do not trust the CA.
    pub(in crate::app) refusals: Option<Refusals>,
    /// Who gets every event.
    pub(in crate::app) events_out: Option<EventsOut>,
}

impl Audience {
    /// How much is kept where nothing older is looked at again: what may still be a reason for
    /// other exchanges.
    pub(in crate::app) const KEPT: Retention = Retention {
        exchanges: 10_000,
        bodies: 16 * 1024 * 1024,
    };
}

/// Where a session is, and whether it stays.
#[derive(Clone, Debug)]
pub(in crate::app) struct SessionDir {
    /// The directory.
    pub(in crate::app) path: PathBuf,
    /// Whether it is removed once its HAR is written whole.
    pub(in crate::app) temporary: bool,
}

impl SessionDir {
    /// Where `record` puts it.
    pub(in crate::app) fn of(args: &RecordArgs, dirs: &Dirs) -> Self {
        let (path, temporary) = match (&args.session, &args.output) {
            (Some(path), _) => (path.clone(), false),
            (None, Some(output)) => {
                let mut name = output.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{}.session", std::process::id()));
                // Blobs that were asked for are in the session, so it stays.
                (output.with_file_name(name), !args.keep_blobs)
            }
            (None, None) => {
                let stamp = clock::now().strftime("%Y%m%dT%H%M%SZ");
                let name = format!("{stamp}-{}", std::process::id());
                (dirs.sessions().join(name), false)
            }
        };
        Self { path, temporary }
    }

    /// A directory in one that goes when all is done.
    pub(in crate::app) fn within(dir: &Path) -> Self {
        Self {
            path: dir.join("session"),
            temporary: true,
        }
    }

    /// Makes the parents. `named` says that the user named the session's place.
    pub(in crate::app) fn prepare(&self, named: bool) -> Outcome {
        let dir = directory(&self.path);
        std::fs::create_dir_all(dir).map_err(|error| {
            if named {
                return usage(format!(
                    "--session {}: {} cannot be created: {error}",
                    self.path.display(),
                    dir.display()
                ));
            }
            let what = format!("failed to create {}", dir.display());
            anyhow::Error::new(error).context(what).into()
        })
    }

    /// Makes the user's folder of sessions, where it is to be in there.
    pub(in crate::app) fn make_home(args: &RecordArgs, dirs: &Dirs) -> Outcome {
        if args.session.is_none() && args.output.is_none() {
            let dir = dirs.sessions();
            make_dirs(&dir, 0o700, dirs.owner())
                .with_context(|| format!("failed to create {}", dir.display()))?;
        }
        Ok(())
    }
}

/// Sees whether a file of this name can be written: there is a directory for it, and it is none.
pub(in crate::app) fn writable(output: &Path) -> Outcome {
    let refuse = |why: &str| Err(usage(format!("--output {}: {why}", output.display())));
    let dir = directory(output);
    if !dir.is_dir() {
        return refuse(&format!("{} is no directory", dir.display()));
    }
    if output.is_dir() {
        return refuse("it is a directory; name the file to write");
    }
    Ok(())
}
