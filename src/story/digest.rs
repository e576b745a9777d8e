//! Digests in tables.

use super::{Cell, Span, Tone};
use crate::registry::Digest;

/// A digest, shortened.
pub(super) fn short(digest: Option<&Digest>) -> Cell {
    vec![match digest {
        Some(digest) => Span::new(digest.short(), Tone::Id),
        None => Span::dim("-"),
    }]
}

/// A digest in full.
pub(super) fn full(digest: &Digest) -> Cell {
    vec![Span::new(digest.to_string(), Tone::Id)]
}
