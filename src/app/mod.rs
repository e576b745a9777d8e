//! Putting it together: commands, the recording session, signals, exit codes.

mod ca;
mod capture;
mod change;
mod demo;
mod doctor;
mod events_out;
mod exec;
mod export;
mod fail_on;
mod failure;
mod faults;
mod hardening;
mod import;
mod lab;
mod locale;
mod log;
mod origin;
mod outline;
mod output;
mod pace;
mod paint;
mod progress;
mod record;
mod run;
mod screen;
mod select;
mod settings;
mod setup;
mod shell;
mod show;
mod signals;
mod source;
mod story;
mod under_way;
mod view;

pub use run::run;
