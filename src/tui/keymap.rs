//! The one table of keys. Footer hints, the help screen and `docs/reference/keys.md` come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use crate::words::{Lang, row};

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
    name: &'static str,
    shown: Hinted,
    /// Under which heading, by its key in the catalogue.
    pub group: &'static str,
}

impl Binding {
    /// A word or two for the footer, of one of [`hints`].
    pub(super) fn hint(&self, lang: Lang) -> &'static str {
        row("hint", self.name).of(lang)
    }

    /// What they do, for help and documentation.
    pub fn help(&self, lang: Lang) -> &'static str {
        row("help", self.name).of(lang)
    }

    /// The first key, as people read it.
    pub(super) fn first_key(&self) -> &'static str {
        self.keys.first().copied().map_or("", shown)
    }
}

/// Where an action has a word, besides in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hinted {
    Help,
    Footer,
    Command,
    Both,
}

/// Everywhere.
pub const ALL: &[Place] = &[Place::List, Place::Detail, Place::Pull, Place::Page];
const LIST: &[Place] = &[Place::List];
const DETAIL: &[Place] = &[Place::Detail];
const ITEMS: &[Place] = &[Place::List, Place::Detail, Place::Pull];
const PAGES: &[Place] = &[Place::Detail, Place::Pull, Place::Page];
const ROWS: &[Place] = &[Place::List, Place::Pull];

const MOVE: &str = "key-group.moving";
const LOOK: &str = "key-group.looking";
const FIND: &str = "key-group.finding";
const DO: &str = "key-group.doing";
const PROGRAM: &str = "key-group.program";

macro_rules! table {
    ($($group:ident $places:ident [$($key:literal)+] $action:expr, $name:literal $shown:ident;)*) => {
        /// The table, in the order in which hints are shown.
        pub const BINDINGS: &[Binding] = &[$(Binding {
            keys: &[$($key),+],
            action: $action,
            places: $places,
            name: $name,
            shown: Hinted::$shown,
            group: $group,
        },)*];
    };
}

table! {
    LOOK ROWS ["enter"] Action::Open, "open" Footer;
    LOOK DETAIL ["tab"] Action::NextTab, "next-tab" Footer;
    LOOK DETAIL ["shift-tab"] Action::PrevTab, "prev-tab" Help;
    LOOK DETAIL ["1"] Action::Tab(1), "tab" Help;
    LOOK DETAIL ["]" "J"] Action::NextItem, "next-item" Footer;
    LOOK DETAIL ["[" "K"] Action::PrevItem, "prev-item" Footer;
    LOOK ITEMS ["s"] Action::Sequence, "sequence" Both;
    LOOK ITEMS ["v"] Action::Waterfall, "waterfall" Both;
    LOOK ITEMS ["p"] Action::Overview, "pull" Both;
    LOOK LIST ["t"] Action::Tree, "tree" Both;
    FIND LIST ["f" "/"] Action::Filter, "filter" Both;
    FIND LIST ["esc"] Action::Unfilter, "unfilter" Command;
    FIND PAGES ["/"] Action::Search, "search" Footer;
    FIND PAGES ["n"] Action::FindNext, "find-next" Help;
    FIND PAGES ["N"] Action::FindPrev, "find-prev" Help;
    FIND LIST ["F"] Action::Follow, "follow" Both;
    DO ITEMS ["y"] Action::Copy, "copy" Both;
    DO ALL ["x"] Action::Export, "export" Both;
    DO ITEMS ["b"] Action::SaveBody, "save-body" Command;
    DO ALL ["w"] Action::Save, "save" Command;
    DO ALL ["L"] Action::Load, "load" Command;
    LOOK ITEMS ["e"] Action::Explain, "explain" Both;
    LOOK ITEMS ["i"] Action::Language, "language" Command;
    DO ITEMS ["m"] Action::Mark, "mark" Command;
    DO LIST ["d"] Action::Hide, "hide" Command;
    DO LIST ["z"] Action::Clear, "clear" Command;
    LOOK LIST ["o"] Action::Order, "order" Command;
    LOOK ITEMS ["R"] Action::Reveal, "reveal" Command;
    LOOK ALL ["E"] Action::Events, "events" Both;
    PROGRAM ALL ["?"] Action::Help, "help" Both;
    PROGRAM ALL [":"] Action::Command, "command" Footer;
    PROGRAM ALL ["ctrl-p"] Action::Palette, "palette" Help;
    PROGRAM ALL ["T"] Action::Theme, "theme" Command;
    PROGRAM ALL ["ctrl-l"] Action::Redraw, "redraw" Help;
    PROGRAM PAGES ["q" "esc"] Action::Back, "back" Footer;
    PROGRAM LIST ["q"] Action::Back, "leave" Footer;
    PROGRAM ALL ["ctrl-c"] Action::Quit, "quit" Command;
    MOVE ALL ["up" "k"] Action::Up, "up" Help;
    MOVE ALL ["down" "j"] Action::Down, "down" Help;
    MOVE ALL ["left" "h"] Action::Left, "left" Help;
    MOVE ALL ["right" "l"] Action::Right, "right" Help;
    MOVE ALL ["g" "home"] Action::Top, "top" Help;
    MOVE ALL ["G" "end"] Action::Bottom, "bottom" Help;
    MOVE ALL ["ctrl-f" "space" "pagedown"] Action::PageDown, "page-down" Help;
    MOVE ALL ["ctrl-b" "pageup"] Action::PageUp, "page-up" Help;
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

/// The actions that have a word of their own, for `:` and the palette.
pub(super) fn commands() -> impl Iterator<Item = (&'static str, &'static Binding)> {
    let named = BINDINGS
        .iter()
        .filter(|it| matches!(it.shown, Hinted::Command | Hinted::Both));
    named.map(|binding| (binding.name, binding))
}

/// What the footer of a place shows, the most useful first.
pub fn hints(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| matches!(binding.shown, Hinted::Footer | Hinted::Both))
        .filter(move |binding| binding.places.contains(&place))
}

