//! Exchanges, tunnels and handshakes.

use jiff::Timestamp;
use serde::Serialize;

use crate::exchange::head::latin1;
use crate::exchange::{
    Authority, Body, Ending, Exchange, ExchangeId, Failure, HandshakeFailed, RawHead, Rejection,
    ResponseOrigin, Side, Timings, TlsSession, Tunnel, TunnelKind, Upstream, Verification,
};
use crate::pulls::PullId;
use crate::registry::{Kind, Reading};
use crate::store::Entry;

#[derive(Serialize)]
pub(super) struct ExchangeJson<'a> {
    id: ExchangeId,
    pull: Option<PullId>,
    kind: Kind,
    started: Timestamp,
    ended: Option<Timestamp>,
    result: ResultJson<'a>,
    request: Option<RequestJson<'a>>,
    response: Option<ResponseJson<'a>>,
    sent: u64,
    received: u64,
    timings: &'a Timings,
    server: Option<ServerJson<'a>>,
    client_tls: Option<&'a TlsSession>,
    redacted: bool,
    decoded: &'a Reading,
}

/// How an exchange ended, flat.
#[serde_with::skip_serializing_none]
#[derive(Serialize)]
struct ResultJson<'a> {
    state: &'static str,
    by: Option<Side>,
    reason: Option<Failure>,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct RequestJson<'a> {
    method: String,
    url: &'a str,
    version: String,
    headers: Vec<(String, String)>,
    body: Option<BodyJson<'a>>,
}

#[derive(Serialize)]
struct ResponseJson<'a> {
    status: Option<u16>,
    reason: String,
    version: String,
    headers: Vec<(String, String)>,
    origin: ResponseOrigin,
    body: Option<BodyJson<'a>>,
}

#[derive(Serialize)]
struct BodyJson<'a> {
    size: u64,
    decoded_size: Option<u64>,
    sha256: Option<&'a str>,
    complete: bool,
}

#[derive(Serialize)]
struct ServerJson<'a> {
    address: Option<String>,
    via: Option<&'a str>,
    reused: bool,
    tls: Option<&'a TlsSession>,
    verification: Option<&'a Verification>,
}

#[derive(Serialize)]
pub(super) struct TunnelJson<'a> {
    target: Option<&'a Authority>,
    kind: TunnelKind,
    opened: Timestamp,
    result: ResultJson<'a>,
    sent: u64,
    received: u64,
}

#[derive(Serialize)]
pub(super) struct HandshakeJson<'a> {
    target: Option<&'a Authority>,
    at: Timestamp,
    rejection: &'a Rejection,
}

pub(super) fn exchange(entry: &Entry) -> ExchangeJson<'_> {
    let exchange = &entry.exchange;
    ExchangeJson {
        id: exchange.id,
        pull: entry.pull,
        kind: entry.kind,
        started: exchange.started,
        ended: exchange.ended.as_ref().map(|(at, _)| *at),
        result: result(exchange.ended.as_ref()),
        request: request(exchange),
        response: response(exchange),
        sent: exchange.sent,
        received: exchange.received,
        timings: &exchange.timings,
        server: exchange.upstream.as_ref().map(server),
        client_tls: exchange.connection.tls.as_ref(),
        redacted: exchange.redacted,
        decoded: &entry.reading,
    }
}

pub(super) fn tunnel(tunnel: &Tunnel) -> TunnelJson<'_> {
    TunnelJson {
        target: tunnel.connection.target.as_ref(),
        kind: tunnel.kind,
        opened: tunnel.connection.opened,
        result: result(tunnel.ended.as_ref()),
        sent: tunnel.sent,
        received: tunnel.received,
    }
}

pub(super) fn handshake(failed: &HandshakeFailed) -> HandshakeJson<'_> {
    HandshakeJson {
        target: failed.connection.target.as_ref(),
        at: failed.at,
        rejection: &failed.rejection,
    }
}

fn result(ended: Option<&(Timestamp, Ending)>) -> ResultJson<'_> {
    let (state, by, reason, detail) = match ended.map(|(_, ending)| ending) {
        None => ("open", None, None, None),
        Some(Ending::Complete) => ("complete", None, None, None),
        Some(Ending::Aborted { by, detail }) => ("aborted", Some(*by), None, Some(detail)),
        Some(Ending::Failed { reason, detail }) => ("failed", None, Some(*reason), Some(detail)),
    };
    ResultJson {
        state,
        by,
        reason,
        detail: detail.map(String::as_str),
    }
}

fn request(exchange: &Exchange) -> Option<RequestJson<'_>> {
    let request = exchange.request.as_ref()?;
    let head = &request.head;
    Some(RequestJson {
        method: text(head.method().unwrap_or_default()),
        url: &request.url,
        version: text(head.version().unwrap_or_default()),
        headers: headers(head),
        body: exchange.request_body.as_ref().map(body),
    })
}

fn response(exchange: &Exchange) -> Option<ResponseJson<'_>> {
    let response = exchange.response.as_ref()?;
    let head = &response.head;
    Some(ResponseJson {
        status: head.status(),
        reason: text(head.reason()),
        version: text(head.version().unwrap_or_default()),
        headers: headers(head),
        origin: response.origin,
        body: exchange.response_body.as_ref().map(body),
    })
}

fn body(body: &Body) -> BodyJson<'_> {
    BodyJson {
        size: body.size,
        decoded_size: body.decoded_size,
        sha256: body.sha256.as_deref(),
        complete: body.complete,
    }
}

fn server(upstream: &Upstream) -> ServerJson<'_> {
    ServerJson {
        address: upstream.address.map(|address| address.to_string()),
        via: upstream.via.as_deref(),
        reused: upstream.reused,
        tls: upstream.tls.as_ref(),
        verification: upstream.verification.as_ref(),
    }
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
