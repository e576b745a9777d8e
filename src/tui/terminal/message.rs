//! What the view is told.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crossterm::event::{KeyEvent, MouseEvent};

use crate::exchange::Bodies;
use crate::store::Store;
use crate::tui::{Facts, Said};

/// One thing the view is told.
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The window has another size.
    Resized,
    /// The feed holds events.
    Fed,
    /// The terminal took the last frame.
    Written,
    /// The terminal is gone.
    Closed,
    /// Something the user asked for went well, or did not.
    Told {
        /// Whether it went well.
        good: bool,
        /// What is told.
        text: Said,
    },
    /// A line of the program's log.
    Log(Said),
    /// Put this on the clipboard.
    Copy {
        /// What it is.
        what: Said,
        /// The text.
        text: String,
    },
    /// Other facts than before.
    Facts(Box<Facts>),
    /// A trace was opened.
    Opened(Box<Opened>),
    /// It is time to leave.
    Stop,
}

/// A trace that was opened from within the view.
pub struct Opened {
    /// What it is.
    pub facts: Facts,
    /// What it holds.
    pub store: Store,
    /// Its bodies.
    pub bodies: Box<dyn Bodies + Send>,
}

/// Where messages for the view go. It can be cloned and given away.
#[derive(Clone, Debug)]
pub struct Mailbox(SyncSender<Message>);

/// Where the view's messages come out.
#[derive(Debug)]
pub struct Inbox(pub(super) Receiver<Message>);

/// A mailbox and where its messages come out.
pub fn mailbox() -> (Mailbox, Inbox) {
    let (sender, receiver) = sync_channel(MOST_MESSAGES);
    (Mailbox(sender), Inbox(receiver))
}

impl Mailbox {
    /// Tells the view something without waiting; whether it was taken.
    pub fn offer(&self, message: Message) -> bool {
        self.0.try_send(message).is_ok()
    }

    /// Tells the view something, and waits for room; whether the view is still there. Not for
    /// whoever must not wait.
    pub fn send(&self, message: Message) -> bool {
        self.0.send(message).is_ok()
    }
}

/// Messages that may wait.
const MOST_MESSAGES: usize = 1_024;
