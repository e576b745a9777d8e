//! Blobs, and what became of them.

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
    if blob.resumed {
        spans.push(Span::new(
            format!("  {}", say("image.resumed", lang)),
            Tone::Warn,
        ));
    }
    spans
}

/// A size, where it is known.
pub(super) fn size(size: Option<u64>) -> Cell {
    vec![size.map_or_else(|| Span::dim("-"), |size| Span::plain(bytes(size)))]
}
