//! The smaller screens: a refused certificate, a tunnel, the events, the keys.

use ratatui::text::Span;

use super::list::severity_role;
use super::pen::Sheet;
use crate::base::text::{size, width};
use crate::exchange::{ConnectionId, HandshakeFailed, Rejection, Tunnel, TunnelId, TunnelKind};
use crate::registry::Client;
use crate::store::Store;
use crate::store::filter::KEYWORDS;
use crate::tui::keymap::{self, BINDINGS, GROUPS};
use crate::tui::menus::TYPED;
use crate::tui::rows::refused_host;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::Lang;

/// A handshake by its connection.
pub(super) fn handshake(store: &Store, id: ConnectionId) -> Option<&HandshakeFailed> {
    store
        .handshakes()
        .iter()
        .find(|handshake| handshake.connection.id == id)
}

/// A tunnel by its number.
pub(super) fn tunnel_of(store: &Store, id: TunnelId) -> Option<&Tunnel> {
    store.tunnels().iter().find(|tunnel| tunnel.id == id)
}

/// What is said about refusals for a host: a sentence and what to do.
pub(super) fn refusal_finding(store: &Store, host: &str, lang: Lang) -> (String, String) {
    let found = store.loose_findings().iter().find(|finding| {
        finding
            .evidence
            .iter()
            .any(|seen| seen.value.contains(host) || seen.field.contains(host))
            || finding.facts.iter().any(|(_, value)| value.contains(host))
    });
    match found {
        Some(finding) => (finding.sentence(lang), finding.fix(lang)),
        None => (
            match lang {
                Lang::En => "The client ended the TLS handshake when it saw pullscope's certificate: it does not trust \
                     pullscope's CA."
                    .to_owned(),
                Lang::Zh => "客户端看到 pullscope 的证书后终止了 TLS 握手：它不信任 pullscope 的 CA。".to_owned(),
            },
            match lang {
                Lang::En => "Give the client the CA: SSL_CERT_FILE for one command, or the client's own store of \
                     certificates. `pullscope ca path` prints where the certificate is."
                    .to_owned(),
                Lang::Zh => "让客户端信任该 CA：为单条命令设置 SSL_CERT_FILE，或加入客户端自己的证书库。\
                     `pullscope ca path` 会打印证书的位置。"
                    .to_owned(),
            },
        ),
    }
}

pub(super) fn refused(state: &State, store: &Store, id: ConnectionId, sheet: &mut Sheet) {
    let Some(handshake) = handshake(store, id) else {
        sheet.text(Role::Dim, 2, "This handshake is no longer kept.");
        return;
    };
    let lang = state.look.lang;
    let host = refused_host(handshake).unwrap_or("?");
    let (sentence, fix) = refusal_finding(store, host, lang);
    sheet.heading(&format!("TLS handshake for {host}"));
    sheet.text(Role::Text, 2, &sentence);
    sheet.heading(if lang == Lang::Zh {
        "怎么办"
    } else {
        "What to do"
    });
    sheet.text(Role::Good, 2, &fix);
    for step in &state.facts.first_steps {
        sheet.blank();
        sheet.text(Role::Dim, 2, &step.what);
        sheet.text(Role::Info, 5, &step.command);
    }
    sheet.heading("What was seen");
    sheet.labels(10);
    let what = match &handshake.rejection {
        Rejection::Alert { code, name, .. } => format!("TLS alert {code} {name}"),
        Rejection::Closed => {
            "the client closed the connection after it saw the certificate".to_owned()
        }
        Rejection::Protocol { detail } => {
            format!("no TLS handshake that can be answered: {detail}")
        }
        Rejection::Timeout => "the client did not finish in time".to_owned(),
    };
    sheet.value("end", Role::Bad, &what);
    let connection = &handshake.connection;
    if let Some(head) = &connection.connect_head
        && let Some(agent) = head.text("user-agent")
    {
        sheet.value("client", Role::Text, &Client::read(agent).label());
    }
    sheet.value("address", Role::Text, &connection.client.to_string());
    if let Some(sni) = &connection.sni {
        sheet.value("SNI", Role::Text, sni);
    }
    sheet.value(
        "time",
        Role::Text,
        &handshake.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    );
    let times = store
        .handshakes()
        .iter()
        .filter(|other| refused_host(other) == refused_host(handshake))
        .count();
    sheet.value("seen", Role::Text, &crate::base::text::count(times, "time"));
}

