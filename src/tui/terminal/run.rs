//! The loop: messages in, state changed, frames out.

use std::io;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::clipboard::{self, Way};
use super::feed::Feed;
use super::input;
use super::message::{Inbox, Mailbox, Message, Opened};
use super::tty::{THREAD, Tty, TtyError, mouse};
use super::writer::Writer;
use crate::base::clock;
use crate::base::lock::lock;
use crate::exchange::{Bodies, ExchangeId};
use crate::store::Store;
use crate::tui::{Action, Effect, Said, State, render};

/// The program around the view: it does what the view asks for.
pub trait Host: Send {
    /// Does it without making the view wait; how it went is told to `mailbox`.
    fn perform(&mut self, effect: Effect, mailbox: &Mailbox);
}

/// A store that others change while the view shows it. The view holds it while it draws.
pub type SharedStore = Arc<Mutex<Store>>;

/// Everything a view begins with.
pub struct View {
    /// What it remembers.
    pub state: State,
    /// What it shows.
    pub store: SharedStore,
    /// The bodies of what it shows.
    pub bodies: Box<dyn Bodies + Send>,
    /// Where it hears of changes of the store, in a live capture.
    pub feed: Option<Feed>,
    /// What does what is asked for.
    pub host: Box<dyn Host>,
}

/// Runs the view on a thread of its own, until the user quits or it is told to stop. The
/// terminal has been given back when the thread ends.
///
/// # Errors
/// When the thread cannot be started.
pub fn run(
    view: View,
    tty: Tty,
    mailbox: Mailbox,
    inbox: Inbox,
) -> io::Result<thread::JoinHandle<Result<(), TtyError>>> {
    thread::Builder::new().name(THREAD.into()).spawn(move || {
        let writer = Writer::start(mailbox.clone()).map_err(TtyError::Write)?;
        input::start(mailbox.clone()).map_err(TtyError::Modes)?;
        let mut screen = Frames::new(&tty);
        Loop {
            view,
            mailbox,
            writer: &writer,
            home: None,
            missed: 0,
            generation: 0,
            waiting: Vec::new(),
        }
        .run(&inbox, &mut screen, &tty);
        // The last frame is written, then the terminal is given back.
        drop(writer);
        drop(tty);
        Ok(())
    })
}

struct Loop<'a> {
    view: View,
    mailbox: Mailbox,
    writer: &'a Writer,
    /// The live capture, while a file is looked at.
    home: Option<(State, SharedStore, Box<dyn Bodies + Send>)>,
    missed: u64,
    /// The state of the store that the view knows.
    generation: u64,
    /// Sequences to be written with the next frame.
    waiting: Vec<u8>,
}

