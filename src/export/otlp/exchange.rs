//! An exchange as a span of an HTTP client.

use std::time::Duration;

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use opentelemetry_semantic_conventions::attribute as name;
use serde_json::{Value, json};

use super::attributes::{attributes, error, peer, user_agent};
use super::context::{Context, nanoseconds, span_id};
use crate::exchange::head::latin1;
use crate::exchange::timings::millis::to_millis;
use crate::exchange::{Body, Ending, Exchange, RawHead, Side, Upstream};
use crate::pulls::Step;
use crate::registry::{Kind, Route};
use crate::store::Entry;
use crate::words::Lang;

/// The span of an exchange. `step` is what it is in its pull; `parent` is the span it stands
/// below.
pub(super) fn span(
    entry: &Entry,
    step: Option<&Step>,
    context: &Context,
    parent: Option<[u8; 8]>,
) -> Span {
    let exchange = &entry.exchange;
    let (error, status) = outcome(entry);
    let cause = step.and_then(|step| step.cause);
    let part = step.and_then(|step| step.part);
    let own = json!({
        name::ERROR_TYPE: error,
        "pullscope.exchange.id": exchange.id,
        "pullscope.kind": entry.kind.word(),
        "pullscope.cause": cause.map(|cause| cause.why.word()),
        "pullscope.part": part.map(|part| part.name(Lang::En)),
        "pullscope.digest.verified": entry.reading.digests.agree(),
    });
    let timings = exchange.timings.phases();
    let timings = timings.into_iter().map(|(phase, took)| {
        let name = format!("pullscope.timing.{}_ms", phase.word());
        json!({ name: took.map(to_millis) })
    });
    let server = exchange.upstream.as_deref().map(server);
    let told = [
        request(entry),
        server.unwrap_or_default(),
        response(entry),
        own,
    ];
    Span {
        name: span_name(entry),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanoseconds(exchange.started),
        end_time_unix_nano: nanoseconds(end(exchange)),
        attributes: attributes(told.into_iter().chain(timings)),
        events: events(exchange),
        status: Some(status),
        ..context.span(span_id(exchange), parent)
    }
}

/// When an exchange ended, or was last heard of.
pub(super) fn end(exchange: &Exchange) -> Timestamp {
    let ended = exchange.ended.as_ref().map(|(at, _)| *at);
    let heard = exchange.response.as_ref().map(|response| response.at);
    let end = ended.or(heard).unwrap_or(exchange.started);
    end.max(exchange.started)
}

/// The method, and the route where there is one: few names for many spans.
fn span_name(entry: &Entry) -> String {
    let method = known_method(&entry.reading.method).unwrap_or("HTTP");
    match route(entry) {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    }
}

fn request(entry: &Entry) -> Value {
    let reading = &entry.reading;
    let known = known_method(&reading.method);
    let request = entry.exchange.request.as_ref();
    let server = reading.url.as_deref();
    let host = server.and_then(url::Url::host_str);
    json!({
        name::HTTP_REQUEST_METHOD: known.unwrap_or("_OTHER"),
        name::HTTP_REQUEST_METHOD_ORIGINAL: known.is_none().then_some(&*reading.method),
        name::URL_FULL: request.map(|request| &request.url),
        name::URL_TEMPLATE: route(entry),
        name::SERVER_ADDRESS: host.map(|host| host.trim_matches(['[', ']'])),
        name::SERVER_PORT: server.and_then(url::Url::port_or_known_default),
        name::USER_AGENT_ORIGINAL: user_agent(request.map(|request| &request.head)),
        name::HTTP_REQUEST_BODY_SIZE: size(entry.exchange.request_body.as_ref(), entry.exchange.sent),
    })
}

fn server(upstream: &Upstream) -> Value {
    let (host, port) = peer(upstream.address);
    let tls = upstream.tls.as_ref();
    json!({
        name::NETWORK_PEER_ADDRESS: host,
        name::NETWORK_PEER_PORT: port,
        "pullscope.connection.reused": upstream.reused,
        name::TLS_PROTOCOL_NAME: tls.map(|_| "tls"),
        name::TLS_PROTOCOL_VERSION: tls.map(|tls| tls.version.trim_start_matches("TLSv")),
        name::TLS_CIPHER: tls.map(|tls| &tls.cipher),
    })
}

