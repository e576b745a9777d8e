//! Everything the view remembers. One owner changes it; drawing only borrows it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::action::Item;
use super::facts::Facts;
use super::filtering::Filtering;
use super::look::Look;
use super::overlay::Overlay;
use super::rows::{self, Order, Row, RowChoice};
use super::said::Said;
use super::screen::{Page, Screen};
use super::theme::Role;
use crate::exchange::{Bodies, Exchange, ExchangeId};
use crate::pulls::PullId;
use crate::store::Store;
use crate::story::{self, Telling, Tone};

/// What the view remembers.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the user's"
)]
pub struct State {
    pub(crate) facts: Facts,
    pub(crate) look: Look,
    pub(crate) now: Timestamp,
    pub(crate) size: (u16, u16),
    pub(crate) rows: Vec<Row>,
    pub(crate) selection: Option<Item>,
    /// What the user selected last; its row may be away for a while.
    anchor: Option<Item>,
    /// The row of the selection.
    pub(crate) at: usize,
    /// The first visible row.
    pub(crate) top: usize,
    pub(crate) follow: bool,
    /// Rows that came while not following.
    pub(crate) news: usize,
    pub(crate) flat: bool,
    pub(crate) order: Order,
    pub(crate) toggled: HashSet<Item>,
    pub(crate) hidden: HashSet<Item>,
    pub(crate) marks: BTreeSet<ExchangeId>,
    pub(crate) filtering: Filtering,
    pub(crate) pages: Vec<Page>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) explain: bool,
    pub(crate) events: VecDeque<EventLine>,
    pub(super) notice: Option<Notice>,
    pub(super) reveal_until: Option<Timestamp>,
    stale: bool,
    /// How often the store has changed.
    pub(super) changes: u64,
}

/// One line of what happened in the program.
#[derive(Clone, Debug)]
pub(crate) struct EventLine {
    pub(crate) at: Timestamp,
    pub(crate) role: Role,
    pub(crate) text: Said,
}

/// Something told in the footer for a few seconds.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) until: Timestamp,
    pub(crate) role: Role,
    pub(crate) text: Said,
}

impl State {
    /// The view at its start.
    pub fn new(facts: Facts, look: Look, now: Timestamp) -> Self {
        Self {
            follow: facts.live,
            facts,
            look,
            now,
            size: (80, 24),
            explain: true,
            stale: true,
            ..Self::default()
        }
    }

    /// Other facts than at the start.
    pub fn learn(&mut self, facts: Facts) {
        self.facts = facts;
    }

    /// The store has changed in what concerns these exchanges.
    pub fn changed(&mut self, store: &Store, ids: &[ExchangeId]) {
        self.filtering.again(store, ids);
        self.stale = true;
        self.changes += 1;
    }

