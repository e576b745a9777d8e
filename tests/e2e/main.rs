//! End to end: real clients and a real registry, with pullscope between them.
//!
//! Each test starts a [`site`] of its own, on free ports and in a folder of its own, and takes
//! everything down again. [`components`] says what happens where a program is missing.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod asked;
mod ca;
mod client;
mod collector;
mod components;
mod distrust;
mod doctor;
mod doctor_causes;
mod doctor_docker;
mod doctor_services;
mod exec;
mod exec_stacks;
mod exec_view;
mod front;
mod hospital;
mod image;
mod interruption;
mod lab;
mod lab_article;
mod lab_cli;
mod lab_faults;
#[cfg(test)]
mod lab_findings;
mod lab_pulls;
mod lab_ranges;
mod lab_replay;
#[cfg(test)]
mod lab_stories;
mod lines;
mod live_view;
mod machine;
mod modern;
mod modern_faults;
mod modern_long;
mod modern_pulls;
mod otlp_live;
mod pki;
mod process;
mod pull;
mod push;
mod raw_client;
mod recorder;
mod refusals;
mod registry;
mod roster;
mod setup;
mod setup_daemons;
mod site;
mod stub;
mod terminal;
mod token;
mod told;
mod trace;
mod verdicts;
mod wait;
