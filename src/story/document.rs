//! Manifests and lists of manifests as tables.

use super::block::{cell, spaced};
use super::digest::{full, short};
use super::{Block, Cell, Span, Table, Tone};
use crate::pulls::{Blob, BlobState, Pull};
use crate::registry::{Descriptor, Document, Index, Manifest, Reading, Schema1};
use crate::words::figures::bytes;
use crate::words::{Lang, phrase, say};

/// What a manifest endpoint served.
pub(super) fn document(reading: &Reading, pull: Option<&Pull>, lang: Lang) -> Vec<Block> {
    let Some(document) = &reading.document else {
        return Vec::new();
    };
    let mut blocks = vec![Block::Pairs(identity(document, reading, lang))];
    match document {
        Document::Index(index) => blocks.push(Block::Table(platforms(index, pull, lang))),
        Document::Manifest(manifest) => {
            blocks.push(Block::Table(blobs(&parts(manifest, lang), pull, lang)));
        }
        Document::Schema1(schema1) => blocks.push(Block::Table(old_layers(schema1, lang))),
        Document::Unreadable { .. } => {}
    }
    blocks
}

fn identity(document: &Document, reading: &Reading, lang: Lang) -> Vec<(Span, Cell)> {
    let mut pairs = Vec::new();
    let digests = &reading.digests;
    let digest = [&digests.computed, &digests.stated, &digests.requested];
    if let Some(digest) = digest.into_iter().flatten().next() {
        let mut cell = full(digest);
        if let Some(agree) = digests.agree() {
            cell.extend([Span::plain(" "), Span::mark(agree)]);
        }
        pairs.push((Span::dim(say("label.digest", lang)), cell));
    }
    let media_type = document.stated_type().unwrap_or(&reading.content_type);
    if !media_type.is_empty() {
        pairs.push((
            Span::dim(say("image.media-type", lang)),
            cell(media_type.as_str()),
        ));
    }
    let (artifact, subject, problems) = match document {
        Document::Manifest(manifest) => (
            manifest.artifact(),
            manifest.subject.as_ref(),
            manifest.problems.as_slice(),
        ),
        Document::Index(index) => (
            index.artifact_type.as_deref(),
            index.subject.as_ref(),
            &[][..],
        ),
        Document::Schema1(_) | Document::Unreadable { .. } => (None, None, &[][..]),
    };
    if let Some(artifact) = artifact {
        pairs.push((Span::dim(say("image.artifact", lang)), cell(artifact)));
    }
    if let Some(digest) = subject.and_then(|subject| subject.digest.as_ref()) {
        pairs.push((Span::dim(say("image.subject-of", lang)), full(digest)));
    }
    let unreadable = match document {
        Document::Unreadable { reason } => Some(reason.as_str()),
        _ => None,
    };
    let stated = unreadable
        .into_iter()
        .chain(problems.iter().map(String::as_str));
    let of_entries = document
        .descriptors()
        .flat_map(|descriptor| descriptor.problems.iter().map(String::as_str));
    for problem in stated.chain(of_entries) {
        let problem = vec![Span::new(problem, Tone::Bad)];
        pairs.push((Span::dim(say("image.problem", lang)), problem));
    }
    pairs
}

fn platforms(index: &Index, pull: Option<&Pull>, lang: Lang) -> Table {
    let head = [
        (phrase("label.platform"), false),
        (phrase("image.manifest"), false),
        (phrase("image.size"), true),
        (phrase("image.artifact"), false),
        (phrase("image.fetched"), false),
    ];
    let chosen = chosen(index, pull);
    Table {
        head: head
            .map(|(label, right)| (Span::dim(label.of(lang)), right))
            .to_vec(),
        rows: index
            .manifests
            .iter()
            .enumerate()
            .map(|(at, entry)| {
                let platform = entry.platform.as_ref();
                let platform = platform.map_or_else(|| "-".to_owned(), ToString::to_string);
                let (tone, fetched) = if chosen == Some(at) {
                    let text = format!("← {}", say("image.chosen", lang));
                    (Tone::Strong, Span::new(text, Tone::Good))
                } else {
                    (Tone::Plain, Span::dim("-"))
                };
                vec![
                    vec![Span::new(platform, tone)],
                    short(entry.digest.as_ref()),
                    size(entry.size),
                    artifact(entry, lang),
                    vec![fetched],
                ]
            })
            .collect(),
    }
}

/// The entry that the client fetched: the one whose digest the pull's manifest has. Where that
/// is not known, the one for the pull's platform.
fn chosen(index: &Index, pull: Option<&Pull>) -> Option<usize> {
    let platform = pull?.platform.as_ref()?;
    let exact =
        |entry: &Descriptor| !entry.is_attestation() && entry.platform.as_ref() == Some(platform);
    let suits = |entry: &Descriptor| {
        let own = entry.platform.as_ref();
        !entry.is_attestation() && own.is_some_and(|own| own.suits(platform))
    };
    let entries = &index.manifests;
    entries
        .iter()
        .position(exact)
        .or_else(|| entries.iter().position(suits))
}

