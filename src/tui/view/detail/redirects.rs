//! Where redirects led.

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::text::Span;

use super::Subject;
use crate::base::text::{size, took};
use crate::exchange::ExchangeId;
use crate::pulls::Why;
use crate::registry::Redirect;
use crate::store::Entry;
use crate::tui::theme::Role;
use crate::tui::view::frame::status_role;
use crate::tui::view::list::remaining;
use crate::tui::view::pen::Sheet;
use crate::tui::view::{decoded_blob, names};

/// One redirect, decoded.
pub(super) fn redirect(subject: &Subject<'_>, sheet: &mut Sheet) {
    let Some(redirect) = &subject.entry.reading.redirect else {
        return;
    };
    sheet.labels(12);
    sheet.heading("The registry sends the client elsewhere for the bytes");
    let target = subject
        .exchange
        .response
        .as_ref()
        .and_then(|response| response.head.text("location"));
    sheet.value("Location", Role::Info, target.unwrap_or(&redirect.target));
    facts(subject, sheet, redirect, subject.exchange.started);
    decoded_blob(subject.pull, subject.entry, sheet);
    chain(subject, sheet);
}

fn facts(subject: &Subject<'_>, sheet: &mut Sheet, redirect: &Redirect, at: Timestamp) {
    let pen = sheet.pen;
    if let Some(authority) = &redirect.authority {
        let how = if redirect.leaves {
            "another host"
        } else {
            "the same host"
        };
        sheet.field(
            "to",
            vec![
                pen.put(Role::Text, authority),
                pen.put(Role::Dim, format!("  {how}")),
            ],
        );
    }
    if redirect.downgrade {
        sheet.value("warning", Role::Bad, "it leads from https to http");
    }
    match &redirect.signed {
        Some(signed) => {
            sheet.value("signed by", Role::Text, signed.signer.name());
            if let Some(expires) = signed.expires {
                let lifetime = remaining(expires, signed.issued.unwrap_or(at)).map_or_else(
                    || "expired when it came".to_owned(),
                    |left| format!("valid for {}", took(left)),
                );
                let mut value = vec![pen.put(Role::Text, lifetime)];
                if subject.state.facts.live {
                    let left = remaining(expires, subject.state.now);
                    let text = left.map_or_else(
                        || "  expired by now".to_owned(),
                        |left| format!("  {} left", took(left)),
                    );
                    value.push(pen.put(Role::Secret, text));
                }
                sheet.field("expires", value);
            }
        }
        None => sheet.value("signed by", Role::Dim, "no scheme that is known"),
    }
}

/// From the first request to where the bytes came from.
pub(super) fn chain(subject: &Subject<'_>, sheet: &mut Sheet) {
    sheet.heading("The way to the bytes");
    let first = first(subject, subject.entry.exchange.id);
    let mut next = Some(first);
    let mut depth = 0;
    while let Some(entry) = next.and_then(|id| subject.store.entry(id)) {
        hop(subject, sheet, entry, depth);
        depth += 1;
        next = follower(subject, entry.exchange.id).filter(|_| depth < MOST_HOPS);
    }
}

fn hop(subject: &Subject<'_>, sheet: &mut Sheet, entry: &Entry, depth: usize) {
    let pen = sheet.pen;
    let reading = &entry.reading;
    let lead = if depth == 0 {
        "  ".to_owned()
    } else {
        format!("  {}└ ", "   ".repeat(depth - 1))
    };
    let here = entry.exchange.id == subject.entry.exchange.id;
    let path = reading
        .url
        .as_ref()
        .map_or_else(String::new, |url| names::short_path(url.path()));
    sheet.push(vec![
        pen.put(Role::Dim, lead),
        pen.put(
            if here { Role::Title } else { Role::Text },
            format!("{} {}{path}", reading.method, reading.authority),
        ),
    ]);
    let indent = " ".repeat(5 + 3 * depth);
    let status = reading
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let auth = match &reading.authorization {
        Some(authorization) => pen.put(
            if depth == 0 { Role::Dim } else { Role::Warn },
            format!("  Authorization: {} ••••", authorization.scheme),
        ),
        None if depth > 0 => pen.put(Role::Good, "  Authorization: not sent ✓"),
        None => Span::raw(""),
    };
    sheet.push(vec![
        Span::raw(indent.clone()),
        pen.put(status_role(reading.status), status),
        pen.put(
            Role::Dim,
            format!(
                "  {}  {}",
                took(crate::tui::rows::span(entry, subject.state.now)),
                size(entry.exchange.received)
            ),
        ),
        auth,
    ]);
    if let Some(signed) = reading
        .url
        .as_ref()
        .and_then(crate::registry::SignedUrl::read)
    {
        let mut text = format!("URL signed by {}", signed.signer.name());
        if let Some(expires) = signed.expires {
            match remaining(expires, entry.exchange.started) {
                Some(left) => {
                    let _ = write!(text, ", used {} before it expired", took(left));
                }
                None => text.push_str(", used after it had expired"),
            }
        }
        sheet.push(vec![Span::raw(indent), pen.put(Role::Dim, text)]);
    }
}

/// The exchange at which the chain begins.
fn first(subject: &Subject<'_>, id: ExchangeId) -> ExchangeId {
    let mut at = id;
    for _ in 0..MOST_HOPS {
        let step = subject.pull.and_then(|pull| pull.step(at));
        match step.and_then(|step| step.cause) {
            Some(cause) if cause.why == Why::Redirect => at = cause.exchange,
            _ => break,
        }
    }
    at
}

/// The exchange that followed a redirect.
fn follower(subject: &Subject<'_>, id: ExchangeId) -> Option<ExchangeId> {
    let steps = &subject.pull?.steps;
    steps
        .iter()
        .find(|step| {
            step.cause
                .is_some_and(|cause| cause.why == Why::Redirect && cause.exchange == id)
        })
        .map(|step| step.exchange)
}

/// Clients give up before.
const MOST_HOPS: usize = 20;
