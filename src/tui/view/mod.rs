//! Drawing: pure functions from the store and the state to a buffer.

mod colours;
pub(crate) mod detail;
mod empty;
mod find;
mod frame;
mod info;
pub(crate) mod layout;
mod list;
mod names;
mod over;
mod pages;
mod pen;
mod phases;
mod sequence;
mod told;
mod waterfall;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use self::layout::{Layout, SMALLEST};
use self::pen::{Pen, Sheet};
use super::overlay::Overlay;
use super::screen::{Doc, Ingredients, Page, PullPage, Screen};
use super::state::State;
use super::theme::Role;
use crate::exchange::{Bodies, ExchangeId};
use crate::pulls::Pull;
use crate::store::{Entry, Store};
use crate::story;
use crate::words::{phrase, say};

/// Draws everything. Returns where the terminal's cursor is to be, when something is typed.
///
/// [`State::prepare`] comes first; the buffer has the size given there.
pub fn render(store: &Store, state: &State, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let pen = Pen::of(state.look);
    let (width, height) = state.size;
    let cursor = if width < SMALLEST.0 || height < SMALLEST.1 {
        let area = Rect::new(0, height / 2, width, u16::from(height > 0));
        let text = format!(" {}", say("screen.enlarge", pen.lang));
        pen::draw(buffer, area, vec![pen.put(Role::Warn, text)]);
        None
    } else {
        screen(store, state, buffer, pen)
    };
    if state.look.ascii {
        super::ascii::reduce(buffer);
    }
    cursor
}

fn screen(store: &Store, state: &State, buffer: &mut Buffer, pen: Pen) -> Option<(u16, u16)> {
    let layout = Layout::of(state, store);
    frame::header(buffer, &layout, state, store, pen);
    frame::rule(buffer, layout.rule, pen);
    frame::rule(buffer, layout.rule_below, pen);
    match state.page() {
        Some(page) => draw_doc(buffer, &layout, page, pen),
        None if state.is_empty(store) => empty::draw(buffer, &layout, state, pen),
        None => list::draw(buffer, &layout, state, store, pen),
    }
    if let Some(Overlay::Menu(menu)) = &state.overlay {
        over::menu(buffer, layout.body, menu, pen);
    }
    frame::footer(buffer, &layout, state, pen)
}

impl State {
    /// Works out what the next drawing needs: rows, the window over them, and the content of
    /// the open screen.
    pub fn prepare(&mut self, store: &Store, bodies: &dyn Bodies, size: (u16, u16)) {
        self.work_out(store, size);
        let body = Layout::of(self, store).body;
        self.keep_visible(usize::from(body.height));
        if let Some(mut page) = self.pages.pop() {
            fill(&mut page, self, store, bodies, body);
            self.pages.push(page);
        }
    }
}

/// Works out the content of an open screen, and keeps its position within it.
fn fill(page: &mut Page, state: &State, store: &Store, bodies: &dyn Bodies, area: Rect) {
    // An answer may be long: it is not laid out anew for every frame.
    let made_of = Ingredients {
        screen: page.screen,
        size: (area.width, area.height),
        look: state.look,
        switches: [state.explain, state.reveals()],
        cursor: page.cursor,
        left: page.left,
        moment: (!is_settled(page.screen, store)).then_some((
            state.changes,
            state.now.as_second(),
            state.events.len(),
        )),
    };
    if page.made_of != Some(made_of) {
        make(page, state, store, bodies, area);
        page.made_of = Some(made_of);
    }
    find_hits(page);
    let height = usize::from(area.height).saturating_sub(page.doc.fixed.len());
    let last = page.doc.len().saturating_sub(height);
    if page.has_cursor() && page.cursor.is_some() {
        let mut lines = page.doc.about.iter();
        let here = |about: &Option<ExchangeId>| *about == page.cursor;
        let first = lines.clone().position(here).unwrap_or(0);
        let end = lines.rposition(here).unwrap_or(0);
        page.top = page.top.min(first);
        if end >= page.top + height {
            page.top = end + 1 - height.min(end + 1);
        }
    }
    page.top = page.top.min(last);
}

/// Whether the content of a screen stays as it is, whatever else happens.
fn is_settled(screen: Screen, store: &Store) -> bool {
    let Screen::Detail(id, tab) = screen else {
        return false;
    };
    let entry = store.entry(id);
    entry.is_some_and(|entry| entry.exchange.ended.is_some() && detail::is_of_the_wire(entry, tab))
}

/// Works out the content of an open screen.
fn make(page: &mut Page, state: &State, store: &Store, bodies: &dyn Bodies, area: Rect) {
    let mut sheet = Sheet::new(Pen::of(state.look), area.width.into());
    page.doc = match page.screen {
        Screen::Detail(id, tab) => detail::doc(state, store, bodies, id, tab, area),
        Screen::Pull(id, which) => {
            if let Some(pull) = store.pull(id) {
                keep_cursor(page, pull);
                match which {
                    PullPage::Overview => {
                        sheet.told(&story::at_a_glance(pull, &state.telling(store)));
                        sheet.finish()
                    }
                    PullPage::Sequence => {
                        sequence::doc(state, store, pull, page.cursor, page.left, sheet)
                    }
                    PullPage::Waterfall => waterfall::doc(state, store, pull, page.cursor, sheet),
                }
            } else {
                sheet.say(Role::Dim, 2, "screen.pull-gone");
                sheet.finish()
            }
        }
        other => {
            match other {
                Screen::Refused(id) => pages::refused(state, store, id, &mut sheet),
                Screen::Tunnel(id) => pages::tunnel(state, store, id, &mut sheet),
                Screen::Events => pages::events(state, store, &mut sheet),
                _ => pages::help(state, &mut sheet),
            }
            sheet.finish()
        }
    };
}

