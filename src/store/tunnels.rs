//! What passed unread, and who refused our certificate.

use crate::exchange::{HandshakeFailed, Tunnel};

/// Tunnels by their start and refused handshakes by time.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    tunnels: Vec<Tunnel>,
    handshakes: Vec<HandshakeFailed>,
}

impl Tunnels {
    pub(super) fn tunnels(&self) -> &[Tunnel] {
        &self.tunnels
    }

    pub(super) fn handshakes(&self) -> &[HandshakeFailed] {
        &self.handshakes
    }

    /// Takes a tunnel in, or the later word on it.
    pub(super) fn put(&mut self, tunnel: Tunnel) {
        let place = |t: &Tunnel| (t.connection.opened, t.id);
        let here = place(&tunnel);
        match self.tunnels.binary_search_by_key(&here, place) {
            Ok(at) => {
                if let Some(known) = self.tunnels.get_mut(at)
                    && supersedes(&tunnel, known)
                {
                    *known = tunnel;
                }
            }
            Err(at) => self.tunnels.insert(at, tunnel),
        }
    }

    /// Takes a refused handshake in; there is one to a connection.
    pub(super) fn put_handshake(&mut self, handshake: HandshakeFailed) {
        let place = |h: &HandshakeFailed| (h.at, h.connection.id);
        let here = place(&handshake);
        if let Err(at) = self.handshakes.binary_search_by_key(&here, place) {
            self.handshakes.insert(at, handshake);
        }
    }
}

/// Whether this is a later word on a tunnel, or as late.
fn supersedes(new: &Tunnel, old: &Tunnel) -> bool {
    let rank = |t: &Tunnel| (t.ended.is_some(), t.sent.saturating_add(t.received));
    rank(new) > rank(old)
}
