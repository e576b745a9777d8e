//! Putting it together: commands, the recording session, signals, exit codes.

mod commands;
mod observe;
mod process;
mod recording;
mod run;
mod terminal;
mod trace;
mod view;

pub use run::run;
