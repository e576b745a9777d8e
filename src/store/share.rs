//! Keeps once what many exchanges have in common.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::Entry;
use crate::exchange::RawHead;
use crate::registry::{Client, Document, ImageConfig};

/// What has been seen before.
#[derive(Debug, Default)]
pub(super) struct Shared {
    clients: HashSet<Arc<Client>>,
    certificates: HashSet<Arc<[Vec<u8>]>>,
    heads: HashSet<RawHead>,
    documents: HashSet<Document>,
    configs: HashSet<Arc<ImageConfig>>,
}

/// Documents of more bytes, decoded, are not remembered.
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
        let bodies = [&entry.exchange.request_body, &entry.exchange.response_body];
        let mut bodies = bodies.into_iter().flatten();
        if bodies.any(|body| body.decoded_size.unwrap_or(body.size) > SHORT) {
            return;
        }
        if let Some(document) = &mut entry.reading.document {
            once(&mut self.documents, document);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Body, Exchange, ExchangeId};
    use crate::registry::InMemoryOnly;

    /// An exchange whose body, of that many bytes, was an index.
    fn entry(size: u64) -> Entry {
        let start = jiff::Timestamp::UNIX_EPOCH;
        let connection = r#"{"id":1,"client":"127.0.0.1:1","opened":"1970-01-01T00:00:00Z"}"#;
        let connection = serde_json::from_str(connection).unwrap();
        let mut exchange = Exchange::new(ExchangeId(1), start, connection);
        exchange.response_body = Some(Body {
            size: 10,
            decoded_size: Some(size),
            ..Body::default()
        });
        let mut entry = Entry::new(exchange, &InMemoryOnly);
        entry.reading.document = Some(Document::read(br#"{"manifests":[{"size":7}]}"#));
        entry.reading.config = Some(Arc::default());
        entry
    }

    #[test]
    fn what_describes_an_image_is_kept_once_unless_it_is_long() {
        for (size, once) in [(SHORT, true), (SHORT + 1, false)] {
            let mut shared = Shared::default();
            let (mut one, mut other) = (entry(size), entry(size));
            shared.share(&mut one);
            shared.share(&mut other);
            let (Some(Document::Index(index)), Some(Document::Index(again))) =
                (&one.reading.document, &other.reading.document)
            else {
                panic!("no index")
            };
            assert_eq!(Arc::ptr_eq(index, again), once);
            let configs = one.reading.config.zip(other.reading.config).unwrap();
            assert_eq!(Arc::ptr_eq(&configs.0, &configs.1), once);
        }
    }
}
