//! How long each phase took, and on which connections.

use std::time::Duration;

use ratatui::text::Span;

use super::subject::Subject;
use crate::base::clock;
use crate::base::text::took;
use crate::exchange::Phase;
use crate::story::{self, Share};
use crate::tui::theme::Role;
use crate::tui::view::pen::Sheet;
use crate::tui::view::phases::{Axis, columns};
use crate::words::say;

/// The phases one after the other, where they lie in the pull, and the connections.
pub(super) fn phases(subject: &Subject<'_>, sheet: &mut Sheet) {
    let (exchange, state) = (subject.exchange, subject.state);
    let lang = state.look.lang;
    let timings = exchange.timings;
    let pen = sheet.pen;
    sheet.heading(say("label.timing", lang));
    let total = timings.total();
    let room = sheet.width.saturating_sub(32).min(60);
    let field = |name: &str, value: Span<'static>| {
        let name = pen.fit(Role::Label, format!("  {name}"), 17);
        vec![name, value]
    };
    let mut before = Duration::ZERO;
    for (phase, took_by_it) in timings.phases() {
        let name = phase.name(lang);
        let role = match phase {
            Phase::Send | Phase::Wait => Role::Wait,
            Phase::Receive => Role::Receive,
            _ => Role::Connect,
        };
        // TLS is a part of connecting, and has a bar of its own.
        let inside = timings.ssl.filter(|_| phase == Phase::Connect);
        let alone = took_by_it.map(|all| all.saturating_sub(inside.unwrap_or_default()));
        let Some(phase) = alone else {
            sheet.push(field(name, pen.right(Role::Dim, "-", 8)));
            continue;
        };
        let [bar, _] = pen.bar(role, share(phase, total), room);
        let offset = columns(before, total, room);
        before = before.saturating_add(phase);
        let mut line = field(name, pen.right(Role::Text, took(phase), 8));
        line.extend([" ".repeat(offset + 2).into(), bar]);
        sheet.push(line);
    }
    if total > Duration::ZERO {
        let took = pen.right(Role::Title, took(total), 8);
        sheet.push(field(say("label.total", lang), took));
    } else if exchange.ended.is_none() {
        sheet.say(Role::Dim, 2, "screen.phases-later");
    }
    if let Some(pull) = subject.pull {
        sheet.heading(say("label.in-its-pull", lang));
        let end = pull.ended.unwrap_or(state.now);
        let span = clock::passed(pull.started, end);
        let axis = Axis {
            from: pull.started,
            span,
            columns: sheet.width.saturating_sub(6),
        };
        sheet.push(vec![pen.put(Role::Dim, format!("  {}", axis.ruler()))]);
        let mut bar = vec![Span::raw("  ")];
        bar.extend(axis.bar(pen, exchange, state.now));
        sheet.push(bar);
        if pull.critical_path.contains(&exchange.id) {
            let path = say("label.critical-path", lang);
            let text = format!("◆ {path}: {}", say("label.on-critical-path", lang));
            sheet.text(Role::Warn, 2, &text);
        }
    }
    sheet.told(&story::moments(exchange, lang));
    sheet.told(&story::connection(exchange, lang));
}

fn share(part: Duration, whole: Duration) -> Share {
    let [part, whole] = [part, whole].map(|it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX));
    Share { part, whole }
}

/// Both TLS sessions and the server's certificates.
pub(super) fn tls(subject: &Subject<'_>, sheet: &mut Sheet) {
    let (exchange, lang) = (subject.exchange, subject.state.look.lang);
    sheet.told(&story::connection(exchange, lang));
    let upstream = exchange.upstream.as_ref();
    let sessions = [
        exchange.connection.tls.as_deref(),
        upstream.and_then(|upstream| upstream.tls.as_ref()),
    ];
    if sessions.iter().all(Option::is_none) {
        sheet.blank();
        sheet.say(Role::Dim, 2, "screen.no-tls");
    }
    sheet.told(&story::certificates(exchange, lang));
}