pub(super) fn tunnel(state: &State, store: &Store, id: TunnelId, sheet: &mut Sheet) {
    let Some(tunnel) = tunnel_of(store, id) else {
        sheet.text(Role::Dim, 2, "This tunnel is no longer kept.");
        return;
    };
    let _ = state;
    sheet.labels(10);
    let target = tunnel
        .connection
        .target
        .as_ref()
        .map_or_else(|| "?".to_owned(), ToString::to_string);
    sheet.heading(&format!("CONNECT {target}"));
    sheet.value("unread", Role::Text, tunnel_words(tunnel.kind));
    sheet.value("client", Role::Text, &tunnel.connection.client.to_string());
    sheet.value("sent", Role::Text, &size(tunnel.sent));
    sheet.value("received", Role::Text, &size(tunnel.received));
    sheet.value(
        "opened",
        Role::Text,
        &tunnel
            .connection
            .opened
            .strftime("%H:%M:%S%.3f UTC")
            .to_string(),
    );
    match &tunnel.ended {
        Some((at, ending)) => {
            sheet.value(
                "ended",
                Role::Text,
                &at.strftime("%H:%M:%S%.3f UTC").to_string(),
            );
            match ending {
                crate::exchange::Ending::Complete => {}
                crate::exchange::Ending::Aborted { detail, .. }
                | crate::exchange::Ending::Failed { detail, .. } => {
                    sheet.value("", Role::Bad, detail);
                }
            }
        }
        None => sheet.value("ended", Role::Dim, "open"),
    }
}

/// Why a tunnel was passed on unread.
pub(super) fn tunnel_words(kind: TunnelKind) -> &'static str {
    match kind {
        TunnelKind::Passthrough => "passed on unread, as you asked (--passthrough, --intercept)",
        TunnelKind::Opaque => "neither TLS nor HTTP: passed on unread",
        TunnelKind::Upgraded => "after an HTTP Upgrade: passed on unread",
        TunnelKind::Unused => "closed before anything could be read",
    }
}

pub(super) fn events(state: &State, store: &Store, sheet: &mut Sheet) {
    let pen = sheet.pen;
    let lang = state.look.lang;
    for finding in store.loose_findings() {
        sheet.push(vec![
            pen.put(severity_role(finding.severity), " ● "),
            pen.put(Role::Title, finding.title(lang)),
        ]);
        sheet.text(Role::Text, 3, &finding.sentence(lang));
    }
    sheet.blank();
    if state.events.is_empty() {
        sheet.text(Role::Dim, 1, "Nothing happened yet that is worth a line.");
    }
    for event in &state.events {
        let at = event.at.strftime("%H:%M:%S").to_string();
        let room = sheet.width.saturating_sub(12);
        for (row, line) in crate::base::text::wrap(&crate::base::text::clean(&event.text), room)
            .into_iter()
            .enumerate()
        {
            let time = if row == 0 { at.as_str() } else { "" };
            sheet.push(vec![
                pen.fit(Role::Dim, format!(" {time}"), 11),
                pen.put(event.role, line),
            ]);
        }
    }
}

pub(super) fn help(sheet: &mut Sheet) {
    let pen = sheet.pen;
    let wide = sheet.width >= 100;
    for group in GROUPS {
        sheet.heading(group);
        let bindings: Vec<_> = BINDINGS
            .iter()
            .filter(|binding| binding.group == *group)
            .collect();
        let columns = if wide { 2 } else { 1 };
        let half = (sheet.width / columns).saturating_sub(1);
        for pair in bindings.chunks(columns) {
            let mut line = Vec::new();
            for binding in pair {
                let keys: Vec<&str> = binding.keys.iter().map(|key| keymap::shown(key)).collect();
                let keys = keys.join(" ");
                let room = half.saturating_sub(18);
                line.push(pen.fit(Role::Accent, format!("  {keys}"), 16));
                line.push(pen.fit(Role::Text, binding.help, room));
                line.push(Span::raw("  "));
            }
            sheet.push(line);
        }
    }
    sheet.heading_with(
        "Filter",
        "words beside each other must all hold; | is or, - is not, ( ) group",
    );
    for keyword in KEYWORDS {
        let label = keyword_label(keyword);
        let indent = 30;
        let text = crate::base::text::wrap(
            keyword.about(crate::words::Lang::En),
            sheet.width.saturating_sub(indent + 1),
        );
        for (at, line) in text.into_iter().enumerate() {
            let label = if at == 0 { label.as_str() } else { "" };
            sheet.push(vec![
                pen.fit(Role::Accent, format!("  {label}"), indent),
                pen.put(Role::Text, line),
            ]);
        }
    }
    sheet.heading("Commands");
    for (command, what) in TYPED {
        let command = format!("  :{command}");
        let room = width(&command).max(28);
        sheet.push(vec![
            pen.fit(Role::Accent, command, room),
            pen.put(Role::Text, *what),
        ]);
    }
    sheet.text(
        Role::Dim,
        2,
        "Every key's action has a word too: :export, :follow, …; ^P lists them.",
    );
}

fn keyword_label(keyword: &crate::store::filter::Keyword) -> String {
    keyword.example.to_owned()
}
