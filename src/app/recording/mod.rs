//! One recording from start to end: plan, settings, pump, health, verdict.

pub(super) mod capture;
pub(super) mod fail_on;
mod har_file;
pub(super) mod health;
pub(super) mod pace;
pub(super) mod settings;
