//! Signals that a program takes for itself.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that no longer do what they do by themselves, each with what it means here.
#[derive(Debug)]
pub struct SignalSet<T>(Vec<(Signal, T)>);

impl<T: Copy> SignalSet<T> {
    /// From here on these signals are taken.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn take<const N: usize>(kinds: [(SignalKind, T); N]) -> io::Result<Self> {
        let streams = kinds
            .into_iter()
            .map(|(kind, means)| Ok((signal(kind)?, means)));
        Ok(Self(streams.collect::<io::Result<_>>()?))
    }

    /// Waits for the next one and gives what it means.
    pub async fn next(&mut self) -> T {
        poll_fn(|context| {
            let mut came = |(stream, means): &mut (Signal, T)| {
                stream.poll_recv(context).is_ready().then_some(*means)
            };
            let first = self.0.iter_mut().find_map(&mut came);
            first.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
