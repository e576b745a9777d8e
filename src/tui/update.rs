//! What actions do to the state.

use std::path::Path;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};

use super::action::{Action, Effect, Item};
use super::keymap::{self, Place};
use super::menus;
use super::overlay::{Agreed, Choice, Overlay, Purpose, Reaction, path};
use super::rows::Row;
use super::said::Said;
use super::screen::{Page, PullPage, Screen};
use super::state::State;
use super::theme::Scheme;
use super::view;
use super::view::layout::Layout;
use crate::exchange::{Capture, ExchangeId};
use crate::pulls::PullId;
use crate::store::Store;
use crate::store::filter::KEYWORDS;
use crate::words::{Lang, phrase};

impl State {
    /// Takes a key.
    pub fn key(&mut self, key: &KeyEvent, store: &Store) -> Vec<Effect> {
        self.notice = None;
        if let Some(overlay) = &mut self.overlay {
            let reaction = overlay.key(key);
            return self.react(reaction, store);
        }
        let shows_steps = matches!(
            self.page().map(|page| page.screen),
            Some(Screen::Refused(_) | Screen::Help)
        );
        if (shows_steps || self.is_empty(store))
            && let Some(step) = self.first_step(key)
        {
            return vec![step];
        }
        match keymap::action(key, self.place()) {
            Some(action) => self.update(action, store),
            None if keymap::name(key).as_deref() == Some("ctrl-z") => {
                self.tell(false, Said::row("notice.no-ctrl-z"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Takes pasted text; only where something is typed.
    pub fn paste(&mut self, text: &str, store: &Store) -> Vec<Effect> {
        let Some(overlay) = &mut self.overlay else {
            return Vec::new();
        };
        let reaction = overlay.paste(text);
        self.react(reaction, store)
    }

    /// Takes what the mouse did.
    pub fn mouse(&mut self, event: &MouseEvent, store: &Store) -> Vec<Effect> {
        let body = Layout::of(self, store).body;
        match event.kind {
            MouseEventKind::ScrollDown => self.scroll(Action::Down, store),
            MouseEventKind::ScrollUp => self.scroll(Action::Up, store),
            MouseEventKind::Down(_)
                if self.pages.is_empty() && body.contains((event.column, event.row).into()) =>
            {
                let at = self.top + usize::from(event.row - body.y);
                if at == self.at {
                    return self.update(Action::Open, store);
                }
                if at < self.rows.len() {
                    self.follow = false;
                    self.select(at);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn scroll(&mut self, action: Action, store: &Store) -> Vec<Effect> {
        let lines = 0..3;
        lines.flat_map(|_| self.update(action, store)).collect()
    }

    /// Whether nothing has been seen and the first steps are shown.
    pub(crate) fn is_empty(&self, store: &Store) -> bool {
        self.pages.is_empty()
            && store.entries().len() == 0
            && store.handshakes().is_empty()
            && store.tunnels().is_empty()
    }

    pub(crate) fn place(&self) -> Place {
        match self.page().map(|page| page.screen) {
            None => Place::List,
            Some(Screen::Detail(..)) => Place::Detail,
            Some(Screen::Pull(..)) => Place::Pull,
            Some(Screen::Refused(_) | Screen::Tunnel(_) | Screen::Events | Screen::Help) => {
                Place::Page
            }
        }
    }

    fn first_step(&self, key: &KeyEvent) -> Option<Effect> {
        let name = keymap::name(key)?;
        let step = self
            .facts
            .first_steps
            .iter()
            .find(|step| name == step.key.to_string())?;
        Some(Effect::Copy {
            what: Said::row("clipboard.command"),
            text: step.command.clone(),
        })
    }

    fn react(&mut self, reaction: Reaction, store: &Store) -> Vec<Effect> {
        match reaction {
            Reaction::Stay => return Vec::new(),
            Reaction::Typed => {
                self.typed(store);
                return Vec::new();
            }
            _ => {}
        }
        let overlay = self.overlay.take();
        match reaction {
            Reaction::Enter(purpose, text) => self.enter(purpose, &text, store, overlay),
            Reaction::Chosen(choice) => self.choose(choice, store),
            Reaction::Agreed(Agreed::Effect(effect)) => vec![effect],
            Reaction::Close => {
                // A filter that is not wanted after all leaves the one before.
                if let Some(Overlay::Prompt(prompt)) = overlay
                    && prompt.purpose == Purpose::Filter
                {
                    self.filter(&prompt.initial, store);
                }
                Vec::new()
            }
            Reaction::Agreed(Agreed::Clear) => {
                self.hidden.extend(self.rows.iter().map(|row| row.item));
                let ids = store
                    .entries()
                    .map(|entry| Item::Exchange(entry.exchange.id));
                self.hidden.extend(ids);
                self.rebuild();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A filter holds while it is typed, as far as it can be read.
    fn typed(&mut self, store: &Store) {
        let Some(Overlay::Prompt(prompt)) = &mut self.overlay else {
            return;
        };
        let text = prompt.input.value().to_owned();
        match prompt.purpose {
            Purpose::Filter => {
                prompt.mistake = self.filtering.set(begun(&text)).err();
                self.filtering.work(store);
                self.rebuild();
            }
            Purpose::Search => self.search(&text),
            _ => {}
        }
    }

    fn enter(
        &mut self,
        purpose: Purpose,
        text: &str,
        store: &Store,
        overlay: Option<Overlay>,
    ) -> Vec<Effect> {
        match purpose {
            Purpose::Filter => {
                if let Err(mistake) = self.filtering.set(text)
                    && let Some(Overlay::Prompt(mut prompt)) = overlay
                {
                    // It stays open until it can be read.
                    prompt.mistake = Some(mistake);
                    self.overlay = Some(Overlay::Prompt(prompt));
                }
                self.filtering.work(store);
                self.rebuild();
                Vec::new()
            }
            Purpose::Search => {
                self.search(text);
                self.update(Action::FindNext, store)
            }
            Purpose::Command => self.command(text, store),
            _ if text.trim().is_empty() => Vec::new(),
            Purpose::Load => vec![Effect::Load(path(text))],
            Purpose::Export { format, only } => {
                let path = path(text);
                self.write(&path.clone(), Effect::Export { format, path, only })
            }
            Purpose::SaveBody { capture } => {
                let path = path(text);
                self.write(&path.clone(), Effect::SaveBody { capture, path })
            }
        }
    }

    /// Asks first where a file would be replaced.
    fn write(&mut self, path: &Path, effect: Effect) -> Vec<Effect> {
        if !path.is_file() {
            return vec![effect];
        }
        let name = path.display().to_string();
        self.overlay = Some(Overlay::Confirm {
            question: Said::phrase("question.replace", &[("n", &name)]),
            then: Agreed::Effect(effect),
        });
        Vec::new()
    }

    /// Sets a filter that can be read.
    fn filter(&mut self, text: &str, store: &Store) {
        if let Err(mistake) = self.filtering.set(text) {
            self.refuse("notice.filter", text, &mistake.to_string());
        }
        self.filtering.work(store);
        self.rebuild();
    }

    fn choose(&mut self, choice: Choice, store: &Store) -> Vec<Effect> {
        match choice {
            Choice::Action(action) => self.update(action, store),
            Choice::Command(command) => self.command(&command, store),
            Choice::Effect(effect) => vec![effect],
            Choice::Ask(purpose, text) => self.ask(purpose, text),
        }
    }

    fn ask(&mut self, purpose: Purpose, text: String) -> Vec<Effect> {
        self.overlay = Some(Overlay::prompt(purpose, text));
        Vec::new()
    }

    /// A typed command: `:set theme light`.
    fn command(&mut self, text: &str, store: &Store) -> Vec<Effect> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["q" | "quit" | "exit"] => return self.update(Action::Quit, store),
            ["set", "theme", word] | ["theme", word] => match word.parse() {
                Ok(scheme) => self.look.theme.scheme = scheme,
                Err(known) => self.refuse("notice.no-theme", word, known),
            },
            ["set", ..] if words.len() < 2 => self.refuse("notice.set-what", text, ""),
            ["set", "mouse"] | ["set", "mouse", "on"] => return vec![Effect::Mouse(true)],
            ["set", "nomouse"] | ["set", "mouse", "off"] => return vec![Effect::Mouse(false)],
            ["set", "ascii"] => self.look.ascii = true,
            ["set", "noascii" | "unicode"] => self.look.ascii = false,
            ["set", "lang", "en"] | ["lang", "en"] => self.look.lang = Lang::En,
            ["set", "lang", "zh"] | ["lang", "zh"] => self.look.lang = Lang::Zh,
            ["filter", ..] => {
                let filter = text.trim().strip_prefix("filter").unwrap_or_default();
                self.filter(filter, store);
            }
            ["load" | "open", file] => return vec![Effect::Load(path(file))],
            ["save", file] => return self.command(&format!("export har {file}"), store),
            ["export", format, file] => {
                if self.facts.formats.iter().any(|known| known.word == *format) {
                    let (format, only) = ((*format).into(), Vec::new());
                    return self.enter(Purpose::Export { format, only }, file, store, None);
                }
                let known: Vec<&str> = self.facts.formats.iter().map(|f| f.word.as_str()).collect();
                self.refuse("notice.no-format", format, &known.join(", "));
            }
            ["unhide"] => {
                self.hidden.clear();
                self.rebuild();
            }
            ["unmark"] => self.marks.clear(),
            ["panic"] => return vec![Effect::Panic],
            [word] => match keymap::commands().find(|(known, _)| known == word) {
                Some((_, binding)) => return self.update(binding.action, store),
                None => self.refuse("notice.no-command", word, ""),
            },
            _ => self.refuse("notice.no-command", text, ""),
        }
        Vec::new()
    }

    /// Tells what is wrong with what was typed.
    fn refuse(&mut self, key: &'static str, text: &str, why: &str) {
        self.tell(false, Said::phrase(key, &[("text", text), ("why", why)]));
    }

    /// Does what an action says, and tells what the program around is to do.
    pub fn update(&mut self, action: Action, store: &Store) -> Vec<Effect> {
        match action {
            Action::Up
            | Action::Down
            | Action::Top
            | Action::Bottom
            | Action::PageUp
            | Action::PageDown => {
                if self.pages.is_empty() {
                    self.move_selection(action, store);
                } else {
                    self.move_page(action, store);
                }
            }
            Action::Left | Action::Right => self.sideways(action == Action::Right, store),
            Action::Open => self.open(store),
            Action::Back => return self.back(store),
            Action::Quit => return self.quit(Effect::Quit, store),
            Action::NextTab => self.turn_tab(1, store),
            Action::PrevTab => self.turn_tab(-1, store),
            Action::Tab(number) => self.tab(usize::from(number) - 1, store),
            Action::NextItem => self.neighbour(true),
            Action::PrevItem => self.neighbour(false),
            Action::Filter => return self.ask(Purpose::Filter, self.filtering.text.clone()),
            Action::Unfilter => self.filter("", store),
            Action::Redraw => return vec![Effect::Redraw],
            Action::Search => return self.ask(Purpose::Search, String::new()),
            Action::FindNext => self.find(true),
            Action::FindPrev => self.find(false),
            Action::Follow => {
                self.follow = !self.follow;
                self.news = 0;
                self.rebuild();
            }
            Action::Order => {
                self.order = self.order.next();
                self.tell(true, Said::row(self.order.key()));
                self.rebuild();
            }
            Action::Tree => {
                self.flat = !self.flat;
                self.rebuild();
            }
            Action::Mark => self.mark(store),
            Action::Hide => {
                if let Some(item) = self.selection {
                    self.hidden.insert(item);
                    self.follow = false;
                    self.rebuild();
                }
            }
            Action::Clear => {
                self.overlay = Some(Overlay::Confirm {
                    question: Said::row("question.clear"),
                    then: Agreed::Clear,
                });
            }
            Action::Save => {
                let (format, only) = ("har".into(), Vec::new());
                let purpose = Purpose::Export { format, only };
                return self.ask(purpose, self.facts.save_as.clone());
            }
            Action::Load => return self.ask(Purpose::Load, String::new()),
            Action::Export => self.overlay = Some(menus::export(self, store)),
            Action::Copy => self.overlay = menus::copy(self, store),
            Action::SaveBody => self.save_body(store),
            Action::Palette => self.overlay = Some(menus::palette(self.place(), self.look.lang)),
            Action::Command => return self.ask(Purpose::Command, String::new()),
            Action::Reveal => self.reveal(),
            Action::Explain => self.explain = !self.explain,
            Action::Language => {
                self.explain = true;
                self.look.lang = match self.look.lang {
                    Lang::En => Lang::Zh,
                    Lang::Zh => Lang::En,
                };
            }
            Action::Events => self.show(Screen::Events),
            Action::Help => self.show(Screen::Help),
            Action::Sequence => self.show_pull(PullPage::Sequence, store),
            Action::Waterfall => self.show_pull(PullPage::Waterfall, store),
            Action::Overview => self.show_pull(PullPage::Overview, store),
            Action::Theme => {
                let schemes = Scheme::ALL.into_iter().cycle();
                let mut next = schemes.skip_while(|scheme| *scheme != self.look.theme.scheme);
                self.look.theme.scheme = next.nth(1).unwrap_or_default();
                let name: &str = self.look.theme.scheme.into();
                self.tell(true, Said::phrase("notice.theme", &[("n", name)]));
            }
        }
        Vec::new()
    }

    fn move_selection(&mut self, action: Action, store: &Store) {
        let page = usize::from(Layout::of(self, store).body.height).max(2) - 1;
        let last = self.rows.len().saturating_sub(1);
        let at = moved(self.at, action, page).min(last);
        if at < self.at {
            self.follow = false;
        }
        self.select(at);
    }

    fn move_page(&mut self, action: Action, store: &Store) {
        let height = usize::from(Layout::of(self, store).body.height);
        let Some(page) = self.pages.last_mut() else {
            return;
        };
        if page.has_cursor() {
            let ids: Vec<_> = unique(&page.doc.about);
            let at = ids
                .iter()
                .position(|id| Some(*id) == page.cursor)
                .unwrap_or_default();
            let at = moved(at, action, height / 2);
            page.cursor = ids.get(at.min(ids.len().saturating_sub(1))).copied();
            return;
        }
        let height = height.saturating_sub(page.doc.fixed.len());
        let last = page.doc.len().saturating_sub(height);
        page.top = moved(page.top, action, height.max(2) - 1).min(last);
    }

    fn sideways(&mut self, right: bool, store: &Store) {
        match self.pages.last_mut() {
            None => self.fold(right),
            Some(Page {
                screen: Screen::Detail(..),
                ..
            }) => self.turn_tab(if right { 1 } else { -1 }, store),
            Some(page) if right => page.left += SIDE_STEP,
            Some(page) => page.left = page.left.saturating_sub(SIDE_STEP),
        }
    }

    fn fold(&mut self, open: bool) {
        let Some(row) = self.rows.get(self.at).copied() else {
            return;
        };
        match row.open {
            Some(is_open) if is_open != open => {
                if !self.toggled.remove(&row.item) {
                    self.toggled.insert(row.item);
                }
                self.follow = false;
                self.rebuild();
            }
            // From within, to what it belongs to.
            _ if !open => {
                let above = self
                    .rows
                    .iter()
                    .take(self.at)
                    .rposition(|other| other.depth < row.depth);
                if let Some(above) = above {
                    self.follow = false;
                    self.select(above);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, store: &Store) {
        if let Some(page) = self.page() {
            let id = match page.screen {
                Screen::Pull(id, PullPage::Overview) => decisive(id, store),
                _ => page.cursor,
            };
            if let Some(id) = id {
                self.show(Screen::Detail(id, 0));
            }
            return;
        }
        match self.selection {
            Some(Item::Exchange(id)) => self.show(Screen::Detail(self.hop(id, store), 0)),
            Some(Item::Blob(id, _))
                if let Some(manifest) = store.pull(id).and_then(|pull| pull.image.manifest) =>
            {
                self.show(Screen::Detail(manifest, 0));
            }
            Some(Item::Pull(id) | Item::Blob(id, _)) => {
                self.show(Screen::Pull(id, PullPage::Overview));
            }
            Some(Item::Refused(at)) => self.show(Screen::Refused(at)),
            Some(Item::Tunnel(at)) => self.show(Screen::Tunnel(at)),
            None => {}
        }
    }

    fn show(&mut self, screen: Screen) {
        // A screen that is open already is gone back to, not opened once more.
        let same = |page: &Page| match (page.screen, screen) {
            (Screen::Detail(a, _), Screen::Detail(b, _)) => a == b,
            (a, b) => a == b,
        };
        if let Some(at) = self.pages.iter().position(same) {
            self.pages.truncate(at + 1);
        } else {
            let mut page = Page::new(screen);
            page.cursor = self.subject().filter(|_| page.has_cursor());
            if matches!(screen, Screen::Events) {
                page.top = usize::MAX;
            }
            self.pages.push(page);
        }
    }

    fn show_pull(&mut self, which: PullPage, store: &Store) {
        let Some(id) = self.subject_pull(store) else {
            self.tell(false, Said::row("notice.no-pull"));
            return;
        };
        let cursor = self.subject();
        let here = self.page().map(|page| page.screen);
        if matches!(here, Some(Screen::Pull(..))) {
            self.pages.pop();
        }
        self.show(Screen::Pull(id, which));
        if let Some(page) = self.pages.last_mut()
            && page.has_cursor()
        {
            page.cursor = page.cursor.or(cursor);
        }
    }

    fn back(&mut self, store: &Store) -> Vec<Effect> {
        match self.pages.pop() {
            None => return self.quit(Effect::Leave, store),
            Some(Page {
                screen: Screen::Detail(id, _),
                ..
            }) if self.pages.is_empty() => {
                self.select_item(Item::Exchange(id));
            }
            Some(_) => {}
        }
        Vec::new()
    }

    /// Leaves by this effect, after a question where transfers are under way.
    fn quit(&mut self, effect: Effect, store: &Store) -> Vec<Effect> {
        let open = store
            .entries()
            .rev()
            .take(OPEN_LOOK)
            .filter(|entry| entry.exchange.ended.is_none())
            .count();
        let key = match open {
            _ if !self.facts.live => return vec![effect],
            0 => return vec![effect],
            1 => "question.quit-one",
            _ => "question.quit",
        };
        self.overlay = Some(Overlay::Confirm {
            question: Said::phrase(key, &[("n", &open.to_string())]),
            then: Agreed::Effect(effect),
        });
        Vec::new()
    }

    fn turn_tab(&mut self, by: isize, store: &Store) {
        let Some(Screen::Detail(id, at)) = self.page().map(|page| page.screen) else {
            return;
        };
        let count = store
            .entry(id)
            .map_or(1, |entry| view::detail::tabs(entry).len());
        let count = isize::try_from(count).unwrap_or(1).max(1);
        let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(count);
        self.tab(usize::try_from(next).unwrap_or(0), store);
    }

    fn tab(&mut self, number: usize, store: &Store) {
        let Some(page) = self.pages.last_mut() else {
            return;
        };
        if let Screen::Detail(id, at) = &mut page.screen
            && store
                .entry(*id)
                .is_some_and(|entry| number < view::detail::tabs(entry).len())
            && *at != number
        {
            *at = number;
            page.top = 0;
            page.left = 0;
        }
    }

    /// From one exchange's screen to that of the next one of the list.
    fn neighbour(&mut self, next: bool) {
        let Some(Screen::Detail(id, _)) = self.page().map(|page| page.screen) else {
            return;
        };
        // What a redirect led to is one of them, also where it has no row of its own.
        let of_row = |row: &Row| match row.item {
            Item::Exchange(id) => [Some(id), row.via],
            _ => [None; 2],
        };
        let all: Vec<_> = self.rows.iter().flat_map(of_row).flatten().collect();
        let Some(here) = all.iter().position(|other| *other == id) else {
            return;
        };
        let found = here.checked_add_signed(if next { 1 } else { -1 });
        let found = found.and_then(|at| all.get(at)).copied();
        if let (Some(id), Some(page)) = (found, self.pages.last_mut()) {
            *page = Page::new(Screen::Detail(id, 0));
        }
    }

    fn mark(&mut self, store: &Store) {
        let ids = match (self.subject(), self.subject_pull(store)) {
            (Some(id), _) => vec![id],
            (None, Some(pull)) => store.pull(pull).map_or_else(Vec::new, |pull| {
                pull.steps.iter().map(|step| step.exchange).collect()
            }),
            (None, None) => return,
        };
        let marked = ids.iter().all(|id| self.marks.contains(id));
        for id in ids {
            if marked {
                self.marks.remove(&id);
            } else {
                self.marks.insert(id);
            }
        }
        if self.pages.is_empty() {
            self.select(self.at + 1);
        }
    }

    fn save_body(&mut self, store: &Store) {
        let entry = self.subject().and_then(|id| store.entry(id));
        let body = entry.and_then(|entry| entry.exchange.response_body.as_ref());
        match body.map(|body| &body.capture) {
            Some(capture @ (Capture::Memory { .. } | Capture::Stored { .. })) => {
                let name = entry.map_or_else(String::new, view::body_name);
                let capture = capture.clone();
                self.ask(Purpose::SaveBody { capture }, name);
            }
            Some(Capture::Omitted { reason }) => {
                let text = Lang::ALL.map(|lang| {
                    let facts = [("reason", reason.told(lang))];
                    phrase("notice.body-not-kept").fill(lang, &facts)
                });
                self.tell(false, Said::each(text));
            }
            _ => self.tell(false, Said::row("notice.no-body")),
        }
    }

    fn reveal(&mut self) {
        if self.facts.secrets_kept {
            self.reveal_until = Some(self.now + REVEAL);
        } else {
            self.tell(false, Said::row("notice.no-secrets"));
        }
    }

    fn search(&mut self, text: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.search = (!text.is_empty()).then(|| text.to_lowercase());
            view::find_hits(page);
        }
    }

    fn find(&mut self, forward: bool) {
        let Some(page) = self.pages.last_mut() else {
            return;
        };
        let mut hits = page.hits.iter();
        let hit = if forward {
            hits.find(|hit| **hit > page.top).or(page.hits.first())
        } else {
            hits.rfind(|hit| **hit < page.top).or(page.hits.last())
        };
        match (hit, &page.search) {
            (Some(hit), _) => page.top = *hit,
            (None, Some(text)) => {
                let text = Said::phrase("notice.not-found", &[("text", text)]);
                self.tell(false, text);
            }
            (None, None) => {}
        }
    }
}

/// The exchange that decided how a pull stands; where nothing was decided, the one of its manifest.
fn decisive(id: PullId, store: &Store) -> Option<ExchangeId> {
    let pull = store.pull(id)?;
    let mut found = store.findings_of(id).iter().flat_map(|one| &one.evidence);
    let found = found.find_map(|evidence| evidence.exchange);
    pull.decided_by.or(found).or(pull.image.manifest)
}

/// A filter without a last word that may become a keyword: until its colon is typed, it would be
/// taken for a text to look for.
fn begun(text: &str) -> &str {
    let at = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (before, last) = text.split_at_checked(at).unwrap_or((text, ""));
    let word = last.trim_start_matches(['-', '!', '(']);
    let may_grow = KEYWORDS
        .iter()
        .any(|keyword| keyword.name.starts_with(word));
    if may_grow && !last.is_empty() {
        before
    } else {
        text
    }
}

/// Where a step, a page or a jump from a place leads.
fn moved(at: usize, action: Action, page: usize) -> usize {
    match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => at + 1,
        Action::Top => 0,
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => at + page,
        _ => usize::MAX,
    }
}

/// The exchanges of lines, each once.
fn unique(about: &[Option<ExchangeId>]) -> Vec<ExchangeId> {
    let mut ids: Vec<_> = about.iter().flatten().copied().collect();
    ids.dedup();
    ids
}

/// How long secrets are shown.
const REVEAL: Duration = Duration::from_secs(10);
/// Columns of one step to the side.
const SIDE_STEP: usize = 8;
/// Open exchanges are among the latest.
const OPEN_LOOK: usize = 2_000;
