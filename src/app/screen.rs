//! What the live view needs from the program: how the terminal looks, and doing what is asked.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use crate::exchange::{Bodies, Capture, ExchangeId, Trace};
use crate::har;
use crate::registry::{self, Lang};
use crate::store::Store;
use crate::tui::terminal::{Host, Mailbox, Message, Opened};
use crate::tui::{Effect, Facts, Format, Look, Theme};

use super::failure::Outcome;
use super::source::{self, Source};

/// How the terminal wants it, by the environment.
pub(super) fn look() -> Look {
    let variable = |name: &str| std::env::var(name).ok();
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let utf8 = locale.to_ascii_lowercase().replace('-', "").contains("utf8");
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
    Look {
        theme: Theme::of_environment(variable),
        ascii: !utf8,
        lang: if language.starts_with("zh") { Lang::Zh } else { Lang::En },
    }
}

/// The formats of an export from within the view.
pub(super) fn formats() -> Vec<Format> {
    vec![Format {
        word: "har".into(),
        what: "HAR 1.2, for browsers and every other tool".into(),
        extension: "har".into(),
        pasteable: false,
    }]
}

/// A trace as the view shows it.
pub(super) fn opened(path: &Path) -> Outcome<(Opened, Vec<String>)> {
    let Source { trace, bodies, warnings } = source::open(path)?;
    let facts = Facts {
        source: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        secrets_kept: trace.secrets_kept,
        formats: formats(),
        save_as: "pullscope.har".into(),
        ..Facts::default()
    };
    let store = Store::of_trace(trace, &ForReading(bodies.as_ref()));
    Ok((Opened { facts, store, bodies }, warnings))
}

/// Bodies of a file, for decoding them.
struct ForReading<'a>(&'a dyn Bodies);

impl registry::Bodies for ForReading<'_> {
    fn load(&self, file: &str) -> Option<bytes::Bytes> {
        let capture = Capture::Stored { file: file.to_owned(), size: 0 };
        self.0.read(&capture).ok().flatten().map(bytes::Bytes::from)
    }
}

/// Bodies of a live capture are in its store.
pub(super) struct InStore;

impl Bodies for InStore {
    fn read(&self, capture: &Capture) -> std::io::Result<Option<Vec<u8>>> {
        Ok(match capture {
            Capture::Memory { bytes } => Some(bytes.to_vec()),
            _ => None,
        })
    }

    fn file(&self, _: &Capture) -> Option<PathBuf> {
        None
    }
}

/// Does what the view asks for, each on a thread of its own.
pub(super) struct Hands {
    /// The session or file that is shown.
    pub(super) source: PathBuf,
}

impl Host for Hands {
    fn perform(&mut self, effect: Effect, mailbox: &Mailbox) {
        let source = self.source.clone();
        if let Effect::Load(path) = &effect {
            // What is opened is what later exports are of.
            self.source.clone_from(path);
        }
        let mailbox = mailbox.clone();
        let work = move || {
            let told = match effect {
                Effect::Export { format: _, path, only } => export(&source, &path, &only),
                Effect::SaveBody { capture, path } => save_body(&source, &capture, &path),
                Effect::Load(path) => load(&path, &mailbox),
                _ => return,
            };
            let message = match told {
                Ok(text) if text.is_empty() => return,
                Ok(text) => Message::Told { good: true, text },
                Err(failure) => Message::Told { good: false, text: failure.to_string() },
            };
            mailbox.send(message);
        };
        if let Err(error) = thread::Builder::new().name("tui-work".into()).spawn(work) {
            tracing::error!("failed to start a thread: {error}");
        }
    }
}

fn export(source: &Path, path: &Path, only: &[ExchangeId]) -> Outcome<String> {
    let mut source = source::open(source)?;
    select(&mut source.trace, only);
    if !source.trace.secrets_kept {
        super::export::redact(&mut source.trace);
    }
    let report = har::export(&source.trace, source.bodies.as_ref(), path, &har::Options::default())?;
    Ok(format!("wrote {}: {} entries", path.display(), report.entries))
}

/// Leaves only these exchanges, and nothing but exchanges; everything when there are none.
fn select(trace: &mut Trace, only: &[ExchangeId]) {
    if only.is_empty() {
        return;
    }
    trace.exchanges.retain(|exchange| only.binary_search(&exchange.id).is_ok());
    trace.tunnels.clear();
    trace.handshakes.clear();
}

fn save_body(source: &Path, capture: &Capture, path: &Path) -> Outcome<String> {
    let bytes = match capture {
        Capture::Memory { bytes } => Some(bytes.to_vec()),
        other => source::open(source)?.bodies.read(other)?,
    };
    let Some(bytes) = bytes else {
        return Err(anyhow::anyhow!("the body is not there any more").into());
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|error| anyhow::anyhow!("failed to create {}: {error}", path.display()))?;
    file.write_all(&bytes).map_err(|error| anyhow::anyhow!("failed to write {}: {error}", path.display()))?;
    Ok(format!("wrote {}: {} bytes", path.display(), bytes.len()))
}

fn load(path: &Path, mailbox: &Mailbox) -> Outcome<String> {
    let (opened, warnings) = opened(path)?;
    mailbox.send(Message::Opened(Box::new(opened)));
    for warning in warnings {
        mailbox.send(Message::Log(format!("{}: {warning}", path.display())));
    }
    Ok(String::new())
}
