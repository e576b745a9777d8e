//! The printer: data goes to stdout, talk to stderr.

use std::io::{self, Write};

use super::log;
use crate::base::printable::printable_lines;

/// Prints on stdout. A reader that has gone is no error: it has what it wanted.
pub(in crate::app) fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line on stderr, or among the events of the live view while that is on, nothing in it
/// that acts on a terminal; if it fails there is nobody left to tell.
pub(in crate::app) fn say(text: &str) {
    if log::diverted(text) {
        return;
    }
    let _ = writeln!(io::stderr().lock(), "{}", printable_lines(text));
}
