//! What a key can make the view do, and what the view asks the program around it to do.

use std::path::PathBuf;

use super::said::Said;
use crate::exchange::{Capture, ConnectionId, ExchangeId, TunnelId};
use crate::pulls::PullId;

/// One thing a key, a command or a palette entry makes the view do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row or line up.
    Up,
    /// One row or line down.
    Down,
    /// Fold, one tab back, or scroll left.
    Left,
    /// Unfold, one tab on, or scroll right.
    Right,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// Open what is selected.
    Open,
    /// Leave this screen; on the list: quit.
    Back,
    /// Quit from anywhere.
    Quit,
    /// The next tab.
    NextTab,
    /// The previous tab.
    PrevTab,
    /// The tab of this number, from 1.
    Tab(u8),
    /// The next exchange, without leaving its screen.
    NextItem,
    /// The previous exchange.
    PrevItem,
    /// Type a filter.
    Filter,
    /// Take the filter away.
    Unfilter,
    /// Draw everything anew.
    Redraw,
    /// Type what to search for on this screen.
    Search,
    /// The next place where it was found.
    FindNext,
    /// The previous place.
    FindPrev,
    /// Follow what is new, or stop to.
    Follow,
    /// The next order of rows.
    Order,
    /// Grouped by pull, or flat.
    Tree,
    /// Mark or unmark.
    Mark,
    /// Take the selected row out of the view.
    Hide,
    /// Take everything out of the view, after a question.
    Clear,
    /// Choose a format and a file, and export.
    Export,
    /// Save the trace as HAR.
    Save,
    /// Open a trace.
    Load,
    /// Save the body of the selected exchange.
    SaveBody,
    /// Choose what to copy.
    Copy,
    /// Show secrets for a while, where the session kept them.
    Reveal,
    /// The explanation of the selected row: shown or not.
    Explain,
    /// Explain in the other language.
    Language,
    /// What happened in the program.
    Events,
    /// The ladder of the pull.
    Sequence,
    /// The waterfall of the pull.
    Waterfall,
    /// The overview of the pull, with its findings.
    Overview,
    /// The keys.
    Help,
    /// Type a command.
    Command,
    /// Choose a command from a list.
    Palette,
    /// The next set of colours.
    Theme,
}

/// What the view asks of the program around it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Leave what is looked at: what lies below it comes back, or the program ends.
    Leave,
    /// Draw the whole screen, whatever the terminal shows.
    Redraw,
    /// Put this on the clipboard.
    Copy {
        /// What it is, for the notice: `digest`.
        what: Said,
        /// The text.
        text: String,
    },
    /// Write the trace in a format.
    Export {
        /// The format's word, one of [`Facts::formats`](super::Facts::formats).
        format: String,
        /// The file.
        path: PathBuf,
        /// Only these exchanges; all when empty.
        only: Vec<ExchangeId>,
    },
    /// Write a body to a file.
    SaveBody {
        /// What was kept of it.
        capture: Capture,
        /// The file.
        path: PathBuf,
    },
    /// Copy an exchange or a pull in the form of an export.
    CopyAs {
        /// The format's word.
        format: String,
        /// The exchanges.
        only: Vec<ExchangeId>,
    },
    /// Open a trace.
    Load(PathBuf),
    /// Report mouse events, or stop to.
    Mouse(bool),
    /// Panic, to see the terminal restored. Only by typing `:panic`.
    Panic,
}

/// What a row stands for. A selection is one of these, never a row's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A pull.
    Pull(PullId),
    /// An exchange.
    Exchange(ExchangeId),
    /// A blob of a pull that was not asked for yet, by its place in the pull.
    Blob(PullId, usize),
    /// Clients' refusals of our certificate for one host, by the first of them.
    Refused(ConnectionId),
    /// A tunnel that was passed on unread, by its number.
    Tunnel(TunnelId),
}
