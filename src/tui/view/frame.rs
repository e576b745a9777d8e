//! What is around every screen: the header, the rules, the footer.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::layout::Layout;
use super::names;
use super::pen::{self, Pen, fit, width};
use crate::base::text::{self, size, took, wrap};
use crate::store::Store;
use crate::tui::action::Action;
use crate::tui::keymap;
use crate::tui::overlay::{Overlay, Purpose};
use crate::tui::rows::{Order, length};
use crate::tui::screen::{PullPage, Screen};
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{phrase, say};

/// The first line: what is looked at.
pub(super) fn header(buffer: &mut Buffer, layout: &Layout, state: &State, store: &Store, pen: Pen) {
    let room = usize::from(layout.header.width);
    let (mut left, right) = match state.page().map(|page| page.screen) {
        None => list_header(state, store, pen),
        Some(screen) => page_header(screen, state, store, pen),
    };
    let used = width(&right);
    left = fit(left, room.saturating_sub(used + 1));
    left.push(Span::raw(" "));
    left.extend(right);
    pen::draw(buffer, layout.header, left);
}

type Two = (Vec<Span<'static>>, Vec<Span<'static>>);

fn list_header(state: &State, store: &Store, pen: Pen) -> Two {
    let lang = state.look.lang;
    let pulls = store.pulls().iter().map(|pull| pull.totals.received);
    let loose = store.loose().map(|entry| entry.exchange.received);
    let bytes: u64 = pulls.chain(loose).sum();
    let pulls = names::count(store.pulls().len(), names::PULLS, lang);
    let exchanges = names::count(store.entries().len(), names::EXCHANGES, lang);
    let mut left = vec![pen.put(Role::Accent, " pullscope")];
    let mut add = |role, text: &str| left.push(pen.put(role, format!("  {text}")));
    add(Role::Dim, state.facts.source.of(lang));
    if state.is_empty(store) {
        add(Role::Dim, state.facts.ca.of(lang));
    }
    add(
        Role::Text,
        &format!("{pulls}  {exchanges}  {}", size(bytes)),
    );
    if !state.filtering.text.is_empty() {
        let working = state.filtering.is_working();
        let working = if working {
            say("screen.filtering", lang)
        } else {
            ""
        };
        let text = &state.filtering.text;
        let shown = state.filtering.matching().map_or(0, HashSet::len);
        let filter = say("prompt.filter", lang);
        add(Role::Warn, &format!("{working}{filter}{text} ({shown})"));
    }
    if state.flat {
        add(Role::Dim, say("screen.flat", lang));
    }
    if state.order != Order::Time {
        add(Role::Warn, say(state.order.key(), lang));
    }
    if !state.hidden.is_empty() {
        let count = state.hidden.len().to_string();
        add(Role::Dim, &phrase("number.hidden").with(lang, count));
    }
    if !state.marks.is_empty() {
        let count = state.marks.len().to_string();
        add(Role::Secret, &phrase("number.marked").with(lang, count));
    }
    (left, liveness(state, pen))
}

fn liveness(state: &State, pen: Pen) -> Vec<Span<'static>> {
    let lang = state.look.lang;
    let news = match state.news {
        0 => String::new(),
        news => format!("+{news} "),
    };
    let (role, text) = match (state.facts.live, state.follow) {
        (false, _) => (Role::Dim, say("screen.file", lang).to_owned()),
        (true, true) => (Role::Good, format!("{} ●", say("screen.live", lang))),
        (true, false) => (Role::Warn, phrase("screen.paused").with(lang, news)),
    };
    vec![pen.put(role, format!("{text} "))]
}

