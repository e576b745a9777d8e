//! Request and response as they were on the wire.

use std::fmt::Write as _;

use ratatui::text::Span;

use super::json;
use super::subject::Subject;
use crate::base::printable::printable_bytes;
use crate::base::text::{exact, middle, wrap};
use crate::exchange::{Body, Capture, Fidelity, RawHead, ResponseOrigin};
use crate::tui::theme::Role;
use crate::tui::view::pen::Sheet;
use crate::words::{Lang, phrase, say};

pub(super) fn request(subject: &Subject<'_>, sheet: &mut Sheet) {
    let Some(request) = &subject.exchange.request else {
        sheet.say(Role::Dim, 2, "screen.no-request-head");
        return;
    };
    sheet.labelled((Role::Label, "  URL", 9), (Role::Info, &request.url));
    sheet.blank();
    head(sheet, &request.head);
    if request.fidelity == Fidelity::Regrouped {
        sheet.blank();
        sheet.say(Role::Dim, 2, "screen.regrouped");
    }
    sheet.blank();
    match &subject.exchange.request_body {
        Some(body) if body.size > 0 => self::body(subject, sheet, body),
        _ => sheet.say(Role::Dim, 2, "screen.no-body"),
    }
}

pub(super) fn response(subject: &Subject<'_>, sheet: &mut Sheet) {
    let lang = subject.state.look.lang;
    let Some(response) = &subject.exchange.response else {
        let text = if subject.exchange.ended.is_some() {
            "screen.no-response"
        } else {
            "screen.no-response-yet"
        };
        sheet.text(Role::Dim, 2, say(text, lang));
        return;
    };
    if response.origin == ResponseOrigin::Pullscope {
        sheet.say(Role::Warn, 2, "screen.own-response");
        sheet.blank();
    }
    for interim in &response.interim {
        head(sheet, interim);
        sheet.blank();
    }
    head(sheet, &response.head);
    sheet.blank();
    match &subject.exchange.response_body {
        Some(body) if body.size > 0 || body.capture != Capture::Empty => {
            self::body(subject, sheet, body);
        }
        Some(_) => sheet.say(Role::Dim, 2, "screen.no-body"),
        None => {
            let so_far = exact(subject.exchange.received);
            sheet.text(Role::Dim, 2, &phrase("screen.so-far").with(lang, so_far));
        }
    }
}

/// Start line and fields; long values go on below themselves.
fn head(sheet: &mut Sheet, head: &RawHead) {
    let pen = sheet.pen;
    sheet.text(Role::Title, 2, &printable_bytes(head.start_line()));
    for field in head.fields() {
        let name = printable_bytes(field.name);
        let value = printable_bytes(field.value);
        let room = sheet.width.saturating_sub(name.len() + 5).max(20);
        for (at, line) in wrap(&value, room).into_iter().enumerate() {
            let lead = if at == 0 {
                vec![
                    pen.put(Role::Key, format!("  {name}")),
                    pen.put(Role::Dim, ": "),
                ]
            } else {
                vec![Span::raw(" ".repeat(name.len() + 4))]
            };
            // What is printable already is not escaped twice.
            let value = Span::styled(line, pen.theme.style(Role::Text));
            sheet.push(lead.into_iter().chain([value]).collect());
        }
    }
}

/// The size, the digest and the content of a body.
fn body(subject: &Subject<'_>, sheet: &mut Sheet, body: &Body) {
    let (pen, lang) = (sheet.pen, subject.state.look.lang);
    let mut about = format!("{}  {}", say("screen.body", lang), exact(body.size));
    if let Some(decoded) = body.decoded_size.filter(|decoded| *decoded != body.size) {
        let decoded = phrase("screen.decoded").with(lang, exact(decoded));
        let _ = write!(about, "  {decoded}");
    }
    if !body.complete {
        let _ = write!(about, "  {}", say("screen.cut-short", lang));
    }
    sheet.push(vec![pen.put(Role::Title, format!("  {about}"))]);
    if let Some(sha256) = &body.sha256 {
        let room = sheet.width.saturating_sub(12);
        sheet.push(vec![
            pen.put(Role::Dim, "  sha256:"),
            pen.put(Role::Info, middle(sha256, room)),
        ]);
    }
    for (name, value) in &body.trailers {
        sheet.push(vec![
            pen.put(Role::Key, format!("  {name}: ")),
            pen.put(Role::Text, value),
        ]);
    }
    sheet.blank();
    content(subject, sheet, body, true);
}

