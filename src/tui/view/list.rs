//! The list: pulls and their exchanges, as a table of which only the visible rows are built.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
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
use crate::registry::{Credentials, Document, Kind};
use crate::store::{Entry, Store};
use crate::story::{self, Share};
use crate::tui::action::Item;
use crate::tui::rows::{Row, refused_host, span};
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{Lang, phrase, say};

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
            96..=139 => 18,
            _ => 26,
        };
        let method = width >= 104;
        let (kind, time) = if width < 60 { (9, 0) } else { (11, 7) };
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
    let window = state
        .rows
        .iter()
        .enumerate()
        .skip(state.top)
        .take(layout.body.height.into());
    let scale = Scale::of(
        state,
        store,
        window.clone().map(|(_, row)| row),
        columns.waterfall,
    );
    let lang = state.look.lang;
    heads(buffer, layout.heads, &columns, &scale, pen, lang);
    for ((at, row), y) in window.zip(0..) {
        let area = pen::row(layout.body, y);
        let painter = Painter {
            state,
            store,
            pen,
            columns,
            scale: &scale,
        };
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
        let text = format!("   {}", say(key, lang));
        pen::draw(
            buffer,
            pen::row(layout.body, 1),
            vec![pen.put(Role::Dim, text)],
        );
    }
    super::info::draw(
        buffer,
        layout.info,
        state,
        store,
        pen,
        columns.waterfall > 0,
    );
}

fn heads(buffer: &mut Buffer, area: Rect, columns: &Columns, scale: &Scale, pen: Pen, lang: Lang) {
    let mut line = vec![
        Span::raw("   "),
        pen.fit(Role::Dim, say("column.status", lang), STATUS),
    ];
    if columns.method {
        line.push(pen.fit(Role::Dim, say("column.method", lang), METHOD));
    }
    line.push(pen.fit(Role::Dim, say("column.kind", lang), columns.kind));
    if columns.host > 0 {
        line.push(pen.fit(Role::Dim, say("column.host", lang), columns.host));
    }
    let subject = say("column.subject", lang);
    line.push(pen.fit(Role::Dim, subject, columns.subject));
    line.push(pen.right(Role::Dim, say("column.size", lang), SIZE));
    if columns.time > 0 {
        line.push(pen.right(Role::Dim, say("column.time", lang), columns.time));
    }
    if columns.waterfall > 0 {
        line.push(Span::raw(" "));
        line.push(pen.fit(Role::Dim, scale.axis(None).ruler(), columns.waterfall));
    }
    pen::draw(buffer, area, line);
}

/// The time axes: pulls are drawn from their own start, on one common scale.
struct Scale {
    span: Duration,
    from: jiff::Timestamp,
    columns: usize,
    flat: bool,
}

impl Scale {
    fn of<'a>(
        state: &State,
        store: &Store,
        rows: impl Iterator<Item = &'a Row>,
        columns: usize,
    ) -> Self {
        let (mut from, mut to, mut longest) = (None, None, Duration::ZERO);
        for row in rows {
            let (began, took) = match row.item {
                Item::Exchange(id) => {
                    let Some(entry) = store.entry(id) else {
                        continue;
                    };
                    if let Some(pull) = entry.pull.and_then(|id| store.pull(id))
                        && !state.flat
                    {
                        longest = longest.max(length(pull, state.now));
                        continue;
                    }
                    (entry.exchange.started, span(entry, state.now))
                }
                Item::Pull(id) => {
                    let Some(pull) = store.pull(id) else { continue };
                    longest = longest.max(length(pull, state.now));
                    continue;
                }
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
        let from = if self.flat {
            self.from
        } else {
            start.unwrap_or(self.from)
        };
        Axis {
            from,
            span: self.span,
            columns: self.columns,
        }
    }
}

/// How long a pull took, or has taken.
fn length(pull: &Pull, now: jiff::Timestamp) -> Duration {
    match (pull.state, pull.ended) {
        (_, Some(ended)) => clock::passed(pull.started, ended),
        (PullState::UnderWay, None) => clock::passed(pull.started, now),
        (_, None) => pull.totals.took,
    }
}

struct Painter<'a> {
    state: &'a State,
    store: &'a Store,
    pen: Pen,
    columns: Columns,
    scale: &'a Scale,
}

