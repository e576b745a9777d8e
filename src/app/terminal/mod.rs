//! How the program speaks on a terminal: talk, output, the log, colours.

pub(super) mod locale;
pub(super) mod log;
pub(super) mod output;
pub(super) mod paint;
pub(super) mod talk;
