//! Redirects, and the chain of them that a download came by.

use super::block::{cell, spaced};
use super::{Block, Cell, Span, Telling, Tone, short_url};
use crate::pulls::{Pull, Step, Why};
use crate::registry::Reading;
use crate::store::Entry;
use crate::words::figures::span;
use crate::words::{phrase, say};

/// Where an answer leads.
pub(super) fn redirect(reading: &Reading, telling: &Telling<'_>) -> Vec<Block> {
    let Some(redirect) = &reading.redirect else {
        return Vec::new();
    };
    let lang = telling.lang;
    let tone = if redirect.downgrade {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let target = vec![Span::new(short_url(&redirect.target), tone)];
    let mut pairs: Vec<(Span, Cell)> = vec![(Span::dim(say("redirect.target", lang)), target)];
    if let Some(signed) = &redirect.signed {
        pairs.push((
            Span::dim(say("redirect.signed-by", lang)),
            cell(signed.signer.name()),
        ));
        if let Some(expires) = signed.expires {
            let mut until = cell(expires.to_string());
            if let Some(date) = reading.server_time() {
                let left = expires.duration_since(date).as_secs();
                if let Ok(left) = u64::try_from(left) {
                    let text = phrase("redirect.after-date").with(lang, span(left, lang));
                    until.push(Span::dim(format!("  {text}")));
                }
            }
            pairs.push((Span::dim(say("redirect.signed-until", lang)), until));
        }
    }
    vec![Block::Pairs(pairs)]
}

/// The requests that led to this one by `Location`, and whether credentials went along.
pub(super) fn chain(step: &Step, entry: &Entry, pull: &Pull, telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let mut chain = Vec::new();
    let mut at = step;
    while let Some(cause) = at.cause.filter(|cause| cause.why == Why::Redirect) {
        let earlier = telling.store.entry(cause.exchange);
        let (Some(earlier), Some(before)) = (earlier, pull.step(cause.exchange)) else {
            break;
        };
        chain.push(earlier);
        at = before;
        if chain.len() >= LONGEST_CHAIN {
            break;
        }
    }
    if chain.is_empty() {
        return Vec::new();
    }
    chain.reverse();
    let mut pairs: Vec<(Span, Cell)> = chain
        .iter()
        .map(|earlier| {
            let status = earlier.reading.status.unwrap_or_default();
            let place = url(earlier);
            let line = spaced([Span::plain(format!("{status}")), Span::plain(place)]);
            (Span::dim(say("redirect.chain", lang)), line)
        })
        .collect();
    let last = spaced([Span::plain("→"), Span::plain(url(entry))]);
    pairs.push((Span::dim(say("redirect.chain", lang)), last));
    let sent = match &entry.reading.authorization {
        None => Span::new(format!("✓ {}", say("redirect.not-sent", lang)), Tone::Good),
        Some(authorization) => {
            let text = phrase("redirect.sent-along").with(lang, &authorization.scheme);
            Span::new(text, Tone::Warn)
        }
    };
    pairs.push((Span::dim(say("redirect.authorization", lang)), vec![sent]));
    vec![Block::Pairs(pairs)]
}

fn url(entry: &Entry) -> String {
    let request = entry.exchange.request.as_ref();
    request.map_or_else(String::new, |request| short_url(&request.url))
}

/// Clients follow fewer redirects than this.
const LONGEST_CHAIN: usize = 20;
