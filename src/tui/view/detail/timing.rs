//! How long each phase took, and on which connections.

use std::time::Duration;

use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Subject;
use crate::base::text::took;
use crate::exchange::{TlsSession, Verification};
use crate::tui::theme::Role;
use crate::tui::view::pen::Sheet;
use crate::tui::view::phases::Axis;

pub(super) fn phases(subject: &Subject<'_>, sheet: &mut Sheet) {
    let exchange = subject.exchange;
    let timings = exchange.timings;
    let pen = sheet.pen;
    sheet.heading("Phases");
    sheet.labels(14);
    let total = timings.total();
    let without_ssl = timings
        .connect
        .map(|connect| connect.saturating_sub(timings.ssl.unwrap_or_default()));
    let phases = [
        ("blocked", timings.blocked, Role::Connect),
        ("dns", timings.dns, Role::Connect),
        ("connect", without_ssl, Role::Connect),
        ("tls", timings.ssl, Role::Connect),
        ("send", timings.send, Role::Wait),
        ("wait", timings.wait, Role::Wait),
        ("receive", timings.receive, Role::Receive),
    ];
    let room = sheet.width.saturating_sub(32).min(60);
    let mut before = 0.0;
    for (name, phase, role) in phases {
        let Some(phase) = phase else {
            sheet.field(name, vec![pen.right(Role::Dim, "-", 8)]);
            continue;
        };
        let part = phase.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON);
        let [bar, _] = pen.bar(role, part, room);
        let offset = columns(before, room);
        before += part;
        sheet.field(
            name,
            vec![
                pen.right(Role::Text, took(phase), 8),
                " ".repeat(offset + 2).into(),
                bar,
            ],
        );
    }
    if total > Duration::ZERO {
        sheet.field("total", vec![pen.right(Role::Title, took(total), 8)]);
    } else if exchange.ended.is_none() {
        sheet.text(
            Role::Dim,
            2,
            "The phases are known when the exchange has ended.",
        );
    }
    sheet.heading("Moments (UTC)");
    moment(sheet, "started", exchange.started, None);
    if let Some(response) = &exchange.response {
        moment(sheet, "response head", response.at, Some(exchange.started));
    }
    if let Some((ended, _)) = &exchange.ended {
        moment(sheet, "ended", *ended, Some(exchange.started));
    }
    if let Some(pull) = subject.pull {
        sheet.heading("In its pull");
        let end = pull.ended.unwrap_or(subject.state.now);
        let span = Duration::try_from(end.duration_since(pull.started)).unwrap_or_default();
        let axis = Axis {
            from: pull.started,
            span,
            columns: sheet.width.saturating_sub(20),
        };
        sheet.field("", vec![pen.put(Role::Dim, axis.ruler())]);
        sheet.field("this", axis.bar(pen, exchange, subject.state.now));
        let critical = pull.critical_path.contains(&exchange.id);
        let text = if critical {
            "on the critical path: the pull could not have been faster without it"
        } else {
            "not on the critical path"
        };
        sheet.field(
            "",
            vec![pen.put(if critical { Role::Warn } else { Role::Dim }, text)],
        );
    }
    connection(subject, sheet);
}

fn moment(sheet: &mut Sheet, label: &str, at: jiff::Timestamp, since: Option<jiff::Timestamp>) {
    let pen = sheet.pen;
    let mut value = vec![pen.put(Role::Text, at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())];
    if let Some(since) = since {
        let after = Duration::try_from(at.duration_since(since)).unwrap_or_default();
        value.push(pen.put(Role::Dim, format!("  +{}", took(after))));
    }
    sheet.field(label, value);
}

fn connection(subject: &Subject<'_>, sheet: &mut Sheet) {
    let exchange = subject.exchange;
    sheet.heading("Connections");
    sheet.value(
        "client",
        Role::Text,
        &format!(
            "{}  (connection {})",
            exchange.connection.client, exchange.connection.id
        ),
    );
    if let Some(upstream) = &exchange.upstream {
        if let Some(address) = upstream.address {
            let reused = if upstream.reused {
                "taken over from an earlier exchange"
            } else {
                "opened for this exchange"
            };
            sheet.value(
                "server",
                Role::Text,
                &format!("{address}  (socket {}, {reused})", upstream.socket),
            );
        }
        if let Some(via) = &upstream.via {
            sheet.value("via proxy", Role::Text, via);
        }
    }
}

fn columns(part: f64, room: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a part of a small number"
    )]
    let columns = (part.clamp(0.0, 1.0) * room as f64) as usize;
    columns
}

/// Both TLS sessions and the server's certificates.
pub(super) fn tls(subject: &Subject<'_>, sheet: &mut Sheet) {
    let exchange = subject.exchange;
    sheet.labels(10);
    sheet.heading("Client to pullscope");
    session(sheet, exchange.connection.tls.as_ref());
    if let Some(sni) = &exchange.connection.sni {
        sheet.value("SNI", Role::Text, sni);
    }
    sheet.heading("pullscope to server");
    let upstream = exchange.upstream.as_ref();
    session(sheet, upstream.and_then(|upstream| upstream.tls.as_ref()));
    let Some(upstream) = upstream else { return };
    match &upstream.verification {
        Some(Verification::Verified) => {
            sheet.value("verified", Role::Good, "✓ the chain is valid for the name");
        }
        Some(Verification::Rejected { reason }) => {
            sheet.value("verified", Role::Bad, &format!("✗ {reason}"));
        }
        Some(Verification::Overridden { reason }) => {
            sheet.value(
                "verified",
                Role::Warn,
                &format!("accepted on demand, although: {reason}"),
            );
        }
        None => {}
    }
    for (at, der) in upstream.certificates.iter().enumerate() {
        certificate(sheet, at, der, subject.state.now);
    }
}

fn session(sheet: &mut Sheet, session: Option<&TlsSession>) {
    let Some(session) = session else {
        sheet.text(Role::Dim, 2, "no TLS");
        return;
    };
    sheet.value("version", Role::Text, &session.version);
    sheet.value("cipher", Role::Text, &session.cipher);
    if let Some(alpn) = &session.alpn {
        sheet.value("ALPN", Role::Text, alpn);
    }
}

fn certificate(sheet: &mut Sheet, at: usize, der: &[u8], now: jiff::Timestamp) {
    let name = if at == 0 {
        "Certificate 1, the server's".to_owned()
    } else {
        format!("Certificate {}", at + 1)
    };
    sheet.heading(&name);
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        sheet.text(Role::Bad, 2, "It cannot be read.");
        return;
    };
    sheet.value("subject", Role::Text, &certificate.subject().to_string());
    sheet.value("issuer", Role::Text, &certificate.issuer().to_string());
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        let names: Vec<String> = names
            .value
            .general_names
            .iter()
            .take(MOST_NAMES)
            .map(ToString::to_string)
            .collect();
        sheet.value("names", Role::Text, &names.join(", "));
    }
    let validity = certificate.validity();
    let over = validity.not_after.timestamp() < now.as_second();
    let role = if over { Role::Bad } else { Role::Text };
    sheet.value(
        "valid",
        role,
        &format!("{} to {}", validity.not_before, validity.not_after),
    );
    sheet.value("serial", Role::Dim, &certificate.raw_serial_as_string());
}

/// Names of a certificate that are shown.
const MOST_NAMES: usize = 50;