impl Loop<'_> {
    fn run(&mut self, inbox: &Inbox, screen: &mut Frames, tty: &Tty) {
        let mut stale = true;
        let mut drawn: Option<Instant> = None;
        loop {
            let free = !self.writer.is_busy();
            let due = drawn.map_or(Duration::ZERO, |at| FRAME.saturating_sub(at.elapsed()));
            if stale && free && due.is_zero() {
                self.draw(screen, tty);
                drawn = Some(Instant::now());
                // A filter that is not done is gone on with.
                stale = self.view.state.is_working();
                continue;
            }
            let wait = if stale && free { due } else { TICK };
            match inbox.0.recv_timeout(wait) {
                Ok(message) => {
                    let mut next = Some(message);
                    let mut taken = 0;
                    while let Some(message) = next {
                        match self.take(message, screen) {
                            Next::Leave => return,
                            Next::Draw => stale = true,
                            Next::Nothing => {}
                        }
                        taken += 1;
                        next = if taken < AT_ONCE {
                            inbox.0.try_recv().ok()
                        } else {
                            None
                        };
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            stale |= self.tick();
        }
    }

    fn take(&mut self, message: Message, screen: &mut Frames) -> Next {
        let effects = match message {
            Message::Key(key) => self.on_store(|state, store| state.key(&key, store)),
            Message::Paste(text) => self.on_store(|state, store| state.paste(&text, store)),
            Message::Mouse(event) => self.on_store(|state, store| state.mouse(&event, store)),
            Message::Fed if self.home.is_none() => return Next::Draw,
            Message::Fed | Message::Written => return Next::Nothing,
            Message::Closed | Message::Stop => return Next::Leave,
            Message::Resized => {
                screen.whole = true;
                return Next::Draw;
            }
            Message::Told { good, text } => {
                self.view.state.tell(good, text);
                return Next::Draw;
            }
            Message::Log(text) => {
                self.view.state.log_line(text);
                return Next::Draw;
            }
            Message::Copy { what, text } => vec![Effect::Copy { what, text }],
            Message::Facts(facts) => {
                match &mut self.home {
                    Some((state, ..)) => state.learn(*facts),
                    None => self.view.state.learn(*facts),
                }
                return Next::Draw;
            }
            Message::Opened(opened) => {
                self.open(*opened);
                return Next::Draw;
            }
        };
        for effect in effects {
            if let Next::Leave = self.perform(effect, screen) {
                return Next::Leave;
            }
        }
        Next::Draw
    }

    fn perform(&mut self, effect: Effect, screen: &mut Frames) -> Next {
        match effect {
            Effect::Redraw => screen.whole = true,
            Effect::Quit if self.home.is_some() => {
                // What lies below may have transfers under way.
                self.perform(Effect::Leave, screen);
                let effects = self.on_store(|state, store| state.update(Action::Quit, store));
                for effect in effects {
                    if let Next::Leave = self.perform(effect, screen) {
                        return Next::Leave;
                    }
                }
            }
            Effect::Quit | Effect::Leave => {
                // From a file that was opened on top, back to what lies below.
                let Some((mut state, store, bodies)) = self.home.take() else {
                    return Next::Leave;
                };
                state.tick(clock::now());
                state.changed(&lock(&store), &[]);
                self.view.state = state;
                self.view.store = store;
                self.view.bodies = bodies;
            }
            Effect::Copy { what, text } => match clipboard::copy(&what, &text, &self.mailbox) {
                Way::Sequence(bytes) => {
                    self.waiting.extend(bytes);
                    let text = Said::about("notice.copied", &what);
                    self.view.state.tell(true, text);
                }
                Way::Tmux => {}
                Way::TooLong => {
                    let text = Said::about("notice.too-long", &what);
                    self.view.state.tell(false, text);
                }
            },
            Effect::Mouse(on) => self.waiting.extend(mouse(on)),
            #[expect(
                clippy::panic,
                reason = "it was typed: this shows that the terminal is given back"
            )]
            Effect::Panic => panic!(":panic was typed"),
            effect => self.view.host.perform(effect, &self.mailbox),
        }
        Next::Draw
    }

    fn open(&mut self, opened: Opened) {
        let mut state = State::new(opened.facts.clone(), self.view.state.look(), clock::now());
        state.log_line(Said::about("notice.opened", &opened.facts.source));
        let below = (
            std::mem::replace(&mut self.view.state, state),
            std::mem::replace(&mut self.view.store, Arc::new(Mutex::new(opened.store))),
            std::mem::replace(&mut self.view.bodies, opened.bodies),
        );
        // One live capture, or the first file, stays below; other files replace each other.
        self.home.get_or_insert(below);
    }

    /// Works on the store that is shown, with a state that knows all of it.
    fn on_store<T>(&mut self, work: impl FnOnce(&mut State, &Store) -> T) -> T {
        let store = Arc::clone(&self.view.store);
        let store = lock(&store);
        self.learn(&store);
        work(&mut self.view.state, &store)
    }

    /// Tells the state what has changed in the store that is shown.
    fn learn(&mut self, store: &Store) {
        let feed = self.view.feed.as_ref().filter(|_| self.home.is_none());
        let news = feed.map(Feed::take).unwrap_or_default();
        let state = &mut self.view.state;
        if !news.changed.is_empty() || store.generation() != self.generation {
            let ids: Vec<ExchangeId> = news.changed.into_iter().collect();
            state.changed(store, &ids);
            self.generation = store.generation();
        }
        if news.missed > self.missed {
            let missed = news.missed;
            self.missed = missed;
            let text = Said::about("notice.missed", &missed.to_string().into());
            state.tell(false, text);
        }
    }

    fn tick(&mut self) -> bool {
        let now = clock::now();
        if let Some((state, ..)) = &mut self.home {
            state.tick(now);
        }
        self.view.state.tick(now)
    }

    fn draw(&mut self, screen: &mut Frames, tty: &Tty) {
        let store = Arc::clone(&self.view.store);
        let store = lock(&store);
        self.learn(&store);
        let first = std::mem::take(&mut self.waiting);
        let bytes = screen.frame(&mut self.view, &store, tty.size(), first);
        if let Some(bytes) = bytes {
            self.writer.write(bytes);
        }
    }
}

enum Next {
    Nothing,
    Draw,
    Leave,
}

/// What the terminal shows, and what it is to show.
struct Frames {
    shown: Buffer,
    next: Buffer,
    cursor: Option<(u16, u16)>,
    /// Whether everything is to be drawn anew.
    whole: bool,
}

impl Frames {
    fn new(tty: &Tty) -> Self {
        let (width, height) = tty.size();
        let area = Rect::new(0, 0, width, height);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            whole: true,
        }
    }

    /// The bytes that bring the terminal from what it shows to what it is to show; `None` when
    /// that is the same.
    fn frame(
        &mut self,
        view: &mut View,
        store: &Store,
        size: (u16, u16),
        first: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let area = Rect::new(0, 0, size.0, size.1);
        if self.shown.area != area || self.whole {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.whole = true;
        }
        self.next.reset();
        view.state.prepare(store, view.bodies.as_ref(), size);
        let cursor = render(store, &view.state, &mut self.next);
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && cursor == self.cursor && first.is_empty() && !self.whole {
            return None;
        }
        let mut bytes = first;
        // Writing to memory does not fail.
        let _ = queue!(bytes, BeginSynchronizedUpdate, Hide);
        if self.whole {
            let _ = queue!(bytes, Clear(ClearType::All));
        }
        let _ = CrosstermBackend::new(&mut bytes).draw(changes.into_iter());
        if let Some((x, y)) = cursor {
            let _ = queue!(bytes, MoveTo(x, y), Show);
        }
        let _ = queue!(bytes, EndSynchronizedUpdate);
        self.whole = false;
        self.cursor = cursor;
        std::mem::swap(&mut self.shown, &mut self.next);
        Some(bytes)
    }
}

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How often is looked whether something depends on the time.
const TICK: Duration = Duration::from_millis(250);
/// Messages taken between two frames.
const AT_ONCE: usize = 256;
