//! The menus: what can be copied, exported and commanded.

use super::action::{Action, Item};
use super::keymap::{self, Place};
use super::overlay::{Choice, MenuEntry, Overlay};
use super::said::Said;
use super::state::State;
use crate::base::text::{clean, size};
use crate::exchange::head::latin1;
use crate::exchange::{Capture, ExchangeId};
use crate::store::Store;
use crate::words::{Lang, phrase, say};

/// The actions that have a word of their own, for `:` and the palette.
const COMMANDS: &[(&str, Action)] = &[
    ("follow", Action::Follow),
    ("tree", Action::Tree),
    ("order", Action::Order),
    ("sequence", Action::Sequence),
    ("waterfall", Action::Waterfall),
    ("pull", Action::Overview),
    ("events", Action::Events),
    ("copy", Action::Copy),
    ("export", Action::Export),
    ("save", Action::Save),
    ("load", Action::Load),
    ("save-body", Action::SaveBody),
    ("filter", Action::Filter),
    ("mark", Action::Mark),
    ("hide", Action::Hide),
    ("clear", Action::Clear),
    ("explain", Action::Explain),
    ("language", Action::Language),
    ("reveal", Action::Reveal),
    ("theme", Action::Theme),
    ("help", Action::Help),
    ("quit", Action::Quit),
];

/// Commands that take words, and the keys of what they do.
pub(super) const TYPED: &[(&str, &str)] = &[
    ("set theme dark", "command.set-theme-dark"),
    ("set theme light", "command.set-theme-light"),
    ("set theme high-contrast", "command.set-theme-high-contrast"),
    ("set theme none", "command.set-theme-none"),
    ("set lang en", "command.set-lang-en"),
    ("set lang zh", "command.set-lang-zh"),
    ("set mouse", "command.set-mouse"),
    ("set nomouse", "command.set-nomouse"),
    ("set ascii", "command.set-ascii"),
    ("set noascii", "command.set-noascii"),
    ("unhide", "command.unhide"),
    ("unmark", "command.unmark"),
];

/// The action of a command's word.
pub(super) fn command(word: &str) -> Option<Action> {
    COMMANDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, action)| *action)
}

/// Every command.
pub(super) fn palette(place: Place, lang: Lang) -> Overlay {
    let actions = COMMANDS.iter().filter_map(|(word, action)| {
        let binding = keymap::BINDINGS
            .iter()
            .find(|binding| binding.action == *action)?;
        let key = keymap::key_of(*action, place).map(keymap::shown);
        Some(MenuEntry {
            label: (*word).into(),
            detail: match key {
                Some(key) => format!("{}  ({key})", binding.help(lang)).into(),
                None => binding.help(lang).into(),
            },
            choice: Choice::Action(*action),
        })
    });
    let typed = TYPED.iter().map(|(command, what)| MenuEntry {
        label: (*command).into(),
        detail: Said::row(what),
        choice: Choice::Command((*command).to_owned()),
    });
    Overlay::menu(
        Said::row("screen.commands"),
        actions.chain(typed).collect(),
        lang,
    )
}

/// The formats, for everything or for what is marked or filtered.
pub(super) fn export(state: &State, store: &Store) -> Overlay {
    let lang = state.look.lang;
    let mut scopes: Vec<(String, Vec<ExchangeId>)> = Vec::new();
    if !state.marks.is_empty() {
        let marked = state.marks.iter().copied().collect();
        scopes.push((
            phrase("number.marked").with(lang, state.marks.len().to_string()),
            marked,
        ));
    }
    if let Some(pull) = state.subject_pull(store).and_then(|id| store.pull(id)) {
        let ids = pull.steps.iter().map(|step| step.exchange).collect();
        scopes.push((
            phrase("screen.pull-number").with(lang, pull.id.0.to_string()),
            ids,
        ));
    }
    if let Some(matching) = state.filtering.matching() {
        let mut ids: Vec<_> = matching.iter().copied().collect();
        ids.sort_unstable();
        scopes.push((
            phrase("number.filtered").with(lang, ids.len().to_string()),
            ids,
        ));
    }
    scopes.insert(0, (say("screen.everything", lang).to_owned(), Vec::new()));
    let mut entries = Vec::new();
    for (scope, only) in scopes {
        for format in &state.facts.formats {
            let stem = state.facts.save_as.trim_end_matches(".har");
            entries.push(MenuEntry {
                label: format!("{}, {scope}", format.word).into(),
                detail: format.what.clone(),
                choice: Choice::Format {
                    word: format.word.clone(),
                    path: format!("{stem}.{}", format.extension),
                    only: only.clone(),
                },
            });
        }
    }
    Overlay::menu(Said::row("screen.export"), entries, lang)
}

