//! One exchange: decoded by what it is, and as it was on the wire.

mod json;
mod subject;
mod timing;
mod token;
mod wire;

use ratatui::layout::Rect;
use ratatui::text::Span;

use self::subject::Subject;
use super::pen::{Pen, Sheet, width};
use super::{colours, names};
use crate::base::text::{middle, size, took};
use crate::exchange::{Bodies, ExchangeId};
use crate::registry::Kind;
use crate::store::{Entry, Store};
use crate::story;
use crate::tui::screen::Doc;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::{Lang, say};

/// A tab of an exchange's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Decoded; the key of its name says as what.
    Decoded(&'static str),
    /// The request.
    Request,
    /// The response.
    Response,
    /// Where redirects led.
    Redirects,
    /// The phases.
    Timing,
    /// The server's certificates, and both TLS sessions.
    Tls,
    /// The bytes.
    Raw,
}

/// The tabs of an exchange.
pub(crate) fn tabs(entry: &Entry) -> Vec<Tab> {
    let name = match entry.kind {
        Kind::Challenge => "tab.challenge",
        Kind::Token => "tab.token",
        Kind::Index | Kind::Manifest | Kind::Resolve => "tab.image",
        Kind::Config => "tab.config",
        Kind::Layer | Kind::Blob | Kind::Cdn | Kind::Exists => "tab.blob",
        Kind::Redirect => "tab.redirect",
        Kind::Upload | Kind::Publish => "tab.push",
        Kind::Error => "tab.error",
        _ => "tab.summary",
    };
    let mut tabs = vec![Tab::Decoded(name), Tab::Request, Tab::Response];
    if matches!(entry.kind, Kind::Redirect | Kind::Cdn) {
        tabs.push(Tab::Redirects);
    }
    tabs.extend([Tab::Timing, Tab::Tls, Tab::Raw]);
    tabs
}

impl Tab {
    fn name(self, lang: Lang) -> &'static str {
        let key = match self {
            Self::Decoded(key) => key,
            Self::Request => "tab.request",
            Self::Response => "tab.response",
            Self::Redirects => "tab.redirects",
            Self::Timing => "tab.timing",
            Self::Tls => "tab.tls",
            Self::Raw => "tab.raw",
        };
        say(key, lang)
    }
}

/// The header: which exchange, and the tabs.
pub(super) fn header(
    state: &State,
    store: &Store,
    id: ExchangeId,
    tab: usize,
    pen: Pen,
) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let lang = state.look.lang;
    let Some(entry) = store.entry(id) else {
        let gone = format!(" {}", say("screen.no-longer-kept", lang));
        return (vec![pen.put(Role::Dim, gone)], Vec::new());
    };
    let room = usize::from(state.size.0);
    let pull = entry.pull.and_then(|id| store.pull(id));
    let mut left = Vec::new();
    if let Some(pull) = pull {
        let at = names::place(pull, id);
        left.push(pen.put(Role::Title, format!(" #{}", pull.id.0)));
        left.push(pen.put(Role::Dim, format!(" › {at}/{}", pull.steps.len())));
    } else {
        left.push(pen.put(Role::Dim, format!(" {} {id}", say("screen.exchange", lang))));
    }
    let step = pull.and_then(|pull| pull.step(id));
    let kind = names::kind(entry, step.and_then(|step| step.part), false, lang);
    left.push(pen.put(colours::kind(entry.kind), format!(" {kind}")));
    let status = entry.reading.status;
    let status = status.map_or_else(|| "…".to_owned(), |status| status.to_string());
    left.push(pen.put(colours::outcome(entry), format!("  {status}")));
    if state.size.0 >= 80 {
        let took = took(crate::tui::rows::span(entry, state.now));
        let figures = format!("  {took}  {}", size(entry.exchange.received));
        left.push(pen.put(Role::Dim, figures));
    }
    if state.reveals() {
        let text = format!("  {}", say("screen.secrets-shown", lang));
        left.push(pen.put(Role::Bad, text));
    }
    let named = |names: bool| -> Vec<_> {
        let all = tabs(entry).into_iter().enumerate();
        let tabs = all.map(|(at, each)| {
            let number = at + 1;
            if names || at == tab {
                return pen.tab(&format!("{number} {}", each.name(lang)), at == tab);
            }
            pen.tab(&number.to_string(), false)
        });
        tabs.collect()
    };
    // Names of tabs, and of the image, as far as there is room for them.
    let mut tabs = named(true);
    if width(&left) + width(&tabs) >= room {
        tabs = named(false);
    }
    let free = room.saturating_sub(width(&left) + width(&tabs) + 2);
    if let Some(pull) = pull.filter(|_| free >= SHORTEST_NAME) {
        let name = middle(&names::pull(pull), free);
        left.insert(1, pen.put(Role::Title, format!(" {name}")));
    }
    (left, tabs)
}

