//! One exchange: decoded by what it is, and as it was on the wire.

mod decoded;
mod image;
mod json;
mod redirects;
mod timing;
mod token;
mod wire;

use ratatui::layout::Rect;
use ratatui::text::Span;

pub(super) use self::image::progress;

use super::pen::{Pen, Sheet};
use super::{frame, names};
use crate::base::text::{size, took};
use crate::exchange::{Bodies, Exchange, ExchangeId};
use crate::pulls::{Cause, Pull, Why};
use crate::registry::{Document, Kind};
use crate::store::{Entry, Store};
use crate::tui::screen::Doc;
use crate::tui::state::State;
use crate::tui::theme::Role;

/// A tab of an exchange's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Decoded; the name says as what.
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

/// What a tab is drawn from.
pub(super) struct Subject<'a> {
    pub(super) state: &'a State,
    pub(super) store: &'a Store,
    pub(super) bodies: &'a dyn Bodies,
    pub(super) entry: &'a Entry,
    /// The exchange as it may be shown.
    pub(super) exchange: &'a Exchange,
    pub(super) pull: Option<&'a Pull>,
    pub(super) area: Rect,
}

/// The tabs of an exchange.
pub(crate) fn tabs(entry: &Entry) -> Vec<Tab> {
    let name = match entry.kind {
        Kind::Challenge => "Challenge",
        Kind::Token => "Token",
        Kind::Index | Kind::Manifest | Kind::Resolve => "Image",
        Kind::Config => "Config",
        Kind::Layer | Kind::Blob | Kind::Cdn | Kind::Exists => "Blob",
        Kind::Redirect => "Redirect",
        Kind::Upload | Kind::Publish => "Push",
        Kind::Error => "Error",
        _ => "Summary",
    };
    let mut tabs = vec![Tab::Decoded(name), Tab::Request, Tab::Response];
    if matches!(entry.kind, Kind::Redirect | Kind::Cdn) {
        tabs.push(Tab::Redirects);
    }
    tabs.extend([Tab::Timing, Tab::Tls, Tab::Raw]);
    tabs
}

impl Tab {
    fn name(self) -> &'static str {
        match self {
            Self::Decoded(name) => name,
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Redirects => "Redirects",
            Self::Timing => "Timing",
            Self::Tls => "TLS",
            Self::Raw => "Raw",
        }
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
    let Some(entry) = store.entry(id) else {
        return (vec![pen.put(Role::Dim, " no longer kept")], Vec::new());
    };
    let narrow = state.size.0 < 100;
    let pull = entry.pull.and_then(|id| store.pull(id));
    let mut left = Vec::new();
    if let Some(pull) = pull {
        let at = pull
            .steps
            .iter()
            .position(|step| step.exchange == id)
            .map_or(0, |at| at + 1);
        left.push(pen.put(Role::Title, format!(" #{}", pull.id.0)));
        if !narrow {
            left.push(pen.put(Role::Title, format!(" {}", names::pull(pull))));
        }
        left.push(pen.put(Role::Dim, format!(" › {at}/{}", pull.steps.len())));
    } else {
        left.push(pen.put(Role::Dim, format!(" exchange {id}")));
    }
    let part = pull
        .and_then(|pull| pull.step(id))
        .and_then(|step| step.part);
    left.push(pen.put(
        frame::kind_role(entry.kind),
        format!(" {}", names::kind(entry, part, false)),
    ));
    let status = entry.reading.status;
    let status_text = status.map_or_else(|| "…".to_owned(), |status| status.to_string());
    left.push(pen.put(frame::status_role(status), format!("  {status_text}")));
    if state.size.0 >= 80 {
        left.push(pen.put(
            Role::Dim,
            format!("  {}", took(crate::tui::rows::span(entry, state.now))),
        ));
        left.push(pen.put(Role::Dim, format!("  {}", size(entry.exchange.received))));
    }
    if state.reveals() {
        left.push(pen.put(Role::Bad, "  SECRETS SHOWN"));
    }
    let all = tabs(entry);
    let tabs = all.iter().enumerate().map(|(at, each)| {
        let (number, name) = (at + 1, each.name());
        if at == tab {
            pen.put(Role::Accent, format!("[{number} {name}]"))
        } else if narrow {
            pen.put(Role::Dim, format!(" {number} "))
        } else {
            pen.put(Role::Dim, format!(" {number} {name} "))
        }
    });
    (left, tabs.collect())
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
    let pen = Pen(state.look.theme);
    let mut sheet = Sheet::new(pen, area.width.into());
    let Some(entry) = store.entry(id) else {
        sheet.text(Role::Dim, 2, "This exchange is no longer kept.");
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
        Some(Tab::Redirects) => redirects::chain(&subject, &mut sheet),
        Some(Tab::Timing) => timing::phases(&subject, &mut sheet),
        Some(Tab::Tls) => timing::tls(&subject, &mut sheet),
        Some(Tab::Raw) => wire::raw(&subject, &mut sheet),
        None => {}
    }
    sheet.finish()
}

fn decoded(subject: &Subject<'_>, mut sheet: Sheet) -> Doc {
    let reading = &subject.entry.reading;
    match subject.entry.kind {
        Kind::Token => return token::doc(subject, sheet),
        Kind::Challenge => decoded::challenge(subject, &mut sheet),
        Kind::Config if reading.config.is_some() => image::config(subject, &mut sheet),
        Kind::Error => decoded::error(subject, &mut sheet),
        Kind::Redirect => redirects::redirect(subject, &mut sheet),
        _ => match &reading.document {
            Some(Document::Index(index)) => image::index(subject, index, &mut sheet),
            Some(Document::Manifest(manifest)) => image::manifest(subject, manifest, &mut sheet),
            Some(Document::Schema1(schema1)) => image::schema1(subject, schema1, &mut sheet),
            Some(Document::Unreadable { reason }) => {
                sheet.heading("Not a manifest");
                sheet.text(Role::Bad, 2, reason);
            }
            None if reading.config.is_some() => image::config(subject, &mut sheet),
            None => decoded::summary(subject, &mut sheet),
        },
    }
    decoded::around(subject, &mut sheet);
    sheet.finish()
}

/// How an exchange led to another, in words.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause.why {
        Why::Challenge => "a 401 told where to ask for a token",
        Why::Token => "a token was given, used here for the first time",
        Why::Ping => "the registry asks for no credentials",
        Why::Redirect => "Location led here",
        Why::Resolve => "a HEAD told which digest the tag has",
        Why::Index => "the index named this manifest",
        Why::Manifest => "the manifest named this blob",
        Why::Retry => "the same was asked before and failed",
        Why::Page => "Link named the next page",
        Why::Upload => "Location told where the upload goes on",
    }
}
