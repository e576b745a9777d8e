//! The list: pulls and their exchanges, as a table of which only the visible rows are built.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::layout::Layout;
use super::pen::{self, Pen, fit};
use super::phases::Axis;
use super::{colours, find, names};
use crate::base::clock;
use crate::base::text;
use crate::base::text::{middle, size, took};
use crate::exchange::{ConnectionId, Ending, Exchange, Rejection, TunnelId};
use crate::pulls::{Blob, BlobState, Pull, PullId, State as PullState};
use crate::registry::{Credentials, Digest, Document, Kind};
use crate::store::{Entry, Store};
use crate::story::{self, Share};
use crate::tui::action::Item;
use crate::tui::rows::{Row, length, refused_host, span};
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{phrase, say};

/// The columns that there is room for.
#[derive(Clone, Copy, Debug)]
struct Columns {
    method: bool,
    host: usize,
    kind: usize,
    subject: usize,
    time: usize,
    waterfall: usize,
}

const MARKER: usize = 3;
const STATUS: usize = 5;
const METHOD: usize = 5;
const SIZE: usize = 11;

impl Columns {
    fn of(width: u16) -> Self {
        let width = usize::from(width);
        let waterfall = if width >= 88 { (width / 5).min(40) } else { 0 };
        let host = match width {
            0..=95 => 0,
            96..=139 => 19,
            140..=179 => 27,
            _ => 36,
        };
        let method = width >= 104;
        let (kind, time) = match width {
            0..=59 => (11, 0),
            60..=139 => (12, 7),
            _ => (14, 7),
        };
        let used = MARKER
            + STATUS
            + usize::from(method) * METHOD
            + kind
            + host
            + SIZE
            + time
            + waterfall
            + usize::from(waterfall > 0);
        Self {
            method,
            host,
            kind,
            subject: width.saturating_sub(used),
            time,
            waterfall,
        }
    }
}

/// Draws the heads, the visible rows, and what the selected one is.
pub(super) fn draw(buffer: &mut Buffer, layout: &Layout, state: &State, store: &Store, pen: Pen) {
    let columns = Columns::of(layout.body.width);
    let rows = state.rows.iter().enumerate();
    let window = rows.skip(state.top).take(layout.body.height.into());
    let shown = window.clone().map(|(_, row)| row);
    let painter = Painter {
        state,
        store,
        pen,
        columns,
        scale: &TimeScale::of(state, store, shown, columns.waterfall),
    };
    pen::draw(buffer, layout.heads, painter.heads());
    for ((at, row), y) in window.zip(0..) {
        let area = pen::row(layout.body, y);
        let mut spans = painter.row(*row);
        let selected = at == state.at;
        let marker = if selected { ">" } else { " " };
        let mark = match row.item {
            Item::Exchange(id) if state.marks.contains(&id) => pen.put(Role::Secret, "•"),
            _ => Span::raw(" "),
        };
        let fold = match row.open {
            Some(true) => "▾",
            Some(false) => "▸",
            None => " ",
        };
        let mut line = vec![
            pen.put(Role::Accent, marker),
            mark,
            pen.put(Role::Dim, fold),
        ];
        line.append(&mut spans);
        pen::draw(buffer, area, line);
        if selected {
            buffer.set_style(area, pen.theme.style(Role::Selected));
        }
    }
    if state.rows.is_empty() {
        let key = if state.filtering.text.is_empty() {
            "screen.all-hidden"
        } else {
            "screen.nothing-matches"
        };
        let text = format!("   {}", say(key, pen.lang));
        let row = pen::row(layout.body, 1);
        pen::draw(buffer, row, vec![pen.put(Role::Dim, text)]);
    }
    let legend = columns.waterfall > 0;
    super::info::draw(buffer, layout.info, state, store, pen, legend);
}

/// The time axes: pulls are drawn from their own start, on one common scale.
struct TimeScale {
    span: Duration,
    from: jiff::Timestamp,
    columns: usize,
    flat: bool,
}