/// The cells of a row.
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

    fn pull(&self, pull: &Pull) -> Vec<Span<'static>> {
        let (pen, columns, lang) = (self.pen, self.columns, self.state.look.lang);
        let open = pull.state == PullState::UnderWay;
        let (glyph, tone) = story::mark(pull.state);
        let role = if open {
            Role::Accent
        } else {
            colours::tone(tone)
        };
        let mut left = vec![
            pen.fit(Role::Title, format!("#{}", pull.id.0), STATUS),
            pen.put(Role::Title, pull.purpose.name(lang)),
            Span::raw(" "),
            pen.put(role, glyph),
            Span::raw(" "),
            pen.put(Role::Title, names::pull(pull)),
        ];
        let found = self.store.findings_of(pull.id);
        if let Some(finding) = found.first() {
            let role = colours::severity(finding.severity);
            let count = names::count(found.len(), names::FINDINGS, lang);
            left.push(pen.put(role, format!("  ! {count}")));
        }
        if let Some(platform) = &pull.platform {
            left.push(pen.put(Role::Dim, format!("  {platform}")));
        }
        left.push(pen.put(Role::Dim, format!("  {}", pull.client.label())));
        let exchanges = names::count(pull.totals.exchanges, names::EXCHANGES, lang);
        left.push(pen.put(Role::Dim, format!("  {exchanges}")));
        let size_text = match pull.totals.promised {
            Some(promised) if open && promised > 0 => {
                let received: u64 = pull.blobs.iter().map(|blob| blob.received).sum();
                let facts = [
                    ("n", percent(received, promised).to_string()),
                    ("size", size(promised)),
                ];
                phrase("screen.percent-of").fill(lang, &facts)
            }
            _ => size(pull.totals.received),
        };
        let size_room = SIZE.max(text::width(&size_text) + 1);
        let took_text = took(length(pull, self.state.now));
        let right = columns.time;
        let room =
            MARKER + right + columns.waterfall + usize::from(columns.waterfall > 0) + size_room;
        let mut line = fit(left, usize::from(self.state.size.0).saturating_sub(room));
        line.push(pen.right(Role::Text, size_text, size_room));
        line.push(pen.right(Role::Text, took_text, right));
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
        let part = pull
            .and_then(|pull| pull.step(entry.exchange.id).and_then(|step| step.part))
            .or_else(|| blob.and_then(|blob| blob.part));
        let merged = last.is_some();
        // What went wrong behind a redirect is not to look like the redirect.
        let told = if colours::outcome(shown) == Role::Bad {
            shown
        } else {
            entry
        };
        let status = told.reading.status;
        let failed = colours::outcome(shown) == Role::Bad;
        let lang = self.state.look.lang;
        let status_text = match status {
            Some(status) => status.to_string(),
            None if told.exchange.ended.is_some() => "!".to_owned(),
            None => "·".to_owned(),
        };
        let kind_word = names::kind(entry, part, merged, lang);
        let indent = if row.depth > 1 { "└ " } else { "" };
        let kind = shown.kind;
        let (outcome, role) = if failed {
            (Role::Bad, Role::Bad)
        } else {
            (colours::outcome(entry), colours::kind(kind))
        };
        let host = match last {
            Some(last) => {
                format!(
                    "{}→{}",
                    names::host_word(&entry.reading.authority),
                    names::host_word(&last.reading.authority)
                )
            }
            None => names::host(
                &entry.reading.authority,
                self.columns.host.saturating_sub(1),
            ),
        };
        let room = self.columns.subject.saturating_sub(1);
        Cells {
            status: pen.fit(outcome, status_text, STATUS),
            method: entry.reading.method.to_string(),
            kind: pen.fit(role, format!("{indent}{kind_word}"), self.columns.kind),
            host,
            subject: self.subject(entry, shown, blob, pull.is_some(), room),
            size: self.size(shown, blob),
            time: took(clock::passed(
                entry.exchange.started,
                shown.exchange.ended_by(self.state.now),
            )),
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
            let part = ratio(received, total);
            let columns = (room - used - 7).min(16);
            let role = if blob.state == BlobState::Failed {
                Role::Bad
            } else {
                Role::Receive
            };
            spans.push(Span::raw("  "));
            spans.extend(pen.bar(role, part, columns));
            spans.push(pen.put(Role::Dim, format!("{:>4}%", percent(received, total))));
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
        match &shown.exchange.ended {
            Some((_, Ending::Aborted { .. })) => {
                notes.push(note(Role::Bad, say("screen.cut-off", lang)));
            }
            Some((_, Ending::Failed { reason, .. })) => {
                notes.push(note(Role::Bad, reason.name(lang)));
            }
            Some((_, Ending::Complete)) | None => {}
        }
        if let Some(error) = reading.errors.first() {
            notes.push(note(Role::Bad, &middle(&error.code, 24)));
        }
        if let Some(answer) = &reading.token_answer {
            let anonymous = reading
                .token_request
                .as_ref()
                .is_some_and(|request| request.credentials == Credentials::Anonymous);
            let who = if anonymous {
                Credentials::Anonymous.name(lang)
            } else {
                say("screen.signed-in", lang)
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
            Some(Document::Index(index)) => {
                names::count(index.images().count(), names::PLATFORMS, lang)
            }
            Some(Document::Manifest(manifest)) => {
                names::count(manifest.layers.len(), names::LAYERS, lang)
            }
            _ => String::new(),
        };
        if !parts.is_empty() {
            notes.push(note(Role::Dim, &parts));
        }
        if reading.range.is_some() && blob.is_some_and(|blob| blob.resumed) {
            notes.push(note(Role::Warn, say("image.resumed", lang)));
        }
        let verified = match blob.map(|blob| blob.state) {
            Some(BlobState::Verified) => Some(true),
            Some(BlobState::Mismatch) => Some(false),
            _ if reading.succeeded() => reading.digests.agree(),
            _ => None,
        };
        if let Some(good) = verified
            && (entry.kind != Kind::Redirect || shown.exchange.id != entry.exchange.id)
        {
            notes.push(Span::raw(" "));
            notes.push(pen.tick(good));
        }
        notes
    }

    fn size(&self, shown: &Entry, blob: Option<&Blob>) -> Span<'static> {
        let exchange = &shown.exchange;
        let total = shown
            .reading
            .content_length
            .or_else(|| blob.and_then(|blob| blob.size));
        let moved = exchange.received.max(exchange.sent);
        let text = match (exchange.ended.is_some(), total) {
            (false, Some(total)) if moved > 0 && moved < total => slash(moved, total),
            _ if moved == 0 => "-".to_owned(),
            _ => size(moved),
        };
        self.pen.right(Role::Text, text, SIZE)
    }

    fn bar(&self, entry: &Entry, last: Option<&Entry>, pull: Option<&Pull>) -> Vec<Span<'static>> {
        let axis = self.scale.axis(pull.map(|pull| pull.started));
        let mut spans = axis.bar(self.pen, &entry.exchange, self.state.now);
        if let Some(last) = last {
            let used = pen::width(&spans);
            let more = axis.bar(self.pen, &last.exchange, self.state.now);
            // The second begins where the first ended; its leading blanks are what lies before.
            let blank = more.first().map_or(0, Span::width);
            if blank >= used {
                spans.push(Span::raw(" ".repeat(blank - used)));
                spans.extend(more.into_iter().skip(1));
            } else {
                let mut skip = used - blank;
                for mut span in more.into_iter().skip(1) {
                    let wide = span.width();
                    let drop = skip.min(wide);
                    skip -= drop;
                    span.content = span.content.chars().skip(drop).collect::<String>().into();
                    spans.push(span);
                }
            }
        }
        spans
    }

    fn queued(&self, id: PullId, at: usize) -> Option<Vec<Span<'static>>> {
        let pull = self.store.pull(id)?;
        let blob = pull.blobs.get(at)?;
        let (pen, lang) = (self.pen, self.state.look.lang);
        let digest = blob
            .digest
            .as_ref()
            .map_or_else(String::new, crate::registry::Digest::short);
        Some(self.cells(Cells {
            status: pen.fit(Role::Dim, "·", STATUS),
            method: String::new(),
            kind: pen.fit(Role::Dim, names::part(blob.part, lang), self.columns.kind),
            host: String::new(),
            subject: vec![pen.put(Role::Dim, format!("{digest}  {}", blob.state.name(lang)))],
            size: pen.right(
                Role::Dim,
                blob.size.map_or_else(|| "-".to_owned(), size),
                SIZE,
            ),
            time: String::new(),
            bar: Vec::new(),
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
        let times = if times > 1 {
            format!("  ×{times}")
        } else {
            String::new()
        };
        let mut subject = Vec::new();
        if self.columns.host == 0 {
            subject.push(pen.put(Role::Text, format!("{host}  ")));
        }
        subject.push(pen.put(Role::Bad, say(what, lang)));
        subject.push(pen.put(
            Role::Dim,
            format!("{times}  ⏎ = {}", say("screen.fix", lang)),
        ));
        Some(self.cells(Cells {
            status: pen.fit(Role::Bad, "!", STATUS),
            method: "TLS".to_owned(),
            kind: pen.fit(Role::Bad, say("screen.refused", lang), self.columns.kind),
            host,
            subject,
            size: pen.right(Role::Dim, "-", SIZE),
            time: String::new(),
            bar: Vec::new(),
        }))
    }

    fn tunnel(&self, at: TunnelId) -> Option<Vec<Span<'static>>> {
        let tunnel = find::tunnel(self.store, at)?;
        let (pen, lang) = (self.pen, self.state.look.lang);
        let target = story::target(&tunnel.connection);
        let end = tunnel.ended.as_ref().map_or(self.state.now, |(at, _)| *at);
        let lasted = clock::passed(tunnel.connection.opened, end);
        let mut subject = Vec::new();
        if self.columns.host == 0 {
            subject.push(pen.put(Role::Dim, format!("{target}  ")));
        }
        subject.push(pen.put(Role::Dim, tunnel.kind.name(lang)));
        Some(self.cells(Cells {
            status: pen.fit(Role::Dim, "-", STATUS),
            method: "TUN".to_owned(),
            kind: pen.fit(Role::Dim, say("screen.tunnel", lang), self.columns.kind),
            host: target,
            subject,
            size: pen.right(Role::Text, size(tunnel.sent + tunnel.received), SIZE),
            time: took(lasted),
            bar: self.scale.axis(None).whole(
                pen,
                tunnel.connection.opened,
                end,
                tunnel.ended.is_none(),
            ),
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

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// Whole per cent.
fn percent(part: u64, whole: u64) -> u64 {
    Share { part, whole }.percent()
}

/// Smaller blobs have no bar.
const BAR_FROM: u64 = 64 * 1024;
