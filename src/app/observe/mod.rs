//! Who watches a recording: progress, the story, events on stdout, spans for a collector.

pub(super) mod events_out;
pub(super) mod narration;
pub(super) mod otlp;
pub(super) mod outline;
pub(super) mod progress;
pub(super) mod under_way;

use crate::exchange::Event;

/// Someone who watches what passes. It must not block.
pub(in crate::app) trait Observer: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// Some time has passed.
    fn tick(&mut self) {}

    /// Whether events are to be on disk before this observer is told.
    fn wants_written_first(&self) -> bool {
        false
    }
}
