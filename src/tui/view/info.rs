//! What the selected row is, and why it is there, below the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::list::purpose;
use super::names;
use super::pen::{self, Pen, fit};
use crate::base::text;
use crate::base::text::{count, wrap};
use crate::pulls::{Pull, State as PullState};
use crate::store::{Entry, Store};
use crate::story::explain;
use crate::tui::action::Item;
use crate::tui::rows::refused_host;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::Lang;

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
    let mut first = Vec::new();
    if legend {
        for (role, glyph, what) in [
            (Role::Connect, "▐", "connect+TLS"),
            (Role::Wait, "▒", "waiting"),
            (Role::Receive, "█", "receiving"),
        ] {
            first.push(pen.put(role, format!(" {glyph}")));
            first.push(pen.put(Role::Dim, format!(" {what} ")));
        }
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
    let label = match state.look.lang {
        Lang::En => " Why? ",
        Lang::Zh => " 为什么？",
    };
    let indent = text::width(label);
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
        let label = if at == 1 {
            label.to_owned()
        } else {
            " ".repeat(indent)
        };
        let spans = vec![pen.put(Role::Accent, label), pen.put(Role::Text, line)];
        pen::draw(buffer, pen::row(area, at), spans);
    }
}

/// The selected row in a line, and why it is there.
fn selected(state: &State, store: &Store) -> (String, String) {
    let lang = state.look.lang;
    match state.selection {
        Some(Item::Exchange(id)) => {
            let Some(entry) = store.entry(id) else {
                return Default::default();
            };
            let pull = entry.pull.and_then(|id| store.pull(id));
            let what = match &entry.reading.redirect {
                Some(redirect) => format!(
                    "{} {}: {} → {}",
                    entry.kind,
                    names::subject(&entry.reading, true),
                    redirect.status,
                    redirect.authority.as_deref().unwrap_or(&redirect.target)
                ),
                None => format!(
                    "{} {}{}",
                    entry.reading.method,
                    entry.reading.authority,
                    entry
                        .reading
                        .url
                        .as_ref()
                        .map_or_else(String::new, |url| names::short_path(url.path()))
                ),
            };
            (what, super::why(entry, pull, lang))
        }
        Some(Item::Pull(id)) => {
            let Some(pull) = store.pull(id) else {
                return Default::default();
            };
            let what = format!(
                "{} {} by {}: {}",
                purpose(pull),
                pull.name(),
                pull.client.label(),
                count(pull.totals.exchanges, "exchange")
            );
            let why = store
                .findings_of(pull.id)
                .first()
                .map_or_else(|| no_findings(pull, lang), |finding| finding.sentence(lang));
            (what, why)
        }
        Some(Item::Refused(at)) => {
            let host = super::pages::handshake(store, at)
                .and_then(refused_host)
                .unwrap_or("?");
            (
                format!("TLS handshake for {host}"),
                super::pages::refusal_finding(store, host, lang).0,
            )
        }
        Some(Item::Blob(id, _)) => {
            let name = store.pull(id).map(Pull::name).unwrap_or_default();
            (
                format!("queued blob of {name}"),
                match lang {
                    Lang::En => {
                        "The manifest names it; the client has not asked for it yet.".to_owned()
                    }
                    Lang::Zh => "清单中列出了它，客户端尚未请求。".to_owned(),
                },
            )
        }
        Some(Item::Tunnel(_)) => ("tunnel, passed on unread".to_owned(), String::new()),
        None => Default::default(),
    }
}

fn no_findings(pull: &Pull, lang: Lang) -> String {
    match (pull.state, lang) {
        (PullState::UnderWay, Lang::En) => "Under way; nothing is wrong so far.",
        (PullState::UnderWay, Lang::Zh) => "进行中，目前未发现问题。",
        (_, Lang::En) => {
            "Nothing is wrong with it. p opens the overview, s the sequence, v the waterfall."
        }
        (_, Lang::Zh) => "未发现问题。p 打开概览，s 打开时序图，v 打开瀑布图。",
    }
    .to_owned()
}

/// Why an exchange happened, in words.
pub(super) fn explanation(entry: &Entry, pull: Option<&Pull>, lang: Lang) -> String {
    let step = pull.and_then(|pull| pull.step(entry.exchange.id));
    match (step, pull) {
        (Some(step), Some(pull)) => explain(step, &entry.reading, pull, lang),
        _ => String::new(),
    }
}