/// A key as people read it.
pub fn shown(key: &'static str) -> &'static str {
    let named = NAMED.iter().find(|(_, name, _)| *name == key);
    let control = CONTROL.iter().find(|(name, _)| *name == key);
    named
        .map(|(.., shown)| *shown)
        .or(control.map(|(_, shown)| *shown))
        .unwrap_or(key)
}

/// The name of a key press: `g`, `G`, `ctrl-f`, `pagedown`. `None` for keys nothing is bound to.
pub fn name(key: &KeyEvent) -> Option<String> {
    let named = NAMED.iter().find(|(code, ..)| *code == key.code);
    if let Some((_, name, _)) = named {
        return Some((*name).to_owned());
    }
    match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            Some(format!("ctrl-{}", c.to_ascii_lowercase()))
        }
        KeyCode::Char(c) => Some(c.to_string()),
        _ => None,
    }
}

/// Keys that are no characters: their names, and how people read them.
const NAMED: &[(KeyCode, &str, &str)] = &[
    (KeyCode::Enter, "enter", "⏎"),
    (KeyCode::Tab, "tab", "Tab"),
    (KeyCode::BackTab, "shift-tab", "⇧Tab"),
    (KeyCode::Esc, "esc", "Esc"),
    (KeyCode::Char(' '), "space", "Space"),
    (KeyCode::Up, "up", "↑"),
    (KeyCode::Down, "down", "↓"),
    (KeyCode::Left, "left", "←"),
    (KeyCode::Right, "right", "→"),
    (KeyCode::Home, "home", "Home"),
    (KeyCode::End, "end", "End"),
    (KeyCode::PageUp, "pageup", "PgUp"),
    (KeyCode::PageDown, "pagedown", "PgDn"),
];
const CONTROL: &[(&str, &str)] = &[
    ("ctrl-f", "^F"),
    ("ctrl-b", "^B"),
    ("ctrl-l", "^L"),
    ("ctrl-p", "^P"),
    ("ctrl-c", "^C"),
];

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
            assert!(!binding.help(Lang::En).is_empty());
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
        assert_eq!(
            action(&press(KeyCode::Esc, none), Place::List),
            Some(Action::Unfilter)
        );
        assert_eq!(action(&press(KeyCode::F(1), none), Place::List), None);
    }
}
