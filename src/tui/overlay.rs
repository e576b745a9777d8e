//! What lies over a screen and takes the keys: a line to type into, a menu, a question.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::action::{Action, Effect};
use super::said::Said;
use crate::exchange::{Capture, ExchangeId};
use crate::store::filter::Mistake;
use crate::words::Lang;

/// What lies over the screen.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    /// A line to type into.
    Prompt(Prompt),
    /// Something to choose from.
    Menu(Menu),
    /// Something to agree to.
    Confirm {
        /// What is asked.
        question: Said,
        /// What happens on `y`.
        then: Agreed,
    },
}

/// What happens when a question was answered with yes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Agreed {
    /// The program around does something.
    Effect(Effect),
    /// Take everything out of the view.
    Clear,
}

/// A line to type into.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// What for.
    pub(crate) purpose: Purpose,
    /// The line.
    pub(crate) input: Input,
    /// What stood in it at first.
    pub(crate) initial: String,
    /// What is wrong with it, where it is a filter.
    pub(crate) mistake: Option<Mistake>,
}

/// What a line is typed for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    Filter,
    Search,
    Command,
    Load,
    Export {
        format: String,
        only: Vec<ExchangeId>,
    },
    SaveBody {
        capture: Capture,
    },
}

/// Something to choose from.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    /// The language it is in.
    pub(crate) lang: Lang,
    /// Its heading.
    pub(crate) title: Said,
    /// What can be chosen.
    pub(crate) entries: Vec<MenuEntry>,
    /// Which of the shown entries is under the cursor.
    pub(crate) cursor: usize,
    /// What was typed to narrow it down.
    pub(crate) typed: Input,
}

/// One line of a menu.
#[derive(Clone, Debug)]
pub(crate) struct MenuEntry {
    /// A key, or a word.
    pub(crate) label: Said,
    /// What it is.
    pub(crate) detail: Said,
    /// What choosing it does.
    pub(crate) choice: Choice,
}

/// What choosing does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Choice {
    Action(Action),
    Command(String),
    Effect(Effect),
    /// Asks for a line, which is this at first.
    Ask(Purpose, String),
}

/// What a key did to an overlay.
pub(crate) enum Reaction {
    /// It stays.
    Stay,
    /// Its text changed.
    Typed,
    /// It closes without an effect.
    Close,
    /// The typed line is entered.
    Enter(Purpose, String),
    /// Something was chosen.
    Chosen(Choice),
    /// The question was answered with yes.
    Agreed(Agreed),
}

impl Overlay {
    pub(crate) fn prompt(purpose: Purpose, text: String) -> Self {
        Self::Prompt(Prompt {
            purpose,
            initial: text.clone(),
            input: Input::new(text),
            mistake: None,
        })
    }

    pub(crate) fn menu(title: Said, entries: Vec<MenuEntry>, lang: Lang) -> Self {
        Self::Menu(Menu {
            title,
            lang,
            entries,
            cursor: 0,
            typed: Input::default(),
        })
    }

    /// Takes a key.
    pub(crate) fn key(&mut self, key: &KeyEvent) -> Reaction {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc || ctrl && matches!(key.code, KeyCode::Char('c' | 'g')) {
            return Reaction::Close;
        }
        match self {
            Self::Confirm { then, .. } => match key.code {
                KeyCode::Char('y' | 'Y') => Reaction::Agreed(then.clone()),
                KeyCode::Char('n' | 'N' | 'q') | KeyCode::Enter => Reaction::Close,
                _ => Reaction::Stay,
            },
            Self::Prompt(prompt) => {
                if key.code == KeyCode::Enter {
                    let text = prompt.input.value().to_owned();
                    return Reaction::Enter(prompt.purpose.clone(), text);
                }
                if key.code == KeyCode::Backspace
                    && prompt.input.value().is_empty()
                    && prompt.purpose != Purpose::Filter
                {
                    return Reaction::Close;
                }
                typed(&mut prompt.input, key)
            }
            Self::Menu(menu) => menu.key(key, ctrl),
        }
    }

    /// Takes pasted text.
    pub(crate) fn paste(&mut self, text: &str) -> Reaction {
        let input = match self {
            Self::Prompt(prompt) => &mut prompt.input,
            Self::Menu(menu) => &mut menu.typed,
            Self::Confirm { .. } => return Reaction::Stay,
        };
        for c in text.chars().filter(|c| !c.is_control()).take(LONGEST_PASTE) {
            input.handle(InputRequest::InsertChar(c));
        }
        Reaction::Typed
    }
}

impl Menu {
    fn key(&mut self, key: &KeyEvent, ctrl: bool) -> Reaction {
        let last = self.shown().count().saturating_sub(1);
        match key.code {
            KeyCode::Up => self.step(last, -1),
            KeyCode::Down | KeyCode::Tab => self.step(last, 1),
            KeyCode::Char('p') if ctrl => self.step(last, -1),
            KeyCode::Char('n') if ctrl => self.step(last, 1),
            KeyCode::PageDown | KeyCode::End => self.cursor = last,
            KeyCode::PageUp | KeyCode::Home => self.cursor = 0,
            KeyCode::Enter => {
                let cursor = self.cursor.min(last);
                let chosen = self.shown().nth(cursor).map(|entry| entry.choice.clone());
                return chosen.map_or(Reaction::Close, Reaction::Chosen);
            }
            _ => {
                let reaction = typed(&mut self.typed, key);
                self.cursor = 0;
                return reaction;
            }
        }
        Reaction::Stay
    }

    fn step(&mut self, last: usize, by: isize) {
        self.cursor = self.cursor.min(last).saturating_add_signed(by).min(last);
    }

    /// The entries that match what was typed: those whose name begins with it, those whose name
    /// has its words, and those of which only the description does.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &MenuEntry> {
        let typed = self.typed.value().to_lowercase();
        let rank = |entry: &MenuEntry| {
            let label = entry.label.of(self.lang).to_lowercase();
            let whole = format!("{label} {}", entry.detail.of(self.lang).to_lowercase());
            let has = |text: &str| typed.split_whitespace().all(|word| text.contains(word));
            let ranks = [label.starts_with(&typed), has(&label), has(&whole)];
            ranks.iter().position(|holds| *holds)
        };
        let entries = self.entries.iter();
        let ranked = entries.filter_map(|entry| Some((rank(entry)?, entry)));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, entry)| entry)
    }
}

/// The keys of a line editor, as readline has them.
fn typed(input: &mut Input, key: &KeyEvent) -> Reaction {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let request = match key.code {
        KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
        KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
        KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
        KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
        KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
        KeyCode::Char(_) if ctrl => return Reaction::Stay,
        KeyCode::Char(c) => InputRequest::InsertChar(c),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return Reaction::Stay,
    };
    match input.handle(request) {
        Some(change) if change.value => Reaction::Typed,
        _ => Reaction::Stay,
    }
}

/// `~` at the start of a typed path is the home directory.
pub(crate) fn path(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(text),
    }
}

/// Characters of one paste that are taken.
const LONGEST_PASTE: usize = 4_096;
