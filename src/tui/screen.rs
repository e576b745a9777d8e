//! Which screen is open, and where in it the user is.

use ratatui::text::Line;

use super::look::Look;
use crate::exchange::{ConnectionId, ExchangeId, TunnelId};
use crate::pulls::PullId;

/// A screen above the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// One exchange and one of its tabs, from 0.
    Detail(ExchangeId, usize),
    /// A pull.
    Pull(PullId, PullPage),
    /// A client that refused our certificate, by its connection.
    Refused(ConnectionId),
    /// A tunnel that was passed on unread, by its number.
    Tunnel(TunnelId),
    /// What happened in the program.
    Events,
    /// The keys.
    Help,
}

/// The ways to look at a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PullPage {
    Overview,
    Sequence,
    Waterfall,
}

/// An open screen and where in it the user is.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) screen: Screen,
    /// The first visible line.
    pub(crate) top: usize,
    /// Columns scrolled to the right.
    pub(crate) left: usize,
    /// The exchange under the cursor, on screens that have one.
    pub(crate) cursor: Option<ExchangeId>,
    /// What is searched for.
    pub(crate) search: Option<String>,
    /// Lines with what is searched for.
    pub(crate) hits: Vec<usize>,
    /// What is shown.
    pub(crate) doc: Doc,
    /// From what it was made: while that is the same, so is what is shown.
    pub(crate) made_of: Option<Ingredients>,
}

/// What the content of a screen depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ingredients {
    pub(crate) screen: Screen,
    pub(crate) size: (u16, u16),
    pub(crate) look: Look,
    /// Whether explanations and secrets are shown.
    pub(crate) switches: [bool; 2],
    pub(crate) cursor: Option<ExchangeId>,
    pub(crate) left: usize,
    /// The state of the store and the second, where it depends on them.
    pub(crate) moment: Option<(u64, i64, usize)>,
}

/// The content of a screen: lines, and perhaps a second column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doc {
    /// The lines.
    pub(crate) lines: Vec<Line<'static>>,
    /// Lines beside them that scroll along.
    pub(crate) beside: Vec<Line<'static>>,
    /// Columns of the first column, where there is a second.
    pub(crate) split: Option<u16>,
    /// Lines at the top that do not scroll.
    pub(crate) fixed: Vec<Line<'static>>,
    /// For every line the exchange it is about.
    pub(crate) about: Vec<Option<ExchangeId>>,
}

impl Page {
    pub(crate) fn new(screen: Screen) -> Self {
        Self {
            screen,
            top: 0,
            left: 0,
            cursor: None,
            search: None,
            hits: Vec::new(),
            doc: Doc::default(),
            made_of: None,
        }
    }

    /// Whether lines are exchanges that a cursor moves over.
    pub(crate) fn has_cursor(&self) -> bool {
        matches!(
            self.screen,
            Screen::Pull(_, PullPage::Sequence | PullPage::Waterfall)
        )
    }
}

impl Doc {
    pub(crate) fn len(&self) -> usize {
        self.lines.len().max(self.beside.len())
    }
}
