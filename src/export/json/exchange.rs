//! Exchanges, tunnels and handshakes.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::exchange::head::latin1;
use crate::exchange::{Body, Ending, Exchange, HandshakeFailed, RawHead, Tunnel, Upstream};
use crate::store::Entry;

/// An exchange: what the proxy saw, and behind `decoded` what the registry protocol makes of it.
pub(super) fn exchange(entry: &Entry) -> Value {
    let exchange = &entry.exchange;
    let mut value = json!({
        "id": exchange.id,
        "pull": entry.pull,
        "kind": entry.kind,
        "started": exchange.started,
        "ended": exchange.ended.as_ref().map(|(at, _)| at),
        "result": result(exchange.ended.as_ref()),
        "request": request(exchange),
        "response": response(exchange),
        "sent": exchange.sent,
        "received": exchange.received,
        "timings": exchange.timings,
        "server": exchange.upstream.as_deref().map(server),
        "client_tls": exchange.connection.tls,
        "redacted": exchange.redacted,
        "decoded": entry.reading,
    });
    if exchange.untimed {
        value["untimed"] = true.into();
    }
    value
}

/// A tunnel that was passed through unread.
pub(super) fn tunnel(tunnel: &Tunnel) -> Value {
    json!({
        "target": tunnel.connection.target,
        "kind": tunnel.kind,
        "opened": tunnel.connection.opened,
        "result": result(tunnel.ended.as_ref()),
        "sent": tunnel.sent,
        "received": tunnel.received,
    })
}

/// A TLS handshake that a client refused.
pub(super) fn handshake(failed: &HandshakeFailed) -> Value {
    json!({
        "target": failed.connection.target,
        "at": failed.at,
        "rejection": failed.rejection,
    })
}

fn result(ended: Option<&(Timestamp, Ending)>) -> Value {
    match ended.map(|(_, ending)| ending) {
        None => json!({"state": "open"}),
        Some(Ending::Complete) => json!({"state": "complete"}),
        Some(Ending::Aborted { by, detail }) => {
            json!({"state": "aborted", "by": by, "detail": detail})
        }
        Some(Ending::Failed { reason, detail }) => {
            json!({"state": "failed", "reason": reason, "detail": detail})
        }
    }
}

fn request(exchange: &Exchange) -> Option<Value> {
    let request = exchange.request.as_ref()?;
    let head = &request.head;
    Some(json!({
        "method": text(head.method().unwrap_or_default()),
        "url": request.url,
        "version": text(head.version().unwrap_or_default()),
        "headers": headers(head),
        "body": exchange.request_body.as_ref().map(body),
    }))
}

fn response(exchange: &Exchange) -> Option<Value> {
    let response = exchange.response.as_ref()?;
    let head = &response.head;
    Some(json!({
        "status": head.status(),
        "reason": text(head.reason()),
        "version": text(head.version().unwrap_or_default()),
        "headers": headers(head),
        "origin": response.origin,
        "body": exchange.response_body.as_ref().map(body),
    }))
}

fn body(body: &Body) -> Value {
    json!({
        "size": body.size,
        "decoded_size": body.decoded_size,
        "assembled_sha256": body.assembled_sha256,
        "sha256": body.sha256,
        "complete": body.complete,
    })
}

fn server(upstream: &Upstream) -> Value {
    json!({
        "address": upstream.address,
        "via": upstream.via,
        "reused": upstream.reused,
        "tls": upstream.tls,
        "verification": upstream.verification,
    })
}

fn headers(head: &RawHead) -> Vec<(String, String)> {
    head.fields()
        .map(|field| (text(field.name), text(field.value)))
        .collect()
}

/// UTF-8 as it is, anything else byte by byte as Latin-1.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => latin1(bytes),
    }
}
