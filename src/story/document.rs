//! Manifests and lists of manifests as tables.

use std::sync::Arc;

use super::blob::{known, size, state};
use super::block::{cell, spaced};
use super::digest::{full, short};
use super::labelled::Labelled;
use super::naming::layer as layer_name;
use super::{Block, Cell, Span, Table, Telling, Tone};
use crate::pulls::{Pull, Purpose};
use crate::registry::{Descriptor, Digest, Document, Index, Kind, Manifest, Reading, Schema1};
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{phrase, say};

/// What a manifest endpoint served.
pub(super) fn document(
    reading: &Reading,
    pull: Option<&Pull>,
    telling: &Telling<'_>,
) -> Vec<Block> {
    let lang = telling.lang;
    let Some(document) = &reading.document else {
        return Vec::new();
    };
    let mut blocks = identity(document, reading, lang).blocks();
    match document {
        Document::Index(index) => blocks.push(Block::Table(platforms(index, pull, telling))),
        Document::Manifest(manifest) => {
            blocks.push(Block::Table(blobs(&parts(manifest, lang), pull, lang)));
        }
        Document::Schema1(schema1) => blocks.push(Block::Table(old_layers(schema1, lang))),
        Document::Unreadable { .. } => {}
    }
    blocks
}

/// The manifest that a client took from an index, and its blobs.
pub(super) fn fetched(pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let entry = pull.image.manifest.and_then(|id| telling.store.entry(id));
    match entry.and_then(|entry| entry.reading.document.as_ref()) {
        Some(Document::Manifest(manifest)) => {
            let table = blobs(&parts(manifest, lang), Some(pull), lang);
            Block::under(say("image.the-manifest", lang), vec![Block::Table(table)])
        }
        _ => Vec::new(),
    }
}

fn identity(document: &Document, reading: &Reading, lang: Lang) -> Labelled {
    let mut fields = Labelled::new(lang);
    let digests = &reading.digests;
    let digest = [&digests.computed, &digests.stated, &digests.requested];
    if let Some(digest) = digest.into_iter().flatten().next() {
        let mut cell = full(digest);
        if let Some(agree) = digests.agree() {
            cell.extend([Span::plain(" "), Span::mark(agree)]);
        }
        fields.add("label.digest", cell);
    }
    let media_type = document.stated_type().unwrap_or(&reading.content_type);
    fields.text("image.media-type", media_type.as_str());
    let (artifact, subject, annotations, problems) = match document {
        Document::Manifest(manifest) => (
            manifest.artifact(),
            manifest.subject.as_ref(),
            Some(&manifest.annotations),
            manifest.problems.as_slice(),
        ),
        Document::Index(index) => (
            index.artifact_type.as_deref(),
            index.subject.as_ref(),
            Some(&index.annotations),
            &[][..],
        ),
        Document::Schema1(_) | Document::Unreadable { .. } => (None, None, None, &[][..]),
    };
    fields.texts("image.artifact", artifact);
    if let Some(digest) = subject.and_then(|subject| subject.digest.as_ref()) {
        fields.add("image.subject-of", full(digest));
    }
    match document {
        Document::Manifest(manifest) if !manifest.layers.is_empty() => {
            let facts = [
                ("n", manifest.layers.len().to_string()),
                ("size", bytes(manifest.layers_size())),
            ];
            let total = phrase("image.layers-total").fill(lang, &facts);
            fields.text("image.layers", total);
        }
        Document::Schema1(schema1) => {
            fields.text("image.name", format!("{}:{}", schema1.name, schema1.tag));
            fields.text("label.platform", &schema1.architecture);
            fields.text("image.signatures", schema1.signatures.to_string());
        }
        _ => {}
    }
    for (name, value) in annotations.into_iter().flatten().take(MOST_ANNOTATIONS) {
        fields.toned("image.annotation", Tone::Dim, format!("{name}={value}"));
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
        fields.toned("image.problem", Tone::Bad, problem);
    }
    fields
}

