//! Keeps once what many exchanges have in common.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use crate::exchange::{Exchange, RawHead};

/// What has been seen before.
#[derive(Debug, Default)]
pub(super) struct Shared {
    certificates: HashSet<Arc<[Vec<u8>]>>,
    heads: HashSet<RawHead>,
}

/// More than this is not remembered: what clients send must not fill memory.
const MOST: usize = 1_024;

impl Shared {
    /// Lets an exchange share what others have as well: certificates and CONNECT head.
    pub(super) fn share(&mut self, exchange: &mut Exchange) {
        if let Some(upstream) = &mut exchange.upstream {
            once(&mut self.certificates, &mut upstream.certificates);
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
