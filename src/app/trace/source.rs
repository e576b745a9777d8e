//! Opening what was recorded before: a session directory or a HAR file.

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;

use crate::exchange::{Bodies, Capture, Event, Trace};
use crate::har;
use crate::journal::Session;
use crate::redact::Redactor;
use crate::registry;

use crate::app::process::failure::Outcome;
use crate::app::terminal::talk::Talk;

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
    let oddities = document.oddities().into_iter();
    let skipped = document.skipped.iter();
    let skipped = skipped.map(|number| format!("entry {number} is none and was left out"));
    let warnings = oddities.map(|odd| odd.to_string()).chain(skipped).collect();
    let trace = std::mem::take(&mut document.trace);
    Ok(Source {
        trace,
        bodies: Box::new(document),
        warnings,
    })
}

impl Source {
    /// Opens a source, says what its reader passed over, and redacts it unless secrets are to be
    /// kept.
    pub(in crate::app) fn told(path: &Path, keep_secrets: bool, talk: &Talk) -> Outcome<Self> {
        let mut source = open(path)?;
        for warning in &source.warnings {
            talk.insist(&format!("warning: {}: {warning}", path.display()));
        }
        if !keep_secrets {
            redact(&mut source.trace);
        }
        Ok(source)
    }
}

/// Redacts what is not redacted yet; what is stays as it is.
pub(in crate::app) fn redact(trace: &mut Trace) {
    redact_with(&mut Redactor::new(), trace);
}

/// The same by a redactor that has redacted before: what it has seen keeps its placeholder.
pub(in crate::app) fn redact_with(redactor: &mut Redactor, trace: &mut Trace) {
    trace.exchanges = std::mem::take(&mut trace.exchanges)
        .into_iter()
        .map(|e| redactor.exchange(e))
        .collect();
    for tunnel in &mut trace.tunnels {
        if let Event::Tunnel(clean) = redactor.event(Event::Tunnel(Box::new(tunnel.clone()))) {
            *tunnel = *clean;
        }
    }
    for handshake in &mut trace.handshakes {
        let event = Event::HandshakeFailed(Box::new(handshake.clone()));
        if let Event::HandshakeFailed(clean) = redactor.event(event) {
            *handshake = *clean;
        }
    }
    trace.secrets_kept = false;
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
