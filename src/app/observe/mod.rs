//! Who watches a recording, and the one model of what was seen that they read.
//!
//! Events come into the model's store on a thread of its own, and watchers read it there, each
//! time after it has changed. None of them groups or reads messages by itself.

pub(super) mod events_out;
pub(super) mod model;
pub(super) mod narration;
pub(super) mod otlp;
pub(super) mod outline;
pub(super) mod progress;
pub(super) mod refusals;
mod watcher;

pub(super) use watcher::{Sight, Watcher};
