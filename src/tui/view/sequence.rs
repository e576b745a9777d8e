//! A pull as a ladder: client, pullscope and the servers, one arrow per message.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::text::{Line, Span};

use super::pen::{Pen, Sheet};
use super::{colours, names};
use crate::base::clock;
use crate::base::text::{cut, middle, size, took, width};
use crate::exchange::ExchangeId;
use crate::pulls::{BlobState, Pull, State as PullState};
use crate::registry::Kind;
use crate::store::{Entry, Store};
use crate::story;
use crate::tui::screen::Doc;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{Lang, say};

/// Columns of the time at the left.
const MARGIN: usize = 11;
/// Columns of the detail at the right.
const DETAIL: usize = 34;

pub(super) fn doc(
    state: &State,
    store: &Store,
    pull: &Pull,
    cursor: Option<ExchangeId>,
    left: usize,
    mut sheet: Sheet,
) -> Doc {
    let (pen, lang) = (sheet.pen, state.look.lang);
    let detail = if sheet.width >= 100 { DETAIL } else { 0 };
    let room = sheet.width.saturating_sub(MARGIN + detail + 3);
    let servers = servers(store, pull);
    let client = match pull.client.name.as_str() {
        "" => say("label.client", lang),
        name => name,
    };
    let ladder = Ladder::new(&servers, room, left, client, lang);
    let fixed = vec![Line::from(ladder.heads(pen))];
    let mut before = pull.started;
    for step in &pull.steps {
        let Some(entry) = store.entry(step.exchange) else {
            continue;
        };
        sheet.about(Some(step.exchange));
        let here = cursor == Some(step.exchange);
        let server = servers
            .iter()
            .position(|host| **host == *entry.reading.authority)
            .unwrap_or(0);
        let waited = clock::passed(before, entry.exchange.started);
        before = entry.exchange.started;
        let time = match took(waited) {
            _ if waited.is_zero() => "+0ms".to_owned(),
            time => format!("+{time}"),
        };
        let (asks, answers) = words(entry, pull, lang);
        for (time, drawn) in [
            (time, ladder.request(pen, server, &asks, entry)),
            (
                answered_after(entry),
                ladder.response(pen, server, &answers, entry),
            ),
        ] {
            let mut line = vec![
                pen.put(Role::Accent, if here { ">" } else { " " }),
                pen.right(Role::Dim, time, MARGIN - 3),
                Span::raw("  "),
            ];
            line.extend(drawn);
            sheet.push(line);
        }
    }
    sheet.about(None);
    if pull.state == PullState::UnderWay {
        let text = format!("… {}", pull.state.name(lang));
        sheet.text(Role::Accent, MARGIN + 1, &text);
    }
    let mut doc = sheet.finish();
    doc.fixed = fixed;
    if detail > 0 {
        let total = u16::try_from(MARGIN + room + 2).unwrap_or(u16::MAX);
        doc.split = Some(total);
        doc.beside = beside(state, store, pull, cursor, pen, detail - 2);
    }
    doc
}

/// How long after its request an answer came.
fn answered_after(entry: &Entry) -> String {
    let head = entry.exchange.response.as_ref().map(|response| response.at);
    head.map_or_else(String::new, |at| {
        took(clock::passed(entry.exchange.started, at))
    })
}

/// The hosts of a pull, in the order in which they are met.
fn servers(store: &Store, pull: &Pull) -> Vec<Arc<str>> {
    let mut hosts: Vec<Arc<str>> = Vec::new();
    for step in &pull.steps {
        if let Some(entry) = store.entry(step.exchange)
            && !hosts.contains(&entry.reading.authority)
        {
            hosts.push(entry.reading.authority.clone());
        }
    }
    hosts
}

