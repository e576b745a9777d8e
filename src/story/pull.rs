//! A whole pull.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::block::{cell, spaced};
use super::labelled::Labelled;
use super::transfer::millis;
use super::verdict::{mark, verdict};
use super::{
    Block, Cell, Share, Span, StepStory, Telling, Tone, blob, finding, naming, needed, step,
};
use crate::exchange::ExchangeId;
use crate::pulls::{Blob, Pull, State};
use crate::registry::Document;
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{phrase, say};

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
        blocks.extend(Block::under(say("label.findings", lang), findings));
    }
    if !pull.blobs.is_empty() {
        let table = vec![Block::Table(blob::table(&pull.blobs, lang))];
        blocks.extend(Block::under(say("label.blobs", lang), table));
    }
    blocks
}

/// That there is no finding: that all is well only where it is complete.
fn without_findings(pull: &Pull, lang: Lang) -> Span {
    let key = match pull.state {
        State::UnderWay => "label.nothing-wrong-yet",
        State::Complete => "label.no-findings",
        _ => return Span::label("label.no-rule-speaks", lang),
    };
    Span::new(format!("✓ {}", say(key, lang)), Tone::Good)
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
    let mut fields = Labelled::new(lang);
    fields.add("label.verdict", verdict(pull, telling));
    fields.text("label.client", pull.client.label());
    fields.text("label.registry", &pull.registry);
    fields.text("label.mirrors", pull.mirrors.join(" "));
    fields.texts(
        "label.platform",
        pull.platform.iter().map(ToString::to_string),
    );
    fields.texts("label.digest", pull.digest.iter().map(ToString::to_string));
    fields.text("label.started", format!("{:.3}", pull.started));
    fields.add("label.total", totals(pull, telling));
    fields.texts("needed.needed", needed::told(pull, telling));
    let promised = pull.totals.promised;
    if let Some(promised) = promised.filter(|_| pull.state == State::UnderWay) {
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
        fields.add("label.progress", vec![progress]);
    }
    fields.add("label.critical-path", critical_path(pull, telling));
    hosts(&mut fields, pull, telling);
    fields.blocks()
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
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        total.push(format!("{}/s", bytes(rate)));
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
fn hosts(fields: &mut Labelled, pull: &Pull, telling: &Telling<'_>) {
    let mut hosts: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for step in &pull.steps {
        if let Some(entry) = telling.store.entry(step.exchange) {
            let (count, received) = hosts.entry(&entry.reading.authority).or_default();
            *count += 1;
            *received += entry.exchange.received;
        }
    }
    for (host, (count, received)) in hosts {
        let exchanges = exchanges(count, telling.lang);
        let figures = format!("  {exchanges}  ↓ {}", bytes(received));
        fields.add(
            "comparison.host",
            vec![Span::plain(host), Span::dim(figures)],
        );
    }
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
    let table = vec![Block::Table(blob::table(rest, telling.lang))];
    Block::under(say("label.blobs", telling.lang), table)
}

/// The rate of what is smaller says nothing.
const RATE_FROM: u64 = 1024 * 1024;
