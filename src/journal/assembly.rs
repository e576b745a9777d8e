//! Events put together again.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::exchange::{
    Ending, Event, Exchange, ExchangeId, HandshakeFailed, Side, Trace, Tunnel, TunnelId,
};

/// A trace that grows by events.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    exchanges: HashMap<ExchangeId, Exchange>,
    tunnels: HashMap<TunnelId, Tunnel>,
    handshakes: Vec<HandshakeFailed>,
    /// Events of exchanges whose beginning is missing.
    pub(super) orphans: u64,
    last: Option<Timestamp>,
}

impl Assembly {
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Opened { id, at, connection } => {
                self.seen(at);
                let begin = || Exchange::new(id, at, *connection);
                self.exchanges.entry(id).or_insert_with(begin);
            }
            Event::Tunnel(tunnel) => self.apply_tunnel(*tunnel),
            Event::HandshakeFailed(failed) => {
                self.seen(failed.at);
                self.handshakes.push(*failed);
            }
            event => {
                match &event {
                    Event::ResponseHead { response, .. } => self.seen(response.at),
                    Event::Ended { end, .. } => self.seen(end.at),
                    _ => {}
                }
                let id = event.exchange();
                match id.and_then(|id| self.exchanges.get_mut(&id)) {
                    Some(exchange) => exchange.apply(event),
                    None => self.orphans += 1,
                }
            }
        }
    }

    fn apply_tunnel(&mut self, tunnel: Tunnel) {
        self.seen(tunnel.connection.opened);
        if let Some((at, _)) = &tunnel.ended {
            self.seen(*at);
        }
        self.tunnels.insert(tunnel.id, tunnel);
    }

    /// The last moment at which the capture was alive.
    fn seen(&mut self, at: Timestamp) {
        self.last = self.last.max(Some(at));
    }

    /// Hands out what is over, in order, and keeps what is under way.
    pub(super) fn take_over(&mut self) -> Trace {
        let exchanges = self.exchanges.extract_if(|_, one| one.ended.is_some());
        let tunnels = self.tunnels.extract_if(|_, one| one.ended.is_some());
        let mut trace = Trace {
            exchanges: exchanges.map(|(_, one)| one).collect(),
            tunnels: tunnels.map(|(_, one)| one).collect(),
            handshakes: std::mem::take(&mut self.handshakes),
            ..Trace::default()
        };
        trace.sort();
        trace
    }

    /// What is under way, in order, marked as cut off by the end of the capture. `lost` says how
    /// many records are known to be missing.
    pub(super) fn cut_off(&self, lost: u64) -> Trace {
        let detail = if lost == 0 {
            "capture ended before the response completed"
        } else {
            "its end was not recorded: records were lost while the disk was full"
        };
        let end = |begun: Timestamp| {
            let ending = Ending::Aborted {
                by: Side::Capture,
                detail: detail.to_owned(),
            };
            Some((self.last.map_or(begun, |last| last.max(begun)), ending))
        };
        let exchanges = self.exchanges.values().filter(|one| one.ended.is_none());
        let tunnels = self.tunnels.values().filter(|one| one.ended.is_none());
        let mut trace = Trace {
            exchanges: exchanges
                .map(|one| Exchange {
                    ended: end(one.started),
                    ..one.clone()
                })
                .collect(),
            tunnels: tunnels
                .map(|one| Tunnel {
                    ended: end(one.connection.opened),
                    ..one.clone()
                })
                .collect(),
            ..Trace::default()
        };
        trace.sort();
        trace
    }
}
