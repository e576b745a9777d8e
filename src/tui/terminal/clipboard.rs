//! Putting text on the clipboard of whoever sits in front of the terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use data_encoding::BASE64;

use super::message::{Mailbox, Message};
use crate::tui::Said;

/// How a text gets onto the clipboard.
pub(super) enum Way {
    /// By a sequence that the terminal understands (OSC 52).
    Sequence(Vec<u8>),
    /// By tmux, which passes it on to its own terminal. It tells when it is done.
    Tmux,
    /// Not at all: it is too long for a terminal.
    TooLong,
}

/// Copies a text: inside tmux by tmux, elsewhere by a sequence for the terminal.
pub(super) fn copy(what: &Said, text: &str, mailbox: &Mailbox) -> Way {
    if std::env::var_os("TMUX").is_some_and(|value| !value.is_empty()) {
        let (what, text, mailbox) = (what.clone(), text.to_owned(), mailbox.clone());
        let started = thread::Builder::new()
            .name("tui-copy".into())
            .spawn(move || {
                let told = match tmux(&text) {
                    Ok(()) => Message::Told {
                        good: true,
                        text: Said::about("notice.copied", &what),
                    },
                    Err(why) => Message::Told {
                        good: false,
                        text: Said::about("notice.tmux", &why.into()),
                    },
                };
                mailbox.offer(told);
            });
        if started.is_ok() {
            return Way::Tmux;
        }
    }
    if text.len() > LONGEST {
        return Way::TooLong;
    }
    Way::Sequence(format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_bytes())).into_bytes())
}

/// `-w` makes tmux set its terminal's clipboard as well.
fn tmux(text: &str) -> Result<(), String> {
    let mut child = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all(text.as_bytes())
            .map_err(|error| error.to_string())?;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err(status.to_string())
    }
}

/// xterm takes 100,000 bytes of base64, and others fewer.
const LONGEST: usize = 74_000;
