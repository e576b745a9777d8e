//! Putting it together: commands, the recording session, signals, exit codes.

mod ca;
mod capture;
mod demo;
mod events_out;
mod export;
mod failure;
mod faults;
mod hardening;
mod lab;
mod log;
mod output;
mod pace;
mod progress;
mod record;
mod run;
mod settings;
mod signals;
mod source;
mod story;
mod under_way;

pub use run::run;
