//! One recording from start to end: plan, settings, pump, health, verdict.

pub(super) mod conclusion;
pub(super) mod fail_on;
mod har_file;
pub(super) mod health;
mod pace;
pub(super) mod plan;
mod pump;
pub(super) mod run;
pub(super) mod settings;
