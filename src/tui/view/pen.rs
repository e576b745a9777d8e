//! Writing styled text. Everything that is written goes through here, and so is made harmless.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::base::text;
use crate::base::text::{clean, wrap};
use crate::exchange::ExchangeId;
use crate::story::Share;
use crate::tui::look::Look;
use crate::tui::screen::Doc;
use crate::tui::theme::{Role, Theme};
use crate::words::{Lang, say};

/// Makes spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub(crate) theme: Theme,
    pub(crate) lang: Lang,
    ascii: bool,
}

impl Pen {
    pub(crate) fn of(look: Look) -> Self {
        let Look { theme, ascii, lang } = look;
        Self { theme, lang, ascii }
    }

    /// What could steer the terminal is escaped; keys have names where their signs cannot be.
    fn plain(self, text: &str) -> Cow<'_, str> {
        let text = clean(text);
        let signs = KEY_SIGNS.iter().filter(|(sign, _)| text.contains(*sign));
        if self.ascii {
            return signs.fold(text.clone(), |text, (sign, name)| {
                text.replace(*sign, name).into()
            });
        }
        text
    }

    /// Text of a role; what could steer the terminal is escaped.
    pub(crate) fn put(self, role: Role, text: impl AsRef<str>) -> Span<'static> {
        Span::styled(
            self.plain(text.as_ref()).into_owned(),
            self.theme.style(role),
        )
    }

    /// The words with this key in the catalogue.
    pub(crate) fn say(self, role: Role, key: &'static str) -> Span<'static> {
        self.put(role, say(key, self.lang))
    }

    /// The same in exactly `room` columns.
    pub(crate) fn fit(self, role: Role, text: impl AsRef<str>, room: usize) -> Span<'static> {
        Span::styled(
            text::fit(&self.plain(text.as_ref()), room),
            self.theme.style(role),
        )
    }

    /// The same, at the right edge of `room` columns.
    pub(crate) fn right(self, role: Role, text: impl AsRef<str>, room: usize) -> Span<'static> {
        Span::styled(
            text::right(&self.plain(text.as_ref()), room),
            self.theme.style(role),
        )
    }

    /// The name of a tab, which is open or not.
    pub(crate) fn tab(self, name: &str, open: bool) -> Span<'static> {
        if open {
            self.put(Role::Accent, format!("[{name}]"))
        } else {
            self.put(Role::Dim, format!(" {name} "))
        }
    }

    /// A tick or a cross.
    pub(crate) fn tick(self, good: bool) -> Span<'static> {
        if good {
            self.put(Role::Good, "✓")
        } else {
            self.put(Role::Bad, "✗")
        }
    }

    /// A bar of `room` columns, filled to `part` of it.
    pub(crate) fn bar(self, role: Role, share: Share, room: usize) -> [Span<'static>; 2] {
        let full = filled(share, room);
        [
            self.put(role, "█".repeat(full)),
            self.put(Role::Faint, "░".repeat(room - full)),
        ]
    }
}

/// The columns of a bar that are filled.
pub(crate) fn filled(share: Share, room: usize) -> usize {
    let room = u128::try_from(room).unwrap_or_default();
    let whole = u128::from(share.whole).max(1);
    let part = u128::from(share.part).min(whole);
    usize::try_from((part * room + whole / 2) / whole).unwrap_or_default()
}

/// Signs of keys, and their names in ASCII.
const KEY_SIGNS: &[(&str, &str)] = &[("⏎", "Enter"), ("⇧", "Shift-"), ("↑↓", "Up/Down")];

/// Columns that spans take.
pub(crate) fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

/// Pads spans to `room` columns, or cuts them there with an ellipsis.
pub(crate) fn fit(mut spans: Vec<Span<'static>>, room: usize) -> Vec<Span<'static>> {
    let mut used = 0;
    for at in 0..spans.len() {
        let Some(span) = spans.get_mut(at) else { break };
        let wide = span.width();
        if used + wide > room {
            span.content = text::cut(&span.content, room - used).into();
            used += span.width();
            spans.truncate(at + 1);
            break;
        }
        used += wide;
    }
    if used < room {
        spans.push(Span::raw(" ".repeat(room - used)));
    }
    spans
}

/// Draws a line into the first row of an area.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, spans: Vec<Span<'static>>) {
    if area.height > 0 {
        buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
    }
}

/// The row of an area, counted from its top.
pub(crate) fn row(area: Rect, at: u16) -> Rect {
    Rect {
        y: area.y + at,
        height: u16::from(at < area.height),
        ..area
    }
}

/// Collects the lines of a screen.
pub(crate) struct Sheet {
    pub(crate) pen: Pen,
    /// Columns that lines may take.
    pub(crate) width: usize,
    pub(crate) lines: Vec<Line<'static>>,
    about: Vec<Option<ExchangeId>>,
    subject: Option<ExchangeId>,
}

impl Sheet {
    pub(crate) fn new(pen: Pen, width: usize) -> Self {
        Self {
            pen,
            width,
            lines: Vec::new(),
            about: Vec::new(),
            subject: None,
        }
    }

    /// The lines that follow are about this exchange.
    pub(crate) fn about(&mut self, exchange: Option<ExchangeId>) {
        self.subject = exchange;
    }

    pub(crate) fn push(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push(Line::from(spans));
        self.about.push(self.subject);
    }

    pub(crate) fn blank(&mut self) {
        // Never two in a row, and never at the top.
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.push(Vec::new());
        }
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.blank();
        self.push(vec![self.pen.put(Role::Title, format!(" {text}"))]);
    }

    /// A heading with something dim behind it.
    pub(crate) fn heading_with(&mut self, text: &str, note: &str) {
        self.blank();
        let pen = self.pen;
        self.push(vec![
            pen.put(Role::Title, format!(" {text}")),
            pen.put(Role::Dim, format!("  {note}")),
        ]);
    }

    /// A label in so many columns and a text, which goes on below itself when it is long.
    pub(crate) fn labelled(
        &mut self,
        (of_label, label, columns): (Role, &str, usize),
        (role, text): (Role, &str),
    ) {
        let room = self.width.saturating_sub(columns + 1).max(8);
        for (at, line) in wrap(&clean(text), room).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let label = self.pen.fit(of_label, label, columns);
            self.push(vec![label, self.pen.put(role, line)]);
        }
    }

    /// Text over as many lines as it needs, `indent` columns in.
    pub(crate) fn text(&mut self, role: Role, indent: usize, text: &str) {
        let text = clean(text);
        for line in wrap(&text, self.width.saturating_sub(indent + 1)) {
            self.push(vec![
                Span::raw(" ".repeat(indent)),
                self.pen.put(role, line),
            ]);
        }
    }

    /// The words with this key in the catalogue.
    pub(crate) fn say(&mut self, role: Role, indent: usize, key: &'static str) {
        self.text(role, indent, say(key, self.pen.lang));
    }

    pub(crate) fn finish(self) -> Doc {
        Doc {
            lines: self.lines,
            about: self.about,
            ..Doc::default()
        }
    }
}
