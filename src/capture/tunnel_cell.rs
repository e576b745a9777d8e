//! One tunnel whose bytes pass unread: where it leads, how much passed, and how it ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::base::clock;
use crate::base::lock::lock;
use crate::exchange::{Connection, Ending, Event, Side, Timings, Tunnel, TunnelKind, Upstream};

use super::recorder::{EventCell, Mark, Recorder};
use super::sink::Direction;

/// A tunnel while it lasts; dropped without an end it was cut off.
pub struct OpenTunnel {
    cell: Arc<TunnelCell>,
}

struct TunnelCell {
    mark: Arc<Mark>,
    recorder: Recorder,
    sent: AtomicU64,
    received: AtomicU64,
    tunnel: Mutex<Tunnel>,
}

impl OpenTunnel {
    /// Opens a tunnel and announces it.
    pub fn open(recorder: &Recorder, connection: Connection, kind: TunnelKind) -> Self {
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
            recorder: recorder.clone(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            tunnel: Mutex::new(tunnel),
        });
        cell.mark.touch();
        Self { cell }
    }

    /// Notes where it leads and how long it took to get there.
    pub fn set_upstream(&self, upstream: Upstream, timings: Timings) {
        let mut tunnel = lock(&self.cell.tunnel);
        tunnel.upstream = Some(upstream);
        tunnel.timings = timings;
        drop(tunnel);
        self.cell.mark.touch();
    }

    /// Counts bytes that have passed.
    pub fn passed(&self, direction: Direction, bytes: u64) {
        match direction {
            Direction::Request => self.cell.sent.fetch_add(bytes, Ordering::Relaxed),
            Direction::Response => self.cell.received.fetch_add(bytes, Ordering::Relaxed),
        };
    }

    /// Ends the tunnel.
    pub fn end(self, ending: Ending) {
        self.cell.end(ending);
    }
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        self.cell.end(Ending::Aborted {
            by: Side::Shutdown,
            detail: "pullscope stopped before the tunnel ended".to_owned(),
        });
        self.cell.mark.end();
    }
}

impl TunnelCell {
    /// The first end stands.
    fn end(&self, ending: Ending) {
        let at = clock::at(self.recorder.now());
        lock(&self.tunnel).ended.get_or_insert((at, ending));
    }

    fn snapshot(&self) -> Tunnel {
        let mut tunnel = lock(&self.tunnel).clone();
        tunnel.sent = self.sent.load(Ordering::Relaxed);
        tunnel.received = self.received.load(Ordering::Relaxed);
        tunnel
    }
}

impl EventCell for TunnelCell {
    fn drain(&self, events: &mut Vec<Event>) -> bool {
        let tunnel = self.snapshot();
        let over = tunnel.ended.is_some();
        events.push(Event::Tunnel(Box::new(tunnel)));
        over
    }

    /// An open tunnel is told again by the reader's next look only: its end carries the counts.
    fn is_over(&self) -> bool {
        lock(&self.tunnel).ended.is_some()
    }
}
