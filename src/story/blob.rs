//! Blobs, and what became of them.

use std::collections::HashSet;

use super::block::{cell, spaced};
use super::digest::{full, short};
use super::transfer::{millis, section};
use super::{Block, Cell, Span, Table, Telling, Tone, naming, outcome};
use crate::exchange::Exchange;
use crate::pulls::{Blob, BlobState, Pull, Why};
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{phrase, say};

/// Blobs side by side.
pub(super) fn table<'a>(blobs: impl IntoIterator<Item = &'a Blob>, lang: Lang) -> Table {
    let head = [
        (phrase("image.layer"), false),
        (phrase("label.digest"), false),
        (phrase("image.size"), true),
        (phrase("image.state"), false),
        (phrase("comparison.took"), true),
    ];
    let rows = blobs.into_iter().map(|blob| {
        let took = blob
            .took
            .map_or_else(|| Span::dim("-"), |took| Span::plain(millis(took)));
        vec![
            cell(naming::part(blob.part, lang)),
            short(blob.digest.as_ref()),
            size(blob.size),
            state(blob, lang),
            vec![took],
        ]
    });
    Table {
        head: head.map(|(label, right)| (label.dim(lang), right)).to_vec(),
        rows: rows.collect(),
    }
}

/// The blob that an exchange is about: how far it got, and the requests for it.
pub(super) fn of_exchange(pull: &Pull, exchange: &Exchange, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blobs = pull.blobs.iter();
    let Some(blob) = blobs.find(|blob| blob.exchanges.contains(&exchange.id)) else {
        return Vec::new();
    };
    let mut pairs = vec![(
        Span::label("comparison.blob", lang),
        cell(naming::part(blob.part, lang)),
    )];
    if let Some(digest) = &blob.digest {
        pairs.push((Span::label("label.digest", lang), full(digest)));
    }
    if let Some(descriptor) = &blob.descriptor {
        pairs.push((
            Span::label("image.media-type", lang),
            cell(descriptor.media_type.as_str()),
        ));
    }
    pairs.push((Span::label("image.size", lang), size(blob.size)));
    pairs.push((Span::label("image.state", lang), state(blob, lang)));
    if let Some(pieces) = pieces(blob, lang).filter(|_| blob.resumed) {
        pairs.push((Span::label("image.pieces-label", lang), cell(pieces)));
    }
    for (id, at) in blob
        .exchanges
        .iter()
        .filter_map(|id| Some((id, pull.step(*id)?)))
    {
        let how = at
            .cause
            .filter(|cause| matches!(cause.why, Why::Redirect | Why::Retry));
        let how = how.map(|cause| Span::dim(cause.why.name(lang)));
        let status = telling.store.entry(*id).map(outcome::status);
        let name = naming::step(pull, at, lang);
        let value = name.into_iter().chain([Span::plain(" ")]);
        let value = value.chain(spaced(status.into_iter().chain(how)));
        pairs.push((Span::label("image.requests", lang), value.collect()));
    }
    section(say("image.the-blob", lang), pairs)
}

/// How far a blob got.
pub(super) fn state(blob: &Blob, lang: Lang) -> Cell {
    let (tone, mark) = match blob.state {
        BlobState::Verified => (Tone::Good, "✓ "),
        BlobState::Pushed | BlobState::Mounted => (Tone::Good, ""),
        BlobState::Mismatch | BlobState::Failed => (Tone::Bad, "✗ "),
        BlobState::Stopped | BlobState::Unseen => (Tone::Warn, ""),
        BlobState::Whole | BlobState::Partial | BlobState::Downloading | BlobState::Foreign => {
            (Tone::Plain, "")
        }
        BlobState::Queued | BlobState::AlreadyPresent | BlobState::Unasked | BlobState::Inline => {
            (Tone::Dim, "")
        }
    };
    let mut spans = vec![Span::new(format!("{mark}{}", blob.state.name(lang)), tone)];
    if let Some(size) = blob.size.filter(|_| blob.received > 0) {
        let text = if blob.received < size {
            let share = super::Share {
                part: blob.received,
                whole: size,
            };
            format!("  {} %", share.percent())
        } else {
            String::new()
        };
        spans.push(Span::dim(text).of_share(blob.received, size));
    }
    if !blob.resumed
        && let Some(pieces) = pieces(blob, lang)
    {
        spans.push(Span::dim(format!("  {pieces}")));
    }
    if blob.resumed {
        spans.push(Span::new(
            format!("  {}", say("image.resumed", lang)),
            Tone::Warn,
        ));
    }
    spans
}

/// In how many pieces it came, where that is more than one.
fn pieces(blob: &Blob, lang: Lang) -> Option<String> {
    let count = blob.pieces.len();
    let hosts: HashSet<_> = blob.pieces.iter().map(|piece| &piece.host).collect();
    let facts = [("n", count.to_string()), ("hosts", hosts.len().to_string())];
    let came = match hosts.len() {
        0 | 1 => phrase("image.pieces"),
        _ => phrase("image.pieces-hosts"),
    };
    let again = phrase("image.again").with(lang, bytes(blob.again));
    let again = Some(again).filter(|_| blob.again > 0);
    (count > 1 && blob.is_in_ranges())
        .then(|| format!("{}{}", came.fill(lang, &facts), again.unwrap_or_default()))
}

/// A size, where it is known.
pub(super) fn size(size: Option<u64>) -> Cell {
    vec![size.map_or_else(|| Span::dim("-"), |size| Span::plain(bytes(size)))]
}
