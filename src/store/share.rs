//! Keeps once what many exchanges have in common.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::Entry;
use crate::exchange::RawHead;
use crate::registry::{Client, Document, ImageConfig, Index, Manifest};

/// What has been seen before.
#[derive(Debug, Default)]
pub(super) struct Shared {
    clients: HashSet<Arc<Client>>,
    certificates: HashSet<Arc<[Vec<u8>]>>,
    heads: HashSet<RawHead>,
    indexes: HashSet<Arc<Index>>,
    manifests: HashSet<Arc<Manifest>>,
    configs: HashSet<Arc<ImageConfig>>,
}

/// Longer documents are not remembered.
const SHORT: u64 = 16 * 1024;
/// More than this is not remembered: what clients send must not fill memory.
const MOST: usize = 1_024;

impl Shared {
    /// Lets an entry share what others have as well: client, certificates, CONNECT head, and what
    /// describes an image that was pulled before.
    pub(super) fn share(&mut self, entry: &mut Entry) {
        once(&mut self.clients, &mut entry.reading.client);
        if let Some(upstream) = &mut entry.exchange.upstream {
            once(&mut self.certificates, &mut upstream.certificates);
        }
        if let Some(head) = &mut entry.exchange.connection.connect_head {
            once(&mut self.heads, head);
        }
        if entry.exchange.received > SHORT {
            return;
        }
        match &mut entry.reading.document {
            Some(Document::Index(index)) => once(&mut self.indexes, index),
            Some(Document::Manifest(manifest)) => once(&mut self.manifests, manifest),
            Some(Document::Schema1(_) | Document::Unreadable { .. }) | None => {}
        }
        if let Some(config) = &mut entry.reading.config {
            once(&mut self.configs, config);
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