fn platforms(index: &Index, pull: Option<&Pull>, telling: &Telling<'_>) -> Table {
    let lang = telling.lang;
    let sent = pull.is_some_and(|pull| pull.purpose == Purpose::Push);
    let head = [
        ("label.platform", false),
        ("image.manifest", false),
        ("image.size", true),
        ("image.artifact", false),
        ("image.fetched", false),
    ];
    let is_fetched = |entry: &Arc<Descriptor>| {
        let mut steps = pull.into_iter().flat_map(|pull| &pull.steps);
        steps.any(|step| step.kind == Kind::Manifest && step.entry.as_ref() == Some(entry))
    };
    let images = index.manifests.iter().filter(|e| !e.is_attestation());
    let is_one = images.filter(|entry| is_fetched(entry)).count() < 2;
    let chosen = pull.filter(|_| is_one && !sent);
    let chosen = chosen.and_then(|pull| taken(index, pull, telling));
    let rows = index.manifests.iter().enumerate().map(|(at, entry)| {
        let platform = entry.platform.as_ref();
        let platform = platform.map_or_else(|| "-".to_owned(), ToString::to_string);
        let is_chosen = chosen == Some(at);
        let (tone, fetched) = if is_chosen {
            let client = pull.map(|pull| pull.client.label()).unwrap_or_default();
            let text = phrase("image.chosen-by").fill(lang, &[("client", client)]);
            (Tone::Strong, Span::new(format!("← {text}"), Tone::Good))
        } else if is_fetched(entry) {
            (Tone::Plain, Span::label("image.fetched", lang))
        } else {
            (Tone::Plain, Span::dim("-"))
        };
        [
            vec![Span::new(platform, tone)],
            short(entry.digest.as_ref()),
            size(entry.size),
            artifact(entry, lang),
            vec![fetched],
        ]
    });
    let mut table = Table::of(head, rows, lang);
    // Of an index that is sent nothing is fetched, and nobody chooses.
    if sent {
        table.head.pop();
        table.rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    table
}

/// The entry that the client fetched: the one whose digest the pull's manifest has. Where that
/// is not known, the one for the pull's platform.
fn taken(index: &Index, pull: &Pull, telling: &Telling<'_>) -> Option<usize> {
    let entries = &index.manifests;
    if let Some(digest) = fetched_digest(pull, telling) {
        let mut entries = entries.iter();
        let found = entries.position(|entry| entry.digest.as_ref() == Some(digest));
        if found.is_some() {
            return found;
        }
    }
    let platform = pull.platform.as_ref()?;
    let own = |entry: &Arc<Descriptor>| entry.platform.clone().filter(|_| !entry.is_attestation());
    let exact = entries
        .iter()
        .position(|e| own(e).as_ref() == Some(platform));
    let suits = |e| own(e).is_some_and(|own| own.suits(platform));
    exact.or_else(|| entries.iter().position(suits))
}

fn fetched_digest<'a>(pull: &Pull, telling: &Telling<'a>) -> Option<&'a Digest> {
    let entry = telling.store.entry(pull.image.manifest?)?;
    let digests = &entry.reading.digests;
    let known = [&digests.requested, &digests.stated, &digests.computed];
    known.into_iter().flatten().next()
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
fn parts(manifest: &Manifest, lang: Lang) -> Vec<(String, Option<Arc<Descriptor>>)> {
    let config = manifest
        .config
        .iter()
        .map(|config| (say("image.config", lang).to_owned(), Some(config.clone())));
    let layers = manifest.layers.iter().zip(1..);
    let layers = layers.map(|(layer, number)| (layer_name(number, lang), Some(layer.clone())));
    config.chain(layers).collect()
}

/// Blobs with what became of them.
fn blobs(parts: &[(String, Option<Arc<Descriptor>>)], pull: Option<&Pull>, lang: Lang) -> Table {
    let head = [
        ("image.layer", false),
        ("label.digest", false),
        ("image.media-type", false),
        ("image.size", true),
        ("image.state", false),
    ];
    let rows = parts.iter().map(|(name, descriptor)| {
        let descriptor = descriptor.as_ref();
        let digest = descriptor.and_then(|d| d.digest.as_ref());
        let blob = pull.zip(digest).and_then(|(pull, digest)| {
            let mut blobs = pull.blobs.iter();
            blobs.find(|blob| blob.digest.as_ref() == Some(digest))
        });
        let mut media_type = cell(descriptor.map_or("", |d| d.media_type.short()));
        if let Some(lazy) = descriptor.and_then(|d| d.lazy_format()) {
            media_type.push(Span::dim(format!(" {lazy}")));
        }
        [
            cell(name),
            short(digest),
            media_type,
            size(descriptor.and_then(|d| d.size)),
            blob.map_or_else(|| known(None), |blob| state(blob, lang)),
        ]
    });
    Table::of(head, rows, lang)
}

fn old_layers(schema1: &Schema1, lang: Lang) -> Table {
    let head = [("image.layer", false), ("label.digest", false)];
    // The format has the topmost layer first.
    let layers = schema1.layers.iter().rev().zip(1..);
    let rows = layers
        .map(|(layer, number)| [cell(layer_name(number, lang)), short(layer.digest.as_ref())]);
    Table::of(head, rows, lang)
}

/// More annotations are not listed.
const MOST_ANNOTATIONS: usize = 50;
