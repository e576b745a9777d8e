//! The journal's body store as the proxy uses it.

use std::sync::Arc;

use bytes::Bytes;

use super::queue::{BodyKey, Job, Queue};
use crate::capture::{BodyStore, BodyWriter, Direction};
use crate::exchange::ExchangeId;

/// Hands bodies to the journal's thread.
#[derive(Debug)]
pub(super) struct BlobStore(pub(super) Arc<Queue>);

impl BodyStore for BlobStore {
    fn open(&self, exchange: ExchangeId, direction: Direction) -> Box<dyn BodyWriter> {
        let key = (exchange, direction);
        Box::new(BlobSink {
            open: self.0.push(Job::BodyBegins(key)),
            queue: Arc::clone(&self.0),
            key,
        })
    }
}

/// One body on its way.
#[derive(Debug)]
struct BlobSink {
    queue: Arc<Queue>,
    key: BodyKey,
    open: bool,
}

impl BodyWriter for BlobSink {
    fn push(&mut self, bytes: Bytes) -> bool {
        if self.open && !self.queue.push(Job::BodyBytes(self.key, bytes)) {
            self.open = false;
            self.queue.push(Job::BodyGivenUp(self.key));
        }
        self.open
    }
}

impl Drop for BlobSink {
    fn drop(&mut self) {
        if self.open {
            self.queue.push(Job::BodyEnds(self.key));
        }
    }
}
