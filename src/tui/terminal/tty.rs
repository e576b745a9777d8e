//! The terminal's modes: taken over at the start, given back at every end.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::queue;
use crossterm::style::{ResetColor, force_color_output};
use crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    Action, OptionalActions, Termios, tcflow, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::base::lock::lock;

/// Why the terminal cannot be used. Each text fits after "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum TtyError {
    /// Its modes cannot be read or set.
    #[error("take over the terminal: {0}")]
    Modes(#[source] io::Error),
    /// Nothing can be written to it.
    #[error("write to the terminal: {0}")]
    Write(#[source] io::Error),
}

/// The terminal, taken over. Dropping it gives it back.
#[derive(Debug)]
pub struct Tty {
    /// Where frames go.
    out: io::Stdout,
}

/// What the terminal was like before.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

impl Tty {
    /// Whether both input and output are a terminal.
    pub fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal over.
    ///
    /// # Errors
    /// When its modes cannot be set, or nothing can be written to it.
    pub fn enter() -> Result<Self, TtyError> {
        let modes = |error: rustix::io::Errno| TtyError::Modes(error.into());
        let before = tcgetattr(stdin()).map_err(modes)?;
        let mut raw = before.clone();
        raw.make_raw();
        *saved() = Some(before);
        let tty = Self { out: io::stdout() };
        tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(modes)?;
        // The theme decides about colours; crossterm's own switch would write sequences that also
        // undo the marking of the selected row.
        force_color_output(true);
        let mut bytes = Vec::new();
        queue!(
            bytes,
            EnterAlternateScreen,
            Hide,
            DisableLineWrap,
            EnableBracketedPaste
        )
        .map_err(TtyError::Write)?;
        write(&bytes).map_err(TtyError::Write)?;
        Ok(tty)
    }

    /// The size in columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        match tcgetwinsize(&self.out) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
            _ => (80, 24),
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

/// The sequences that begin or end reports of the mouse.
pub(super) fn mouse(on: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = if on {
        queue!(bytes, EnableMouseCapture)
    } else {
        queue!(bytes, DisableMouseCapture)
    };
    bytes
}

/// Makes a panic of the view's thread, or of the main one, give the terminal back before the hook
/// that stands tells of it. A panic of another thread leaves the terminal in use.
pub fn restore_after_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if matches!(thread.name(), Some(name) if name == THREAD || name == "main") {
            restore();
        }
        usual(panic);
    }));
}

/// Gives the terminal back, once.
fn restore() {
    let Some(before) = saved().take() else { return };
    // Output that was stopped with Ctrl-S would make the last write wait.
    let _ = tcflow(stdout(), Action::OOn);
    let mut bytes = Vec::new();
    let _ = queue!(
        bytes,
        DisableMouseCapture,
        DisableBracketedPaste,
        EnableLineWrap,
        ResetColor,
        LeaveAlternateScreen,
        Show
    );
    let _ = write(&bytes);
    let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn saved() -> std::sync::MutexGuard<'static, Option<Termios>> {
    lock(&BEFORE)
}

/// The name of the view's thread.
pub const THREAD: &str = "tui";
