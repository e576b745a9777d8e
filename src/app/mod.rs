//! Putting it together: commands, the recording session, signals, exit codes.

mod ca;
mod capture;
mod demo;
mod events_out;
mod exec;
mod export;
mod failure;
mod hardening;
mod lab;
mod log;
mod outline;
mod output;
mod pace;
mod progress;
mod record;
mod run;
mod settings;
mod setup;
mod signals;
mod source;
mod story;
mod under_way;

pub use run::run;
