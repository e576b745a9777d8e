//! One exchange: what it was, why it happened, what it holds.

use super::block::cell;
use super::labelled::Labelled;
use super::transfer::millis;
use super::{Block, Cell, Span, Telling, Tone, blob, document, image, naming, outcome, short_url};
use super::{explain, explain_alone, redirect, token, transfer};
use crate::exchange::ExchangeId;
use crate::pulls::{Pull, Step};
use crate::registry::{Document, Kind};
use crate::store::Entry;
use crate::words::say;

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

/// An exchange in short: a step of a pull, or one that belongs to none. `number` is its place.
pub(super) fn told(
    entry: &Entry,
    number: usize,
    pull: Option<&Pull>,
    telling: &Telling<'_>,
) -> StepStory {
    let step = pull.and_then(|pull| pull.step(entry.exchange.id));
    let kind = step.map_or(entry.kind, |step| step.kind);
    StepStory {
        number,
        exchange: entry.exchange.id,
        kind,
        head: head(entry, kind, telling),
        explanation: why(entry, pull, telling),
        decoded: decoded(entry, pull, telling),
    }
}

/// Why an exchange happened and what it means.
pub fn why(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> String {
    let step = pull.and_then(|pull| pull.step(entry.exchange.id));
    match step.zip(pull) {
        Some((step, pull)) => explain(step, &entry.reading, pull, telling.lang),
        None => explain_alone(entry.kind, &entry.reading, telling.lang),
    }
}

/// What request and answer hold.
pub fn decoded(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let (reading, lang) = (&entry.reading, telling.lang);
    let mut blocks = token::challenges(&reading.challenges, lang);
    blocks.extend(token::token(entry, pull, telling));
    blocks.extend(document::document(reading, pull, telling));
    if let Some(config) = &reading.config {
        blocks.extend(image::config(config, lang));
    }
    blocks.extend(redirect::redirect(entry, telling));
    blocks.extend(transfer::stated(entry, lang));
    if redirect::was_redirected(entry, pull) {
        blocks.extend(redirect::way(entry, pull, telling));
    }
    united(blocks)
}

/// What is around a step's messages: the blob, what caused it and what it led to, digests,
/// phases, connections.
pub fn around(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = about(entry, pull, telling);
    if entry.reading.document.is_some() {
        blocks.extend(transfer::digests(&entry.reading, lang));
    }
    blocks.extend(transfer::timing(&entry.exchange, lang));
    blocks.extend(transfer::connection(&entry.exchange, lang));
    blocks.extend(transfer::certificates(&entry.exchange, lang));
    blocks
}

/// What an exchange is about, and what came before and after it.
pub fn about(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = Vec::new();
    if entry.reading.document.is_none() {
        blocks.extend(transfer::message(entry, lang));
        blocks.extend(transfer::digests(&entry.reading, lang));
    }
    if let Some(pull) = pull {
        if let Some(Document::Index(_)) = &entry.reading.document {
            blocks.extend(document::fetched(pull, telling));
        } else {
            blocks.extend(blob::of_exchange(pull, &entry.exchange, telling));
        }
        let relations = relations(entry, pull, telling);
        blocks.extend(relations.under(say("label.in-its-pull", lang)));
    }
    blocks
}

/// The steps before and after.
fn relations(entry: &Entry, pull: &Pull, telling: &Telling<'_>) -> Labelled {
    let lang = telling.lang;
    let id = entry.exchange.id;
    let mut fields = Labelled::new(lang);
    let cause = pull.step(id).and_then(|step| step.cause);
    if let Some(cause) = cause
        && let Some(step) = pull.step(cause.exchange)
    {
        fields.add(
            "label.cause",
            relation(pull, step, cause.why.name(lang), lang),
        );
    }
    let caused = pull
        .steps
        .iter()
        .filter_map(|step| Some((step, step.cause.filter(|cause| cause.exchange == id)?)));
    for (step, cause) in caused.take(MOST_FOLLOWERS) {
        fields.add(
            "label.leads-to",
            relation(pull, step, cause.why.name(lang), lang),
        );
    }
    if pull.critical_path.contains(&id) {
        let text = say("label.on-critical-path", lang);
        fields.toned("label.critical-path", Tone::Warn, text);
    }
    fields
}

fn relation(pull: &Pull, step: &Step, how: &str, lang: crate::words::Lang) -> Cell {
    let mut name = naming::step(pull, step, lang);
    name.push(Span::dim(format!("  {how}")));
    name
}

/// Status, method, kind, place, size, duration.
fn head(entry: &Entry, kind: Kind, telling: &Telling<'_>) -> Vec<Cell> {
    let exchange = &entry.exchange;
    let url = exchange.request.as_ref().map_or("", |request| &request.url);
    let size = Some(exchange.received).filter(|size| *size > 0);
    let took = Some(exchange.took()).filter(|took| !took.is_zero());
    let mut place = vec![Span::plain(short_url(url))];
    if let Some(agree) = entry.reading.digests.agree() {
        place.extend([Span::plain(" "), Span::mark(agree)]);
    }
    vec![
        vec![outcome::status(entry)],
        cell(&entry.reading.method),
        vec![Span::strong(kind.name(telling.lang))],
        place,
        blob::size(size),
        blob::known(took.map(millis)),
    ]
}

/// Neighbouring lists of names and values as one, so that their columns line up.
fn united(blocks: Vec<Block>) -> Vec<Block> {
    let mut united: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match (united.last_mut(), block) {
            (Some(Block::Pairs(before)), Block::Pairs(more)) => before.extend(more),
            (_, block) => united.push(block),
        }
    }
    united
}

/// Followers of one exchange that are listed.
const MOST_FOLLOWERS: usize = 12;
