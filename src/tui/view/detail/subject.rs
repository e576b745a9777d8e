//! What every tab of an exchange is drawn from.

use ratatui::layout::Rect;

use crate::exchange::{Bodies, Exchange};
use crate::pulls::Pull;
use crate::store::{Entry, Store};
use crate::tui::state::State;

/// What a tab is drawn from.
pub(in crate::tui::view) struct Subject<'a> {
    pub(in crate::tui::view) state: &'a State,
    pub(in crate::tui::view) store: &'a Store,
    pub(in crate::tui::view) bodies: &'a dyn Bodies,
    pub(in crate::tui::view) entry: &'a Entry,
    /// The exchange as it may be shown.
    pub(in crate::tui::view) exchange: &'a Exchange,
    pub(in crate::tui::view) pull: Option<&'a Pull>,
    pub(in crate::tui::view) area: Rect,
}
