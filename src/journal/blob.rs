//! The journal's body store as the proxy uses it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::queue::{BodyKey, Job, Queue};
use crate::capture::{BodyStore, BodyWriter, Direction};
use crate::exchange::ExchangeId;

/// Hands bodies to the journal's thread.
pub(super) struct BlobStore(pub(super) Arc<Queue>);

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobStore")
    }
}

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
struct BlobSink {
    queue: Arc<Queue>,
    key: BodyKey,
    open: bool,
}

impl fmt::Debug for BlobSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobSink")
            .field("key", &self.key)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
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
