//! Which part of the screen is for what.

use ratatui::layout::Rect;

use crate::store::Store;
use crate::tui::state::State;

/// The parts; one that there is no room for is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) header: Rect,
    pub(crate) rule: Rect,
    /// The heads of the list's columns.
    pub(crate) heads: Rect,
    pub(crate) body: Rect,
    pub(crate) rule_below: Rect,
    /// What the selected row is, and why.
    pub(crate) info: Rect,
    pub(crate) footer: Rect,
}

/// Smaller windows show a request to enlarge them.
pub(crate) const SMALLEST: (u16, u16) = (40, 8);
/// Smaller windows show the list only.
const COMFORTABLE: (u16, u16) = (60, 12);

impl Layout {
    pub(crate) fn of(state: &State, store: &Store) -> Self {
        let (width, height) = state.size;
        let mut top = 0;
        let mut take = |rows: u16| {
            let rows = rows.min(height - top);
            let area = Rect::new(0, top, width, rows);
            top += rows;
            area
        };
        let list = state.pages.is_empty();
        let empty = state.is_empty(store);
        if width < COMFORTABLE.0 || height < COMFORTABLE.1 {
            let header = take(1);
            let body = take(height.saturating_sub(2));
            return Self {
                header,
                body,
                footer: take(1),
                ..Self::default()
            };
        }
        let info = match (list && !empty, state.explain, height) {
            (true, true, 20..) => 3,
            (true, true, _) => 2,
            (true, false, 16..) => 1,
            _ => 0,
        };
        let header = take(1);
        let rule = take(1);
        let heads = take(u16::from(list && !empty));
        let below = 2 + info;
        let body = take(height.saturating_sub(2 + heads.height + below));
        let rule_below = take(1);
        Self {
            header,
            rule,
            heads,
            body,
            rule_below,
            info: take(info),
            footer: take(1),
        }
    }
}
