//! A whole pull.

use std::collections::HashSet;

use super::block::{cell, spaced};
use super::transfer::millis;
use super::{Block, Cell, Span, Tone, document, finding, step};
use crate::exchange::ExchangeId;
use crate::pulls::{Blob, Pull, State};
use crate::registry::{Document, Kind};
use crate::store::Store;
use crate::words::figures::bytes;
use crate::words::{Lang, Phrase, phrase, say};

/// What the story is told from, and in which language.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The exchanges and pulls.
    pub store: &'a Store,
    /// The language.
    pub lang: Lang,
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepStory {
    /// Its place in the pull, from 1.
    pub number: usize,
    /// The exchange.
    pub exchange: ExchangeId,
    /// What it is for.
    pub kind: Kind,
    /// Status, method, kind, place, size and duration.
    pub head: Vec<Cell>,
    /// What happened and why; may hold anything the network said.
    pub explanation: String,
    /// What request and answer hold.
    pub decoded: Vec<Block>,
}

/// The parts of a pull's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullStory {
    /// Client, platform, sizes.
    pub overview: Vec<Block>,
    /// The steps that were asked for.
    pub steps: Vec<StepStory>,
    /// Blobs that no manifest at hand names.
    pub blobs: Vec<Block>,
    /// The findings.
    pub findings: Vec<Block>,
}

/// The story of a pull; of its steps only those that `takes` wants.
pub fn pull(pull: &Pull, telling: &Telling<'_>, takes: &dyn Fn(ExchangeId) -> bool) -> PullStory {
    let steps = pull.steps.iter().zip(1..);
    let steps = steps.filter(|(step, _)| takes(step.exchange));
    let steps = steps.filter_map(|(step, number)| {
        let entry = telling.store.entry(step.exchange)?;
        Some(step::of_pull(step, number, entry, pull, telling))
    });
    let findings = telling.store.findings_of(pull.id).iter();
    PullStory {
        overview: vec![Block::Pairs(overview(pull, telling.lang))],
        steps: steps.collect(),
        blobs: unnamed_blobs(pull, telling),
        findings: findings
            .flat_map(|one| finding(one, Some(pull), telling.lang))
            .collect(),
    }
}

/// A pull's heading: number, purpose, image, how it stands.
pub fn title(pull: &Pull, lang: Lang) -> Cell {
    let (mark, tone) = match pull.state {
        State::Complete => ("✓", Tone::Good),
        State::Failed => ("✗", Tone::Bad),
        State::UnderWay => ("…", Tone::Plain),
    };
    spaced([
        Span::dim(format!("#{}", pull.id.0)),
        Span::plain(pull.purpose.name(lang)),
        Span::strong(super::shorten(&pull.name())),
        Span::new(format!("{mark} {}", pull.state.name(lang)), tone),
    ])
}

fn overview(pull: &Pull, lang: Lang) -> Vec<(Span, Cell)> {
    let mut pairs: Vec<(Span, Cell)> = Vec::new();
    let mut add = |label: Phrase, cell: Cell| pairs.push((Span::dim(label.of(lang)), cell));
    add(phrase("label.client"), cell(pull.client.label()));
    add(phrase("label.registry"), cell(&pull.registry));
    if !pull.mirrors.is_empty() {
        add(phrase("label.mirrors"), cell(pull.mirrors.join(" ")));
    }
    if let Some(platform) = &pull.platform {
        add(phrase("label.platform"), cell(platform.to_string()));
    }
    if let Some(digest) = &pull.digest {
        add(phrase("label.digest"), cell(digest.to_string()));
    }
    add(
        phrase("label.started"),
        cell(format!("{:.3}", pull.started)),
    );
    let totals = &pull.totals;
    let exchanges = phrase("label.exchanges").with(lang, totals.exchanges.to_string());
    let mut total = vec![exchanges];
    if totals.sent > 0 {
        total.push(format!("↑ {}", bytes(totals.sent)));
    }
    total.push(format!("↓ {}", bytes(totals.received)));
    if !totals.took.is_zero() {
        total.push(millis(totals.took));
    }
    add(phrase("label.total"), cell(total.join("  ")));
    let place = |id: &ExchangeId| {
        let mut steps = pull.steps.iter();
        steps.position(|step| step.exchange == *id)
    };
    let path: Vec<_> = pull
        .critical_path
        .iter()
        .filter_map(place)
        .map(|at| (at + 1).to_string())
        .collect();
    if path.len() > 1 {
        add(phrase("label.critical-path"), cell(path.join(" → ")));
    }
    pairs
}

/// The blobs that no table of a manifest shows.
fn unnamed_blobs(pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let mut named = HashSet::new();
    for step in &pull.steps {
        let entry = telling.store.entry(step.exchange);
        let document = entry.and_then(|entry| entry.reading.document.as_ref());
        if let Some(document @ Document::Manifest(_)) = document {
            named.extend(document.descriptors().filter_map(|d| d.digest.clone()));
        }
    }
    let blobs = pull.blobs.iter();
    let rest: Vec<&Blob> = blobs
        .filter(|blob| blob.digest.as_ref().is_none_or(|d| !named.contains(d)))
        .collect();
    if rest.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading(vec![Span::strong(say("label.blobs", telling.lang))]),
        Block::Inset(vec![Block::Table(document::of_pull(&rest, telling.lang))]),
    ]
}
