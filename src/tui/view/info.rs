//! What the selected row is, and why it is there, below the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::pen::{self, Pen, fit};
use super::{find, names, phases};
use crate::base::text;
use crate::base::text::wrap;
use crate::pulls::{Pull, State as PullState};
use crate::store::Store;
use crate::story;
use crate::tui::action::Item;
use crate::tui::rows::refused_host;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{Lang, phrase, say};

/// What the selected row is, and why.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    state: &State,
    store: &Store,
    pen: Pen,
    legend: bool,
) {
    if area.height == 0 {
        return;
    }
    let lang = state.look.lang;
    let mut first = Vec::new();
    if legend {
        first.extend(phases::legend(pen));
        first.push(Span::raw("  "));
    } else {
        first.push(Span::raw(" "));
    }
    let (what, why) = selected(state, store);
    first.extend([pen.put(Role::Text, what)]);
    pen::draw(buffer, pen::row(area, 0), fit(first, area.width.into()));
    if !state.explain || area.height < 2 {
        return;
    }
    let label = format!(" {} ", say("screen.why", lang));
    let indent = text::width(&label);
    let room = usize::from(area.width).saturating_sub(indent + 1);
    let why = text::clean(&why).into_owned();
    let mut lines = wrap(&why, room);
    let rows = usize::from(area.height) - 1;
    if lines.len() > rows {
        lines.truncate(rows);
        if let Some(last) = lines.last_mut() {
            *last = text::cut(&format!("{last} …"), room);
        }
    }
    for (line, at) in lines.into_iter().zip(1..) {
        let label = if at == 1 { &*label } else { "" };
        let spans = vec![
            pen.fit(Role::Accent, label, indent),
            pen.put(Role::Text, line),
        ];
        pen::draw(buffer, pen::row(area, at), spans);
    }
}

/// The selected row in a line, and why it is there.
fn selected(state: &State, store: &Store) -> (String, String) {
    let lang = state.look.lang;
    match state.selection {
        Some(Item::Exchange(id)) => {
            let Some(entry) = store.entry(state.hop(id, store)) else {
                return Default::default();
            };
            let pull = entry.pull.and_then(|id| store.pull(id));
            let reading = &entry.reading;
            let what = if let Some(redirect) = &reading.redirect {
                let kind = names::kind_word(entry.kind, lang);
                let subject = names::subject(reading, true, lang);
                let target = redirect.authority.as_deref().unwrap_or(&redirect.target);
                format!("{kind} {subject}: {} → {target}", redirect.status)
            } else {
                let path = names::path(reading);
                format!("{} {}{path}", reading.method, reading.authority)
            };
            let why = story::why(entry, pull, &state.telling(store));
            (what, story::shorten(&why))
        }
        Some(Item::Pull(id)) => {
            let Some(pull) = store.pull(id) else {
                return Default::default();
            };
            let what = format!(
                "{} {}  {}  {}",
                pull.purpose.name(lang),
                pull.name(),
                pull.client.label(),
                names::count(pull.totals.exchanges, names::EXCHANGES, lang)
            );
            let why = store
                .findings_of(pull.id)
                .first()
                .map_or_else(|| no_findings(pull, lang), |finding| finding.sentence(lang));
            (what, why)
        }
        Some(Item::Refused(at)) => {
            let host = find::handshake(store, at).and_then(refused_host);
            let host = host.unwrap_or("?");
            let what = phrase("screen.handshake-for").with(lang, host);
            (what, story::refusal(host, &state.telling(store)).0)
        }
        Some(Item::Blob(id, _)) => {
            let name = store.pull(id).map(Pull::name).unwrap_or_default();
            let what = phrase("screen.queued-blob-of").with(lang, name);
            (what, say("screen.not-asked-yet", lang).to_owned())
        }
        Some(Item::Tunnel(id)) => {
            let kind = find::tunnel(store, id).map(|tunnel| tunnel.kind);
            let why = kind.map_or("", |kind| kind.name(lang));
            (say("screen.tunnel-unread", lang).to_owned(), why.to_owned())
        }
        None => Default::default(),
    }
}

fn no_findings(pull: &Pull, lang: Lang) -> String {
    let key = match pull.state {
        PullState::UnderWay => "screen.under-way-and-well",
        PullState::Complete => "screen.ended-and-well",
        _ => "screen.ended-unfinished",
    };
    say(key, lang).to_owned()
}
