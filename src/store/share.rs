//! Keeps once what many exchanges have in common.

use std::hash::Hash;
use std::sync::Arc;

use crate::base::fast::HashSet;
use crate::exchange::{Exchange, RawHead, TlsSession, Upstream};

/// What has been seen before.
#[derive(Debug, Default)]
pub(super) struct Shared {
    certificates: HashSet<Arc<[Vec<u8>]>>,
    upstreams: HashSet<Arc<Upstream>>,
    sessions: HashSet<Arc<TlsSession>>,
    heads: HashSet<RawHead>,
}

/// More than this is not remembered: what clients send must not fill memory.
const MOST: usize = 1_024;

impl Shared {
    /// Lets an exchange share what others have as well: the server's side, the
    /// TLS session and the CONNECT head.
    pub(super) fn share(&mut self, exchange: &mut Exchange) {
        if let Some(upstream) = &mut exchange.upstream {
            if !self.upstreams.contains(upstream) {
                let certificates = &mut Arc::make_mut(upstream).certificates;
                once(&mut self.certificates, certificates);
            }
            once(&mut self.upstreams, upstream);
        }
        if let Some(session) = &mut exchange.connection.tls {
            once(&mut self.sessions, session);
        }
        if let Some(head) = &mut exchange.connection.connect_head {
            once(&mut self.heads, head);
        }
    }
}

fn once<T: Clone + Eq + Hash>(seen: &mut HashSet<T>, value: &mut T) {
    if let Some(known) = seen.get(value) {
        value.clone_from(known);
        return;
    }
    if seen.len() >= MOST {
        seen.clear();
    }
    seen.insert(value.clone());
}
