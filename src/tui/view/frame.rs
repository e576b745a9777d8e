//! What is around every screen: the header, the rules, the footer.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::layout::Layout;
use super::pen::{self, Pen, fit, width};
use crate::base::text::{count, size, took, wrap};
use crate::registry::Kind;
use crate::store::Store;
use crate::tui::keymap;
use crate::tui::overlay::{Overlay, Purpose};
use crate::tui::screen::{PullPage, Screen};
use crate::tui::state::State;
use crate::tui::theme::Role;

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
    let bytes: u64 = store.pulls().iter().map(|pull| pull.totals.received).sum();
    let mut left = vec![
        pen.put(Role::Accent, " pullscope"),
        pen.put(Role::Dim, format!("  {}", state.facts.source)),
    ];
    if state.is_empty(store) {
        left.push(pen.put(Role::Dim, format!("  {}", state.facts.ca)));
    }
    left.push(pen.put(
        Role::Text,
        format!(
            "  {}  {}  {}",
            count(store.pulls().len(), "pull"),
            count(store.entries().len(), "exchange"),
            size(bytes)
        ),
    ));
    if state.filtering.text.is_empty() {
        if state.flat {
            left.push(pen.put(Role::Dim, "  flat"));
        }
    } else {
        let working = if state.filtering.is_working() {
            "filtering… "
        } else {
            ""
        };
        let shown = state.rows.len();
        left.push(pen.put(
            Role::Warn,
            format!("  {working}filter: {} ({shown})", state.filtering.text),
        ));
    }
    if !state.marks.is_empty() {
        left.push(pen.put(Role::Secret, format!("  {} marked", state.marks.len())));
    }
    (left, liveness(state, pen))
}

fn liveness(state: &State, pen: Pen) -> Vec<Span<'static>> {
    if !state.facts.live {
        return vec![pen.put(Role::Dim, "FILE ")];
    }
    if state.follow {
        vec![pen.put(Role::Good, "LIVE ● ")]
    } else if state.news > 0 {
        vec![pen.put(Role::Warn, format!("PAUSED +{} F resumes ", state.news))]
    } else {
        vec![pen.put(Role::Warn, "PAUSED F resumes ")]
    }
}

fn page_header(screen: Screen, state: &State, store: &Store, pen: Pen) -> Two {
    match screen {
        Screen::Detail(id, tab) => super::detail::header(state, store, id, tab, pen),
        Screen::Pull(id, page) => {
            let mut left = vec![pen.put(Role::Title, format!(" #{}", id.0))];
            let Some(pull) = store.pull(id) else {
                return (left, Vec::new());
            };
            left.push(pen.put(Role::Title, format!(" {}", super::names::pull(pull))));
            left.push(pen.put(
                Role::Dim,
                format!(
                    "  {}  {}",
                    count(pull.totals.exchanges, "exchange"),
                    took(pull.totals.took)
                ),
            ));
            let tabs = [
                ("p", "Pull", PullPage::Overview),
                ("s", "Sequence", PullPage::Sequence),
                ("v", "Waterfall", PullPage::Waterfall),
            ];
            let tabs = tabs.into_iter().flat_map(|(key, name, which)| {
                let role = if which == page {
                    Role::Accent
                } else {
                    Role::Dim
                };
                let text = if which == page {
                    format!("[{key} {name}]")
                } else {
                    format!(" {key} {name} ")
                };
                [pen.put(role, text)]
            });
            (left, tabs.collect())
        }
        Screen::Refused(_) => (
            vec![pen.put(Role::Bad, " a client refuses our certificate")],
            Vec::new(),
        ),
        Screen::Tunnel(_) => (
            vec![pen.put(Role::Title, " tunnel, passed on unread")],
            Vec::new(),
        ),
        Screen::Events => (vec![pen.put(Role::Title, " events")], liveness(state, pen)),
        Screen::Help => (vec![pen.put(Role::Title, " keys")], Vec::new()),
    }
}

