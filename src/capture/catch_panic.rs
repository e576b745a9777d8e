//! Faults of our own: a panic ends the one exchange or tunnel it happened in, and is counted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

use super::recorder::Recorder;

/// Runs work of one connection; `None` when it panicked. What the work owned has been dropped by
/// then, which ended its exchanges.
///
/// Not an `async fn`, whose future would have room for `work` twice.
pub(crate) fn isolated<T>(
    recorder: &Recorder,
    work: impl Future<Output = T>,
) -> impl Future<Output = Option<T>> {
    // Everything shared behind it is locked and whole between any two statements.
    let caught = AssertUnwindSafe(work).catch_unwind();
    caught.map(move |outcome| note(recorder, outcome))
}

/// The same for work that does not wait.
pub(crate) fn isolated_now<T>(recorder: &Recorder, work: impl FnOnce() -> T) -> Option<T> {
    note(recorder, catch_unwind(AssertUnwindSafe(work)))
}

fn note<T>(recorder: &Recorder, outcome: Result<T, Box<dyn Any + Send>>) -> Option<T> {
    // The panic hook has told what happened and where.
    outcome.inspect_err(|_| recorder.fault()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::capture::limits::CaptureLimits;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted_and_goes_no_further() {
        let (recorder, _changes) = Recorder::new(&CaptureLimits::default(), Instant::now);
        assert_eq!(isolated(&recorder, async { 1 }).await, Some(1));
        assert_eq!(recorder.faults(), 0);
        let broken = async {
            tokio::task::yield_now().await;
            panic!("injected")
        };
        assert_eq!(isolated::<()>(&recorder, broken).await, None);
        assert_eq!(isolated_now::<()>(&recorder, || panic!("injected")), None);
        assert_eq!(recorder.faults(), 2);
    }
}