fn artifact(entry: &Descriptor, lang: Lang) -> Cell {
    if entry.is_attestation() {
        let about = entry.attests().map(|digest| Span::dim(digest.short()));
        let word = Span::plain(say("image.attestation", lang));
        return spaced([Some(word), about].into_iter().flatten());
    }
    match &entry.artifact_type {
        Some(artifact) => cell(artifact),
        None => cell(say("image.image", lang)),
    }
}

/// What a manifest names: what it is, and its descriptor.
fn parts(manifest: &Manifest, lang: Lang) -> Vec<(String, Option<Descriptor>)> {
    let config = manifest
        .config
        .iter()
        .map(|config| (say("image.config", lang).to_owned(), Some(config.clone())));
    let layers = manifest.layers.iter().zip(1..);
    let layers = layers.map(|(layer, number)| (layer_name(number, lang), Some(layer.clone())));
    config.chain(layers).collect()
}

fn layer_name(number: usize, lang: Lang) -> String {
    format!("{} {number}", say("image.layer", lang))
}

/// Blobs with what became of them.
fn blobs(parts: &[(String, Option<Descriptor>)], pull: Option<&Pull>, lang: Lang) -> Table {
    let head = [
        (phrase("image.layer"), false),
        (phrase("label.digest"), false),
        (phrase("image.media-type"), false),
        (phrase("image.size"), true),
        (phrase("image.state"), false),
    ];
    Table {
        head: head
            .map(|(label, right)| (Span::dim(label.of(lang)), right))
            .to_vec(),
        rows: parts
            .iter()
            .map(|(name, descriptor)| {
                let descriptor = descriptor.as_ref();
                let digest = descriptor.and_then(|d| d.digest.as_ref());
                let blob = pull.zip(digest).and_then(|(pull, digest)| {
                    let mut blobs = pull.blobs.iter();
                    blobs.find(|blob| blob.digest.as_ref() == Some(digest))
                });
                let mut media_type = cell(descriptor.map_or("", |d| d.media_type.short()));
                if let Some(lazy) = descriptor.and_then(Descriptor::lazy_format) {
                    media_type.push(Span::dim(format!(" {lazy}")));
                }
                vec![
                    cell(name),
                    short(digest),
                    media_type,
                    size(descriptor.and_then(|d| d.size)),
                    blob.map_or_else(|| vec![Span::dim("-")], |blob| state(blob, lang)),
                ]
            })
            .collect(),
    }
}

/// The blobs of a pull whose manifest is not at hand, or of a push.
pub(super) fn of_pull(blobs: &[&Blob], lang: Lang) -> Table {
    let head = [
        (phrase("image.layer"), false),
        (phrase("label.digest"), false),
        (phrase("image.size"), true),
        (phrase("image.state"), false),
    ];
    Table {
        head: head
            .map(|(label, right)| (Span::dim(label.of(lang)), right))
            .to_vec(),
        rows: blobs
            .iter()
            .map(|blob| {
                let name = blob
                    .part
                    .map_or_else(|| "-".to_owned(), |it| it.short(lang));
                vec![
                    cell(name),
                    short(blob.digest.as_ref()),
                    size(blob.size),
                    state(blob, lang),
                ]
            })
            .collect(),
    }
}

fn state(blob: &Blob, lang: Lang) -> Cell {
    let tone = match blob.state {
        BlobState::Verified | BlobState::Pushed | BlobState::Mounted => Tone::Good,
        BlobState::Mismatch | BlobState::Failed => Tone::Bad,
        BlobState::Whole | BlobState::Downloading | BlobState::Foreign => Tone::Plain,
        BlobState::Queued | BlobState::AlreadyPresent | BlobState::Unasked | BlobState::Inline => {
            Tone::Dim
        }
    };
    let mark = match blob.state {
        BlobState::Verified => "✓ ",
        BlobState::Mismatch | BlobState::Failed => "✗ ",
        _ => "",
    };
    let mut cell = vec![Span::new(format!("{mark}{}", blob.state.name(lang)), tone)];
    let partial = blob
        .size
        .filter(|size| blob.received > 0 && blob.received < *size);
    if let Some(size) = partial {
        let percent = u128::from(blob.received) * 100 / u128::from(size);
        cell.push(Span::dim(format!("  {percent} %")));
    }
    cell
}

fn old_layers(schema1: &Schema1, lang: Lang) -> Table {
    let head = [
        (phrase("image.layer"), false),
        (phrase("label.digest"), false),
    ];
    // The format has the topmost layer first.
    let layers = schema1.layers.iter().rev().zip(1..);
    Table {
        head: head
            .map(|(label, right)| (Span::dim(label.of(lang)), right))
            .to_vec(),
        rows: layers
            .map(|(layer, number)| {
                vec![cell(layer_name(number, lang)), short(layer.digest.as_ref())]
            })
            .collect(),
    }
}

fn size(size: Option<u64>) -> Cell {
    vec![size.map_or_else(|| Span::dim("-"), |size| Span::plain(bytes(size)))]
}
