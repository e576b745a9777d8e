//! pullscope shows what happens between a container client and a registry.
//!
//! The crate is a library with a thin binary; `docs/architecture.md` shows its rooms.

pub mod app;
pub mod base;
pub mod capture;
pub mod clients;
pub mod config;
pub mod exchange;
pub mod export;
pub mod findings;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod har;
pub mod journal;
pub mod lab;
pub mod proxy;
pub mod pulls;
pub mod redact;
pub mod registry;
pub mod store;
pub mod story;
pub mod tui;
pub mod words;
