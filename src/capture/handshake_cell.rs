//! One TLS handshake that a client ended. It is over before it is recorded.

use std::sync::{Arc, Mutex};

use crate::base::lock::lock;
use crate::exchange::{Event, HandshakeFailed};

use super::recorder::{EventCell, Mark, Recorder};

struct HandshakeCell {
    mark: Arc<Mark>,
    failed: Mutex<Option<Box<HandshakeFailed>>>,
}

/// Records that a client ended the TLS handshake.
pub fn record_failed_handshake(recorder: &Recorder, failed: HandshakeFailed) {
    let cell = recorder.add(|mark| HandshakeCell {
        mark,
        failed: Mutex::new(Some(Box::new(failed))),
    });
    cell.mark.end();
}

impl EventCell for HandshakeCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let mut failed = lock(&self.failed);
        events.extend(failed.take().map(Event::HandshakeFailed));
        true
    }

    fn is_over(&self) -> bool {
        true
    }
}
