//! The menus: what can be copied, exported and commanded.

use super::action::{Effect, Item};
use super::keymap::{self, Place};
use super::overlay::{Choice, MenuEntry, Overlay, Purpose};
use super::said::Said;
use super::state::State;
use crate::base::text::{clean, size};
use crate::exchange::head::latin1;
use crate::exchange::{Capture, ExchangeId};
use crate::store::Store;
use crate::words::{Lang, phrase, say};

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

/// Every command.
pub(super) fn palette(place: Place, lang: Lang) -> Overlay {
    let actions = keymap::commands().map(|(word, binding)| {
        let key = keymap::key_of(binding.action, place).map(keymap::shown);
        let key = key.map_or_else(String::new, |key| format!("  ({key})"));
        MenuEntry {
            label: word.into(),
            detail: format!("{}{key}", binding.help(lang)).into(),
            choice: Choice::Action(binding.action),
        }
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
    let mut scopes = vec![(say("screen.everything", lang).to_owned(), Vec::new())];
    let mut add = |key, n: String, ids| scopes.push((phrase(key).with(lang, n), ids));
    if !state.marks.is_empty() {
        let marked: Vec<_> = state.marks.iter().copied().collect();
        add("number.marked", marked.len().to_string(), marked);
    }
    if let Some(pull) = state.subject_pull(store).and_then(|id| store.pull(id)) {
        let ids = pull.steps.iter().map(|step| step.exchange).collect();
        add("screen.pull-number", pull.id.0.to_string(), ids);
    }
    if let Some(matching) = state.filtering.matching() {
        let mut ids: Vec<_> = matching.iter().copied().collect();
        ids.sort_unstable();
        add("number.filtered", ids.len().to_string(), ids);
    }
    let mut entries = Vec::new();
    for (scope, only) in scopes {
        for format in &state.facts.formats {
            let stem = state.facts.save_as.trim_end_matches(".har");
            entries.push(MenuEntry {
                label: format!("{}, {scope}", format.word).into(),
                detail: format.what.clone(),
                choice: Choice::Ask(
                    Purpose::Export {
                        format: format.word.clone(),
                        only: only.clone(),
                    },
                    format!("{stem}.{}", format.extension),
                ),
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
    let digests = &reading.digests;
    let digest = [&digests.requested, &digests.stated, &digests.computed];
    let digest = digest.into_iter().flatten().next();
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let location = response.and_then(|response| response.head.text("location"));
    let body = exchange.response_body.as_ref();
    let body = body.and_then(|body| match &body.capture {
        Capture::Memory { bytes } if bytes.len() <= LONGEST_COPY => str::from_utf8(bytes).ok(),
        _ => None,
    });
    let request_head = request.map(|request| latin1(request.head.as_bytes()));
    let response_head = response.map(|response| latin1(response.head.as_bytes()));
    let texts = [
        ("clipboard.digest", digest.map(ToString::to_string)),
        ("clipboard.url", request.map(|request| request.url.clone())),
        ("clipboard.location", location.map(str::to_owned)),
        ("clipboard.request-head", request_head),
        ("clipboard.response-head", response_head),
        ("clipboard.response-body", body.map(str::to_owned)),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(what, text)| Some((what, text?)));
    let mut entries: Vec<MenuEntry> = texts.map(entry_of).collect();
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
            choice: Choice::Effect(Effect::CopyAs {
                format: format.word.clone(),
                only: only.to_vec(),
            }),
        })
}

fn entry_of((what, text): (&'static str, String)) -> MenuEntry {
    let mut detail = clean(text.lines().next().unwrap_or_default()).into_owned();
    if text.lines().nth(1).is_some() {
        let size = size(text.len().try_into().unwrap_or(0));
        detail = format!("{detail}  ({size})");
    }
    MenuEntry {
        label: Said::row(what),
        detail: detail.into(),
        choice: Choice::Effect(Effect::Copy {
            what: Said::row(what),
            text,
        }),
    }
}

/// Terminals drop longer clipboard sequences.
const LONGEST_COPY: usize = 74_000;
