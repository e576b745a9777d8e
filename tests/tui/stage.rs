//! A view without a terminal: keys go in, text comes out.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use pullscope::exchange::{Bodies, Trace};
use pullscope::registry::InMemoryOnly;
use pullscope::store::Store;
use pullscope::tui::{Check, Effect, Facts, FirstStep, Format, Look, Said, State, render};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::scenario::Scenario;

/// The sizes that every screen is looked at in.
pub(crate) const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

/// A view, what it shows, and what it asked for.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) effects: Vec<Effect>,
    size: (u16, u16),
}

/// Bodies are in the store.
struct InStore;

impl Bodies for InStore {}

impl Stage {
    /// A file that was opened.
    pub(crate) fn file(store: Store, name: &str, now: Timestamp) -> Self {
        Self::new(
            store,
            Facts {
                source: name.into(),
                ..facts()
            },
            now,
        )
    }

    /// A capture under way.
    pub(crate) fn live(store: Store, now: Timestamp) -> Self {
        let facts = Facts {
            source: Said::phrase("first.proxy", &[("n", "127.0.0.1:8642")]),
            live: true,
            ca: Said::phrase("first.ca", &[("n", "3649")]),
            first_steps: first_steps(),
            checks: checks(),
            ..facts()
        };
        Self::new(store, facts, now)
    }

    /// The capture of a story.
    pub(crate) fn of_story(story: &Scenario) -> Self {
        Self::live(store(story), story.now)
    }

    pub(crate) fn new(store: Store, facts: Facts, now: Timestamp) -> Self {
        let state = State::new(facts, Look::default(), now);
        let mut made = Self {
            store,
            state,
            effects: Vec::new(),
            size: (120, 36),
        };
        made.prepare();
        made
    }

    /// Forgets everything but the store.
    pub(crate) fn begin_again(&mut self, now: Timestamp) {
        self.state = State::new(
            Facts {
                live: true,
                ..facts()
            },
            Look::default(),
            now,
        );
        self.effects.clear();
        self.size((120, 36));
    }

    /// Presses keys, parted by blanks: `g j enter`.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            let effects = self.state.key(&press(key), &self.store);
            self.effects.extend(effects);
            self.prepare();
        }
        self
    }

    /// Types a text.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            let effects = self.state.key(&key, &self.store);
            self.effects.extend(effects);
            self.prepare();
        }
        self
    }

    /// The window has this size from now on.
    pub(crate) fn size(&mut self, size: (u16, u16)) -> &mut Self {
        self.size = size;
        self.prepare();
        self
    }

    pub(crate) fn prepare(&mut self) {
        self.state.prepare(&self.store, &InStore, self.size);
        while self.state.is_working() {
            self.state.prepare(&self.store, &InStore, self.size);
        }
    }

    /// The screen.
    pub(crate) fn buffer(&mut self) -> Buffer {
        self.prepare();
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        render(&self.store, &self.state, &mut buffer);
        buffer
    }

    /// The screen as text.
    pub(crate) fn screen(&mut self) -> String {
        text(&self.buffer())
    }

    /// The screen in all sizes.
    pub(crate) fn sizes(&mut self) -> String {
        let mut all = String::new();
        for size in SIZES {
            let screen = self.size(size).screen();
            writeln!(all, "=== {}x{}\n{screen}", size.0, size.1).unwrap();
        }
        self.size(SIZES[0]);
        all
    }
}

/// The store of a story.
pub(crate) fn store(story: &Scenario) -> Store {
    let trace = Trace {
        exchanges: story.exchanges.clone(),
        tunnels: story.tunnels.clone(),
        handshakes: story.handshakes.clone(),
        ..Trace::default()
    };
    Store::of_trace(trace, &InMemoryOnly)
}

/// A buffer as text, without the blanks at the ends of its lines.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A key by its name.
pub(crate) fn press(name: &str) -> KeyEvent {
    let (name, modifiers) = match name.strip_prefix("ctrl-") {
        Some(rest) => (rest, KeyModifiers::CONTROL),
        None => (name, KeyModifiers::NONE),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "backspace" => KeyCode::Backspace,
        letter => KeyCode::Char(letter.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

fn facts() -> Facts {
    let format = |word: &str, what, pasteable| Format {
        word: word.into(),
        what: Said::row(what),
        extension: word.into(),
        pasteable,
    };
    Facts {
        formats: vec![
            format("har", "format.har", false),
            format("http", "format.http", true),
            format("curl", "format.curl", true),
        ],
        save_as: "pullscope.har".into(),
        ..Facts::default()
    }
}

fn first_steps() -> Vec<FirstStep> {
    let step = |key, what, command: &str, notes: Vec<Said>| FirstStep {
        key,
        what: Said::row(what),
        command: command.into(),
        notes,
    };
    let undo = "sudo pullscope setup docker --undo";
    vec![
        step('a', "first.demo", "pullscope demo", Vec::new()),
        step(
            'b',
            "first.exec",
            "pullscope exec -- skopeo inspect docker://docker.io/library/alpine:3.20",
            Vec::new(),
        ),
        step(
            'c',
            "first.setup",
            "sudo pullscope setup docker && docker pull alpine:3.20",
            vec![Said::phrase("first.undo", &[("n", undo)])],
        ),
    ]
}

fn checks() -> Vec<Check> {
    let check = |holds, what, hint| Check { holds, what, hint };
    let listening = Said::phrase("check.listening", &[("n", "127.0.0.1:8642")]);
    vec![
        check(Some(true), listening, Said::row("check.port")),
        check(
            Some(true),
            Said::row("check.ca"),
            "pullscope ca path".into(),
        ),
        check(
            Some(false),
            Said::row("check.uses-not"),
            Said::phrase("check.press", &[("n", "c")]),
        ),
        check(
            None,
            Said::row("check.no-request"),
            Said::row("check.no-proxy"),
        ),
    ]
}
