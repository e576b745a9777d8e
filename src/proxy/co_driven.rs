//! The connection to the server, driven by the task that serves the client.
//!
//! Two tasks that wait for each other at every step of every request cost a wake-up of another
//! thread each time, which is more than all else a small request costs. Here one task drives both
//! connections, and what one has for the other is taken up before the task goes to sleep.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use crate::base::lock::lock;

use futures_util::task::{ArcWake, AtomicWaker, waker};

/// Work that is done while something else is waited for. At most one at a time.
#[derive(Clone, Default)]
pub(crate) struct CoDriven {
    slot: Arc<Mutex<Option<Work>>>,
}

/// What is to be driven.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work that is dropped with this, unless it is over or was taken.
pub(crate) struct CoDrivenGuard(CoDriven);

impl CoDriven {
    /// Puts work in the place of what was there.
    pub(crate) fn place(&self, work: Work) -> CoDrivenGuard {
        let before = lock(&self.slot).replace(work);
        drop(before);
        CoDrivenGuard(self.clone())
    }

    /// Takes the work out, for somebody else to drive.
    pub(crate) fn take(&self) -> Option<Work> {
        lock(&self.slot).take()
    }

    /// Drives `main` to its end, and meanwhile the work that is placed here.
    pub(crate) async fn beside<F: Future>(&self, main: F) -> F::Output {
        let mut main = pin!(main);
        let relay = Arc::new(Relay::default());
        let waker = waker(Arc::clone(&relay));
        std::future::poll_fn(|outer| {
            relay.outer.register(outer.waker());
            let mut cx = Context::from_waker(&waker);
            for _ in 0..ROUNDS {
                relay.inside.store(true, Ordering::SeqCst);
                relay.again.store(false, Ordering::SeqCst);
                if let Poll::Ready(output) = main.as_mut().poll(&mut cx) {
                    return Poll::Ready(output);
                }
                self.poll(&mut cx);
                relay.inside.store(false, Ordering::SeqCst);
                if !relay.again.load(Ordering::SeqCst) {
                    return Poll::Pending;
                }
            }
            // Others are to have their turn.
            outer.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// The work is not in its place while it is polled, so that it may do whatever it likes.
    fn poll(&self, cx: &mut Context<'_>) {
        let Some(mut work) = self.take() else { return };
        if work.as_mut().poll(cx).is_pending() {
            lock(&self.slot).get_or_insert(work);
        }
    }
}

impl Drop for CoDrivenGuard {
    fn drop(&mut self) {
        let work = self.0.take();
        drop(work);
    }
}

/// A wake-up from inside the task's own poll is noted; any other wakes the task.
#[derive(Default)]
struct Relay {
    outer: AtomicWaker,
    inside: AtomicBool,
    again: AtomicBool,
}

impl ArcWake for Relay {
    fn wake_by_ref(relay: &Arc<Self>) {
        // In this order, with the poll clearing `inside` before it looks at `again`: one of the
        // two sees the other.
        relay.again.store(true, Ordering::SeqCst);
        if !relay.inside.load(Ordering::SeqCst) {
            relay.outer.wake();
        }
    }
}

/// Rounds that are made before other tasks get their turn. A request takes a handful; many are
/// made only when content comes and goes as fast as it is passed on.
const ROUNDS: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    /// Answers numbers by their successors.
    fn echo() -> (mpsc::Sender<u32>, mpsc::Receiver<u32>, Work) {
        let (ask, mut asked) = mpsc::channel(1);
        let (answer, answers) = mpsc::channel(1);
        let work = async move {
            while let Some(number) = asked.recv().await {
                tokio::task::yield_now().await;
                if answer.send(number + 1).await.is_err() {
                    return;
                }
            }
        };
        (ask, answers, Box::pin(work))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn both_sides_go_on_until_the_main_one_is_over() {
        let co_driven = CoDriven::default();
        let talk = co_driven.beside(async {
            // CoDrivenGuard from inside, as a connection to a server is.
            let (ask, mut answers, work) = echo();
            let _placed = co_driven.place(work);
            for number in 0..1_000 {
                ask.send(number).await.unwrap();
                assert_eq!(answers.recv().await, Some(number + 1));
                if number % 100 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            "done"
        });
        assert_eq!(timeout(Duration::from_secs(20), talk).await, Ok("done"));
        assert!(co_driven.take().is_none());
    }

    #[tokio::test]
    async fn a_wake_up_from_elsewhere_is_not_missed() {
        let co_driven = CoDriven::default();
        let (ask, mut answers, work) = echo();
        let _placed = co_driven.place(work);
        let elsewhere = async {
            for number in 0..100 {
                tokio::task::yield_now().await;
                ask.send(number).await.unwrap();
            }
        };
        let main = co_driven.beside(async {
            for number in 0..100 {
                assert_eq!(answers.recv().await, Some(number + 1));
            }
        });
        let both = async { tokio::join!(main, elsewhere) };
        assert!(timeout(Duration::from_secs(20), both).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_dropped_is_driven_no_more() {
        let co_driven = CoDriven::default();
        let (ask, _answers, work) = echo();
        drop(co_driven.place(work));
        assert!(ask.send(1).await.is_err());
    }
}