    /// Time has passed. Whether the screen shows something that depends on it, for instance a
    /// lifetime that counts down.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let passed = now.as_second() != self.now.as_second();
        let over = self.notice.take_if(|notice| notice.until <= now).is_some();
        self.now = now;
        over || passed || self.filtering.is_working()
    }

    /// Tells something in the footer, and remembers it among the events.
    pub fn tell(&mut self, good: bool, text: impl Into<Said>) {
        let (text, role) = (text.into(), if good { Role::Good } else { Role::Bad });
        let stay = if good { 4 } else { 8 };
        let until = self.now + Duration::from_secs(stay);
        self.log(role, text.clone());
        self.notice = Some(Notice { until, role, text });
    }

    /// Adds a line of the program's log.
    pub fn log_line(&mut self, text: impl Into<Said>) {
        self.log(Role::Dim, text.into());
    }

    pub(super) fn log(&mut self, role: Role, text: Said) {
        while self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(EventLine {
            at: self.now,
            role,
            text,
        });
    }

    /// Works out the rows, as far as they are stale, for a window of this size.
    pub(super) fn work_out(&mut self, store: &Store, size: (u16, u16)) {
        self.size = size;
        if self.filtering.is_working() && !self.filtering.work(store) {
            self.stale = true;
        }
        if self.stale {
            self.build_rows(store);
        }
    }

    /// Rows are worked out anew before the next drawing.
    pub(super) fn rebuild(&mut self) {
        self.stale = true;
    }

    fn build_rows(&mut self, store: &Store) {
        self.stale = false;
        let before = self.rows.len();
        self.rows = rows::rows(
            store,
            &RowChoice {
                flat: self.flat,
                order: self.order,
                toggled: &self.toggled,
                hidden: &self.hidden,
                matching: self.filtering.matching(),
            },
        );
        if !self.follow {
            self.news += self.rows.len().saturating_sub(before);
        }
        self.find_selection();
    }

    /// The selection keeps its item; where that has gone, its place.
    fn find_selection(&mut self) {
        let last = self.rows.len().saturating_sub(1);
        if self.follow && !self.rows.is_empty() {
            self.at = last;
        } else {
            let wanted = self.anchor.or(self.selection);
            let found = wanted.and_then(|item| self.rows.iter().position(|row| row.item == item));
            self.at = found.unwrap_or(self.at).min(last);
        }
        self.selection = self.rows.get(self.at).map(|row| row.item);
        if self.follow {
            self.anchor = self.selection;
        }
    }

    /// Moves the window so that the selection is in it.
    pub(super) fn keep_visible(&mut self, height: usize) {
        let height = height.max(1);
        let most = self.rows.len().saturating_sub(height);
        self.top = self.top.min(most).min(self.at);
        if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
    }

    /// Selects a row by its number; beyond the ends is the end.
    pub(super) fn select(&mut self, at: usize) {
        self.at = at.min(self.rows.len().saturating_sub(1));
        self.selection = self.rows.get(self.at).map(|row| row.item);
        self.anchor = self.selection.or(self.anchor);
    }

    /// Selects what stands for an item, if it has a row.
    pub(super) fn select_item(&mut self, item: Item) {
        if let Some(at) = self.rows.iter().position(|row| row.item == item) {
            self.follow = false;
            self.select(at);
        }
    }

    pub(crate) fn page(&self) -> Option<&Page> {
        self.pages.last()
    }

    /// The exchange that commands are about.
    pub(crate) fn subject(&self) -> Option<ExchangeId> {
        match self.page() {
            Some(Page {
                screen: Screen::Detail(id, _),
                ..
            }) => Some(*id),
            Some(page) => page.cursor,
            None => match self.selection {
                Some(Item::Exchange(id)) => Some(id),
                _ => None,
            },
        }
    }

    /// What a row of the list is about: where a redirect led and failed, that hop.
    pub(crate) fn hop(&self, id: ExchangeId, store: &Store) -> ExchangeId {
        let row = self.rows.get(self.at).and_then(|row| row.via);
        let went_wrong = |via: &ExchangeId| {
            let entry = store.entry(*via);
            entry.is_some_and(|entry| story::tone(entry) == Tone::Bad)
        };
        row.filter(went_wrong).unwrap_or(id)
    }

    /// The pull that commands are about.
    pub(crate) fn subject_pull(&self, store: &Store) -> Option<PullId> {
        if let Some(Page {
            screen: Screen::Pull(id, _),
            ..
        }) = self.page()
        {
            return Some(*id);
        }
        match (self.page(), self.selection) {
            (None, Some(Item::Pull(id) | Item::Blob(id, _))) => Some(id),
            _ => store.entry(self.subject()?)?.pull,
        }
    }

    /// What the program around has told.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How the view looks right now.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Whether something is being worked out that shows on the screen when it is done.
    pub fn is_working(&self) -> bool {
        self.filtering.is_working()
    }

    /// What the story is told from; of a file it is told as of then.
    pub(crate) fn telling<'a>(&self, store: &'a Store) -> Telling<'a> {
        Telling {
            store,
            lang: self.look.lang,
            now: self.facts.live.then_some(self.now),
        }
    }

    /// An exchange as it may be shown: without its secrets, unless they are revealed right now.
    pub(crate) fn shown<'a>(
        &self,
        exchange: &'a Exchange,
        bodies: Option<&dyn Bodies>,
    ) -> Cow<'a, Exchange> {
        if self.facts.secrets_kept && !self.reveals() {
            Cow::Owned(self.facts.mask.exchange(exchange, bodies))
        } else {
            Cow::Borrowed(exchange)
        }
    }

    /// Whether secrets are shown right now.
    pub(crate) fn reveals(&self) -> bool {
        self.facts.secrets_kept && self.reveal_until.is_some_and(|until| until > self.now)
    }
}

/// Events that are remembered.
const MOST_EVENTS: usize = 2_000;
