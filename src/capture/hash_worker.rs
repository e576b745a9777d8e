//! Measuring beside the transfer: small bodies at once, large ones on another thread, unless there is
//! little more to do than to count.
//!
//! The relay only queues references to bytes it has already passed on. If measuring falls
//! behind by [`BEHIND`] bytes the relay lends a hand, so that memory stays bounded and no byte
//! goes unmeasured.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio_util::task::TaskTracker;

use crate::base::lock::lock;
use crate::exchange::{Body, Capture, Omission};

use super::catch_panic::isolated_now;
use super::meter::Meter;
use super::recorder::Recorder;

/// Measures one body, here or on another thread.
pub(crate) struct HashWorker {
    job: Arc<Measuring>,
    tasks: TaskTracker,
    /// Whether measuring takes less than handing it to somebody else.
    light: bool,
}

struct Measuring {
    queue: Mutex<Pieces>,
    meter: Mutex<Option<Meter>>,
    recorder: Recorder,
}

#[derive(Default)]
struct Pieces {
    queued: VecDeque<Bytes>,
    bytes: usize,
    /// All bytes that passed so far.
    total: u64,
    running: bool,
    closing: Option<Closing>,
}

struct Closing {
    complete: bool,
    then: Box<dyn FnOnce(Body) + Send>,
}

impl HashWorker {
    /// A worker for one body; threads are taken from the runtime and tracked by `tasks`.
    pub(crate) fn new(meter: Meter, recorder: Recorder, tasks: TaskTracker) -> Self {
        let light = meter.is_light();
        let job = Measuring {
            queue: Mutex::default(),
            meter: Mutex::new(Some(meter)),
            recorder,
        };
        Self {
            job: Arc::new(job),
            tasks,
            light,
        }
    }

    /// Queues bytes that have passed.
    pub(crate) fn push(&self, bytes: Bytes) {
        let mut queue = lock(&self.job.queue);
        queue.total += bytes.len() as u64;
        if self.light {
            drop(queue);
            let mut meter = lock(&self.job.meter);
            self.job.measure(&mut meter, [&bytes]);
            return;
        }
        queue.bytes += bytes.len();
        queue.queued.push_back(bytes);
        if queue.bytes >= BEHIND {
            drop(queue);
            self.job.catch_up();
        } else if queue.bytes >= OFFLOAD && !queue.running {
            queue.running = true;
            drop(queue);
            self.start();
        }
    }

    /// No more bytes will come; `then` is called with the result, at once or from the thread
    /// that still measures.
    pub(crate) fn close(self, complete: bool, then: impl FnOnce(Body) + Send + 'static) {
        let mut queue = lock(&self.job.queue);
        queue.closing = Some(Closing {
            complete,
            then: Box::new(then),
        });
        if !queue.running {
            queue.running = true;
            drop(queue);
            self.job.run();
        }
    }

    fn start(&self) {
        let job = Arc::clone(&self.job);
        self.tasks.spawn_blocking(move || job.run());
    }
}

impl Measuring {
    /// Measures until there is nothing left, and finishes when the worker is closed.
    fn run(&self) {
        loop {
            self.catch_up();
            let mut queue = lock(&self.queue);
            if !queue.queued.is_empty() {
                continue;
            }
            let closing = queue.closing.take();
            queue.running = false;
            let total = queue.total;
            drop(queue);
            if let Some(closing) = closing {
                let complete = closing.complete;
                let meter = lock(&self.meter).take();
                let finish = || meter.map(|meter| meter.finish(complete));
                let measured = isolated_now(&self.recorder, finish).flatten();
                (closing.then)(measured.unwrap_or_else(|| unmeasured(total, complete)));
            }
            return;
        }
    }

    /// Measures what is queued. The meter is locked before the queue is emptied, so that pieces
    /// stay in order whoever measures them.
    fn catch_up(&self) {
        let mut meter = lock(&self.meter);
        let mut queue = lock(&self.queue);
        let pieces = std::mem::take(&mut queue.queued);
        queue.bytes = 0;
        drop(queue);
        self.measure(&mut meter, &pieces);
    }

    fn measure<'a>(&self, meter: &mut Option<Meter>, pieces: impl IntoIterator<Item = &'a Bytes>) {
        let measure = || {
            if let Some(meter) = meter.as_mut() {
                for piece in pieces {
                    meter.update(piece);
                }
            }
        };
        // A meter with a fault is not asked again; the body passes all the same.
        if isolated_now(&self.recorder, measure).is_none() {
            *meter = None;
        }
    }
}

/// What is known of a body whose meter had a fault.
fn unmeasured(size: u64, complete: bool) -> Body {
    Body {
        size,
        complete,
        capture: Capture::Omitted {
            reason: Omission::Undecodable,
        },
        ..Body::default()
    }
}

/// Queued bytes that are worth another thread.
const OFFLOAD: usize = 256 * 1024;
/// Queued bytes at which the relay measures itself.
const BEHIND: usize = 768 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use std::time::Instant;

    use crate::capture::content::DeclaredContent;
    use crate::capture::limits::CaptureLimits;
    use crate::capture::meter::Policy;
    use crate::capture::sink::Direction;
    use crate::exchange::ExchangeId;

    use super::*;

    fn worker(tasks: &TaskTracker, hash: bool) -> HashWorker {
        let (recorder, _changes) = Recorder::new(&CaptureLimits::default(), Instant::now);
        let policy = Policy {
            hash,
            max_body: 0,
            store: None,
        };
        let meter = Meter::new(
            &policy,
            DeclaredContent::default(),
            &recorder,
            ExchangeId(1),
            Direction::Response,
        );
        HashWorker::new(meter, recorder, tasks.clone())
    }

    #[tokio::test]
    async fn what_is_only_counted_takes_no_thread() {
        let tasks = TaskTracker::new();
        let worker = worker(&tasks, false);
        for _ in 0..8 {
            worker.push(Bytes::from(vec![7; OFFLOAD]));
            assert!(tasks.is_empty());
        }
        let (sender, result) = mpsc::channel();
        worker.close(true, move |body| sender.send(body).unwrap());
        let body = result.recv().unwrap();
        assert_eq!((body.size, body.sha256), (8 * OFFLOAD as u64, None));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_byte_is_measured_once_and_in_order() {
        for total in [0, 1, OFFLOAD, BEHIND * 3 + 7] {
            let content: Vec<u8> = (0..total).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let tasks = TaskTracker::new();
            let worker = worker(&tasks, true);
            for piece in content.chunks(60_000) {
                worker.push(Bytes::copy_from_slice(piece));
                tokio::task::yield_now().await;
            }
            let (sender, result) = mpsc::channel();
            worker.close(true, move |body| sender.send(body).unwrap());
            tasks.close();
            tasks.wait().await;
            let body = result.recv().unwrap();
            assert_eq!(body.size, total as u64);
            assert_eq!(body.sha256, Some(crate::base::hex::sha256(&content)));
        }
    }
}
