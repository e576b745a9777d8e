//! The one table of keys. Footer hints, the help screen and `docs/reference/keys.md` come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use crate::words::{Lang, say};

/// Where a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The list, also while it is empty.
    List,
    /// One exchange.
    Detail,
    /// A pull: overview, sequence, waterfall.
    Pull,
    /// Other full screens: events, help, a refused certificate.
    Page,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys, as [`name`] writes them.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// Where.
    pub places: &'static [Place],
    hint: &'static str,
    help: &'static str,
    /// Under which heading, by its key in the catalogue.
    pub group: &'static str,
}

impl Binding {
    /// A word or two for the footer; none for keys it does not show.
    pub fn hint(&self, lang: Lang) -> &'static str {
        match self.hint {
            "" => "",
            key => say(key, lang),
        }
    }

    /// What they do, for help and documentation.
    pub fn help(&self, lang: Lang) -> &'static str {
        say(self.help, lang)
    }

    /// The first key, as people read it.
    pub(super) fn first_key(&self) -> &'static str {
        self.keys.first().copied().map_or("", shown)
    }
}

/// Everywhere.
pub const ALL: &[Place] = &[Place::List, Place::Detail, Place::Pull, Place::Page];
const LIST: &[Place] = &[Place::List];
const DETAIL: &[Place] = &[Place::Detail];
const ITEMS: &[Place] = &[Place::List, Place::Detail, Place::Pull];
const PAGES: &[Place] = &[Place::Detail, Place::Pull, Place::Page];
const PULLS: &[Place] = &[Place::List, Place::Detail, Place::Pull];
const ROWS: &[Place] = &[Place::List, Place::Pull];

const MOVE: &str = "key-group.moving";
const LOOK: &str = "key-group.looking";
const FIND: &str = "key-group.finding";
const DO: &str = "key-group.doing";
const PROGRAM: &str = "key-group.program";

macro_rules! table {
    ($($group:ident $places:ident [$($key:literal)+] $action:expr, $hint:literal, $help:literal;)*) => {
        /// The table, in the order in which hints are shown.
        pub const BINDINGS: &[Binding] = &[$(Binding {
            keys: &[$($key),+],
            action: $action,
            places: $places,
            hint: $hint,
            help: $help,
            group: $group,
        },)*];
    };
}

table! {
    LOOK ROWS ["enter"] Action::Open, "hint.open", "help.open";
    LOOK DETAIL ["tab"] Action::NextTab, "hint.next-tab", "help.next-tab";
    LOOK DETAIL ["shift-tab"] Action::PrevTab, "", "help.prev-tab";
    LOOK DETAIL ["1"] Action::Tab(1), "", "help.tab";
    LOOK DETAIL ["]" "J"] Action::NextItem, "hint.next-item", "help.next-item";
    LOOK DETAIL ["[" "K"] Action::PrevItem, "hint.prev-item", "help.prev-item";
    LOOK PULLS ["s"] Action::Sequence, "hint.sequence", "help.sequence";
    LOOK PULLS ["v"] Action::Waterfall, "hint.waterfall", "help.waterfall";
    LOOK PULLS ["p"] Action::Overview, "hint.overview", "help.overview";
    LOOK LIST ["t"] Action::Tree, "hint.tree", "help.tree";
    FIND LIST ["f" "/"] Action::Filter, "hint.filter", "help.filter";
    FIND PAGES ["/"] Action::Search, "hint.search", "help.search";
    FIND PAGES ["n"] Action::FindNext, "", "help.find-next";
    FIND PAGES ["N"] Action::FindPrev, "", "help.find-prev";
    FIND LIST ["F"] Action::Follow, "hint.follow", "help.follow";
    DO ITEMS ["y"] Action::Copy, "hint.copy", "help.copy";
    DO ALL ["x"] Action::Export, "hint.export", "help.export";
    DO ITEMS ["b"] Action::SaveBody, "", "help.save-body";
    DO ALL ["w"] Action::Save, "", "help.save";
    DO ALL ["L"] Action::Load, "", "help.load";
    LOOK ITEMS ["e"] Action::Explain, "hint.explain", "help.explain";
    LOOK ITEMS ["i"] Action::Language, "", "help.language";
    DO ITEMS ["m"] Action::Mark, "", "help.mark";
    DO LIST ["d"] Action::Hide, "", "help.hide";
    DO LIST ["z"] Action::Clear, "", "help.clear";
    LOOK LIST ["o"] Action::Order, "", "help.order";
    LOOK ITEMS ["R"] Action::Reveal, "", "help.reveal";
    LOOK ALL ["E"] Action::Events, "hint.events", "help.events";
    PROGRAM ALL ["?"] Action::Help, "hint.help", "help.help";
    PROGRAM ALL [":"] Action::Command, "hint.command", "help.command";
    PROGRAM ALL ["ctrl-p"] Action::Palette, "", "help.palette";
    PROGRAM ALL ["T"] Action::Theme, "", "help.theme";
    PROGRAM PAGES ["q" "esc"] Action::Back, "hint.back", "help.back";
    PROGRAM LIST ["q"] Action::Back, "hint.leave", "help.leave";
    PROGRAM ALL ["ctrl-c"] Action::Quit, "", "help.quit";
    MOVE ALL ["up" "k"] Action::Up, "", "help.up";
    MOVE ALL ["down" "j"] Action::Down, "", "help.down";
    MOVE ALL ["left" "h"] Action::Left, "", "help.left";
    MOVE ALL ["right" "l"] Action::Right, "", "help.right";
    MOVE ALL ["g" "home"] Action::Top, "", "help.top";
    MOVE ALL ["G" "end"] Action::Bottom, "", "help.bottom";
    MOVE ALL ["ctrl-f" "space" "pagedown"] Action::PageDown, "", "help.page-down";
    MOVE ALL ["ctrl-b" "pageup"] Action::PageUp, "", "help.page-up";
}

