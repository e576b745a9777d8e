//! What belongs to no pull: single exchanges, tunnels, handshakes.

use super::block::{cell, spaced};
use super::labelled::Labelled;
use super::{Block, Cell, Span, StepStory, Telling, Tone, finding, step, transfer};
use crate::exchange::{Connection, HandshakeFailed, Rejection, Tunnel, TunnelKind};
use crate::findings::Evidence;
use crate::registry::Client;
use crate::store::Entry;
use crate::words::Lang;
use crate::words::figures::bytes;
use crate::words::{phrase, say};

/// An exchange that belongs to no pull; `number` is its place among them.
pub fn loose(entry: &Entry, number: usize, telling: &Telling<'_>) -> StepStory {
    step::told(entry, number, None, telling)
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
    let told = findings.iter();
    let told = told.flat_map(|one| finding(one, None, telling.lang));
    Block::under(say("label.for-all", telling.lang), told.collect())
}

/// The tunnels and handshakes of which nothing could be read.
pub fn unread(telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let (mut tunnels, mut spare) = (Labelled::new(lang), Labelled::new(lang));
    for tunnel in telling.store.tunnels() {
        let sizes = [("sent", tunnel.sent), ("received", tunnel.received)];
        let sizes = sizes.map(|(name, bytes)| (name, bytes.to_string()));
        let sizes = phrase("label.bytes-each-way").fill(lang, &sizes);
        let what = spaced([Span::plain(tunnel.kind.name(lang)), Span::dim(sizes)]);
        // Clients open more connections than they come to need.
        let is_spare = tunnel.kind == TunnelKind::Unused;
        let list = if is_spare { &mut spare } else { &mut tunnels };
        list.named(Span::plain(target(&tunnel.connection)), what);
    }
    let mut handshakes = Labelled::new(lang);
    for failed in telling.store.handshakes() {
        let why = rejection(&failed.rejection, lang);
        handshakes.named(Span::plain(target(&failed.connection)), why);
    }
    let mut blocks = tunnels.under(say("label.tunnels", lang));
    blocks.extend(spare.under(say("label.spare", lang)));
    blocks.extend(handshakes.under(say("label.handshakes", lang)));
    blocks
}

/// A tunnel that was passed on unread.
pub fn tunnel(tunnel: &Tunnel, lang: Lang) -> Vec<Block> {
    let connection = &tunnel.connection;
    let ended = match &tunnel.ended {
        Some((at, ending)) => {
            let bad = transfer::ended(ending, lang).map(|text| Span::new(text, Tone::Bad));
            spaced([Span::plain(format!("{at:.3}"))].into_iter().chain(bad))
        }
        None => vec![Span::label("connection.still-open", lang)],
    };
    let mut fields = Labelled::new(lang);
    fields.text("connection.unread", tunnel.kind.name(lang));
    fields.text("label.client", connection.client.to_string());
    fields.text("comparison.sent", bytes(tunnel.sent));
    fields.text("comparison.received", bytes(tunnel.received));
    fields.text("label.started", format!("{:.3}", connection.opened));
    fields.add("label.ended", ended);
    fields.under(&format!("CONNECT {}", target(connection)))
}

/// A handshake that a client gave up, and how often that was seen.
pub fn handshake(failed: &HandshakeFailed, times: usize, lang: Lang) -> Vec<Block> {
    let connection = &failed.connection;
    let mut fields = Labelled::new(lang);
    fields.add("label.ended", rejection(&failed.rejection, lang));
    let agent = connection.connect_head.as_ref();
    let agent = agent.and_then(|head| head.text("user-agent"));
    fields.texts(
        "label.client",
        agent.map(|agent| Client::read(agent).label()),
    );
    fields.text("connection.from", connection.client.to_string());
    fields.texts("connection.sni", connection.sni.as_deref());
    fields.text("label.time", format!("{:.3}", failed.at));
    fields.text("connection.seen", format!("{times}×"));
    fields.under(say("connection.what-was-seen", lang))
}

/// What clients' refusals for a host mean, and what to do: the finding about it, where there is
/// one.
pub fn refusal(host: &str, telling: &Telling<'_>) -> (String, String) {
    let lang = telling.lang;
    let found = telling.store.loose_findings().iter().find(|finding| {
        let shown = |seen: &Evidence| seen.value.contains(host) || seen.field.contains(host);
        finding.evidence.iter().any(shown)
            || finding.facts.iter().any(|(_, value)| value.contains(host))
    });
    if let Some(finding) = found {
        return (finding.sentence(lang), finding.fix(lang));
    }
    let both = ["connection.refused", "connection.refused-fix"];
    both.map(|key| say(key, lang).to_owned()).into()
}

fn rejection(rejection: &Rejection, lang: Lang) -> Cell {
    let mut what = cell(rejection.told(lang));
    if rejection.is_distrust() {
        let text = format!("  {}", say("label.distrusts", lang));
        what.push(Span::new(text, Tone::Bad));
    }
    what
}

/// Where a client wanted to go.
pub fn target(connection: &Connection) -> String {
    let target = connection.target.as_ref();
    target.map_or_else(|| "-".to_owned(), ToString::to_string)
}