/// The cursor is on an exchange of the pull.
fn keep_cursor(page: &mut Page, pull: &Pull) {
    let known = page.cursor.is_some_and(|id| pull.step(id).is_some());
    if page.has_cursor() && !known {
        page.cursor = pull.steps.first().map(|step| step.exchange);
    }
}

/// Finds the lines with what is searched for.
pub(super) fn find_hits(page: &mut Page) {
    page.hits.clear();
    let Some(wanted) = &page.search else { return };
    let contains = |line: &Line<'_>| line.to_string().to_lowercase().contains(wanted);
    let (lines, beside) = (&page.doc.lines, &page.doc.beside);
    page.hits = (0..page.doc.len())
        .filter(|at| lines.get(*at).is_some_and(contains) || beside.get(*at).is_some_and(contains))
        .collect();
}

fn draw_doc(buffer: &mut Buffer, layout: &Layout, page: &Page, pen: Pen) {
    let (doc, area) = (&page.doc, layout.body);
    let fixed = u16::try_from(doc.fixed.len()).unwrap_or(0);
    for (line, y) in doc.fixed.iter().zip(0..) {
        let row = pen::row(area, y);
        if row.height > 0 {
            buffer.set_line(row.x, row.y, line, row.width);
        }
    }
    let body = Rect {
        y: area.y + fixed.min(area.height),
        height: area.height.saturating_sub(fixed),
        ..area
    };
    let columns = doc.split.map_or(body.width, |split| split.min(body.width));
    for y in 0..body.height {
        let at = page.top + usize::from(y);
        let row = pen::row(body, y);
        if let Some(line) = doc.lines.get(at) {
            buffer.set_line(row.x, row.y, line, columns);
        }
        let about = doc.about.get(at).copied().flatten();
        let here = page.has_cursor() && about.is_some() && about == page.cursor;
        if here {
            let row = Rect {
                width: columns,
                ..row
            };
            buffer.set_style(row, pen.theme.style(Role::Selected));
        }
    }
    if let Some(split) = doc.split {
        draw_beside(buffer, body, doc, split, page, pen);
    }
    for y in 0..body.height {
        if page
            .hits
            .binary_search(&(page.top + usize::from(y)))
            .is_ok()
        {
            mark_found(buffer, pen::row(body, y), page, pen);
        }
    }
    let hidden = doc
        .len()
        .saturating_sub(page.top + usize::from(body.height));
    if hidden > 0 && body.height > 0 {
        let more = phrase("screen.more").with(pen.lang, hidden.to_string());
        let text = pen.put(Role::Dim, format!(" {more} ↓ "));
        let wide = u16::try_from(text.width()).unwrap_or(0).min(body.width);
        // Below the text, where there is a rule.
        let corner = Rect {
            x: body.right() - wide,
            y: body.bottom() - u16::from(layout.rule_below.height == 0),
            width: wide,
            height: 1,
        };
        pen::draw(buffer, corner, vec![text]);
    }
}

/// The second column. On a screen with a cursor it stays where it is.
fn draw_beside(buffer: &mut Buffer, body: Rect, doc: &Doc, split: u16, page: &Page, pen: Pen) {
    let top = if page.has_cursor() { 0 } else { page.top };
    for y in 0..body.height {
        let row = pen::row(body, y);
        if split + 2 >= row.width {
            return;
        }
        let bar = Rect {
            x: row.x + split,
            width: 1,
            ..row
        };
        pen::draw(buffer, bar, vec![pen.put(Role::Faint, "│")]);
        if let Some(line) = doc.beside.get(top + usize::from(y)) {
            let gap = u16::from(page.has_cursor());
            buffer.set_line(bar.x + 1 + gap, row.y, line, row.width - split - 1 - gap);
        }
    }
}

/// Highlights what is searched for in a row of the screen.
fn mark_found(buffer: &mut Buffer, row: Rect, page: &Page, pen: Pen) {
    let Some(wanted) = page.search.as_deref().filter(|wanted| !wanted.is_empty()) else {
        return;
    };
    let wanted: Vec<char> = wanted.chars().collect();
    let columns = row.left()..row.right();
    let cell = |x| {
        let symbol = buffer.cell((x, row.y)).map_or(" ", |cell| cell.symbol());
        symbol.chars().flat_map(char::to_lowercase).next()
    };
    let cells: Vec<char> = columns.map(|x| cell(x).unwrap_or(' ')).collect();
    for (at, window) in cells.windows(wanted.len()).enumerate() {
        if window == wanted {
            let found = Rect {
                x: row.x + u16::try_from(at).unwrap_or(0),
                width: u16::try_from(wanted.len()).unwrap_or(0),
                ..row
            };
            buffer.set_style(found, pen.theme.style(Role::Found));
        }
    }
}

/// A file name for a body.
pub(super) fn body_name(entry: &Entry) -> String {
    let digests = &entry.reading.digests;
    let digest = [&digests.requested, &digests.stated, &digests.computed];
    let digest = digest.into_iter().flatten().next();
    let extension = match entry.reading.content_type.as_str() {
        json if json.contains("json") => "json",
        text if text.starts_with("text/") => "txt",
        _ => "bin",
    };
    let own = digest.and_then(|digest| digest.hex().get(..12));
    let own = own.map_or_else(|| entry.exchange.id.to_string(), str::to_owned);
    format!("{}-{own}.{extension}", entry.kind)
}
