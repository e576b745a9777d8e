//! Opening what was recorded before: a session directory or a HAR file.

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;

use crate::exchange::{Bodies, Capture, Trace};
use crate::har;
use crate::journal::Session;
use crate::registry;

use crate::app::process::failure::Outcome;

/// A trace and its bodies, wherever they came from.
pub(in crate::app) struct Source {
    /// What was recorded.
    pub(in crate::app) trace: Trace,
    /// Access to the bodies.
    pub(in crate::app) bodies: Box<dyn Bodies + Send>,
    /// What the reader had to pass over, for people.
    pub(in crate::app) warnings: Vec<String>,
}

/// Opens a session directory or a HAR file.
pub(in crate::app) fn open(path: &Path) -> Outcome<Source> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("failed to open {}", path.display()))?;
    if meta.is_dir() {
        let session = Session::open(path)?;
        let (trace, report) = session.load()?;
        return Ok(Source {
            trace,
            bodies: Box::new(session),
            warnings: report.warnings(),
        });
    }
    let mut document = har::read(path)?;
    let skipped = document.skipped.iter();
    let warnings = skipped
        .map(|number| format!("entry {number} is none and was left out"))
        .collect();
    let trace = std::mem::take(&mut document.trace);
    Ok(Source {
        trace,
        bodies: Box::new(document),
        warnings,
    })
}

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
