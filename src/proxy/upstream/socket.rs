//! HTTP/1.1 on a connection to a server.

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::capture::Framer;
use crate::exchange::Upstream;
use crate::proxy::co_driven::{CoDriven, CoDrivenGuard};
use crate::proxy::limits::Limits;
use crate::proxy::tap::io::{Tap, TapIo, Timers};

use super::connect::Connected;
use super::route::{ForwardProxy, Target};

/// A connection on which requests can be sent, one after the other.
pub(crate) struct Socket<B> {
    /// Where it leads.
    pub(crate) target: Target,
    /// For the trace.
    pub(crate) upstream: Upstream,
    /// Set when requests are to be sent in absolute form, to an upstream proxy.
    pub(crate) forward_proxy: Option<ForwardProxy>,
    /// What arrives on it.
    pub(crate) tap: Tap,
    /// The sending half.
    pub(crate) sender: SendRequest<B>,
    /// Ends the connection with the socket.
    _driven: Driven,
}

/// Who drives a connection.
pub(crate) enum Driver<'a> {
    /// A task of its own.
    Task(&'a TaskTracker),
    /// The task that serves the client.
    CoDriven(&'a CoDriven),
}

/// What ends a connection when it is dropped.
#[expect(dead_code, reason = "each is there to be dropped")]
enum Driven {
    Task(DropGuard),
    CoDriven(CoDrivenGuard),
}

impl<B> Socket<B>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Prepares a fresh connection for HTTP.
    ///
    /// # Errors
    /// When hyper refuses the connection, which it does for no known reason.
    pub(crate) async fn open(
        target: Target,
        connected: Connected,
        upstream: Upstream,
        limits: &Limits,
        driver: Driver<'_>,
    ) -> hyper::Result<Self> {
        let timers = Timers {
            head: limits.upstream_idle,
            idle: limits.upstream_idle,
            rest: limits.keep_alive,
            stall: limits.upstream_idle,
        };
        let framer = Framer::responses(limits.capture.head_bytes, limits.capture.head_fields);
        let (io, tap) = TapIo::client(connected.stream, framer, timers);
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .max_headers(limits.capture.head_fields + 1)
            .max_header_size(limits.capture.head_bytes + 1)
            .handshake(TokioIo::new(io))
            .await?;
        let work = async move {
            // Its errors reach whoever waits for the response, or nobody needs them.
            let _ = connection.with_upgrades().await;
        };
        let held = match driver {
            Driver::CoDriven(co_driven) => Driven::CoDriven(co_driven.place(Box::pin(work))),
            Driver::Task(tasks) => {
                let ended = CancellationToken::new();
                let guard = ended.clone().drop_guard();
                tasks.spawn(async move { ended.run_until_cancelled(work).await });
                Driven::Task(guard)
            }
        };
        Ok(Self {
            target,
            upstream,
            forward_proxy: connected.forward_proxy,
            tap,
            sender,
            _driven: held,
        })
    }
}
