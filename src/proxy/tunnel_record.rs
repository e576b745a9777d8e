//! Tunnels that are passed on unread, and refused handshakes, as cells of the recorder.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::clock;
use crate::capture::sink::Direction;
use crate::exchange::{
    Connection, Ending, Event, HandshakeFailed, Rejection, Side, Timings, Tunnel, TunnelKind,
    Upstream,
};

use super::context::Shared;
use crate::capture::recorder::{Cell, Mark, Recorder};

/// A tunnel while it lasts; dropped without an end it was cut off.
pub(crate) struct OpenTunnel {
    cell: Arc<TunnelCell>,
}

struct TunnelCell {
    mark: Arc<Mark>,
    sent: AtomicU64,
    received: AtomicU64,
    tunnel: Mutex<Tunnel>,
}

struct HandshakeCell {
    event: Mutex<Option<Box<HandshakeFailed>>>,
}

/// Records that a client ended the TLS handshake.
pub(crate) fn handshake_failed(
    shared: &Shared,
    connection: Connection,
    rejection: Rejection,
    process: Option<String>,
) {
    let event = Box::new(HandshakeFailed {
        at: clock::now(),
        rejection,
        process,
        earlier: shared.agents.only(connection.client.ip()),
        connection,
    });
    let mut own_mark = None;
    shared.recorder.add(|mark| {
        own_mark = Some(mark);
        HandshakeCell {
            event: Mutex::new(Some(event)),
        }
    });
    if let Some(mark) = own_mark {
        mark.end();
    }
}

impl OpenTunnel {
    /// Opens a tunnel and announces it.
    pub(crate) fn open(recorder: &Recorder, connection: Connection, kind: TunnelKind) -> Self {
        let tunnel = Tunnel {
            id: recorder.next_tunnel(),
            connection,
            kind,
            upstream: None,
            sent: 0,
            received: 0,
            timings: Timings::default(),
            ended: None,
        };
        let cell = recorder.add(|mark| TunnelCell {
            mark,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            tunnel: Mutex::new(tunnel),
        });
        cell.mark.touch();
        Self { cell }
    }

    pub(crate) fn set_upstream(&self, upstream: Upstream, timings: Timings) {
        let mut tunnel = self.cell.lock();
        tunnel.upstream = Some(upstream);
        tunnel.timings = timings;
        drop(tunnel);
        self.cell.mark.touch();
    }

    /// Counts bytes that have passed.
    pub(crate) fn passed(&self, direction: Direction, bytes: u64) {
        match direction {
            Direction::Request => self.cell.sent.fetch_add(bytes, Ordering::Relaxed),
            Direction::Response => self.cell.received.fetch_add(bytes, Ordering::Relaxed),
        };
    }

    /// Ends the tunnel.
    pub(crate) fn end(self, ending: Ending) {
        self.cell.lock().ended = Some((clock::now(), ending));
    }
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        let detail = || "pullscope stopped before the tunnel ended".to_owned();
        let cut = || {
            (
                clock::now(),
                Ending::Aborted {
                    by: Side::Shutdown,
                    detail: detail(),
                },
            )
        };
        let mut tunnel = self.cell.lock();
        tunnel.ended.get_or_insert_with(cut);
        drop(tunnel);
        self.cell.mark.end();
    }
}

impl TunnelCell {
    fn lock(&self) -> MutexGuard<'_, Tunnel> {
        self.tunnel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Tunnel {
        let mut tunnel = self.lock().clone();
        tunnel.sent = self.sent.load(Ordering::Relaxed);
        tunnel.received = self.received.load(Ordering::Relaxed);
        tunnel
    }
}

impl Cell for TunnelCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let tunnel = self.snapshot();
        let over = tunnel.ended.is_some();
        events.push(Event::Tunnel(Box::new(tunnel)));
        over
    }

    /// An open tunnel is told again by the reader's next look only: its end carries the counts.
    fn progress(&self, _: &mut Vec<Event>) {}

    fn is_over(&self) -> bool {
        self.lock().ended.is_some()
    }
}

impl Cell for HandshakeCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let event = self
            .event
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        events.extend(event.map(Event::HandshakeFailed));
        true
    }

    fn progress(&self, _: &mut Vec<Event>) {}

    fn is_over(&self) -> bool {
        true
    }
}