/// The headings, in the order in which help shows them.
pub const GROUPS: &[&str] = &[MOVE, LOOK, FIND, DO, PROGRAM];

/// What a key does in a place.
pub fn action(key: &KeyEvent, place: Place) -> Option<Action> {
    let name = name(key)?;
    if place == Place::Detail
        && let Some(number) = name.parse().ok().filter(|n| (1..=9).contains(n))
    {
        return Some(Action::Tab(number));
    }
    BINDINGS
        .iter()
        .find(|binding| binding.places.contains(&place) && binding.keys.contains(&name.as_str()))
        .map(|binding| binding.action)
}

/// The first key of an action in a place, as people read it.
pub fn key_of(action: Action, place: Place) -> Option<&'static str> {
    BINDINGS
        .iter()
        .find(|binding| binding.action == action && binding.places.contains(&place))
        .and_then(|binding| binding.keys.first())
        .copied()
}

/// What the footer of a place shows, the most useful first.
pub fn hints(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| !binding.hint.is_empty() && binding.places.contains(&place))
}

/// A key as people read it.
pub fn shown(key: &'static str) -> &'static str {
    match key {
        "enter" => "⏎",
        "tab" => "Tab",
        "shift-tab" => "⇧Tab",
        "esc" => "Esc",
        "space" => "Space",
        "up" => "↑",
        "down" => "↓",
        "left" => "←",
        "right" => "→",
        "home" => "Home",
        "end" => "End",
        "pageup" => "PgUp",
        "pagedown" => "PgDn",
        "ctrl-f" => "^F",
        "ctrl-b" => "^B",
        "ctrl-p" => "^P",
        "ctrl-c" => "^C",
        other => other,
    }
}

/// The name of a key press: `g`, `G`, `ctrl-f`, `pagedown`. `None` for keys nothing is bound to.
pub fn name(key: &KeyEvent) -> Option<String> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let plain = match key.code {
        KeyCode::Char(' ') => "space",
        KeyCode::Char(c) if ctrl => return Some(format!("ctrl-{}", c.to_ascii_lowercase())),
        KeyCode::Char(c) => return Some(c.to_string()),
        KeyCode::Enter => "enter",
        KeyCode::Esc => "esc",
        KeyCode::Tab => "tab",
        KeyCode::BackTab => "shift-tab",
        KeyCode::Up => "up",
        KeyCode::Down => "down",
        KeyCode::Left => "left",
        KeyCode::Right => "right",
        KeyCode::Home => "home",
        KeyCode::End => "end",
        KeyCode::PageUp => "pageup",
        KeyCode::PageDown => "pagedown",
        _ => return None,
    };
    Some(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_means_one_thing_in_one_place() {
        let mut seen = HashSet::new();
        for binding in BINDINGS {
            for place in binding.places {
                for key in binding.keys {
                    assert!(seen.insert((*place, *key)), "{key} in {place:?} twice");
                }
            }
        }
    }

    #[test]
    fn every_group_has_a_heading() {
        for binding in BINDINGS {
            assert!(GROUPS.contains(&binding.group));
            assert!(!binding.help.is_empty());
        }
    }

    #[test]
    fn keys_are_found() {
        let press = |code, modifiers| KeyEvent::new(code, modifiers);
        let none = KeyModifiers::NONE;
        assert_eq!(
            action(&press(KeyCode::Char('F'), KeyModifiers::SHIFT), Place::List),
            Some(Action::Follow)
        );
        assert_eq!(
            action(
                &press(KeyCode::Char('f'), KeyModifiers::CONTROL),
                Place::List
            ),
            Some(Action::PageDown)
        );
        assert_eq!(
            action(&press(KeyCode::Char('3'), none), Place::Detail),
            Some(Action::Tab(3))
        );
        assert_eq!(
            action(&press(KeyCode::Char('/'), none), Place::List),
            Some(Action::Filter)
        );
        assert_eq!(
            action(&press(KeyCode::Char('/'), none), Place::Detail),
            Some(Action::Search)
        );
        assert_eq!(action(&press(KeyCode::Esc, none), Place::List), None);
    }
}
