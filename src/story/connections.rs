//! What belongs to no pull: single exchanges, tunnels, handshakes.

use super::block::{cell, spaced};
use super::step::alone;
use super::{Block, Cell, Span, StepStory, Telling, Tone, finding};
use crate::store::Entry;
use crate::words::{Lang, phrase, say};

/// An exchange that belongs to no pull; `number` is its place among them.
pub fn loose(entry: &Entry, number: usize, telling: &Telling<'_>) -> StepStory {
    alone(entry, number, telling)
}

/// The heading of what belongs to no pull.
pub fn loose_heading(lang: Lang) -> Block {
    Block::Heading(vec![Span::strong(say("label.loose", lang))])
}

/// The findings that belong to no pull.
pub fn beyond_pulls(telling: &Telling<'_>) -> Vec<Block> {
    let findings = telling.store.loose_findings();
    if findings.is_empty() {
        return Vec::new();
    }
    let heading = vec![Span::strong(say("label.for-all", telling.lang))];
    let told = findings.iter();
    let told = told.flat_map(|one| finding(one, None, telling.lang));
    vec![Block::Heading(heading), Block::Inset(told.collect())]
}

/// The tunnels and handshakes of which nothing could be read.
pub fn unread(telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut blocks = Vec::new();
    let tunnels: Vec<(Span, Cell)> = telling
        .store
        .tunnels()
        .iter()
        .map(|tunnel| {
            let target = tunnel.connection.target.as_ref();
            let target = target.map_or_else(|| "-".to_owned(), ToString::to_string);
            let sizes = [("sent", tunnel.sent), ("received", tunnel.received)];
            let sizes = sizes.map(|(name, bytes)| (name, bytes.to_string()));
            let sizes = phrase("label.bytes-each-way").fill(lang, &sizes);
            let what = spaced([Span::plain(tunnel.kind.name(lang)), Span::dim(sizes)]);
            (Span::plain(target), what)
        })
        .collect();
    section(&mut blocks, say("label.tunnels", lang), tunnels);
    let handshakes: Vec<(Span, Cell)> = telling
        .store
        .handshakes()
        .iter()
        .map(|failed| {
            let target = failed.connection.target.as_ref();
            let target = target.map_or_else(|| "-".to_owned(), ToString::to_string);
            let mut what = cell(failed.rejection.told(lang));
            if failed.rejection.is_distrust() {
                let text = format!("  {}", say("label.distrusts", lang));
                what.push(Span::new(text, Tone::Bad));
            }
            (Span::plain(target), what)
        })
        .collect();
    section(&mut blocks, say("label.handshakes", lang), handshakes);
    blocks
}

fn section(blocks: &mut Vec<Block>, name: &str, pairs: Vec<(Span, Cell)>) {
    if !pairs.is_empty() {
        blocks.push(Block::Heading(vec![Span::strong(name)]));
        blocks.push(Block::Inset(vec![Block::Pairs(pairs)]));
    }
}