/// What a request and its answer are called.
fn words(entry: &Entry, pull: &Pull, lang: Lang) -> (String, String) {
    let reading = &entry.reading;
    let part = pull.step(entry.exchange.id).and_then(|step| step.part);
    let what = match (entry.kind, part) {
        (Kind::Challenge | Kind::Ping, None) | (Kind::Resolve, _) => {
            names::subject(reading, true, lang)
        }
        (Kind::Cdn, _) => say("screen.signed-url", lang).to_owned(),
        (Kind::Token, _) => names::kind_word(Kind::Token, lang).to_owned(),
        (_, Some(part)) => names::part(Some(part), lang),
        (kind, None) => names::kind_word(kind, lang).to_owned(),
    };
    let asks = format!("{} {what}", reading.method);
    let Some(status) = reading.status else {
        let none = say("screen.no-answer", lang);
        let ended = entry.exchange.ended.is_some();
        return (asks, if ended { none } else { "…" }.to_owned());
    };
    let mut answer = status.to_string();
    match entry.kind {
        Kind::Challenge => {
            let scheme = reading.challenges.first().map(|it| it.scheme.as_str());
            let _ = write!(answer, " {}", scheme.unwrap_or_default());
        }
        Kind::Token => {
            if let Some(token) = &reading.token_answer {
                let word = names::kind_word(Kind::Token, lang);
                let _ = write!(answer, " {word} {}", took(token.lifetime()));
            }
        }
        Kind::Redirect => answer.push_str(" Location"),
        Kind::Error => {
            if let Some(error) = reading.errors.first() {
                let _ = write!(answer, " {}", error.code);
            }
        }
        _ if entry.exchange.received > 0 => {
            let _ = write!(answer, " {}", size(entry.exchange.received));
        }
        _ => {}
    }
    let blobs = pull.blobs.iter();
    let mut blobs = blobs.filter(|blob| blob.exchanges.contains(&entry.exchange.id));
    let arrived = blobs
        .next()
        .filter(|_| reading.succeeded() && entry.kind != Kind::Redirect);
    let blob_is_right = match arrived.map(|blob| blob.state) {
        Some(BlobState::Verified) => Some(true),
        Some(BlobState::Mismatch) => Some(false),
        _ => None,
    };
    match reading.digests.agree().or(blob_is_right) {
        _ if story::was_cut(entry) => {
            let _ = write!(answer, " {} ✗", say("screen.cut-off", lang));
        }
        Some(true) => answer.push_str(" ✓"),
        Some(false) => answer.push_str(" ✗"),
        None => {}
    }
    (asks, answer)
}

struct Ladder {
    heads: Vec<String>,
    /// Where each lifeline stands, and the end of the drawing.
    lines: Vec<usize>,
    room: usize,
    left: usize,
    lang: Lang,
}

impl Ladder {
    fn new(servers: &[Arc<str>], room: usize, left: usize, client: &str, lang: Lang) -> Self {
        let lanes = servers.len().max(1);
        // Client to pullscope holds the words; the other lanes share what is left.
        let first = (room / 3).clamp(18, 28);
        let column = (room.saturating_sub(first + 10) / lanes).clamp(13, 24);
        let mut lifelines = vec![3, 3 + first];
        lifelines.extend((1..=lanes).map(|at| 3 + first + at * column));
        let mut heads = vec![client.to_owned(), "pullscope".to_owned()];
        let hosts = servers.iter();
        heads.extend(hosts.map(|host| cut(host, column.saturating_sub(2))));
        Self {
            heads,
            lines: lifelines,
            room,
            left,
            lang,
        }
    }

