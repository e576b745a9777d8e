//! A body that is watched while it passes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::base::cause;
use crate::capture::hash_worker::HashWorker;
use crate::capture::{BodyEnd, Direction, OpenExchange};
use crate::exchange::head::latin1;

use super::io::Tap;

/// Passes on the frames of `B` as they come and records what went by. It is polled by whoever
/// forwards the body, so the receiver's pace is the sender's pace.
pub(crate) struct TapBody<B: Body> {
    inner: B,
    watch: Option<Watch>,
    /// An error that was met, and is told with the next poll.
    broken: Option<Box<B::Error>>,
    /// Whether the head states a length of zero.
    states_zero: bool,
}

/// What is noted about a body.
pub(crate) struct Watch {
    /// Whose body it is.
    pub(crate) exchange: Arc<OpenExchange>,
    /// Which of the two.
    pub(crate) direction: Direction,
    /// Measures it.
    pub(crate) worker: HashWorker,
    /// What its bytes come through, where that is tapped.
    pub(crate) source: Option<Tap>,
}

impl Watch {
    fn finish(self, end: BodyEnd) {
        let Self {
            exchange,
            direction,
            worker,
            source,
        } = self;
        if direction == Direction::Response {
            exchange.phases(|phases| phases.last_byte = Some(Instant::now()));
        }
        let end = match (end, source.as_ref().and_then(Tap::fault)) {
            (BodyEnd::SenderFailed(_), Some(fault)) => BodyEnd::SenderFailed(fault.to_string()),
            (end, _) => end,
        };
        let trailers = source
            .and_then(|tap| tap.take_trailers())
            .unwrap_or_default();
        worker.close(end == BodyEnd::Whole, move |mut body| {
            body.trailers = trailer_fields(&trailers);
            exchange.end_body(direction, body, end);
        });
    }
}

impl<B: Body> TapBody<B> {
    /// Watches a body. One that has ended before it began is noted at once: nobody polls it.
    pub(crate) fn new(inner: B, watch: Watch) -> Self {
        let mut body = Self {
            inner,
            watch: Some(watch),
            broken: None,
            states_zero: false,
        };
        if body.inner.is_end_stream() {
            body.finish(BodyEnd::Whole);
        }
        body
    }

    /// For a body of which the head says `Content-Length: 0`. hyper moves that field to the end
    /// of the head when it knows that there is no body, and leaves it where it stands when it is
    /// told of a body of no bytes.
    pub(crate) fn stating_zero(mut self, states_zero: bool) -> Self {
        self.states_zero = states_zero;
        self
    }

    fn finish(&mut self, end: BodyEnd) {
        if let Some(watch) = self.watch.take() {
            watch.finish(end);
        }
    }
}

impl<B> Body for TapBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(*error)));
        }
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        match frame {
            Some(Ok(frame)) => {
                if let (Some(data), Some(watch)) = (frame.data_ref(), &this.watch) {
                    watch.exchange.passed(watch.direction, data.len() as u64);
                    watch.worker.push(data.clone());
                }
                // After trailers, or once the length is reached, nobody polls again.
                if frame.is_trailers() || this.inner.is_end_stream() {
                    this.finish(BodyEnd::Whole);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                this.finish(BodyEnd::SenderFailed(cause::innermost(&error)));
                // The receiver is to get what came before the cut. Told at once, the error would
                // have hyper drop what it has not written yet; a pause lets it write.
                this.broken = Some(Box::new(error));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                this.finish(BodyEnd::Whole);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && !self.states_zero
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body> Drop for TapBody<B> {
    fn drop(&mut self) {
        self.finish(BodyEnd::ReceiverGone);
    }
}

fn trailer_fields(section: &[u8]) -> Vec<(String, String)> {
    section
        .split(|&b| b == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|&b| b == b':')?;
            let (name, value) = line.split_at(colon);
            Some((latin1(name), latin1(value.get(1..)?.trim_ascii())))
        })
        .collect()
}
