//! A token server's answer as it was, for beside what it means.

use ratatui::text::Line;

use super::subject::Subject;
use super::{json, wire};
use crate::base::text::size;
use crate::tui::theme::Role;
use crate::tui::view::pen::Sheet;
use crate::words::{phrase, say};

/// The lines, and the columns of what they stand beside; below it where there is no room.
pub(super) struct Beside {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) split: Option<u16>,
}

/// The answer, and the payload of its token. Makes room on the sheet where it goes beside it.
pub(super) fn beside(subject: &Subject<'_>, sheet: &mut Sheet) -> Beside {
    let columns = subject.area.width;
    let split = (columns >= 100).then_some(columns * 55 / 100);
    let room = columns.saturating_sub(split.map_or(1, |split| split + 3));
    if let Some(split) = split {
        sheet.width = usize::from(split) - 1;
    }
    let mut raw = Sheet::new(sheet.pen, room.into());
    answer(subject, &mut raw);
    payload(subject, &mut raw);
    Beside {
        lines: raw.lines,
        split,
    }
}

fn answer(subject: &Subject<'_>, sheet: &mut Sheet) {
    let (state, lang) = (subject.state, subject.state.look.lang);
    let shown = if state.reveals() {
        "screen.shown"
    } else if state.facts.secrets_kept {
        "screen.masked"
    } else {
        "screen.not-recorded"
    };
    sheet.heading_with(say("screen.answer", lang), say(shown, lang));
    let body = subject.exchange.response_body.as_ref();
    let bytes = body.and_then(|body| wire::load(subject, body).ok().flatten());
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) => write(sheet, &value),
        Err(_) if text.is_empty() => sheet.say(Role::Dim, 1, "screen.body-not-kept"),
        Err(_) => sheet.text(Role::Text, 1, &text),
    }
}

fn payload(subject: &Subject<'_>, sheet: &mut Sheet) {
    let lang = subject.state.look.lang;
    let Some(answer) = &subject.entry.reading.token_answer else {
        return;
    };
    let Some(jwt) = answer.token.jwt() else {
        return;
    };
    let length = answer.token.length.unwrap_or_default();
    let length = size(length.try_into().unwrap_or(0));
    let note = phrase("screen.of-a-token").with(lang, length);
    sheet.heading_with(say("screen.payload", lang), &note);
    write(sheet, &jwt.claims.all.value());
}

fn write(sheet: &mut Sheet, value: &serde_json::Value) {
    for line in json::lines(sheet.pen, value) {
        json::push(sheet, 1, MOST_ROWS, line);
    }
}

/// Rows of one long string.
const MOST_ROWS: usize = 4;
