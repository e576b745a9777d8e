//! A pull on a time axis, with the chain that decided how long it took.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::pen::Sheet;
use super::phases::Axis;
use super::{colours, names};
use crate::base::clock;
use crate::base::text::took;
use crate::exchange::ExchangeId;
use crate::pulls::Pull;
use crate::store::Store;
use crate::tui::rows::span;
use crate::tui::screen::Doc;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{phrase, say};

pub(super) fn doc(
    state: &State,
    store: &Store,
    pull: &Pull,
    cursor: Option<ExchangeId>,
    mut sheet: Sheet,
) -> Doc {
    let (pen, lang) = (sheet.pen, state.look.lang);
    let end = pull.ended.unwrap_or(state.now);
    let length = clock::passed(pull.started, end);
    let wide = sheet.width >= 100;
    let (kind, host, bytes, time) = (15, if wide { 20 } else { 0 }, 8, 8);
    let used = 6 + kind + host + bytes + time + 2;
    let axis = Axis {
        from: pull.started,
        span: length.max(Duration::from_millis(1)),
        columns: sheet.width.saturating_sub(used + 1).max(8),
    };
    let mut head = vec![
        pen.fit(Role::Dim, "    #", 6),
        pen.fit(Role::Dim, say("column.kind", lang), kind),
    ];
    if wide {
        head.push(pen.fit(Role::Dim, say("column.host", lang), host));
    }
    head.extend([
        pen.right(Role::Dim, say("column.size", lang), bytes),
        pen.right(Role::Dim, say("column.time", lang), time),
        Span::raw("  "),
        pen.put(Role::Dim, axis.ruler()),
    ]);
    for (at, step) in pull.steps.iter().enumerate() {
        let Some(entry) = store.entry(step.exchange) else {
            continue;
        };
        sheet.about(Some(step.exchange));
        let critical = pull.critical_path.contains(&step.exchange);
        let here = cursor == Some(step.exchange);
        let name = names::kind(entry, step.part, false, lang);
        let mut line = vec![
            pen.put(Role::Accent, if here { ">" } else { " " }),
            pen.put(Role::Warn, if critical { "◆" } else { " " }),
            pen.right(Role::Dim, (at + 1).to_string(), 3),
            Span::raw(" "),
            pen.fit(colours::kind(entry.kind), name, kind),
        ];
        if wide {
            let name = names::host(&entry.reading.authority, host - 1);
            line.push(pen.fit(Role::Dim, name, host));
        }
        line.push(pen.right(Role::Text, names::moved(&entry.exchange), bytes));
        line.push(pen.right(Role::Text, took(span(entry, state.now)), time));
        line.push(Span::raw("  "));
        line.extend(axis.bar(pen, &entry.exchange, state.now));
        sheet.push(line);
    }
    sheet.about(None);
    sheet.blank();
    summary(state, store, pull, length, &mut sheet);
    let mut doc = sheet.finish();
    doc.fixed = vec![Line::from(head)];
    doc
}

/// How much of the time the critical path explains, and by what.
fn summary(state: &State, store: &Store, pull: &Pull, length: Duration, sheet: &mut Sheet) {
    let (pen, lang) = (sheet.pen, state.look.lang);
    let mut legend = vec![
        pen.put(Role::Warn, "  ◆"),
        pen.put(Role::Dim, format!(" {}", say("label.critical-path", lang))),
    ];
    legend.push("  ".into());
    legend.extend(super::phases::legend(pen));
    sheet.push(legend);
    let mut sums = [Duration::ZERO; 3];
    let mut all = Duration::ZERO;
    for id in &pull.critical_path {
        let Some(entry) = store.entry(*id) else {
            continue;
        };
        let phases = super::phases::Phases::of(&entry.exchange, state.now);
        let parts = [
            phases.connected,
            phases.answered.saturating_sub(phases.connected),
            phases.over.saturating_sub(phases.answered),
        ];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum = sum.saturating_add(part);
        }
        all = all.saturating_add(phases.over);
    }
    if pull.critical_path.is_empty() {
        return;
    }
    let [connecting, waiting, receiving] = sums.map(took);
    let exchanges = names::count(pull.critical_path.len(), names::EXCHANGES, lang);
    let facts = [
        ("part", took(all.min(length))),
        ("whole", took(length)),
        ("exchanges", exchanges),
        ("connecting", connecting),
        ("waiting", waiting),
        ("receiving", receiving),
    ];
    let text = phrase("screen.critical-path-took").fill(lang, &facts);
    sheet.text(Role::Text, 2, &text);
}
