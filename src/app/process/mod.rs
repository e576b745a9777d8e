//! The process itself: signals, hardening, panics, how a command fails.

pub(super) mod failure;
pub(super) mod faults;
pub(super) mod hardening;
pub(super) mod signals;
