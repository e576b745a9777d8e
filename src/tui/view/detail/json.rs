//! JSON in colours.

use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::tui::theme::Role;
use crate::tui::view::pen::{Pen, Sheet};

/// Writes a JSON text, one value a line; whether it was JSON.
pub(super) fn write(sheet: &mut Sheet, indent: usize, text: &str) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    for line in lines(sheet.pen, &value) {
        push(sheet, indent, MOST_ROWS, line);
    }
    true
}

/// A value, pretty-printed and coloured.
pub(super) fn lines(pen: Pen, value: &Value) -> Vec<Vec<Span<'static>>> {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    pretty.lines().map(|line| colour(pen, line)).collect()
}

/// One line of JSON; a long string goes on below itself, in `most` rows at most.
pub(super) fn push(sheet: &mut Sheet, indent: usize, most: usize, spans: Vec<Span<'static>>) {
    let room = sheet.width.saturating_sub(indent + 1).max(10);
    let lead = " ".repeat(indent);
    let line = Line::from(spans);
    if line.width() <= room {
        sheet.push([Span::raw(lead)].into_iter().chain(line.spans).collect());
        return;
    }
    let deeper = format!("{lead}  ");
    let mut row = vec![Span::raw(lead)];
    let mut used = 0;
    let mut rows = 0;
    for span in line.spans {
        let style = span.style;
        for c in span.content.chars() {
            let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if used + wide > room {
                rows += 1;
                if rows >= most {
                    row.push(sheet.pen.put(Role::Dim, "…"));
                    sheet.push(row);
                    return;
                }
                sheet.push(std::mem::replace(&mut row, vec![Span::raw(deeper.clone())]));
                used = 2;
            }
            match row.last_mut() {
                Some(last) if last.style == style && last.content.trim() != "" => {
                    last.content.to_mut().push(c);
                }
                _ => row.push(Span::styled(c.to_string(), style)),
            }
            used += wide;
        }
    }
    sheet.push(row);
}

/// One line of pretty-printed JSON: white space, perhaps a name, a value, perhaps a comma.
fn colour(pen: Pen, line: &str) -> Vec<Span<'static>> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let mut spans = vec![Span::raw(" ".repeat(indent))];
    let rest = match text.strip_prefix('"').and_then(closing) {
        Some(end) => {
            let (name, rest) = text.split_at(end + 2);
            if let Some(value) = rest.strip_prefix(": ") {
                spans.push(pen.put(Role::Key, name));
                spans.push(pen.put(Role::Dim, ": "));
                value
            } else {
                text
            }
        }
        None => text,
    };
    let (value, comma) = rest
        .strip_suffix(',')
        .map_or((rest, ""), |value| (value, ","));
    let role = match value.chars().next() {
        Some('"') => Role::Text2,
        Some('{' | '}' | '[' | ']') => Role::Dim,
        _ => Role::Number,
    };
    spans.push(pen.put(role, value));
    spans.push(pen.put(Role::Dim, comma));
    spans
}

/// Where the closing quote of a JSON string is, counted from behind its opening one.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        if escaped {
            escaped = false;
            return None;
        }
        escaped = c == '\\';
        (c == '"').then_some(at)
    })
}

/// Rows of one long string.
const MOST_ROWS: usize = 100;