fn content(subject: &Subject<'_>, sheet: &mut Sheet, body: &Body, pretty: bool) {
    let lang = subject.state.look.lang;
    let bytes = match load(subject, body) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return missing(sheet, body, lang),
        Err(error) => {
            let text = phrase("screen.body-unreadable").with(lang, error.to_string());
            return sheet.text(Role::Bad, 2, &text);
        }
    };
    let shown = bytes.get(..MOST_BYTES).unwrap_or(&bytes);
    match std::str::from_utf8(&bytes) {
        Ok(text) if pretty && bytes.len() <= MOST_BYTES && json::write(sheet, 2, text) => {}
        Ok(_) => {
            let text = String::from_utf8_lossy(shown);
            for line in text.lines().take(MOST_LINES) {
                sheet.text(Role::Text, 2, line);
            }
        }
        Err(_) => hex(sheet, shown.get(..MOST_HEX).unwrap_or(shown)),
    }
    if bytes.len() > shown.len() {
        let more = bytes.len() - shown.len();
        sheet.blank();
        let text = phrase("screen.more-bytes").with(lang, exact(more.try_into().unwrap_or(0)));
        sheet.text(Role::Dim, 2, &text);
    }
}

fn missing(sheet: &mut Sheet, body: &Body, lang: Lang) {
    let key = match &body.capture {
        Capture::Omitted { reason } => {
            let facts = [("reason", reason.told(lang))];
            let text = phrase("notice.body-not-kept").fill(lang, &facts);
            return sheet.text(Role::Dim, 2, &text);
        }
        Capture::Streamed => "screen.body-being-written",
        Capture::Stored { .. } => "screen.body-file-gone",
        Capture::Empty | Capture::Memory { .. } => "screen.body-empty",
    };
    sheet.say(Role::Dim, 2, key);
}

/// The kept content of a body.
pub(super) fn load(subject: &Subject<'_>, body: &Body) -> std::io::Result<Option<Vec<u8>>> {
    match &body.capture {
        Capture::Memory { bytes } => Ok(Some(bytes.to_vec())),
        Capture::Empty => Ok(Some(Vec::new())),
        other => subject.bodies.read(other),
    }
}

/// Every byte as it was: heads with their line ends, bodies as text or in hexadecimal.
pub(super) fn raw(subject: &Subject<'_>, sheet: &mut Sheet) {
    let (exchange, lang) = (subject.exchange, subject.state.look.lang);
    let request = exchange.request.as_ref().map(|request| &request.head);
    let response = exchange.response.as_ref().map(|response| &response.head);
    let parts = [
        ("tab.request", request, &exchange.request_body),
        ("tab.response", response, &exchange.response_body),
    ];
    for (name, head, body) in parts {
        let Some(head) = head else { continue };
        let note = phrase("screen.head-bytes").with(lang, head.wire_len().to_string());
        sheet.heading_with(say(name, lang), &note);
        let pen = sheet.pen;
        for line in head.as_bytes().split_inclusive(|b| *b == b'\n') {
            let text = printable_bytes(line);
            for piece in wrap(&text, sheet.width.saturating_sub(3)) {
                let piece = Span::styled(piece, pen.theme.style(Role::Text));
                sheet.push(vec![Span::raw("  "), piece]);
            }
        }
        if let Some(body) = body.as_ref().filter(|body| body.size > 0) {
            sheet.blank();
            content(subject, sheet, body, false);
        }
    }
    if exchange.redacted {
        sheet.blank();
        sheet.say(Role::Dim, 2, "screen.secrets-taken-out");
    }
}

fn hex(sheet: &mut Sheet, bytes: &[u8]) {
    let pen = sheet.pen;
    let columns = if sheet.width >= 78 { 16 } else { 8 };
    for (at, chunk) in bytes.chunks(columns).enumerate() {
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = chunk.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '·',
        });
        sheet.push(vec![
            pen.put(Role::Faint, format!("  {:08x}  ", at * columns)),
            pen.fit(Role::Text, digits.join(" "), columns * 3 + 1),
            pen.put(Role::Dim, text.collect::<String>()),
        ]);
    }
}

/// Bytes of a body that are shown.
const MOST_BYTES: usize = 512 * 1024;
/// Lines of a body that are shown.
const MOST_LINES: usize = 20_000;
/// Bytes shown in hexadecimal.
const MOST_HEX: usize = 16 * 1024;
