//! Whether what arrived is what was asked for.

use std::collections::HashSet;

use super::observed::Observed;
use crate::exchange::{Body, ExchangeId};
use crate::registry::media_type::Class;
use crate::registry::{Document, Magic};

/// Whether something else was served as a manifest: a proxy's page, for one.
pub(super) fn is_no_manifest(member: Observed<'_>) -> bool {
    let reading = member.reading;
    match (&reading.document, reading.status) {
        // The client has it already.
        (_, Some(304)) => false,
        (Some(Document::Unreadable { .. }), _) => true,
        (Some(_), Some(200)) => false,
        (None, Some(200)) => {
            let body = member.exchange.response_body.as_ref();
            reading.content_type.class() == Class::Html
                || reading.magic == Some(Magic::Html)
                || body.is_some_and(Body::is_undecodable)
        }
        _ => true,
    }
}

/// The requests by https that failed and only tried whether a server has TLS after all: it answered
/// the same client by plain http later. A server's failure is no answer.
pub fn probes<'a>(all: impl DoubleEndedIterator<Item = Observed<'a>>) -> HashSet<ExchangeId> {
    let mut plain: HashSet<&str> = HashSet::new();
    let mut probes = HashSet::new();
    for Observed { exchange, reading } in all.rev() {
        let failed = exchange.has_failed();
        if failed && reading.is_by("https") && plain.contains(&*reading.authority) {
            probes.insert(exchange.id);
        } else if !failed
            && reading.is_by("http")
            && reading.status.is_some_and(|status| status < 500)
        {
            plain.insert(&reading.authority);
        }
    }
    probes
}
