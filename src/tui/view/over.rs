//! Menus, drawn over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::pen::{self, Pen, fit};
use crate::base::text::{cut, middle, width};
use crate::tui::overlay::{Menu, MenuEntry};
use crate::tui::theme::Role;
use crate::words::{phrase, say};

/// Draws a menu in the middle of an area.
pub(super) fn menu(buffer: &mut Buffer, area: Rect, menu: &Menu, pen: Pen) {
    let lang = menu.lang;
    let entries: Vec<_> = menu.shown().collect();
    let widest = |texts: &dyn Fn(&MenuEntry) -> usize| {
        let widths = menu.entries.iter().map(texts);
        widths.max().unwrap_or(0)
    };
    let labels = widest(&|entry| width(entry.label.of(lang))).min(28);
    let details = widest(&|entry| width(entry.detail.of(lang)));
    let inner = (labels + details + 6).clamp(30, usize::from(area.width.saturating_sub(4)).max(30));
    let rows = entries
        .len()
        .max(1)
        .min(usize::from(area.height.saturating_sub(5)).max(1));
    let wide = u16::try_from(inner + 2).unwrap_or(u16::MAX).min(area.width);
    let tall = u16::try_from(rows + 3).unwrap_or(u16::MAX).min(area.height);
    let place = Rect::new(
        area.x + (area.width - wide) / 2,
        area.y + (area.height - tall) / 3,
        wide,
        tall,
    );
    clear(buffer, place);
    let inner = usize::from(wide).saturating_sub(2);
    let side = |spans: Vec<Span<'static>>| {
        let mut line = vec![pen.put(Role::Faint, "│")];
        line.extend(fit(spans, inner));
        line.push(pen.put(Role::Faint, "│"));
        line
    };
    let title = format!(" {} ", menu.title.of(lang));
    let rule = "─".repeat(inner.saturating_sub(width(&title)));
    pen::draw(
        buffer,
        pen::row(place, 0),
        vec![
            pen.put(Role::Faint, "┌"),
            pen.put(Role::Title, title),
            pen.put(Role::Faint, format!("{rule}┐")),
        ],
    );
    let typed = menu.typed.value();
    let prompt = if typed.is_empty() {
        pen.put(
            Role::Dim,
            format!(" {}", say("screen.type-to-narrow", lang)),
        )
    } else {
        pen.put(Role::Text, format!(" {typed}▏"))
    };
    pen::draw(buffer, pen::row(place, 1), side(vec![prompt]));
    let cursor = menu.cursor.min(entries.len().saturating_sub(1));
    let top = (cursor + 1).saturating_sub(rows);
    if entries.is_empty() {
        pen::draw(
            buffer,
            pen::row(place, 2),
            side(vec![pen.put(
                Role::Dim,
                format!("   {}", say("screen.no-such-name", lang)),
            )]),
        );
    }
    for ((at, entry), y) in entries.iter().enumerate().skip(top).take(rows).zip(2..) {
        let here = at == cursor;
        let marker = if here { " > " } else { "   " };
        let line = side(vec![
            pen.put(Role::Accent, marker),
            pen.fit(Role::Text, cut(entry.label.of(lang), labels), labels + 2),
            pen.put(
                Role::Dim,
                middle(entry.detail.of(lang), inner.saturating_sub(labels + 6)),
            ),
        ]);
        let row = pen::row(place, y);
        pen::draw(buffer, row, line);
        if here && wide > 2 {
            let inside = Rect {
                x: row.x + 1,
                width: wide - 2,
                ..row
            };
            buffer.set_style(inside, pen.theme.style(Role::Selected));
        }
    }
    let more = entries.len().saturating_sub(top + rows);
    let note = if more > 0 {
        format!(" {} ", phrase("screen.more").with(lang, more.to_string()))
    } else {
        String::new()
    };
    let rule = "─".repeat(inner.saturating_sub(width(&note)));
    pen::draw(
        buffer,
        pen::row(place, tall - 1),
        vec![
            pen.put(Role::Faint, format!("└{rule}")),
            pen.put(Role::Dim, note),
            pen.put(Role::Faint, "┘"),
        ],
    );
}

fn clear(buffer: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(Style::reset());
            }
        }
    }
}