/// A rule over the whole width.
pub(super) fn rule(buffer: &mut Buffer, area: ratatui::layout::Rect, pen: Pen) {
    if area.height > 0 {
        pen::draw(
            buffer,
            area,
            vec![pen.put(Role::Faint, "─".repeat(area.width.into()))],
        );
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
    match &state.overlay {
        Some(Overlay::Prompt(prompt)) => {
            let label = match &prompt.purpose {
                Purpose::Filter => "filter: ".to_owned(),
                Purpose::Search => "/".to_owned(),
                Purpose::Command => ":".to_owned(),
                Purpose::Load => "open HAR or session: ".to_owned(),
                Purpose::Export { format, .. } => format!("save {format} as: "),
                Purpose::SaveBody { .. } => "save body as: ".to_owned(),
            };
            let label = format!(" {label}");
            let before = crate::base::text::width(&label);
            let room = usize::from(area.width).saturating_sub(before + 1);
            let scroll = prompt.input.visual_scroll(room);
            let shown: String = scrolled(prompt.input.value(), scroll);
            pen::draw(
                buffer,
                area,
                vec![pen.put(Role::Accent, label), pen.put(Role::Text, shown)],
            );
            if let Some(mistake) = &prompt.mistake {
                let text = prompt.input.value();
                let part = |range: std::ops::Range<usize>| {
                    crate::base::text::width(text.get(range).unwrap_or_default())
                };
                let at = (before + part(0..mistake.span.start)).saturating_sub(scroll);
                let long = part(mistake.span.clone()).max(1);
                caret(buffer, layout, pen, (at, long), &mistake.message);
            }
            let column = before + prompt.input.visual_cursor().saturating_sub(scroll);
            return Some((
                u16::try_from(column)
                    .unwrap_or(u16::MAX)
                    .min(area.width.saturating_sub(1)),
                area.y,
            ));
        }
        Some(Overlay::Confirm { question, .. }) => {
            let spans = vec![
                pen.put(Role::Warn, format!(" {question} ")),
                pen.put(Role::Accent, "y"),
                pen.put(Role::Dim, " yes  "),
                pen.put(Role::Accent, "n"),
                pen.put(Role::Dim, " no"),
            ];
            pen::draw(buffer, area, spans);
        }
        Some(Overlay::Menu(_)) => {
            let spans = [
                ("↑↓", "choose"),
                ("⏎", "take"),
                ("type", "narrow down"),
                ("Esc", "close"),
            ]
            .into_iter()
            .flat_map(|(key, what)| hint(pen, state, key, what));
            pen::draw(buffer, area, spans.collect());
        }
        None => match &state.notice {
            Some(notice) => pen::draw(
                buffer,
                area,
                vec![pen.put(notice.role, format!(" {}", notice.text))],
            ),
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
    let place = state.place();
    let mut all: Vec<(&str, &str)> = keymap::hints(place).collect();
    if state.rows.is_empty() && state.pages.is_empty() && !state.facts.first_steps.is_empty() {
        all.retain(|(_, what)| matches!(*what, "Events" | "Help" | "Command" | "Quit" | "Export"));
        all.insert(0, ("a-d", "Copy command"));
        all.insert(1, ("L", "Open HAR"));
    }
    // Help and the way out are always there; others as far as there is room.
    let mut spans: Vec<Vec<Span<'static>>> = Vec::new();
    let needed = ["Help", "Back", "Quit"];
    let cost = |key: &str, what: &str| crate::base::text::width(key) + what.len() + 3;
    let mut left = room.saturating_sub(
        all.iter()
            .filter(|(_, what)| needed.contains(what))
            .map(|(key, what)| cost(key, what))
            .sum(),
    );
    for (key, what) in all {
        let cost = cost(key, what);
        if needed.contains(&what) {
            spans.push(hint(pen, state, key, what));
        } else if cost <= left {
            left -= cost;
            spans.push(hint(pen, state, key, what));
        }
    }
    pen::draw(buffer, area, spans.into_iter().flatten().collect());
}

fn hint(pen: Pen, state: &State, key: &str, what: &str) -> Vec<Span<'static>> {
    let key = match key {
        "⏎" if state.look.ascii => "Enter",
        "↑↓" if state.look.ascii => "Up/Down",
        other => other,
    };
    vec![
        pen.put(Role::Accent, format!(" {key}")),
        pen.put(Role::Dim, format!(" {what} ")),
    ]
}

/// How a kind is coloured.
pub(super) fn kind_role(kind: Kind) -> Role {
    match kind {
        Kind::Challenge | Kind::Redirect => Role::Warn,
        Kind::Token => Role::Secret,
        Kind::Index | Kind::Manifest | Kind::Resolve | Kind::Config => Role::Info,
        Kind::Error => Role::Bad,
        Kind::Layer | Kind::Cdn | Kind::Blob | Kind::Upload | Kind::Publish => Role::Receive,
        _ => Role::Text,
    }
}

/// How a status is coloured.
pub(super) fn status_role(status: Option<u16>) -> Role {
    match status {
        Some(200..=299) => Role::Good,
        Some(300..=399 | 401) => Role::Warn,
        Some(400..) => Role::Bad,
        _ => Role::Dim,
    }
}