fn response(entry: &Entry) -> Value {
    let exchange = &entry.exchange;
    let response = exchange.response.as_ref().map(|response| &response.head);
    let request = exchange.request.as_ref().map(|request| &request.head);
    let version = response.or(request).and_then(RawHead::version);
    let version = version.and_then(|version| version.strip_prefix(b"HTTP/"));
    let status = entry.reading.status;
    let size = status.map(|_| size(exchange.response_body.as_ref(), exchange.received));
    json!({
        name::NETWORK_PROTOCOL_VERSION: version.map(latin1),
        name::HTTP_RESPONSE_STATUS_CODE: status,
        name::HTTP_RESPONSE_BODY_SIZE: size,
    })
}

/// What kind of error it is, when it is one, and what is said of it.
fn outcome(entry: &Entry) -> (Option<String>, Status) {
    let failed = |kind, message: &str| (Some(kind), error(message));
    match &entry.exchange.ended {
        Some((_, Ending::Failed { reason, detail })) => failed(reason.word().to_owned(), detail),
        Some((_, Ending::Aborted { by, detail })) => {
            let by = match by {
                Side::Client => "aborted_by_client",
                Side::Upstream => "aborted_by_server",
                Side::Shutdown | Side::Capture => "capture_ended",
                Side::File => "unknown",
            };
            failed(by.to_owned(), detail)
        }
        Some((_, Ending::Complete)) | None => match entry.reading.status {
            // Being asked for a token, and hearing that a blob is not there yet, are answers that
            // the client was after.
            Some(status)
                if status >= 400 && !matches!(entry.kind, Kind::Challenge | Kind::Exists) =>
            {
                let reported = entry.reading.errors.first();
                let message = reported.map_or("", |error| error.message.as_str());
                failed(status.to_string(), message)
            }
            _ => (None, Status::default()),
        },
    }
}

/// The moments between the phases.
fn events(exchange: &Exchange) -> Vec<Event> {
    let timings = &exchange.timings;
    let last = nanoseconds(end(exchange));
    let mut at = nanoseconds(exchange.started);
    let mut events = Vec::new();
    let blocked = timings.blocked.unwrap_or_default();
    at = at.saturating_add(whole(blocked));
    for (name, took) in [
        ("name resolved", timings.dns),
        ("connected", timings.connect),
        ("request sent", timings.send),
        ("response begins", timings.wait),
    ] {
        let Some(took) = took else { continue };
        at = at.saturating_add(whole(took));
        events.push(Event {
            time_unix_nano: at.min(last),
            name: name.to_owned(),
            ..Event::default()
        });
    }
    events
}

fn whole(took: Duration) -> u64 {
    took.as_nanos().try_into().unwrap_or(u64::MAX)
}

fn size(body: Option<&Body>, passed: u64) -> u64 {
    body.map_or(passed, |body| body.size)
}

/// The route, its variable parts in braces.
fn route(entry: &Entry) -> Option<&'static str> {
    Some(match &entry.reading.endpoint.as_ref()?.route {
        Route::Ping => "/v2/",
        Route::Manifest(_) => "/v2/{name}/manifests/{reference}",
        Route::Blob(_) => "/v2/{name}/blobs/{digest}",
        Route::UploadStart { .. } => "/v2/{name}/blobs/uploads/",
        Route::Upload { .. } => "/v2/{name}/blobs/uploads/{session}",
        Route::Tags(_) => "/v2/{name}/tags/list",
        Route::Referrers { .. } => "/v2/{name}/referrers/{digest}",
        Route::Catalog(_) => "/v2/_catalog",
    })
}

/// The methods that the conventions know.
fn known_method(method: &str) -> Option<&str> {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE",
    ];
    KNOWN.contains(&method).then_some(method)
}