impl TimeScale {
    fn of<'a>(
        state: &State,
        store: &Store,
        rows: impl Iterator<Item = &'a Row>,
        columns: usize,
    ) -> Self {
        let (mut from, mut to, mut longest) = (None, None, Duration::ZERO);
        for row in rows {
            let pull = match row.item {
                Item::Exchange(id) if !state.flat => store.entry(id).and_then(|entry| entry.pull),
                Item::Pull(id) => Some(id),
                _ => None,
            };
            if let Some(pull) = pull.and_then(|id| store.pull(id)) {
                longest = longest.max(length(pull, state.now));
                continue;
            }
            let (began, took) = match row.item {
                Item::Exchange(id) => match store.entry(id) {
                    Some(entry) => (entry.exchange.started, span(entry, state.now)),
                    None => continue,
                },
                _ => continue,
            };
            longest = longest.max(took);
            from = Some(from.map_or(began, |from: jiff::Timestamp| from.min(began)));
            let ended = began + took;
            to = Some(to.map_or(ended, |to: jiff::Timestamp| to.max(ended)));
        }
        let from = from.unwrap_or(state.now);
        let all = clock::passed(from, to.unwrap_or(from));
        let span = if state.flat { all } else { longest };
        Self {
            span: span.max(Duration::from_millis(1)),
            from,
            columns,
            flat: state.flat,
        }
    }

    fn axis(&self, start: Option<jiff::Timestamp>) -> Axis {
        Axis {
            from: start.filter(|_| !self.flat).unwrap_or(self.from),
            span: self.span,
            columns: self.columns,
        }
    }
}

struct Painter<'a> {
    state: &'a State,
    store: &'a Store,
    pen: Pen,
    columns: Columns,
    scale: &'a TimeScale,
}

/// The cells of a row.
#[derive(Default)]
struct Cells {
    status: Span<'static>,
    method: String,
    kind: Span<'static>,
    host: String,
    subject: Vec<Span<'static>>,
    size: Span<'static>,
    time: String,
    bar: Vec<Span<'static>>,
}

