//! Tunnels whose bytes are passed on unread.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::capture::catch_panic::isolated;
use crate::capture::{Direction, OpenTunnel};
use crate::exchange::{Authority, Connection, Ending, Failure, Side, Timings, TunnelKind};

use super::answer::FailureDetail;
use super::context::ProxyContext;
use super::upstream::{Connecting, Protocol, ServerStream, Target};

/// Connects to the target of an opaque tunnel.
pub(crate) async fn connect(
    shared: &Arc<ProxyContext>,
    connection: &Connection,
    target: &Authority,
    kind: TunnelKind,
) -> Result<(ServerStream, OpenTunnel), FailureDetail> {
    let tunnel = OpenTunnel::open(&shared.recorder, connection.clone(), kind);
    let target = Target {
        protocol: Protocol::Opaque,
        authority: target.clone(),
    };
    let Connecting {
        outcome,
        upstream,
        phases,
    } = shared.connector.connect(&target, connection.client).await;
    let timings = Timings {
        dns: phases.dns,
        connect: phases.connect,
        ..Timings::default()
    };
    tunnel.set_upstream(upstream, timings);
    match outcome {
        Ok(connected) => Ok((connected.stream, tunnel)),
        Err((failure, detail)) => {
            tunnel.end(failed(failure, &detail));
            Err((failure, detail))
        }
    }
}

/// Passes bytes both ways until both have ended, or one fails, or nothing moves for long.
pub(crate) async fn relay<C, S>(
    client: C,
    server: S,
    tunnel: &OpenTunnel,
    shared: &ProxyContext,
) -> Ending
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let idle = shared.settings.limits.opaque_idle;
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = tokio::io::split(server);
    let up = copy(client_read, server_write, tunnel, Direction::Request, idle);
    let down = copy(server_read, client_write, tunnel, Direction::Response, idle);
    match tokio::try_join!(up, down) {
        Ok(_) => Ending::Complete,
        Err((by, error)) => Ending::Aborted {
            by,
            detail: error.to_string(),
        },
    }
}

/// An end before anything passed.
pub(crate) fn failed(reason: Failure, detail: &str) -> Ending {
    Ending::Failed {
        reason,
        detail: detail.to_owned(),
    }
}

/// How a tunnel ends whose bytes `relayed` passes on; `None` when it is cut because everything is
/// to stop.
pub(crate) async fn ending(
    shared: &ProxyContext,
    relayed: impl Future<Output = Ending>,
) -> Option<Ending> {
    let fault = || failed(Failure::Internal, "a fault in pullscope ended it");
    tokio::select! {
        ending = isolated(&shared.recorder, relayed) => Some(ending.unwrap_or_else(fault)),
        () = shared.abort.cancelled() => None,
    }
}

async fn copy<R, W>(
    mut from: R,
    mut to: W,
    tunnel: &OpenTunnel,
    direction: Direction,
    idle: Duration,
) -> Result<(), (Side, io::Error)>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (reader, writer) = match direction {
        Direction::Request => (Side::Client, Side::Upstream),
        Direction::Response => (Side::Upstream, Side::Client),
    };
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match timeout(idle, from.read(&mut buffer)).await {
            Ok(read) => read.map_err(|error| (reader, error))?,
            Err(_) => return Err((reader, io::ErrorKind::TimedOut.into())),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let passed = async {
            if bytes.is_empty() {
                to.shutdown().await
            } else {
                to.write_all(bytes).await
            }
        };
        match timeout(idle, passed).await {
            Ok(written) => written.map_err(|error| (writer, error))?,
            Err(_) => return Err((writer, io::ErrorKind::TimedOut.into())),
        }
        if count == 0 {
            return Ok(());
        }
        tunnel.passed(direction, count as u64);
    }
}

/// Bytes in flight in each direction.
const BUFFER: usize = 16 * 1024;
