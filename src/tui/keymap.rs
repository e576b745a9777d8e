//! The one table of keys. Footer hints, the help screen and `docs/reference/keys.md` come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;

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
    /// A word or two for the footer; empty for keys it does not show.
    pub hint: &'static str,
    /// What they do, for help and documentation.
    pub help: &'static str,
    /// Under which heading.
    pub group: &'static str,
}

const ALL: &[Place] = &[Place::List, Place::Detail, Place::Pull, Place::Page];
const LIST: &[Place] = &[Place::List];
const DETAIL: &[Place] = &[Place::Detail];
const ITEMS: &[Place] = &[Place::List, Place::Detail, Place::Pull];
const PAGES: &[Place] = &[Place::Detail, Place::Pull, Place::Page];
const PULLS: &[Place] = &[Place::List, Place::Detail, Place::Pull];
const ROWS: &[Place] = &[Place::List, Place::Pull];

const MOVE: &str = "Moving";
const LOOK: &str = "Looking";
const FIND: &str = "Finding";
const DO: &str = "Doing";
const PROGRAM: &str = "The program";

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
    LOOK ROWS ["enter"] Action::Open, "Open", "open the selected row";
    LOOK DETAIL ["tab"] Action::NextTab, "Next tab", "next tab";
    LOOK DETAIL ["shift-tab"] Action::PrevTab, "", "previous tab";
    LOOK DETAIL ["1"] Action::Tab(1), "", "first tab; 2 to 9 for the others";
    LOOK DETAIL ["]" "J"] Action::NextItem, "Next", "next exchange of the list";
    LOOK DETAIL ["[" "K"] Action::PrevItem, "Previous", "previous exchange of the list";
    LOOK PULLS ["s"] Action::Sequence, "Sequence", "the pull as a ladder of messages";
    LOOK PULLS ["v"] Action::Waterfall, "Waterfall", "the pull on a time axis, with its critical path";
    LOOK PULLS ["p"] Action::Overview, "Pull", "the pull: image, blobs, findings";
    LOOK LIST ["t"] Action::Tree, "Tree/flat", "group by pull, or one flat list";
    FIND LIST ["f" "/"] Action::Filter, "Filter", "filter the list (kind:layer status:4xx size:>1M -host:cdn)";
    FIND PAGES ["/"] Action::Search, "Search", "search this screen";
    FIND PAGES ["n"] Action::FindNext, "", "next hit";
    FIND PAGES ["N"] Action::FindPrev, "", "previous hit";
    FIND LIST ["F"] Action::Follow, "Follow", "follow what is new; moving up pauses";
    DO ITEMS ["y"] Action::Copy, "Copy", "copy digest, URL, curl command, head or body";
    DO ALL ["x"] Action::Export, "Export", "export in any format";
    DO ITEMS ["b"] Action::SaveBody, "", "save the body of the selected exchange";
    DO ALL ["w"] Action::Save, "", "save the trace as HAR";
    DO ALL ["L"] Action::Load, "", "open a HAR file or a session";
    LOOK ITEMS ["e"] Action::Explain, "Explain", "why did this happen: the explanation, shown or hidden";
    LOOK ITEMS ["i"] Action::Language, "", "explain in English or Chinese";
    DO ITEMS ["m"] Action::Mark, "", "mark or unmark; exports can take what is marked";
    DO LIST ["d"] Action::Hide, "", "take the selected row out of the view";
    DO LIST ["z"] Action::Clear, "", "take everything out of the view (asks first)";
    LOOK LIST ["o"] Action::Order, "", "order by time, size or duration";
    LOOK ITEMS ["R"] Action::Reveal, "", "show secrets for ten seconds, where --keep-secrets kept them";
    LOOK ALL ["E"] Action::Events, "Events", "what happened in the program: log, refusals, notices";
    PROGRAM ALL ["?"] Action::Help, "Help", "these keys";
    PROGRAM ALL [":"] Action::Command, "Command", "type a command (:help lists them)";
    PROGRAM ALL ["ctrl-p"] Action::Palette, "", "choose a command from a list";
    PROGRAM ALL ["T"] Action::Theme, "", "next set of colours";
    PROGRAM PAGES ["q" "esc"] Action::Back, "Back", "back to where you came from";
    PROGRAM LIST ["q"] Action::Back, "Quit", "quit; transfers under way get a few seconds";
    PROGRAM ALL ["ctrl-c"] Action::Quit, "", "quit from anywhere";
    MOVE ALL ["up" "k"] Action::Up, "", "up";
    MOVE ALL ["down" "j"] Action::Down, "", "down";
    MOVE ALL ["left" "h"] Action::Left, "", "fold, previous tab, or scroll left";
    MOVE ALL ["right" "l"] Action::Right, "", "unfold, next tab, or scroll right";
    MOVE ALL ["g" "home"] Action::Top, "", "first";
    MOVE ALL ["G" "end"] Action::Bottom, "", "last";
    MOVE ALL ["ctrl-f" "space" "pagedown"] Action::PageDown, "", "one page down";
    MOVE ALL ["ctrl-b" "pageup"] Action::PageUp, "", "one page up";
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

/// The footer of a place: keys and what they do, the most useful first.
pub fn hints(place: Place) -> impl Iterator<Item = (&'static str, &'static str)> {
    BINDINGS
        .iter()
        .filter(move |binding| !binding.hint.is_empty() && binding.places.contains(&place))
        .filter_map(|binding| Some((shown(binding.keys.first()?), binding.hint)))
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

/// The table as a page of the documentation.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    for group in GROUPS {
        page.extend([
            "\n## ",
            group,
            "\n\n| Key | Where | What it does |\n|---|---|---|\n",
        ]);
        for binding in BINDINGS.iter().filter(|binding| binding.group == *group) {
            let keys: Vec<String> = binding
                .keys
                .iter()
                .map(|key| format!("`{}`", shown(key)))
                .collect();
            let help = binding.help.replace('|', "\\|");
            page.extend([
                "| ",
                &keys.join(" "),
                " | ",
                &where_of(binding.places),
                " | ",
                &help,
                " |\n",
            ]);
        }
    }
    page
}

fn where_of(places: &[Place]) -> String {
    if places == ALL {
        return "everywhere".to_owned();
    }
    let words: Vec<&str> = places
        .iter()
        .map(|place| match place {
            Place::List => "list",
            Place::Detail => "exchange",
            Place::Pull => "pull",
            Place::Page => "other pages",
        })
        .collect();
    words.join(", ")
}

const HEAD: &str = "# Keys\n\n\
    Keys of the live view, `pullscope`, `pullscope view` and `pullscope demo`. This page is made \
    from the\ntable in `src/tui/keymap.rs`; `?` shows the same in the program.\n";

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
