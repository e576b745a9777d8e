//! Putting it together: commands, the recording session, signals, exit codes.

mod ca;
mod capture;
mod demo;
mod events_out;
mod export;
mod failure;
mod faults;
mod hardening;
mod import;
mod lab;
mod locale;
mod log;
mod output;
mod pace;
mod paint;
mod progress;
mod record;
mod run;
mod select;
mod settings;
mod show;
mod signals;
mod source;
mod story;
mod under_way;

pub use run::run;
