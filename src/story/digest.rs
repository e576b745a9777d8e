//! Digests in tables.

use super::{Cell, Span};
use crate::registry::Digest;

/// A digest, shortened.
pub(super) fn short(digest: Option<&Digest>) -> Cell {
    vec![match digest {
        Some(digest) => Span::plain(digest.short()),
        None => Span::dim("-"),
    }]
}

/// A digest in full.
pub(super) fn full(digest: &Digest) -> Cell {
    vec![Span::plain(digest.to_string())]
}
