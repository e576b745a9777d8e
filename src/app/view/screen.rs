//! What the live view needs from the program: how the terminal looks, and doing what is asked.

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use clap::ValueEnum;

use crate::base::atomic_file;
use crate::config;
use crate::exchange::{Bodies, Capture, ExchangeId};
use crate::har;
use crate::store::Store;
use crate::tui::terminal::{Host, Mailbox, Message, Opened};
use crate::tui::{Effect, Facts, Format, Look, Mask, Said, Theme};
use crate::words::Lang;

use crate::app::process::failure::Outcome;
use crate::app::terminal::locale;
use crate::app::trace::produce::{Destination, ExportForm, produce};
use crate::app::trace::select::Selection;
use crate::app::trace::source;
use crate::app::trace::source::{Loader, Source};

/// How the terminal wants it, by the environment.
pub(in crate::app) fn look() -> Look {
    let variable = |name: &str| std::env::var(name).ok();
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(set)
        .unwrap_or_default();
    Look {
        theme: Theme::of_environment(variable),
        ascii: !locale::is_utf8(),
        lang: if language.starts_with("zh") {
            Lang::Zh
        } else {
            Lang::En
        },
    }
}

/// The formats of an export from within the view: those of `pullscope export`.
pub(in crate::app) fn formats() -> Vec<Format> {
    let formats = config::ExportFormat::value_variants().iter();
    let told = formats.filter_map(|format| {
        let (what, extension) = match format {
            config::ExportFormat::Har => ("format.har", "har"),
            config::ExportFormat::Http => ("format.http", "txt"),
            config::ExportFormat::Json => ("format.json", "json"),
            config::ExportFormat::Md => ("format.md", "md"),
            config::ExportFormat::Html => ("format.html", "html"),
            config::ExportFormat::Curl => ("format.curl", "sh"),
            config::ExportFormat::Mermaid => ("format.mermaid", "mmd"),
            config::ExportFormat::Otlp => ("format.otlp", "jsonl"),
            config::ExportFormat::Allowlist => ("format.allowlist", "txt"),
        };
        Some(Format {
            word: format.to_possible_value()?.get_name().to_owned(),
            what: Said::row(what),
            extension: extension.to_owned(),
            pasteable: !matches!(format, config::ExportFormat::Har),
        })
    });
    told.collect()
}

/// A trace as the view shows it.
pub(in crate::app) fn opened(path: &Path, mask: &Mask) -> Outcome<(Opened, Vec<Said>)> {
    let Source {
        trace,
        bodies,
        warnings,
        ..
    } = source::open(path)?;
    let facts = Facts {
        source: path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
            .into(),
        secrets_kept: trace.secrets_kept,
        mask: mask.clone(),
        formats: formats(),
        save_as: "pullscope.har".into(),
        ..Facts::default()
    };
    let store = Store::of_trace(trace, &Loader(bodies.as_ref()));
    Ok((
        Opened {
            facts,
            store,
            bodies,
        },
        warnings,
    ))
}

/// Bodies of a live capture are in its store.
pub(in crate::app) struct InStore;

impl Bodies for InStore {}

/// Does what the view asks for, each on a thread of its own.
pub(in crate::app) struct Hands {
    /// The session or file that is shown.
    pub(in crate::app) source: PathBuf,
    /// What hides secrets on the screen, and so in what is copied and exported.
    pub(in crate::app) mask: Mask,
}

impl Host for Hands {
    fn perform(&mut self, effect: Effect, mailbox: &Mailbox) {
        let source = self.source.clone();
        if let Effect::Load(path) = &effect {
            // What is opened is what later exports are of.
            self.source.clone_from(path);
        }
        let (mailbox, mask) = (mailbox.clone(), self.mask.clone());
        let work = move || {
            let told = match effect {
                Effect::Export { format, path, only } => export(
                    &source,
                    &format,
                    Destination::File(&path),
                    &only,
                    &mask,
                    &mailbox,
                )
                .map(|()| Some(wrote(&path))),
                Effect::CopyAs { format, only } => {
                    as_text(&source, &format, &only, &mask, &mailbox).map(|text| {
                        mailbox.send(Message::Copy {
                            what: format.into(),
                            text,
                        });
                        None
                    })
                }
                Effect::SaveBody { capture, path } => save_body(&source, &capture, &path).map(Some),
                Effect::Load(path) => load(&path, &mailbox, &mask).map(|()| None),
                _ => return,
            };
            let message = match told {
                Ok(None) => return,
                Ok(Some(text)) => Message::Told { good: true, text },
                Err(failure) => Message::Told {
                    good: false,
                    text: failure.to_string().into(),
                },
            };
            mailbox.send(message);
        };
        if let Err(error) = thread::Builder::new().name("tui-work".into()).spawn(work) {
            tracing::error!("failed to start a thread: {error}");
        }
    }
}

/// As `pullscope export` does it: redacted, and to a file that appears when it is whole.
fn export(
    source: &Path,
    format: &str,
    to: Destination<'_>,
    only: &[ExchangeId],
    mask: &Mask,
    mailbox: &Mailbox,
) -> Outcome {
    let format =
        config::ExportFormat::from_str(format, false).map_err(|error| anyhow::anyhow!(error))?;
    let form = ExportForm {
        format,
        lang: Lang::En,
        har: har::WriteOptions::default(),
        keep_secrets: false,
        recorded_here: source.is_dir(),
    };
    let mut source = source::open(source)?;
    mask.with(|redactor| source.redact(redactor));
    let selection = match only {
        [] => Selection::default(),
        only => Selection::of_ids(only.iter().copied()),
    };
    let mut warnings = std::mem::take(&mut source.warnings);
    let produced = produce(source, &selection, &form, to)?;
    warnings.extend(produced.warnings.into_iter().map(Said::from));
    for warning in warnings {
        mailbox.send(Message::Log(warning));
    }
    Ok(())
}

/// The text of an export, for the clipboard.
fn as_text(
    source: &Path,
    format: &str,
    only: &[ExchangeId],
    mask: &Mask,
    mailbox: &Mailbox,
) -> Outcome<String> {
    let mut text = Vec::new();
    let to = Destination::Memory(&mut text);
    export(source, format, to, only, mask, mailbox)?;
    Ok(String::from_utf8(text)?)
}

fn wrote(path: &Path) -> Said {
    Said::phrase("notice.wrote", &[("n", &path.display().to_string())])
}

fn save_body(source: &Path, capture: &Capture, path: &Path) -> Outcome<Said> {
    let bytes = match capture {
        Capture::Memory { bytes } => Some(bytes.to_vec()),
        other => source::open(source)?.bodies.read(other)?,
    };
    let Some(bytes) = bytes else {
        return Err(anyhow::anyhow!("the body is not there any more").into());
    };
    let made = atomic_file::create(path, &bytes, 0o600, None);
    if !made.with_context(|| format!("failed to write {}", path.display()))? {
        return Err(anyhow::anyhow!("failed to create {}: File exists", path.display()).into());
    }
    Ok(wrote(path))
}

fn load(path: &Path, mailbox: &Mailbox, mask: &Mask) -> Outcome {
    let (opened, warnings) = opened(path, mask)?;
    mailbox.send(Message::Opened(Box::new(opened)));
    for warning in warnings {
        mailbox.send(Message::Log(warning));
    }
    Ok(())
}
