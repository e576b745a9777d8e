//! The real terminal: entering and leaving it, keys in, frames out.
//!
//! Nothing in here can make the proxy wait. Frames are written by a thread of their own, and a
//! frame that the terminal has no room for is not drawn; what changes is told through a queue
//! that never blocks whoever fills it.

mod clipboard;
mod feed;
mod input;
mod message;
mod run;
mod tty;
mod writer;

pub use feed::{Feed, Feeder, feed};
pub use message::{Inbox, Mailbox, Message, Opened, mailbox};
pub use run::{Host, SharedStore, View, run};
pub use tty::{THREAD, Tty, TtyError, restore_after_panic};