    /// A row of the drawing, cut to what is visible.
    fn row(&self, pen: Pen, cells: &[(char, Role)]) -> Vec<Span<'static>> {
        let seen = cells.iter().skip(self.left);
        let spans = seen.map(|(c, role)| pen.put(*role, c.to_string()));
        let mut columns = 0;
        let fits = spans.take_while(|span| {
            columns += span.width();
            columns <= self.room
        });
        fits.collect()
    }

    fn heads(&self, pen: Pen) -> Vec<Span<'static>> {
        let mut text = String::new();
        for (head, line) in self.heads.iter().zip(&self.lines) {
            let start = line.saturating_sub(width(head) / 2);
            let pad = start.saturating_sub(width(&text));
            if pad == 0 && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&" ".repeat(pad));
            text.push_str(head);
        }
        let cells: Vec<_> = text.chars().map(|c| (c, Role::Title)).collect();
        let mut spans = vec![Span::raw(" ".repeat(MARGIN))];
        spans.extend(self.row(pen, &cells));
        spans
    }

    fn blank(&self) -> Vec<(char, Role)> {
        let end = self.lines.last().map_or(0, |line| line + 1);
        let mut cells = vec![(' ', Role::Faint); end];
        for line in &self.lines {
            if let Some(cell) = cells.get_mut(*line) {
                *cell = ('│', Role::Faint);
            }
        }
        cells
    }

    fn request(&self, pen: Pen, server: usize, text: &str, entry: &Entry) -> Vec<Span<'static>> {
        let role = colours::kind(entry.kind);
        let mut cells = self.blank();
        let (from, to) = self.between(0);
        stroke(&mut cells, from, to, '─', role);
        put(&mut cells, to - 1, '▶', role);
        label(&mut cells, from, to - 2, text);
        let far = self.lines.get(server + 2).copied().unwrap_or(to);
        let exchange = &entry.exchange;
        if exchange.upstream.is_some() || exchange.response.is_some() || exchange.ended.is_none() {
            self.across(&mut cells, far, '─', '┼', role);
            put(&mut cells, far - 1, '▶', role);
            let sent = match &entry.reading.authorization {
                Some(authorization) => Some(&*authorization.scheme),
                None => (entry.kind == Kind::Cdn).then(|| say("screen.no-auth", self.lang)),
            };
            if let Some(sent) = sent {
                label(&mut cells, to + 2, far - 2, sent);
            }
        }
        self.row(pen, &cells)
    }

    fn response(&self, pen: Pen, server: usize, text: &str, entry: &Entry) -> Vec<Span<'static>> {
        let role = colours::outcome(entry);
        let bulk = matches!(
            entry.kind,
            Kind::Cdn | Kind::Layer | Kind::Blob | Kind::Upload
        );
        let (dash, cross) = if bulk { ('═', '╪') } else { ('╌', '┼') };
        let mut cells = self.blank();
        let (from, to) = self.between(0);
        let exchange = &entry.exchange;
        if exchange.response.is_none() && exchange.ended.is_none() {
            label(&mut cells, from, to - 2, "…");
            return self.row(pen, &cells);
        }
        stroke(&mut cells, from, to, '╌', role);
        put(&mut cells, from + 1, '◀', role);
        label(&mut cells, from + 1, to - 1, text);
        let far = self.lines.get(server + 2).copied().unwrap_or(to);
        let upstream = exchange.upstream.as_ref();
        if exchange.response.is_some() && upstream.is_none_or(|up| up.address.is_some()) {
            self.across(&mut cells, far, dash, cross, role);
            put(&mut cells, to + 1, '◀', role);
        }
        self.row(pen, &cells)
    }

    /// The two lines that a message of this hop runs between.
    fn between(&self, hop: usize) -> (usize, usize) {
        let at = |index: usize| self.lines.get(index).copied().unwrap_or(0);
        (at(hop), at(hop + 1))
    }

    /// From pullscope's line to a server's, over the lines between.
    fn across(&self, cells: &mut [(char, Role)], far: usize, dash: char, cross: char, role: Role) {
        let (near, _) = self.between(1);
        stroke(cells, near, far, dash, role);
        for line in self.lines.iter().filter(|at| (near + 1..far).contains(at)) {
            put(cells, *line, cross, role);
        }
    }
}

fn stroke(cells: &mut [(char, Role)], from: usize, to: usize, dash: char, role: Role) {
    for cell in cells.iter_mut().take(to).skip(from + 1) {
        *cell = (dash, role);
    }
}

fn put(cells: &mut [(char, Role)], at: usize, c: char, role: Role) {
    if let Some(cell) = cells.get_mut(at) {
        *cell = (c, role);
    }
}

/// Words on an arrow, with a blank on each side.
fn label(cells: &mut [(char, Role)], from: usize, to: usize, text: &str) {
    let text = crate::base::text::clean(text);
    let text = middle(&text, to.saturating_sub(from + 3));
    for (c, at) in format!(" {text} ").chars().zip(from + 1..to) {
        put(cells, at, c, Role::Text);
    }
}

/// What the message under the cursor is.
fn beside(
    state: &State,
    store: &Store,
    pull: &Pull,
    cursor: Option<ExchangeId>,
    pen: Pen,
    room: usize,
) -> Vec<Line<'static>> {
    let Some(entry) = cursor.and_then(|id| store.entry(id)) else {
        return Vec::new();
    };
    let at = names::place(pull, entry.exchange.id);
    let lang = state.look.lang;
    let mut sheet = Sheet::new(pen, room);
    let reading = &entry.reading;
    sheet.push(vec![
        pen.put(Role::Title, format!("{at} ")),
        pen.put(colours::kind(entry.kind), entry.kind.name(lang)),
    ]);
    let path = names::path(reading);
    sheet.text(Role::Text, 0, &format!("{} {path}", reading.method));
    sheet.text(Role::Dim, 0, &reading.authority);
    let status = reading.status.map(|status| status.to_string());
    let status = status.as_deref().unwrap_or(say("screen.no-answer", lang));
    let received = size(entry.exchange.received);
    let took = took(crate::tui::rows::span(entry, state.now));
    sheet.push(vec![
        pen.put(colours::outcome(entry), format!("{status}  ")),
        pen.put(Role::Dim, format!("{received}  {took}")),
    ]);
    if state.explain {
        sheet.blank();
        let why = story::why(entry, Some(pull), &state.telling(store));
        sheet.text(Role::Text, 0, &story::shorten(&why));
    }
    sheet.blank();
    sheet.push(vec![
        pen.put(Role::Accent, "⏎"),
        pen.put(Role::Dim, format!(" {}", say("screen.opens-it", lang))),
    ]);
    sheet.lines
}
