//! The bars of the waterfall: which part of an exchange took how long.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::Span;

use super::pen::Pen;
use crate::base::clock;
use crate::exchange::{Exchange, Phase};
use crate::tui::theme::Role;
use crate::words::say;

/// A stretch of time drawn over some columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// Where it begins.
    pub(crate) from: Timestamp,
    /// How long it is.
    pub(crate) span: Duration,
    /// Over how many columns.
    pub(crate) columns: usize,
}

/// The whole columns that a part of a room takes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "columns are few"
)]
pub(crate) fn columns(part: Duration, whole: Duration, room: usize) -> usize {
    let part = part.as_secs_f64() / whole.as_secs_f64().max(0.000_001);
    (part.clamp(0.0, 1.0) * room as f64) as usize
}

/// What the parts of a bar mean.
pub(crate) fn legend(pen: Pen) -> impl Iterator<Item = Span<'static>> {
    let parts = [
        (Role::Connect, "▐", "legend.connect"),
        (Role::Wait, "▒", "legend.wait"),
        (Role::Receive, "█", "legend.receive"),
    ];
    parts.into_iter().flat_map(move |(role, glyph, what)| {
        let what = format!(" {} ", say(what, pen.lang));
        [pen.put(role, format!(" {glyph}")), pen.put(Role::Dim, what)]
    })
}

/// Where each phase of an exchange ended, from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phases {
    /// Waiting for a limit, the name, the connection and TLS.
    pub(crate) connected: Duration,
    /// The request sent and the first byte of the answer here.
    pub(crate) answered: Duration,
    /// The last byte so far.
    pub(crate) over: Duration,
    /// Whether it goes on.
    pub(crate) open: bool,
}

impl Phases {
    pub(crate) fn of(exchange: &Exchange, now: Timestamp) -> Self {
        let since = |at: Timestamp| clock::passed(exchange.started, at);
        let timings = &exchange.timings;
        let open = exchange.ended.is_none();
        let over = since(exchange.ended_by(now));
        let connecting = [Phase::Blocked, Phase::Dns, Phase::Connect];
        let connected = timings.sum(&connecting).min(over);
        let waited = timings.sum(&[Phase::Send, Phase::Wait]);
        let head = exchange.response.as_ref();
        let head = head.map(|response| since(response.at));
        let answered = match head {
            Some(head) => head.min(over),
            None if !open && waited > Duration::ZERO => (connected + waited).min(over),
            None => over,
        };
        Self {
            connected,
            answered: answered.max(connected),
            over,
            open,
        }
    }
}

impl Axis {
    /// The column at which a moment is.
    pub(crate) fn column(&self, at: Timestamp) -> usize {
        let since = clock::passed(self.from, at);
        self.offset(since)
    }

    fn offset(&self, since: Duration) -> usize {
        columns(since, self.span, self.columns)
    }

    /// The bar of an exchange.
    pub(crate) fn bar(&self, pen: Pen, exchange: &Exchange, now: Timestamp) -> Vec<Span<'static>> {
        let phases = Phases::of(exchange, now);
        let begin = clock::passed(self.from, exchange.started);
        let last = self.columns.saturating_sub(1);
        let start = self.offset(begin).min(last);
        let at = |phase: Duration| self.offset(begin.saturating_add(phase)).min(self.columns);
        // What happened is seen, however short it was.
        let end = at(phases.over).max(start + 1);
        let connected = if phases.connected > Duration::ZERO
            && !exchange.upstream.as_ref().is_some_and(|up| up.reused)
        {
            at(phases.connected).max(start + 1).min(end)
        } else {
            start
        };
        let received = phases.over.saturating_sub(phases.answered);
        let mut answered = at(phases.answered).clamp(connected, end);
        if answered == end && received > phases.over / 2 && end > start + 1 {
            answered = end - 1;
        }
        if end == start + 1 {
            // One column has room for one phase: the longest.
            let waited = phases.answered.saturating_sub(phases.connected);
            let (role, glyph) = if received > waited.max(phases.connected) {
                (Role::Receive, if phases.open { "▶" } else { "█" })
            } else if waited >= phases.connected {
                (Role::Wait, "▒")
            } else {
                (Role::Connect, "▐")
            };
            return vec![Span::raw(" ".repeat(start)), pen.put(role, glyph)];
        }
        let mut spans = vec![Span::raw(" ".repeat(start))];
        let mut part = |role, glyph: &str, from: usize, to: usize| {
            if to > from {
                spans.push(pen.put(role, glyph.repeat(to - from)));
            }
        };
        part(Role::Connect, "▐", start, connected);
        part(Role::Wait, "▒", connected, answered);
        if phases.open && end > answered {
            part(Role::Receive, "█", answered, end - 1);
            part(Role::Receive, "▶", end - 1, end);
        } else {
            part(Role::Receive, "█", answered, end);
        }
        spans
    }

    /// The bar of something that has no phases.
    pub(crate) fn whole(
        &self,
        pen: Pen,
        from: Timestamp,
        to: Timestamp,
        open: bool,
    ) -> Vec<Span<'static>> {
        let start = self.column(from).min(self.columns.saturating_sub(1));
        let end = self.column(to).max(start + 1).min(self.columns.max(1));
        let body = end - start - usize::from(open);
        let mut spans = vec![
            Span::raw(" ".repeat(start)),
            pen.put(Role::Dim, "━".repeat(body)),
        ];
        if open {
            spans.push(pen.put(Role::Receive, "▶"));
        }
        spans
    }

    /// Marks of round figures: `0s      2s      4s`.
    pub(crate) fn ruler(&self) -> String {
        let secs = self.span.as_secs_f64();
        let wanted = f64::from(u32::try_from(self.columns).unwrap_or(u32::MAX)) / 9.0;
        let step = STEPS
            .iter()
            .copied()
            .find(|step| secs / step <= wanted)
            .unwrap_or(secs.max(1.0));
        let mut line = String::new();
        let mut mark = 0.0;
        while mark <= secs {
            let column = self.offset(Duration::from_secs_f64(mark));
            let label = label(mark);
            let length = line.chars().count();
            if column + label.len() > self.columns {
                break;
            }
            line.extend(std::iter::repeat_n(' ', column.saturating_sub(length)));
            line.push_str(&label);
            mark += step;
        }
        line
    }
}

fn label(secs: f64) -> String {
    if secs == 0.0 {
        "0".to_owned()
    } else if secs < 1.0 {
        format!("{:.0}ms", secs * 1_000.0)
    } else if secs < 60.0 {
        format!("{secs}s")
    } else {
        format!("{:.0}m", secs / 60.0)
    }
}

/// Round figures, in seconds.
const STEPS: [f64; 20] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0,
    120.0, 300.0, 600.0, 1_800.0,
];
