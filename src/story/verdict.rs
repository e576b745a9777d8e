//! How a pull stands, in one line.

use std::collections::BTreeMap;

use super::{Block, Cell, Span, Telling, Tone, naming};
use crate::exchange::TunnelKind;
use crate::findings::{Finding, Severity};
use crate::pulls::{Pull, State};
use crate::words::{phrase, say};

/// The sign of a state, and its tone.
pub fn mark(state: State) -> (&'static str, Tone) {
    match state {
        State::Complete => ("✓", Tone::Good),
        State::Failed => ("✗", Tone::Bad),
        State::UnderWay => ("…", Tone::Plain),
        State::Stopped => ("■", Tone::Warn),
        State::Unfinished | State::PartlySeen => ("◐", Tone::Warn),
        State::Undecided => ("–", Tone::Dim),
    }
}

/// How a pull stands, at which step that was decided, and why.
pub fn verdict(pull: &Pull, telling: &Telling<'_>) -> Cell {
    let lang = telling.lang;
    let (mark, tone) = mark(pull.state);
    let mut cell = vec![Span::new(format!("{mark} {}", pull.state.name(lang)), tone)];
    let decided = pull.decided_by.and_then(|id| pull.step(id));
    if let Some(step) = decided {
        cell.push(Span::plain(format!(" {} ", say("label.at-step", lang))));
        cell.extend(naming::step(pull, step, lang));
    }
    let why = match pull.state {
        State::Failed => failure(pull, telling).map(|finding| finding.title(lang).to_owned()),
        State::PartlySeen => decided
            .and_then(|step| telling.store.entry(step.exchange))
            .map(|entry| {
                let redirect = entry.reading.redirect.as_ref();
                let host = redirect.and_then(|r| r.authority.as_deref());
                phrase("verdict.partly_seen").with(lang, host.unwrap_or(&entry.reading.authority))
            }),
        State::Unfinished => Some(say("verdict.unfinished", lang).to_owned()),
        State::Undecided => Some(say("verdict.undecided", lang).to_owned()),
        State::Complete | State::UnderWay | State::Stopped => None,
    };
    if let Some(why) = why {
        cell.push(Span::plain(format!(": {why}")));
    }
    cell
}

/// How all pulls stand together, where there is not just one: how many of each state, and which
/// are not complete. `whole` is whether these are all that the trace has.
pub fn tally(pulls: &[&Pull], whole: bool, telling: &Telling<'_>) -> Option<Block> {
    let (lang, store) = (telling.lang, telling.store);
    let mut states: BTreeMap<State, Vec<String>> = BTreeMap::new();
    for pull in pulls {
        let numbers = states.entry(pull.state).or_default();
        numbers.push(format!("#{}", pull.id.0));
    }
    let mut cell = Cell::new();
    match pulls.len() {
        0 if whole => {
            let why = if store.entries().next().is_some() {
                "verdict.no-pull"
            } else if store
                .tunnels()
                .iter()
                .any(|one| one.kind != TunnelKind::Unused)
            {
                "verdict.all-unread"
            } else if !store.handshakes().is_empty() {
                "verdict.no-request"
            } else if !store.tunnels().is_empty() {
                "verdict.unused"
            } else {
                return None;
            };
            let (mark, tone) = mark(State::Undecided);
            cell.push(Span::new(format!("{mark} {}", say(why, lang)), tone));
        }
        0 | 1 => return None,
        count => {
            let count = phrase("verdict.pulls").with(lang, count.to_string());
            cell.push(Span::strong(count));
        }
    }
    for (at, (state, numbers)) in states.into_iter().enumerate() {
        let (mark, tone) = mark(state);
        cell.push(Span::plain(if at == 0 { " " } else { ", " }));
        let count = numbers.len();
        cell.push(Span::new(
            format!("{mark} {count} {}", state.name(lang)),
            tone,
        ));
        if state != State::Complete {
            let more = if count > NAMED { " …" } else { "" };
            let named = numbers.get(..NAMED).unwrap_or(&numbers).join(" ");
            cell.push(Span::plain(format!(" ({named}{more})")));
        }
    }
    Some(Block::Paragraph(cell))
}

/// The finding that says why a pull failed: of the exchange that decided it, if there is one.
fn failure<'a>(pull: &Pull, telling: &Telling<'a>) -> Option<&'a Finding> {
    let found = telling.store.findings_of(pull.id).iter();
    let mut errors = found.filter(|one| one.severity == Severity::Error);
    let is_own = |one: &&Finding| pull.decided_by.is_some_and(|id| one.shown_by(id));
    let first = errors.next();
    first
        .filter(is_own)
        .or_else(|| errors.find(is_own))
        .or(first)
}

/// How many pulls of a state are named.
const NAMED: usize = 8;