/// Whether a tab shows nothing but what was on the wire.
pub(super) fn is_of_the_wire(entry: &Entry, tab: usize) -> bool {
    let tab = tabs(entry).get(tab).copied();
    matches!(tab, Some(Tab::Request | Tab::Response | Tab::Raw))
}

/// The content of a tab.
pub(super) fn doc(
    state: &State,
    store: &Store,
    bodies: &dyn Bodies,
    id: ExchangeId,
    tab: usize,
    area: Rect,
) -> Doc {
    let pen = Pen::of(state.look);
    let mut sheet = Sheet::new(pen, area.width.into());
    let Some(entry) = store.entry(id) else {
        sheet.say(Role::Dim, 2, "screen.exchange-gone");
        return sheet.finish();
    };
    let exchange = state.shown(&entry.exchange, Some(bodies));
    let pull = entry.pull.and_then(|id| store.pull(id));
    let subject = Subject {
        state,
        store,
        bodies,
        entry,
        exchange: &exchange,
        pull,
        area,
    };
    let tabs = tabs(entry);
    match tabs.get(tab).or(tabs.first()) {
        Some(Tab::Decoded(_)) => return decoded(&subject, sheet),
        Some(Tab::Request) => wire::request(&subject, &mut sheet),
        Some(Tab::Response) => wire::response(&subject, &mut sheet),
        Some(Tab::Redirects) => {
            sheet.heading(say("screen.the-way", state.look.lang));
            sheet.told(&story::way(entry, pull, &state.telling(store)));
        }
        Some(Tab::Timing) => timing::phases(&subject, &mut sheet),
        Some(Tab::Tls) => timing::tls(&subject, &mut sheet),
        Some(Tab::Raw) => wire::raw(&subject, &mut sheet),
        None => {}
    }
    sheet.finish()
}

/// What the story tells of an exchange: what it holds, why it happened, what is around it.
fn decoded(subject: &Subject<'_>, mut sheet: Sheet) -> Doc {
    let Subject {
        state,
        store,
        entry,
        pull,
        ..
    } = *subject;
    let beside = (entry.kind == Kind::Token).then(|| token::beside(subject, &mut sheet));
    let telling = state.telling(store);
    sheet.told(&story::decoded(entry, pull, &telling));
    let why = story::why(entry, pull, &telling);
    if state.explain && !why.is_empty() {
        sheet.heading(say("screen.why", telling.lang));
        sheet.text(Role::Text, 2, &story::shorten(&why));
    }
    sheet.told(&story::about(entry, pull, &telling));
    sheet.told(&story::findings_shown_by(entry, pull, &telling));
    match beside {
        Some(token::Beside { lines, split: None }) => {
            sheet.blank();
            let mut doc = sheet.finish();
            doc.lines.extend(lines);
            doc
        }
        Some(token::Beside { lines, split }) => Doc {
            beside: lines,
            split,
            ..sheet.finish()
        },
        None => sheet.finish(),
    }
}

/// A name in fewer columns says nothing.
const SHORTEST_NAME: usize = 8;
