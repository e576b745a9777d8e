//! How a pull stands, in one line.

use super::{Cell, Span, Telling, Tone, naming};
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
                let host = redirect.and_then(|r| url::Url::parse(&r.target).ok());
                let host = host.and_then(|url| url.host_str().map(str::to_owned));
                let host = host.unwrap_or_else(|| entry.reading.authority.to_string());
                phrase("verdict.partly_seen").with(lang, host)
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

/// The finding that says why a pull failed: of the exchange that decided it, if there is one.
fn failure<'a>(pull: &Pull, telling: &Telling<'a>) -> Option<&'a Finding> {
    let mut errors = telling.store.findings_of(pull.id).iter();
    let mut errors = errors
        .by_ref()
        .filter(|finding| finding.severity == Severity::Error)
        .peekable();
    let first = errors.peek().copied();
    let decided = pull.decided_by;
    let own = errors.find(|finding| decided.is_some_and(|id| finding.shown_by(id)));
    own.or(first)
}
