//! One step: what it was, why it happened, what it holds.

use super::block::{cell, spaced};
use super::transfer::millis;
use super::{Block, Cell, Span, StepStory, Telling, Tone, document, image, short_url};
use super::{redirect, token, transfer};
use crate::exchange::Ending;
use crate::pulls::{Pull, Step};
use crate::registry::{Kind, Reading};
use crate::store::Entry;
use crate::story::{explain, explain_alone};
use crate::words::figures::bytes;
use crate::words::say;

/// A step of a pull.
pub(super) fn of_pull(
    step: &Step,
    number: usize,
    entry: &Entry,
    pull: &Pull,
    telling: &Telling<'_>,
) -> StepStory {
    let reading = &entry.reading;
    let mut decoded = decoded(reading, Some(pull), telling);
    decoded.extend(redirect::chain(step, entry, pull, telling));
    let decoded = united(decoded);
    StepStory {
        number,
        exchange: entry.exchange.id,
        kind: step.kind,
        head: head(entry, step.kind, telling),
        explanation: explain(step, reading, pull, telling.lang),
        decoded,
    }
}

/// An exchange that belongs to no pull.
pub(super) fn alone(entry: &Entry, number: usize, telling: &Telling<'_>) -> StepStory {
    StepStory {
        number,
        exchange: entry.exchange.id,
        kind: entry.kind,
        head: head(entry, entry.kind, telling),
        explanation: explain_alone(entry.kind, &entry.reading, telling.lang),
        decoded: united(decoded(&entry.reading, None, telling)),
    }
}

/// What is around a step's messages: what caused it, digests, phases, connections.
pub fn around(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = Vec::new();
    if let Some(pull) = pull {
        let pairs = relations(entry, pull, telling);
        if !pairs.is_empty() {
            blocks.push(Block::Pairs(pairs));
        }
    }
    blocks.extend(transfer::digests(&entry.reading, lang));
    blocks.extend(transfer::timing(&entry.exchange, lang));
    blocks.extend(transfer::connection(&entry.exchange, lang));
    blocks
}

/// The steps before and after.
fn relations(entry: &Entry, pull: &Pull, telling: &Telling<'_>) -> Vec<(Span, Cell)> {
    let lang = telling.lang;
    let id = entry.exchange.id;
    let name = |at: usize, step: &Step| {
        format!(
            "{} {} {}",
            say("label.step", lang),
            at + 1,
            step.kind.name(lang)
        )
    };
    let place = |wanted| pull.steps.iter().position(|step| step.exchange == wanted);
    let mut pairs = Vec::new();
    let cause = pull.step(id).and_then(|step| step.cause);
    if let Some(cause) = cause
        && let Some(at) = place(cause.exchange)
        && let Some(step) = pull.steps.get(at)
    {
        let how = Span::dim(cause.why.name(lang));
        let value = spaced([Span::plain(name(at, step)), how]);
        pairs.push((Span::dim(say("label.cause", lang)), value));
    }
    let caused = pull.steps.iter().enumerate();
    let caused = caused.filter(|(_, step)| step.cause.is_some_and(|cause| cause.exchange == id));
    for (at, step) in caused {
        pairs.push((Span::dim(say("label.leads-to", lang)), cell(name(at, step))));
    }
    pairs
}

/// Status, method, kind, place, size, duration.
fn head(entry: &Entry, kind: Kind, telling: &Telling<'_>) -> Vec<Cell> {
    let exchange = &entry.exchange;
    let url = exchange.request.as_ref().map_or("", |request| &request.url);
    let size = if exchange.received > 0 {
        Span::plain(bytes(exchange.received))
    } else {
        Span::dim("-")
    };
    let took = match exchange.took() {
        none if none.is_zero() => Span::dim("-"),
        took => Span::plain(millis(took)),
    };
    let mut place = vec![Span::plain(short_url(url))];
    if let Some(agree) = entry.reading.digests.agree() {
        place.extend([Span::plain(" "), Span::mark(agree)]);
    }
    vec![
        vec![status(entry)],
        cell(&entry.reading.method),
        vec![Span::strong(kind.name(telling.lang))],
        place,
        vec![size],
        vec![took],
    ]
}

fn status(entry: &Entry) -> Span {
    let Some(status) = entry.reading.status else {
        let tone = if entry.exchange.ended.is_some() {
            Tone::Bad
        } else {
            Tone::Dim
        };
        return Span::new("---", tone);
    };
    let cut = matches!(
        entry.exchange.ended,
        Some((_, Ending::Aborted { .. } | Ending::Failed { .. }))
    );
    let tone = match status {
        _ if cut => Tone::Bad,
        401 if entry.kind == Kind::Challenge => Tone::Warn,
        400.. => Tone::Bad,
        300..=399 => Tone::Plain,
        _ => Tone::Good,
    };
    Span::new(format!("{status}{}", if cut { "!" } else { "" }), tone)
}

/// What request and answer hold.
fn decoded(reading: &Reading, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = token::challenges(&reading.challenges, lang);
    blocks.extend(token::token(reading, lang));
    blocks.extend(document::document(reading, pull, lang));
    if let Some(config) = &reading.config {
        blocks.extend(image::config(config, lang));
    }
    blocks.extend(redirect::redirect(reading, telling));
    blocks.extend(transfer::stated(reading, lang));
    blocks
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
