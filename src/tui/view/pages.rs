//! The smaller screens: a refused certificate, a tunnel, the events, the keys.

use ratatui::text::Span;

use super::find;
use super::pen::Sheet;
use crate::base::text::{clean, width};
use crate::exchange::{ConnectionId, TunnelId};
use crate::registry::Kind;
use crate::store::Store;
use crate::store::filter::{KEYWORDS, flags};
use crate::story;
use crate::tui::keymap::{self, BINDINGS, GROUPS};
use crate::tui::menus::TYPED;
use crate::tui::rows::refused_host;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{phrase, say};

pub(super) fn refused(state: &State, store: &Store, id: ConnectionId, sheet: &mut Sheet) {
    let lang = state.look.lang;
    let Some(handshake) = find::handshake(store, id) else {
        sheet.say(Role::Dim, 2, "screen.handshake-gone");
        return;
    };
    let host = refused_host(handshake).unwrap_or("?");
    let (sentence, fix) = story::refusal(host, &state.telling(store));
    sheet.heading(&phrase("screen.handshake-for").with(lang, host));
    sheet.text(Role::Text, 2, &sentence);
    sheet.heading(say("screen.what-to-do", lang));
    sheet.text(Role::Good, 2, &fix);
    first_steps(state, sheet);
    let others = store.handshakes().iter();
    let times = others.filter(|other| refused_host(other) == refused_host(handshake));
    sheet.told(&story::handshake(handshake, times.count(), lang));
}

/// How clients get here, each with the key that copies it.
fn first_steps(state: &State, sheet: &mut Sheet) {
    let lang = state.look.lang;
    if !state.facts.first_steps.is_empty() {
        sheet.heading(say("screen.connect", lang));
    }
    for step in &state.facts.first_steps {
        let what = format!("  {}  {}", step.key, step.what.of(lang));
        sheet.text(Role::Dim, 0, &what);
        sheet.text(Role::Info, 5, &step.command);
    }
}

pub(super) fn tunnel(state: &State, store: &Store, id: TunnelId, sheet: &mut Sheet) {
    let lang = state.look.lang;
    match find::tunnel(store, id) {
        Some(tunnel) => sheet.told(&story::tunnel(tunnel, lang)),
        None => sheet.say(Role::Dim, 2, "screen.tunnel-gone"),
    }
}

pub(super) fn events(state: &State, store: &Store, sheet: &mut Sheet) {
    let lang = state.look.lang;
    sheet.told(&story::beyond_pulls(&state.telling(store)));
    sheet.blank();
    if state.events.is_empty() {
        sheet.say(Role::Dim, 1, "screen.no-events");
    }
    for event in &state.events {
        let at = event.at.strftime("%H:%M:%S").to_string();
        let text = clean(event.text.of(lang)).into_owned();
        sheet.labelled((Role::Dim, &format!(" {at}"), 11), (event.role, &text));
    }
}

pub(super) fn help(state: &State, sheet: &mut Sheet) {
    let lang = state.look.lang;
    first_steps(state, sheet);
    let pen = sheet.pen;
    let wide = sheet.width >= 160;
    for group in GROUPS {
        sheet.heading(say(group, lang));
        let bindings: Vec<_> = BINDINGS
            .iter()
            .filter(|binding| binding.group == *group)
            .collect();
        let columns = if wide { 2 } else { 1 };
        let half = (sheet.width / columns).saturating_sub(1);
        for pair in bindings.chunks(columns) {
            let mut line = Vec::new();
            for binding in pair {
                let keys: Vec<&str> = binding.keys.iter().map(|key| keymap::shown(key)).collect();
                let keys = keys.join(" ");
                let room = half.saturating_sub(18);
                line.push(pen.fit(Role::Accent, format!("  {keys}"), 16));
                line.push(pen.fit(Role::Text, binding.help(lang), room));
                line.push(Span::raw("  "));
            }
            sheet.push(line);
        }
    }
    sheet.heading_with(say("screen.filter", lang), say("screen.filter-rules", lang));
    for keyword in KEYWORDS {
        let label = format!("  {}", keyword.example);
        sheet.labelled(
            (Role::Accent, &label, 30),
            (Role::Text, keyword.about(lang)),
        );
    }
    for (name, about) in flags(lang) {
        let label = format!("  is:{name}");
        sheet.labelled((Role::Accent, &label, 30), (Role::Text, about));
    }
    let kinds: Vec<_> = Kind::ALL.iter().map(Kind::word).collect();
    let kinds = kinds.join(" ");
    sheet.labelled((Role::Accent, "  kind:", 30), (Role::Text, &kinds));
    sheet.heading(say("screen.commands", lang));
    for (command, what) in TYPED {
        let command = format!("  :{command}");
        let room = width(&command).max(28);
        sheet.labelled(
            (Role::Accent, &command, room),
            (Role::Text, say(what, lang)),
        );
    }
    sheet.say(Role::Dim, 2, "screen.words-of-keys");
}