impl Painter<'_> {
    fn heads(&self) -> Vec<Span<'static>> {
        let (pen, columns) = (self.pen, self.columns);
        let say = |key| say(key, pen.lang);
        let mut line = vec![Span::raw(" ".repeat(MARKER))];
        line.extend(self.cells(Cells {
            status: pen.fit(Role::Dim, say("column.status"), STATUS),
            method: say("column.method").to_owned(),
            kind: pen.fit(Role::Dim, say("column.kind"), columns.kind),
            host: say("column.host").to_owned(),
            subject: vec![pen.put(Role::Dim, say("column.subject"))],
            size: pen.right(Role::Dim, say("column.size"), SIZE),
            time: say("column.time").to_owned(),
            bar: vec![pen.put(Role::Dim, self.scale.axis(None).ruler())],
        }));
        line
    }

    fn row(&self, row: Row) -> Vec<Span<'static>> {
        match row.item {
            Item::Pull(id) => self.store.pull(id).map(|pull| self.pull(pull)),
            Item::Exchange(id) => self
                .store
                .entry(id)
                .map(|entry| self.cells(self.exchange(row, entry))),
            Item::Blob(id, at) => self.queued(id, at),
            Item::Refused(at) => self.refused(at, row.count),
            Item::Tunnel(at) => self.tunnel(at),
        }
        .unwrap_or_default()
    }

    fn cells(&self, cells: Cells) -> Vec<Span<'static>> {
        let (pen, columns) = (self.pen, self.columns);
        let mut line = vec![cells.status];
        if columns.method {
            line.push(pen.fit(Role::Dim, cells.method, METHOD));
        }
        line.push(cells.kind);
        if columns.host > 0 {
            line.push(pen.fit(Role::Dim, cells.host, columns.host - 1));
            line.push(Span::raw(" "));
        }
        line.extend(fit(cells.subject, columns.subject));
        line.push(cells.size);
        if columns.time > 0 {
            line.push(pen.right(Role::Dim, cells.time, columns.time));
        }
        if columns.waterfall > 0 {
            line.push(Span::raw(" "));
            line.extend(cells.bar);
        }
        line
    }

    /// The name of a kind, and a blank behind it.
    fn kind(&self, role: Role, name: &str) -> Span<'static> {
        let columns = self.columns.kind;
        self.pen.fit(role, middle(name, columns - 1), columns)
    }

    fn pull(&self, pull: &Pull) -> Vec<Span<'static>> {
        let (pen, columns, lang) = (self.pen, self.columns, self.state.look.lang);
        let open = pull.state == PullState::UnderWay;
        let (glyph, tone) = story::mark(pull.state);
        let role = if open {
            Role::Accent
        } else {
            colours::tone(tone)
        };
        let found = self.store.findings_of(pull.id);
        let found = found.first().map(|worst| {
            let count = names::count(found.len(), names::FINDINGS, lang);
            pen.put(colours::severity(worst.severity), format!("  ! {count}"))
        });
        let mut left = Vec::new();
        if let Some(platform) = &pull.platform {
            left.push(pen.put(Role::Dim, format!("  {platform}")));
        }
        left.push(pen.put(Role::Dim, format!("  {}", pull.client.label())));
        let exchanges = names::count(pull.totals.exchanges, names::EXCHANGES, lang);
        left.push(pen.put(Role::Dim, format!("  {exchanges}")));
        let size_text = match pull.totals.promised {
            Some(promised) if open && promised > 0 => {
                let received: u64 = pull.blobs.iter().map(|blob| blob.received).sum();
                let share = Share {
                    part: received,
                    whole: promised,
                };
                let facts = [("n", share.percent().to_string()), ("size", size(promised))];
                phrase("screen.percent-of").fill(lang, &facts)
            }
            _ => size(pull.totals.received),
        };
        let size_room = SIZE.max(text::width(&size_text) + 1);
        let took_text = took(length(pull, self.state.now));
        let bar = columns.waterfall + usize::from(columns.waterfall > 0);
        let room = MARKER + columns.time + bar + size_room;
        let room = usize::from(self.state.size.0).saturating_sub(room);
        let mut line = vec![
            pen.fit(Role::Title, format!("#{}", pull.id.0), STATUS),
            pen.put(Role::Title, pull.purpose.name(lang)),
            pen.put(role, format!(" {glyph} ")),
        ];
        // The name gives before what is wrong does.
        let used = pen::width(&line) + found.as_ref().map_or(0, Span::width);
        let name = middle(&names::pull(pull), room.saturating_sub(used));
        line.push(pen.put(Role::Title, name));
        line.extend(found);
        line.append(&mut left);
        let mut line = fit(line, room);
        line.push(pen.right(Role::Text, size_text, size_room));
        line.push(pen.right(Role::Text, took_text, columns.time));
        if columns.waterfall > 0 {
            line.push(Span::raw(" "));
            let axis = self.scale.axis(Some(pull.started));
            let end = pull.started + length(pull, self.state.now);
            line.extend(axis.whole(pen, pull.started, end, open));
        }
        line
    }

    fn exchange(&self, row: Row, entry: &Entry) -> Cells {
        let pen = self.pen;
        let pull = entry.pull.and_then(|id| self.store.pull(id));
        let last = row.via.and_then(|id| self.store.entry(id));
        let shown = last.unwrap_or(entry);
        let blob = pull.and_then(|pull| blob_of(pull, &shown.exchange));
        let step = pull.and_then(|pull| pull.step(entry.exchange.id));
        let part = step.and_then(|step| step.part);
        let part = part.or_else(|| blob.and_then(|blob| blob.part));
        // What went wrong behind a redirect is not to look like the redirect.
        let failed = colours::outcome(shown) == Role::Bad;
        let (told, role) = if failed {
            (shown, Role::Bad)
        } else {
            (entry, colours::kind(shown.kind))
        };
        let status_text = match told.reading.status {
            Some(status) => status.to_string(),
            None if told.exchange.ended.is_some() => "!".to_owned(),
            None => "·".to_owned(),
        };
        let kind_word = names::kind(entry, part, last.is_some(), pen.lang);
        let indent = if row.depth > 1 { "└ " } else { "" };
        let from = &entry.reading.authority;
        let host = match last.map(|last| names::host_word(&last.reading.authority)) {
            Some(to) => format!("{}→{to}", names::host_word(from)),
            None => names::host(from, self.columns.host.saturating_sub(1)),
        };
        let room = self.columns.subject.saturating_sub(1);
        let over = shown.exchange.ended_by(self.state.now);
        Cells {
            status: pen.fit(colours::outcome(told), status_text, STATUS),
            method: entry.reading.method.to_string(),
            kind: self.kind(role, &format!("{indent}{kind_word}")),
            host,
            subject: self.subject(entry, shown, blob, pull.is_some(), room),
            size: self.size(shown, blob),
            time: took(clock::passed(entry.exchange.started, over)),
            bar: self.bar(entry, last, pull),
        }
    }

    fn subject(
        &self,
        entry: &Entry,
        shown: &Entry,
        blob: Option<&Blob>,
        in_pull: bool,
        room: usize,
    ) -> Vec<Span<'static>> {
        let pen = self.pen;
        let notes = self.notes(entry, shown, blob);
        let reserved = pen::width(&notes);
        let name = match (&blob.and_then(|blob| blob.digest.as_ref()), entry.kind) {
            (Some(digest), Kind::Cdn) => digest.short(),
            _ => names::subject(&entry.reading, in_pull, self.state.look.lang),
        };
        let name = text::clean(&name).into_owned();
        let room_for_name = room.saturating_sub(reserved).max(8);
        let mut spans = vec![pen.put(Role::Text, middle(&name, room_for_name))];
        let used = pen::width(&spans) + reserved;
        // A bar for what is large, where there is room for one.
        if let Some(blob) = blob
            && (shown.kind != Kind::Redirect || shown.exchange.ended.is_none())
            && matches!(
                entry.kind,
                Kind::Layer | Kind::Redirect | Kind::Blob | Kind::Cdn | Kind::Config
            )
            && let Some(total) = blob.size.filter(|total| *total >= BAR_FROM)
            && room > used + 14
        {
            // Of the whole blob, or of what this try of several was to bring.
            let received =
                if blob.resumed || blob.state == BlobState::Failed || story::was_cut(shown) {
                    shown.exchange.received.min(total)
                } else {
                    blob.received
                };
            let share = Share {
                part: received,
                whole: total,
            };
            let columns = (room - used - 7).min(16);
            let role = if blob.state == BlobState::Failed {
                Role::Bad
            } else {
                Role::Receive
            };
            spans.push(Span::raw("  "));
            spans.extend(pen.bar(role, share, columns));
            spans.push(pen.put(Role::Dim, format!("{:>4}%", share.percent())));
        }
        let gap = room.saturating_sub(pen::width(&spans) + reserved);
        spans.push(Span::raw(" ".repeat(gap)));
        spans.extend(notes);
        spans
    }

    /// What stands at the right edge of the subject: ticks, lifetimes, failures.
    fn notes(&self, entry: &Entry, shown: &Entry, blob: Option<&Blob>) -> Vec<Span<'static>> {
        let (pen, lang) = (self.pen, self.state.look.lang);
        let note = |role, text: &str| pen.put(role, format!(" {text}"));
        let reading = &shown.reading;
        let mut notes = Vec::new();
        let ended = match &shown.exchange.ended {
            Some((_, Ending::Aborted { .. })) => Some(say("screen.cut-off", lang)),
            Some((_, Ending::Failed { reason, .. })) => Some(reason.name(lang)),
            Some((_, Ending::Complete)) | None => None,
        };
        notes.extend(ended.map(|ended| note(Role::Bad, ended)));
        let asks_to_log_in = entry.kind == Kind::Challenge && reading.authorization.is_none();
        if let Some(error) = reading.errors.first().filter(|_| !asks_to_log_in) {
            notes.push(note(Role::Bad, &middle(&error.code, 24)));
        }
        if let Some(answer) = &reading.token_answer {
            let who = match reading.token_request.as_ref().map(|it| it.credentials) {
                Some(anonymous @ Credentials::Anonymous) => anonymous.name(lang),
                _ => say("screen.signed-in", lang),
            };
            notes.push(note(Role::Dim, who));
            let text = if self.state.facts.live {
                let issued = entry.exchange.ended_by(entry.exchange.started);
                match clock::passed(self.state.now, issued + answer.lifetime()) {
                    Duration::ZERO => say("screen.expired", lang).to_owned(),
                    left => phrase("screen.left").with(lang, took(left)),
                }
            } else {
                phrase("screen.holds-for").with(lang, took(answer.lifetime()))
            };
            notes.push(note(Role::Secret, &text));
        }
        let parts = match &reading.document {
            Some(Document::Index(index)) => Some((index.images().count(), names::PLATFORMS)),
            Some(Document::Manifest(manifest)) => Some((manifest.layers.len(), names::LAYERS)),
            _ => None,
        };
        notes.extend(parts.map(|(n, what)| note(Role::Dim, &names::count(n, what, lang))));
        if reading.range.is_some() && blob.is_some_and(|blob| blob.resumed) {
            notes.push(note(Role::Warn, say("image.resumed", lang)));
        }
        let verified = match blob.map(|blob| blob.state) {
            Some(BlobState::Verified) => Some(true),
            Some(BlobState::Mismatch) => Some(false),
            _ if reading.succeeded() => reading.digests.agree(),
            _ => None,
        };
        // A try that broke off verifies nothing, and neither does a redirect by itself.
        if let Some(good) = verified
            && shown.kind != Kind::Redirect
            && !story::was_cut(shown)
        {
            notes.push(Span::raw(" "));
            notes.push(pen.tick(good));
        }
        notes
    }

    fn size(&self, shown: &Entry, blob: Option<&Blob>) -> Span<'static> {
        let exchange = &shown.exchange;
        let total = shown.reading.content_length;
        let total = total.or_else(|| blob.and_then(|blob| blob.size));
        let moved = exchange.received.max(exchange.sent);
        let text = match (exchange.ended.is_some(), total) {
            (false, Some(total)) if moved > 0 && moved < total => slash(moved, total),
            _ => names::moved(exchange),
        };
        self.pen.right(Role::Text, text, SIZE)
    }

    fn bar(&self, entry: &Entry, last: Option<&Entry>, pull: Option<&Pull>) -> Vec<Span<'static>> {
        let axis = self.scale.axis(pull.map(|pull| pull.started));
        let mut spans = axis.bar(self.pen, &entry.exchange, self.state.now);
        if let Some(last) = last {
            // The second goes on where the first ended.
            let used = pen::width(&spans);
            let more = axis.bar(self.pen, &last.exchange, self.state.now);
            let columns = more.iter().flat_map(|span| {
                let chars = span.content.chars();
                chars.map(|c| Span::styled(c.to_string(), span.style))
            });
            spans.extend(columns.skip(used));
        }
        spans
    }

    fn queued(&self, id: PullId, at: usize) -> Option<Vec<Span<'static>>> {
        let pull = self.store.pull(id)?;
        let blob = pull.blobs.get(at)?;
        let (pen, lang) = (self.pen, self.state.look.lang);
        let digest = blob.digest.as_ref();
        let digest = digest.map_or_else(String::new, Digest::short);
        let size = blob.size.map_or_else(|| "-".to_owned(), size);
        Some(self.cells(Cells {
            status: pen.fit(Role::Dim, "·", STATUS),
            kind: self.kind(Role::Dim, &names::part(blob.part, lang)),
            subject: vec![pen.put(Role::Dim, format!("{digest}  {}", blob.state.name(lang)))],
            size: pen.right(Role::Dim, size, SIZE),
            ..Cells::default()
        }))
    }

    fn refused(&self, at: ConnectionId, times: usize) -> Option<Vec<Span<'static>>> {
        let handshake = find::handshake(self.store, at)?;
        let (pen, lang) = (self.pen, self.state.look.lang);
        let host = refused_host(handshake).unwrap_or("?").to_owned();
        let what = match &handshake.rejection {
            rejection if rejection.is_distrust() => "screen.rejects-our-ca",
            Rejection::Timeout => "screen.handshake-timed-out",
            _ => "screen.handshake-failed",
        };
        let times = Some(times).filter(|times| *times > 1);
        let times = times.map_or_else(String::new, |times| format!("  ×{times}"));
        let note = format!("{times}  ⏎ = {}", say("screen.fix", lang));
        let mut subject = Vec::new();
        if self.columns.host == 0 {
            subject.push(pen.put(Role::Text, format!("{host}  ")));
        }
        subject.push(pen.put(Role::Bad, say(what, lang)));
        subject.push(pen.put(Role::Dim, note));
        Some(self.cells(Cells {
            status: pen.fit(Role::Bad, "!", STATUS),
            method: "TLS".to_owned(),
            kind: self.kind(Role::Bad, say("screen.refused", lang)),
            host,
            subject,
            size: pen.right(Role::Dim, "-", SIZE),
            ..Cells::default()
        }))
    }

    fn tunnel(&self, at: TunnelId) -> Option<Vec<Span<'static>>> {
        let tunnel = find::tunnel(self.store, at)?;
        let (pen, lang) = (self.pen, self.state.look.lang);
        let (target, opened) = (story::target(&tunnel.connection), tunnel.connection.opened);
        let end = tunnel.ended.as_ref().map_or(self.state.now, |(at, _)| *at);
        let axis = self.scale.axis(None);
        let mut subject = Vec::new();
        if self.columns.host == 0 {
            subject.push(pen.put(Role::Dim, format!("{target}  ")));
        }
        subject.push(pen.put(Role::Dim, tunnel.kind.name(lang)));
        Some(self.cells(Cells {
            status: pen.fit(Role::Dim, "-", STATUS),
            method: "TUN".to_owned(),
            kind: self.kind(Role::Dim, say("screen.tunnel", lang)),
            host: target,
            subject,
            size: pen.right(Role::Text, size(tunnel.sent + tunnel.received), SIZE),
            time: took(clock::passed(opened, end)),
            bar: axis.whole(pen, opened, end, tunnel.ended.is_none()),
        }))
    }
}

/// The blob of a pull that an exchange is about.
fn blob_of<'a>(pull: &'a Pull, exchange: &Exchange) -> Option<&'a Blob> {
    pull.blobs
        .iter()
        .find(|blob| blob.exchanges.contains(&exchange.id))
}

/// `24.0/41.4M`.
fn slash(moved: u64, total: u64) -> String {
    let (moved, total) = (size(moved), size(total));
    let unit = total.chars().last().unwrap_or('B');
    format!("{}/{total}", moved.strip_suffix(unit).unwrap_or(&moved))
}

/// Smaller blobs have no bar.
const BAR_FROM: u64 = 64 * 1024;
