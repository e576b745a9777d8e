//! A whole pull.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::block::{cell, spaced};
use super::transfer::millis;
use super::verdict::{mark, verdict};
use super::{Block, Cell, Share, Span, StepStory, Telling, Tone, blob, finding, naming, step};
use crate::exchange::ExchangeId;
use crate::pulls::{Blob, Pull, State};
use crate::registry::Document;
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{Phrase, phrase, say};

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
    /// What is said where there are none.
    pub without_findings: Span,
}

/// The story of a pull; of its steps only those that `takes` wants.
pub fn pull(pull: &Pull, telling: &Telling<'_>, takes: &dyn Fn(ExchangeId) -> bool) -> PullStory {
    let steps = pull.steps.iter().zip(1..);
    let steps = steps.filter(|(step, _)| takes(step.exchange));
    let steps = steps.filter_map(|(step, number)| {
        let entry = telling.store.entry(step.exchange)?;
        Some(step::told(entry, number, Some(pull), telling))
    });
    PullStory {
        overview: overview(pull, telling),
        steps: steps.collect(),
        blobs: unnamed_blobs(pull, telling),
        findings: findings(pull, telling),
        without_findings: without_findings(pull, telling.lang),
    }
}

/// A pull at a glance: all but its steps.
pub fn at_a_glance(pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = vec![Block::Heading(title(pull, lang))];
    blocks.push(Block::Inset(overview(pull, telling)));
    let findings = findings(pull, telling);
    if findings.is_empty() {
        blocks.push(Block::Paragraph(vec![without_findings(pull, lang)]));
    } else {
        blocks.push(Block::Heading(vec![Span::strong(say(
            "label.findings",
            lang,
        ))]));
        blocks.push(Block::Inset(findings));
    }
    if !pull.blobs.is_empty() {
        blocks.push(Block::Heading(vec![Span::strong(say("label.blobs", lang))]));
        let table = blob::table(&pull.blobs, lang);
        blocks.push(Block::Inset(vec![Block::Table(table)]));
    }
    blocks
}

/// That there is no finding: that all is well only where it is complete.
fn without_findings(pull: &Pull, lang: Lang) -> Span {
    match pull.state {
        State::UnderWay => Span::new(
            format!("✓ {}", say("label.nothing-wrong-yet", lang)),
            Tone::Good,
        ),
        State::Complete => Span::new(format!("✓ {}", say("label.no-findings", lang)), Tone::Good),
        _ => Span::dim(say("label.no-rule-speaks", lang)),
    }
}

fn findings(pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let found = telling.store.findings_of(pull.id).iter();
    let told = found.flat_map(|one| finding(one, Some(pull), telling.lang));
    told.collect()
}

/// A pull's heading: number, purpose, image, how it stands.
pub fn title(pull: &Pull, lang: Lang) -> Cell {
    let (mark, tone) = mark(pull.state);
    spaced([
        Span::dim(format!("#{}", pull.id.0)),
        Span::plain(pull.purpose.name(lang)),
        Span::strong(super::shorten(&pull.name())),
        Span::new(format!("{mark} {}", pull.state.name(lang)), tone),
    ])
}

fn overview(pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut pairs: Vec<(Span, Cell)> = Vec::new();
    let mut add = |label: Phrase, cell: Cell| pairs.push((label.dim(lang), cell));
    add(phrase("label.verdict"), verdict(pull, telling));
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
    add(phrase("label.total"), totals(pull, telling));
    if let Some(promised) = pull
        .totals
        .promised
        .filter(|_| pull.state == State::UnderWay)
    {
        let received: u64 = pull.blobs.iter().map(|blob| blob.received).sum();
        let share = Share {
            part: received,
            whole: promised,
        };
        let facts = [
            ("n", share.percent().to_string()),
            ("size", bytes(promised)),
        ];
        let text = phrase("label.of-promised").fill(lang, &facts);
        let progress = Span::plain(text).of_share(received, promised);
        pairs.push((Span::label("label.progress", lang), vec![progress]));
    }
    let path = critical_path(pull, telling);
    if !path.is_empty() {
        pairs.push((Span::label("label.critical-path", lang), path));
    }
    pairs.extend(hosts(pull, telling));
    vec![Block::Pairs(pairs)]
}

fn totals(pull: &Pull, telling: &Telling<'_>) -> Cell {
    let lang = telling.lang;
    let totals = &pull.totals;
    let mut total = vec![exchanges(totals.exchanges, lang)];
    if totals.sent > 0 {
        total.push(format!("↑ {}", bytes(totals.sent)));
    }
    total.push(format!("↓ {}", bytes(totals.received)));
    let so_far = telling.now.filter(|_| pull.ended.is_none());
    let so_far = so_far.map(|now| Duration::try_from(now.duration_since(pull.started)));
    let took = so_far.and_then(Result::ok).unwrap_or(totals.took);
    if !took.is_zero() {
        total.push(millis(took));
    }
    let millis = took.as_millis();
    if millis > 0 && totals.received > RATE_FROM {
        let rate = u128::from(totals.received) * 1_000 / millis;
        total.push(format!(
            "{}/s",
            bytes(u64::try_from(rate).unwrap_or(u64::MAX))
        ));
    }
    cell(total.join("  "))
}

/// The steps that decided how long it took, with how long each did.
fn critical_path(pull: &Pull, telling: &Telling<'_>) -> Cell {
    let mut path = Cell::new();
    let took = |id| {
        let entry = telling.store.entry(id);
        entry.map(|entry| entry.exchange.took()).unwrap_or_default()
    };
    if pull.critical_path.iter().all(|id| took(*id).is_zero()) {
        return path;
    }
    let steps = pull.critical_path.iter().filter_map(|id| pull.step(*id));
    for step in steps.filter(|_| pull.critical_path.len() > 1) {
        if !path.is_empty() {
            path.push(Span::plain(" → "));
        }
        path.extend(naming::step(pull, step, telling.lang));
        path.push(Span::dim(format!(" {}", millis(took(step.exchange)))));
    }
    path
}

/// Who answered, how often, and with how much.
fn hosts(pull: &Pull, telling: &Telling<'_>) -> Vec<(Span, Cell)> {
    let lang = telling.lang;
    let mut hosts: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for step in &pull.steps {
        if let Some(entry) = telling.store.entry(step.exchange) {
            let (count, received) = hosts.entry(&entry.reading.authority).or_default();
            *count += 1;
            *received += entry.exchange.received;
        }
    }
    let told = hosts.into_iter().map(|(host, (count, received))| {
        let figures = format!("  {}  ↓ {}", exchanges(count, lang), bytes(received));
        (
            Span::label("comparison.host", lang),
            vec![Span::plain(host), Span::dim(figures)],
        )
    });
    told.collect()
}

fn exchanges(count: usize, lang: Lang) -> String {
    if count == 1 {
        say("label.one-exchange", lang).to_owned()
    } else {
        phrase("label.exchanges").with(lang, count.to_string())
    }
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
        Block::Inset(vec![Block::Table(blob::table(rest, telling.lang))]),
    ]
}

/// The rate of what is smaller says nothing.
const RATE_FROM: u64 = 1024 * 1024;