fn page_header(screen: Screen, state: &State, store: &Store, pen: Pen) -> Two {
    let lang = state.look.lang;
    let title = |role, key| (vec![pen.put(role, format!(" {}", say(key, lang)))], vec![]);
    match screen {
        Screen::Detail(id, tab) => super::detail::header(state, store, id, tab, pen),
        Screen::Pull(id, page) => {
            let mut left = vec![pen.put(Role::Title, format!(" #{}", id.0))];
            let Some(pull) = store.pull(id) else {
                return (left, Vec::new());
            };
            left.push(pen.put(Role::Title, format!(" {}", names::pull(pull))));
            let exchanges = names::count(pull.totals.exchanges, names::EXCHANGES, lang);
            let figures = format!("  {exchanges}  {}", took(length(pull, state.now)));
            left.push(pen.put(Role::Dim, figures));
            let tabs = [
                ("p", "tab.pull", PullPage::Overview),
                ("s", "tab.sequence", PullPage::Sequence),
                ("v", "tab.waterfall", PullPage::Waterfall),
            ];
            let tabs = tabs.map(|(key, name, which)| {
                pen.tab(&format!("{key} {}", say(name, lang)), which == page)
            });
            (left, tabs.into())
        }
        Screen::Refused(_) => title(Role::Bad, "screen.refuses-our-certificate"),
        Screen::Tunnel(_) => title(Role::Title, "screen.tunnel-unread"),
        Screen::Events => (title(Role::Title, "screen.events").0, liveness(state, pen)),
        Screen::Help => title(Role::Title, "screen.keys"),
    }
}

/// A rule over the whole width.
pub(super) fn rule(buffer: &mut Buffer, area: ratatui::layout::Rect, pen: Pen) {
    if area.height > 0 {
        let rule = "─".repeat(area.width.into());
        pen::draw(buffer, area, vec![pen.put(Role::Faint, rule)]);
    }
}

/// The last line: what is typed, what was told, or which keys there are. Returns where the cursor
/// is, when something is typed.
pub(super) fn footer(
    buffer: &mut Buffer,
    layout: &Layout,
    state: &State,
    pen: Pen,
) -> Option<(u16, u16)> {
    let area = layout.footer;
    let lang = state.look.lang;
    match &state.overlay {
        Some(Overlay::Prompt(prompt)) => {
            let mut scope;
            let (label, format) = match &prompt.purpose {
                Purpose::Filter => ("prompt.filter", ""),
                Purpose::Search => ("prompt.search", ""),
                Purpose::Command => ("prompt.command", ""),
                Purpose::Load => ("prompt.load", ""),
                Purpose::Export { format, only } if only.is_empty() => ("prompt.export", &**format),
                Purpose::Export { format, only } => {
                    scope = phrase("prompt.of").with(lang, only.len().to_string());
                    scope.insert_str(0, format);
                    ("prompt.export", &*scope)
                }
                Purpose::SaveBody { .. } => ("prompt.save-body", ""),
            };
            let label = format!(" {}", phrase(label).with(lang, format));
            let before = text::width(&label);
            let room = usize::from(area.width).saturating_sub(before + 1);
            let scroll = prompt.input.visual_scroll(room);
            let shown = pen.put(Role::Text, scrolled(prompt.input.value(), scroll));
            pen::draw(buffer, area, vec![pen.put(Role::Accent, label), shown]);
            if let Some(mistake) = &prompt.mistake {
                let text = prompt.input.value();
                let part = |range: std::ops::Range<usize>| {
                    text::width(text.get(range).unwrap_or_default())
                };
                let at = (before + part(0..mistake.span.start)).saturating_sub(scroll);
                let wide = part(mistake.span.clone()).max(1);
                caret(buffer, layout, pen, (at, wide), &mistake.message);
            }
            let column = before + prompt.input.visual_cursor().saturating_sub(scroll);
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            return Some((column.min(area.width.saturating_sub(1)), area.y));
        }
        Some(Overlay::Confirm { question, .. }) => {
            let spans = vec![
                pen.put(Role::Warn, format!(" {} ", question.of(lang))),
                pen.put(Role::Accent, "y"),
                pen.put(Role::Dim, format!(" {}  ", say("screen.yes", lang))),
                pen.put(Role::Accent, "n"),
                pen.put(Role::Dim, format!(" {}", say("screen.no", lang))),
            ];
            pen::draw(buffer, area, spans);
        }
        Some(Overlay::Menu(_)) => {
            let spans = [
                ("↑↓", "screen.choose"),
                ("⏎", "screen.take"),
                (say("screen.type", lang), "screen.narrow-down"),
                ("Esc", "screen.close"),
            ]
            .into_iter()
            .flat_map(|(key, what)| hint(pen, key, say(what, lang)));
            pen::draw(buffer, area, spans.collect());
        }
        None => match &state.notice {
            Some(notice) => {
                let text = format!(" {}", notice.text.of(lang));
                pen::draw(buffer, area, vec![pen.put(notice.role, text)]);
            }
            None => hints(buffer, layout, state, pen),
        },
    }
    None
}

