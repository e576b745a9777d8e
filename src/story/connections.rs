//! What belongs to no pull: single exchanges, tunnels, handshakes.

use super::block::{cell, spaced};
use super::transfer::section;
use super::{Block, Cell, Span, StepStory, Telling, Tone, finding, step, transfer};
use crate::exchange::{Connection, HandshakeFailed, Rejection, Tunnel};
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
    let heading = vec![Span::strong(say("label.for-all", telling.lang))];
    let told = findings.iter();
    let told = told.flat_map(|one| finding(one, None, telling.lang));
    vec![Block::Heading(heading), Block::Inset(told.collect())]
}

/// The tunnels and handshakes of which nothing could be read.
pub fn unread(telling: &Telling<'_>) -> Vec<Block> {
    let lang = telling.lang;
    let tunnels = telling.store.tunnels().iter().map(|tunnel| {
        let sizes = [("sent", tunnel.sent), ("received", tunnel.received)];
        let sizes = sizes.map(|(name, bytes)| (name, bytes.to_string()));
        let sizes = phrase("label.bytes-each-way").fill(lang, &sizes);
        let what = spaced([Span::plain(tunnel.kind.name(lang)), Span::dim(sizes)]);
        (Span::plain(target(&tunnel.connection)), what)
    });
    let mut blocks = section(say("label.tunnels", lang), tunnels.collect());
    let handshakes = telling.store.handshakes().iter();
    let handshakes = handshakes.map(|failed| {
        (
            Span::plain(target(&failed.connection)),
            rejection(&failed.rejection, lang),
        )
    });
    blocks.extend(section(say("label.handshakes", lang), handshakes.collect()));
    blocks
}

/// A tunnel that was passed on unread.
pub fn tunnel(tunnel: &Tunnel, lang: Lang) -> Vec<Block> {
    let connection = &tunnel.connection;
    let ended = match &tunnel.ended {
        Some((at, ending)) => {
            let bad = transfer::ended(ending, lang).map(|text| Span::new(text, Tone::Bad));
            spaced(
                [Some(Span::plain(format!("{at:.3}"))), bad]
                    .into_iter()
                    .flatten(),
            )
        }
        None => vec![Span::label("connection.still-open", lang)],
    };
    let pairs = vec![
        (
            Span::label("connection.unread", lang),
            cell(tunnel.kind.name(lang)),
        ),
        (
            Span::label("label.client", lang),
            cell(connection.client.to_string()),
        ),
        (
            Span::label("comparison.sent", lang),
            cell(bytes(tunnel.sent)),
        ),
        (
            Span::label("comparison.received", lang),
            cell(bytes(tunnel.received)),
        ),
        (
            Span::label("label.started", lang),
            cell(format!("{:.3}", connection.opened)),
        ),
        (Span::label("label.ended", lang), ended),
    ];
    section(&format!("CONNECT {}", target(connection)), pairs)
}

/// A handshake that a client gave up, and how often that was seen.
pub fn handshake(failed: &HandshakeFailed, times: usize, lang: Lang) -> Vec<Block> {
    let connection = &failed.connection;
    let mut pairs = vec![(
        Span::label("label.ended", lang),
        rejection(&failed.rejection, lang),
    )];
    let agent = connection.connect_head.as_ref();
    if let Some(agent) = agent.and_then(|head| head.text("user-agent")) {
        pairs.push((
            Span::label("label.client", lang),
            cell(Client::read(agent).label()),
        ));
    }
    pairs.push((
        Span::label("connection.from", lang),
        cell(connection.client.to_string()),
    ));
    if let Some(sni) = &connection.sni {
        pairs.push((Span::label("connection.sni", lang), cell(sni)));
    }
    pairs.push((
        Span::label("label.time", lang),
        cell(format!("{:.3}", failed.at)),
    ));
    pairs.push((
        Span::label("connection.seen", lang),
        cell(format!("{times}×")),
    ));
    section(say("connection.what-was-seen", lang), pairs)
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
    found.map_or_else(
        || {
            let (what, fix) = (
                phrase("connection.refused"),
                phrase("connection.refused-fix"),
            );
            (what.of(lang).to_owned(), fix.of(lang).to_owned())
        },
        |finding| (finding.sentence(lang), finding.fix(lang)),
    )
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
