//! Blobs, and what became of them.

use std::collections::HashSet;

use super::block::{cell, spaced};
use super::digest::{full, short};
use super::labelled::Labelled;
use super::transfer::millis;
use super::{Block, Cell, Share, Span, Table, Telling, Tone, naming, outcome};
use crate::exchange::Exchange;
use crate::pulls::{Blob, BlobState, Pull, Why};
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{phrase, say};

/// Blobs side by side.
pub(super) fn table<'a>(blobs: impl IntoIterator<Item = &'a Blob>, lang: Lang) -> Table {
    let head = [
        ("image.layer", false),
        ("label.digest", false),
        ("image.size", true),
        ("image.state", false),
        ("comparison.took", true),
    ];
    let rows = blobs.into_iter().map(|blob| {
        [
            cell(naming::part(blob.part, lang)),
            short(blob.digest.as_ref()),
            size(blob.size),
            state(blob, lang),
            known(blob.took.map(millis)),
        ]
    });
    Table::of(head, rows, lang)
}

/// The blob that an exchange is about: how far it got, and the requests for it.
pub(super) fn of_exchange(pull: &Pull, exchange: &Exchange, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blobs = pull.blobs.iter();
    let Some(blob) = blobs.find(|blob| blob.exchanges.contains(&exchange.id)) else {
        return Vec::new();
    };
    let mut fields = Labelled::new(lang);
    fields.text("comparison.blob", naming::part(blob.part, lang));
    if let Some(digest) = &blob.digest {
        fields.add("label.digest", full(digest));
    }
    let descriptor = blob.descriptor.as_ref();
    fields.texts(
        "image.media-type",
        descriptor.map(|it| it.media_type.as_str()),
    );
    fields.add("image.size", size(blob.size));
    fields.add("image.state", state(blob, lang));
    let pieces = pieces(blob, lang).filter(|_| blob.resumed);
    fields.texts("image.pieces-label", pieces);
    let exchanges = blob.exchanges.iter();
    for (id, at) in exchanges.filter_map(|id| Some((id, pull.step(*id)?))) {
        let how = at.cause;
        let how = how.filter(|cause| matches!(cause.why, Why::Redirect | Why::Retry));
        let how = how.map(|cause| Span::dim(cause.why.name(lang)));
        let status = telling.store.entry(*id).map(outcome::status);
        let name = naming::step(pull, at, lang);
        let value = name.into_iter().chain([Span::plain(" ")]);
        let value = value.chain(spaced(status.into_iter().chain(how)));
        fields.add("image.requests", value.collect());
    }
    fields.under(say("image.the-blob", lang))
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
        let part = Share {
            part: blob.received,
            whole: size,
        };
        let text = format!("  {} %", part.percent());
        let text = if blob.received < size { &*text } else { "" };
        spans.push(Span::dim(text).of_share(blob.received, size));
    }
    if blob.resumed {
        let text = format!("  {}", say("image.resumed", lang));
        spans.push(Span::new(text, Tone::Warn));
    } else if let Some(pieces) = pieces(blob, lang) {
        spans.push(Span::dim(format!("  {pieces}")));
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
    known(size.map(bytes))
}

/// A text, or that there is none.
pub(super) fn known(text: Option<String>) -> Cell {
    vec![text.map_or_else(|| Span::dim("-"), Span::plain)]
}
