//! The newcomer's first minute: what to paste, and what must hold before anything is seen.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::layout::Layout;
use super::pen::{self, Pen};
use crate::base::text::wrap;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::say;

pub(super) fn draw(buffer: &mut Buffer, layout: &Layout, state: &State, pen: Pen) {
    let area = layout.body;
    let width = usize::from(area.width);
    let lang = state.look.lang;
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    let roomy = area.height >= 26;
    if roomy {
        lines.push(Vec::new());
    }
    let intro = match (state.facts.live, state.facts.first_steps.is_empty()) {
        (true, false) => "screen.waiting-press",
        (true, true) => "screen.waiting",
        (false, _) => "screen.no-exchanges",
    };
    for line in wrap(say(intro, lang), width.saturating_sub(4)) {
        lines.push(vec![pen.put(Role::Title, format!("   {line}"))]);
    }
    for step in &state.facts.first_steps {
        lines.push(Vec::new());
        lines.push(vec![
            pen.put(Role::Accent, format!("   {}  ", step.key)),
            pen.put(Role::Text, step.what.of(lang)),
        ]);
        let below = |role, text: &str| vec![pen.put(role, format!("        {text}"))];
        lines.push(below(Role::Info, &step.command));
        let notes = step.notes.iter().filter(|_| roomy);
        lines.extend(notes.map(|note| below(Role::Dim, note.of(lang))));
    }
    let below = checklist(state, pen, width);
    // In a low window the checklist comes first: it says why nothing is seen.
    let room = usize::from(area.height).saturating_sub(below.len());
    if !roomy && lines.len() > room {
        lines.retain(|line| pen::width(line) > 0);
    }
    lines.resize(room, Vec::new());
    lines.extend(below);
    for (line, at) in lines.into_iter().zip(0..) {
        pen::draw(buffer, pen::row(area, at), line);
    }
}

fn checklist(state: &State, pen: Pen, width: usize) -> Vec<Vec<Span<'static>>> {
    if state.facts.checks.is_empty() {
        return Vec::new();
    }
    let wide = width >= 100;
    let lang = state.look.lang;
    let mut lines = vec![vec![pen.put(Role::Faint, "─".repeat(width))]];
    let title = format!("   {}", say("screen.checklist", lang));
    let mut head = vec![pen.fit(Role::Title, title, 64.min(width))];
    if wide {
        head.push(pen.say(Role::Dim, "screen.checklist-note"));
    }
    lines.push(head);
    for check in &state.facts.checks {
        let (glyph, role) = match check.holds {
            Some(true) => ("✓", Role::Good),
            Some(false) => ("✗", Role::Bad),
            None => ("·", Role::Dim),
        };
        let mut line = vec![pen.put(role, format!("   {glyph} "))];
        if wide {
            line.push(pen.fit(Role::Text, check.what.of(lang), 59));
            line.push(pen.put(Role::Dim, check.hint.of(lang)));
        } else {
            line.push(pen.put(Role::Text, check.what.of(lang)));
        }
        lines.push(line);
    }
    lines
}
