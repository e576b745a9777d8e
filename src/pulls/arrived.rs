//! Whether what arrived is what was asked for.

use super::observed::Observed;
use crate::exchange::{Body, Capture};
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

/// Whether the content of an answer was there to be read.
pub(super) fn is_at_hand(member: Observed<'_>) -> bool {
    let body = member.exchange.response_body.as_ref();
    body.is_some_and(|body| match body.capture {
        Capture::Memory { .. } | Capture::Stored { .. } => true,
        Capture::Empty => body.complete,
        _ => false,
    })
}
