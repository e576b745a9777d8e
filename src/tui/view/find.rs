//! What rows stand for, in the store.

use crate::exchange::{ConnectionId, HandshakeFailed, Tunnel, TunnelId};
use crate::store::Store;

/// A handshake by its connection.
pub(super) fn handshake(store: &Store, id: ConnectionId) -> Option<&HandshakeFailed> {
    store
        .handshakes()
        .iter()
        .find(|handshake| handshake.connection.id == id)
}

/// A tunnel by its number.
pub(super) fn tunnel(store: &Store, id: TunnelId) -> Option<&Tunnel> {
    store.tunnels().iter().find(|tunnel| tunnel.id == id)
}
