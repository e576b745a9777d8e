//! Opening what was recorded before: a session directory or a HAR file.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use bytes::Bytes;

use crate::base::lock::lock;
use crate::exchange::{Bodies, Capture, Trace};
use crate::har;
use crate::journal::Session;
use crate::redact::{Redactor, Taken};
use crate::registry;
use crate::tui::Said;
use crate::words::Lang;

use crate::app::process::failure::Outcome;
use crate::app::terminal::talk::Talk;

/// A trace and its bodies, wherever they came from.
pub(in crate::app) struct Source {
    /// What was recorded.
    pub(in crate::app) trace: Trace,
    /// Access to the bodies.
    pub(in crate::app) bodies: Box<dyn Bodies + Send>,
    /// What the reader had to pass over, for people.
    pub(in crate::app) warnings: Vec<Said>,
    /// Whether it is a session, whose secrets were taken out while it was recorded.
    is_session: bool,
    /// The secrets that were taken out since it was opened.
    pub(in crate::app) taken: Taken,
}

/// Opens a session directory or a HAR file.
pub(in crate::app) fn open(path: &Path) -> Outcome<Source> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("failed to open {}", path.display()))?;
    if meta.is_dir() {
        let session = Session::open(path).map_err(|error| not_a_session(path, error))?;
        let (trace, report) = session.load()?;
        return Ok(Source {
            trace,
            bodies: Box::new(session),
            warnings: report.warnings().into_iter().map(Said::from).collect(),
            is_session: true,
            taken: Taken::default(),
        });
    }
    let mut document = har::read(path)?;
    let oddities = document.oddities().into_iter();
    let oddities = oddities.map(|odd| Said::each(Lang::ALL.map(|lang| odd.told(lang))));
    let skipped = document.skipped.iter();
    let skipped = skipped.map(|n| Said::phrase("reading.left-out", &[("n", &n.to_string())]));
    let warnings = oddities.chain(skipped).collect();
    let trace = std::mem::take(&mut document.trace);
    Ok(Source {
        trace,
        bodies: Box::new(document),
        warnings,
        is_session: false,
        taken: Taken::default(),
    })
}

/// Why a folder cannot be opened, with the sessions in it, if there are any.
fn not_a_session(path: &Path, error: impl Into<anyhow::Error>) -> anyhow::Error {
    let folders = std::fs::read_dir(path).into_iter().flatten().flatten();
    let sessions = folders
        .map(|entry| entry.path())
        .filter(|inner| Session::open(inner).is_ok());
    match sessions.max() {
        Some(last) => anyhow::anyhow!(
            "{} is no session; the last one in it is {}",
            path.display(),
            last.display()
        ),
        None => error
            .into()
            .context(format!("{} is no session", path.display())),
    }
}

impl Source {
    /// Opens a source, says what its reader passed over, and redacts it unless secrets are to be
    /// kept.
    pub(in crate::app) fn told(
        path: &Path,
        keep_secrets: bool,
        lang: Lang,
        talk: &Talk,
    ) -> Outcome<Self> {
        let mut source = open(path)?;
        for warning in &source.warnings {
            let warning = warning.of(lang);
            talk.insist(&format!("warning: {}: {warning}", path.display()));
        }
        if !keep_secrets {
            source.redact(&mut Redactor::new());
        }
        Ok(source)
    }

    /// Takes the secrets out, also of stored bodies when they are read. What the redactor has seen
    /// before keeps its placeholder.
    pub(in crate::app) fn redact(&mut self, redactor: &mut Redactor) {
        // Of what was redacted when it was recorded, no stored body has anything to teach.
        let teaches = self.trace.secrets_kept || !self.is_session;
        let bodies: &dyn Bodies = self.bodies.as_ref();
        redactor.trace(&mut self.trace, teaches.then_some(bodies));
        self.taken = redactor.taken().clone();
        let bodies = std::mem::replace(&mut self.bodies, Box::new(har::HarDocument::default()));
        self.bodies = Box::new(CleanBodies {
            bodies,
            redactor: Mutex::new(redactor.clone()),
        });
    }
}

/// Bodies without their secrets.
struct CleanBodies {
    bodies: Box<dyn Bodies + Send>,
    redactor: Mutex<Redactor>,
}

impl Bodies for CleanBodies {
    /// The file of a body that has nothing to take out: its name is given to others.
    fn open(&self, digest: &str) -> io::Result<Option<(PathBuf, File)>> {
        let Some((path, file)) = self.bodies.open(digest)? else {
            return Ok(None);
        };
        let size = file.metadata()?.len();
        let stored = Capture::Stored {
            file: digest.to_owned(),
            size,
        };
        let bytes = if size <= LARGEST_TEXT {
            self.bodies.read(&stored)?
        } else {
            None
        };
        let changed = bytes.and_then(|bytes| lock(&self.redactor).content(&bytes));
        Ok(changed.is_none().then_some((path, file)))
    }

    fn read(&self, capture: &Capture) -> io::Result<Option<Vec<u8>>> {
        let bytes = self.bodies.read(capture)?;
        // What is in memory was redacted there.
        if !matches!(capture, Capture::Stored { .. }) {
            return Ok(bytes);
        }
        Ok(bytes.map(|bytes| lock(&self.redactor).content(&bytes).unwrap_or(bytes)))
    }
}

/// Larger files are no text.
const LARGEST_TEXT: u64 = 8 << 20;

/// Gives the decoder the bodies of a source.
pub(in crate::app) struct Loader<'a>(pub(in crate::app) &'a dyn Bodies);

impl registry::Bodies for Loader<'_> {
    fn load(&self, file: &str) -> Option<Bytes> {
        let file = file.to_owned();
        // The size is for people only: what is read decides.
        let bytes = self.0.read(&Capture::Stored { file, size: 0 });
        bytes.ok().flatten().map(Bytes::from)
    }
}