/// The text without its first columns.
fn scrolled(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .skip_while(|c| {
            let wide = unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            used += wide;
            used <= columns
        })
        .collect()
}

/// What is wrong with a filter and where, above the line it is typed in.
fn caret(
    buffer: &mut Buffer,
    layout: &Layout,
    pen: Pen,
    (column, long): (usize, usize),
    why: &str,
) {
    let area = layout.footer;
    let room = usize::from(area.width);
    let column = column.min(room.saturating_sub(1));
    let mut lines = wrap(&format!(" {why}"), room.saturating_sub(1));
    lines.truncate(2);
    let carets = "▼".repeat(long.min(room - column).max(1));
    lines.push(format!("{}{carets}", " ".repeat(column)));
    for (line, up) in lines.into_iter().rev().zip(1..) {
        let Some(y) = area.y.checked_sub(up) else {
            return;
        };
        let above = ratatui::layout::Rect { y, ..area };
        pen::draw(buffer, above, fit(vec![pen.put(Role::Bad, line)], room));
    }
}

fn hints(buffer: &mut Buffer, layout: &Layout, state: &State, pen: Pen) {
    let area = layout.footer;
    let room = usize::from(area.width);
    let lang = state.look.lang;
    // Help and the way out are always there; others as far as there is room.
    let first =
        state.rows.is_empty() && state.pages.is_empty() && !state.facts.first_steps.is_empty();
    let mut all: Vec<(&str, &str, bool)> = keymap::hints(state.place())
        .filter(|binding| !first || FIRST.contains(&binding.action))
        .map(|binding| {
            let needed = first || matches!(binding.action, Action::Help | Action::Back);
            (binding.first_key(), binding.hint(lang), needed)
        })
        .collect();
    if first {
        all.insert(0, ("a-d", say("screen.copy-command", lang), true));
        all.insert(1, ("L", say("screen.open-har", lang), true));
    }
    let cost = |key: &str, what: &str| width(&hint(pen, key, what));
    let needed = all.iter().filter(|(_, _, needed)| *needed);
    let needed: usize = needed.map(|(key, what, _)| cost(key, what)).sum();
    let mut left = room.saturating_sub(needed);
    all.retain(|(key, what, needed)| {
        let fits = !*needed && cost(key, what) <= left;
        left -= if fits { cost(key, what) } else { 0 };
        *needed || fits
    });
    let all = all.into_iter();
    let spans = all.flat_map(|(key, what, _)| hint(pen, key, what));
    pen::draw(buffer, area, spans.collect());
}

fn hint(pen: Pen, key: &str, what: &str) -> Vec<Span<'static>> {
    vec![
        pen.put(Role::Accent, format!(" {key}")),
        pen.put(Role::Dim, format!(" {what} ")),
    ]
}

/// What there is to do while nothing has been seen.
const FIRST: [Action; 5] = [
    Action::Export,
    Action::Events,
    Action::Help,
    Action::Command,
    Action::Back,
];
