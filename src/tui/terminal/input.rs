//! The thread that reads keys.

use std::io;
use std::thread;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, poll, read};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::ioctl_fionread;
use rustix::stdio::stdin;

use super::message::{Mailbox, Message};

/// Starts to read keys. The thread ends with the terminal, or when nobody listens any more.
pub(super) fn start(mailbox: Mailbox) -> io::Result<()> {
    thread::Builder::new()
        .name("tui-input".into())
        .spawn(move || {
            if !read_all(&mailbox) {
                mailbox.send(Message::Closed);
            }
        })?;
    Ok(())
}

/// Reads until nobody listens (true) or the terminal is gone (false).
fn read_all(mailbox: &Mailbox) -> bool {
    loop {
        match wait() {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return false,
        }
        // Whatever has arrived, and what crossterm has read already.
        while poll(Duration::ZERO).unwrap_or(false) {
            let Ok(event) = read() else { return false };
            let message = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => Message::Key(key),
                Event::Paste(text) => Message::Paste(text),
                Event::Mouse(mouse) => Message::Mouse(mouse),
                Event::Resize(..) => Message::Resized,
                _ => continue,
            };
            if !mailbox.send(message) {
                return true;
            }
        }
    }
}

/// Waits for input. crossterm turns in circles on a terminal that has hung up, so it is only
/// asked when there is something to read.
fn wait() -> io::Result<bool> {
    let input = stdin();
    let mut fds = [PollFd::new(&input, PollFlags::IN)];
    let timeout = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let ready = match rustix::event::poll(&mut fds, Some(&timeout)) {
        Ok(ready) => ready,
        Err(rustix::io::Errno::INTR) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let [fd] = &fds;
    let flags = fd.revents();
    if flags.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    if ready == 0 {
        return Ok(false);
    }
    if ioctl_fionread(stdin())? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(true)
}
