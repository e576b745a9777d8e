//! One file per command: arguments, plan, call, exit code.

pub(super) mod ca;
pub(super) mod change;
pub(super) mod demo;
pub(super) mod diff;
pub(super) mod doctor;
pub(super) mod exec;
pub(super) mod export;
pub(super) mod import;
pub(super) mod lab;
pub(super) mod record;
pub(super) mod setup;
pub(super) mod shell;
pub(super) mod show;
