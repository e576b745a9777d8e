//! Tunnels and rejected handshakes as entries of their CONNECT request.

use super::content::size;
use super::entry::{failure, phases, server, started};
use super::facts::{self, Original};
use super::model::{HarContent, HarEntry, HarRequest, HarResponse};
use super::text::{fields, url, version, without_nul};
use crate::exchange::{Connection, Ending, HandshakeFailed, Rejection, Side, Timings, Tunnel};
use crate::words::Lang;

/// The entry of a tunnel that was passed on unread.
pub(super) fn tunnel(tunnel: &Tunnel) -> HarEntry {
    let mut entry = entry(&tunnel.connection, &tunnel.timings);
    if let Some(upstream) = &tunnel.upstream {
        server(&mut entry, upstream);
    }
    let kind = tunnel.kind.name(Lang::En);
    let (sent, received) = (tunnel.sent, tunnel.received);
    let mut comment =
        format!("tunnel passed on unread ({kind}); {sent} bytes sent, {received} received");
    if let Some((_, ending)) = &tunnel.ended {
        failure(&mut entry, ending);
        if let Some(failure) = &entry.comment {
            comment = format!("{comment}; {failure}");
        }
    }
    entry.comment = Some(comment);
    let transferred = size(received);
    entry.response.extra.set("_transferSize", transferred);
    entry.extra.set(facts::FIELD, facts::of_tunnel(tunnel));
    entry
}

/// The entry of a client that did not accept our certificate.
pub(super) fn handshake(failed: &HandshakeFailed) -> HarEntry {
    let connection = &failed.connection;
    let timings = Timings {
        wait: failed.at.duration_since(connection.opened).try_into().ok(),
        ..Timings::default()
    };
    let mut entry = entry(connection, &timings);
    let rejection = describe(&failed.rejection);
    let ending = Ending::Aborted {
        by: Side::Client,
        detail: format!("TLS with the client failed: {rejection}"),
    };
    failure(&mut entry, &ending);
    entry
        .extra
        .set(facts::FIELD, facts::to_json(&Original::HandshakeFailed {}));
    entry
}

/// How a client rejected us, in one line for people.
pub(super) fn describe(rejection: &Rejection) -> String {
    without_nul(rejection.told(Lang::En))
}

/// What both have in common: the request was answered with 200 before anything else happened.
fn entry(connection: &Connection, timings: &Timings) -> HarEntry {
    let (timings, time) = phases(timings);
    let mut request = HarRequest {
        method: "CONNECT".to_owned(),
        url: url("", connection.target.as_ref()),
        body_size: 0,
        ..HarRequest::default()
    };
    if let Some(head) = &connection.connect_head {
        request.http_version = version(head);
        request.headers = fields(&head.parse());
        request.headers_size = size(head.wire_len());
    }
    let mut response = HarResponse {
        status: 200,
        status_text: "Connection Established".to_owned(),
        content: HarContent {
            text: Some(String::new()),
            ..HarContent::default()
        },
        body_size: 0,
        ..HarResponse::default()
    };
    response.extra.set("_transferSize", 0);
    let mut entry = HarEntry {
        started_date_time: started(connection.opened),
        time,
        request,
        response,
        timings,
        ..HarEntry::default()
    };
    entry.extra.set("_resourceType", "other");
    entry
}
