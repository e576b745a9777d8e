//! A body that may not stand still for long.
//!
//! In tunnels the tap under the connection has the timers. At the front door the connection is
//! hudsucker's, so the request's body itself is timed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Sleep, sleep};

/// Ends with an error when `limit` passes between two frames that are asked for.
pub(crate) struct TimedBody<B> {
    inner: B,
    limit: Duration,
    /// Exists while a frame is awaited.
    waiting: Option<Pin<Box<Sleep>>>,
}

/// Why a body ended early.
#[derive(Debug, Error)]
pub(crate) enum Cut<E> {
    /// It stood still.
    #[error("no byte arrived for {} s", .0.as_secs())]
    Late(Duration),
    /// Its own reason.
    #[error(transparent)]
    Inner(E),
}

impl<B> TimedBody<B> {
    pub(crate) fn new(inner: B, limit: Duration) -> Self {
        Self {
            inner,
            limit,
            waiting: None,
        }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error,
{
    type Data = Bytes;
    type Error = Cut<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Cut::Inner)));
        }
        let limit = this.limit;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        waiting
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(Cut::Late(limit))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_cut_and_one_that_moves_is_not() {
        let limit = Duration::from_secs(30);
        let frames = futures_util::stream::unfold(0, |n: u32| async move {
            // Slower than the limit as a whole, and only the fourth stands still.
            let pause = if n < 3 { 20 } else { 31 };
            sleep(Duration::from_secs(pause)).await;
            let frame = Frame::data(Bytes::from_static(b"x"));
            Some((Ok::<_, std::io::Error>(frame), n + 1))
        });
        let mut body = TimedBody::new(StreamBody::new(Box::pin(frames)), limit);
        for _ in 0..3 {
            assert!(body.frame().await.unwrap().is_ok());
        }
        let error = body.frame().await.unwrap().err().unwrap();
        assert_eq!(error.to_string(), "no byte arrived for 30 s");
    }
}
