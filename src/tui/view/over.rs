//! Menus, drawn over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget as _};

use super::pen::{self, Pen};
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
    let room = usize::from(area.height.saturating_sub(5)).max(1);
    let rows = entries.len().clamp(1, room);
    let cursor = menu.cursor.min(entries.len().saturating_sub(1));
    let top = (cursor + 1).saturating_sub(rows);
    let wide = u16::try_from(inner + 2).unwrap_or(u16::MAX).min(area.width);
    let tall = u16::try_from(rows + 3).unwrap_or(u16::MAX).min(area.height);
    let place = Rect::new(
        area.x + (area.width - wide) / 2,
        area.y + (area.height - tall) / 3,
        wide,
        tall,
    );
    let inner = usize::from(wide).saturating_sub(2);
    let more = entries.len().saturating_sub(top + rows);
    let more = phrase("screen.more").with(lang, more.to_string());
    let frame = Block::bordered()
        .border_style(pen.theme.style(Role::Faint))
        .title(pen.put(Role::Title, format!(" {} ", menu.title.of(lang))));
    let frame = if entries.len() > top + rows {
        let more = pen.put(Role::Dim, format!(" {more} "));
        frame.title_bottom(Line::from(more).right_aligned())
    } else {
        frame
    };
    Clear.render(place, buffer);
    frame.render(place, buffer);
    let inside = place.inner(Margin::new(1, 1));
    let typed = menu.typed.value();
    let prompt = if typed.is_empty() {
        let text = say("screen.type-to-narrow", lang);
        pen.put(Role::Dim, format!(" {text}"))
    } else {
        pen.put(Role::Text, format!(" {typed}▏"))
    };
    pen::draw(buffer, pen::row(inside, 0), vec![prompt]);
    if entries.is_empty() {
        let text = format!("   {}", say("screen.no-such-name", lang));
        pen::draw(buffer, pen::row(inside, 1), vec![pen.put(Role::Dim, text)]);
    }
    for ((at, entry), y) in entries.iter().enumerate().skip(top).take(rows).zip(1..) {
        let here = at == cursor;
        let detail = middle(entry.detail.of(lang), inner.saturating_sub(labels + 6));
        let line = vec![
            pen.put(Role::Accent, if here { " > " } else { "   " }),
            pen.fit(Role::Text, cut(entry.label.of(lang), labels), labels + 2),
            pen.put(Role::Dim, detail),
        ];
        let row = pen::row(inside, y);
        pen::draw(buffer, row, line);
        if here {
            buffer.set_style(row, pen.theme.style(Role::Selected));
        }
    }
}