/// What can be copied of the selection.
pub(super) fn copy(state: &State, store: &Store) -> Option<Overlay> {
    let entries = match (state.subject(), state.selection) {
        (Some(id), _) => exchange_texts(state, store, id),
        (None, Some(Item::Pull(_))) => pull_texts(state, store),
        _ => Vec::new(),
    };
    (!entries.is_empty()).then(|| Overlay::menu(Said::row("screen.copy"), entries, state.look.lang))
}

fn exchange_texts(state: &State, store: &Store, id: ExchangeId) -> Vec<MenuEntry> {
    let Some(entry) = store.entry(id) else {
        return Vec::new();
    };
    let exchange = &state.shown(&entry.exchange, None);
    let reading = &entry.reading;
    let mut texts: Vec<(&'static str, String)> = Vec::new();
    let digests = &reading.digests;
    if let Some(digest) = digests
        .requested
        .as_ref()
        .or(digests.stated.as_ref())
        .or(digests.computed.as_ref())
    {
        texts.push(("clipboard.digest", digest.to_string()));
    }
    if let Some(request) = &exchange.request {
        texts.push(("clipboard.url", request.url.clone()));
    }
    if let Some(redirect) = exchange
        .response
        .as_ref()
        .and_then(|response| response.head.text("location"))
    {
        texts.push(("clipboard.location", redirect.to_owned()));
    }
    if let Some(request) = &exchange.request {
        texts.push(("clipboard.request-head", latin1(request.head.as_bytes())));
    }
    if let Some(response) = &exchange.response {
        texts.push(("clipboard.response-head", latin1(response.head.as_bytes())));
    }
    if let Some(body) = &exchange.response_body
        && let Capture::Memory { bytes } = &body.capture
        && bytes.len() <= LONGEST_COPY
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        texts.push(("clipboard.response-body", text.to_owned()));
    }
    let mut entries: Vec<MenuEntry> = texts.into_iter().map(entry_of).collect();
    entries.extend(forms(state, &[id]));
    entries
}

fn pull_texts(state: &State, store: &Store) -> Vec<MenuEntry> {
    let pull = state.subject_pull(store).and_then(|id| store.pull(id));
    let Some(pull) = pull else { return Vec::new() };
    let mut texts = vec![("clipboard.image", pull.name())];
    if let Some(digest) = &pull.digest {
        texts.push(("clipboard.digest", digest.to_string()));
    }
    let mut entries: Vec<MenuEntry> = texts.into_iter().map(entry_of).collect();
    let ids: Vec<_> = pull.steps.iter().map(|step| step.exchange).collect();
    entries.extend(forms(state, &ids));
    entries
}

fn forms<'a>(state: &'a State, only: &'a [ExchangeId]) -> impl Iterator<Item = MenuEntry> + 'a {
    state
        .facts
        .formats
        .iter()
        .filter(|format| format.pasteable)
        .map(|format| MenuEntry {
            label: Said::phrase("clipboard.as", &[("n", &format.word)]),
            detail: format.what.clone(),
            choice: Choice::CopyAs {
                format: format.word.clone(),
                only: only.to_vec(),
            },
        })
}

fn entry_of((what, text): (&'static str, String)) -> MenuEntry {
    let first = text.lines().next().unwrap_or_default();
    let detail = if text.lines().nth(1).is_some() {
        format!(
            "{}  ({})",
            clean(first),
            size(text.len().try_into().unwrap_or(0))
        )
    } else {
        clean(first).into_owned()
    };
    MenuEntry {
        label: Said::row(what),
        detail: detail.into(),
        choice: Choice::Copy {
            what: Said::row(what),
            text,
        },
    }
}

/// Terminals drop longer clipboard sequences.
const LONGEST_COPY: usize = 74_000;
