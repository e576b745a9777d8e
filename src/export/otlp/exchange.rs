//! An exchange as a span of an HTTP client.

use std::time::Duration;

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use opentelemetry_semantic_conventions::attribute as name;

use super::attributes::{Attributes, error};
use super::context::{Context, nanoseconds, span_id};
use crate::exchange::head::latin1;
use crate::exchange::timings::millis::to_millis;
use crate::exchange::{Body, Ending, Exchange, RawHead, Side, Timings, Upstream};
use crate::pulls::Step;
use crate::registry::{Kind, Route};
use crate::store::Entry;

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
    let mut attributes = Attributes::default();
    request(&mut attributes, entry);
    server(&mut attributes, exchange.upstream.as_deref());
    response(&mut attributes, entry);
    attributes.text_of(name::ERROR_TYPE, error);
    attributes.number("pullscope.exchange.id", exchange.id.0);
    attributes.text("pullscope.kind", entry.kind.word());
    if let Some(step) = step {
        attributes.text_of("pullscope.cause", step.cause.map(|cause| cause.why.word()));
        let part = step.part.map(|part| part.name(crate::words::Lang::En));
        attributes.text_of("pullscope.part", part);
    }
    if let Some(agree) = entry.reading.digests.agree() {
        attributes.flag("pullscope.digest.verified", agree);
    }
    timings(&mut attributes, &exchange.timings);
    Span {
        name: span_name(entry),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanoseconds(exchange.started),
        end_time_unix_nano: nanoseconds(end(exchange)),
        attributes: attributes.into_inner(),
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

fn request(attributes: &mut Attributes, entry: &Entry) {
    let reading = &entry.reading;
    if let Some(method) = known_method(&reading.method) {
        attributes.text(name::HTTP_REQUEST_METHOD, method);
    } else {
        attributes.text(name::HTTP_REQUEST_METHOD, "_OTHER");
        attributes.text(name::HTTP_REQUEST_METHOD_ORIGINAL, &reading.method);
    }
    let request = entry.exchange.request.as_ref();
    attributes.text_of(name::URL_FULL, request.map(|request| &request.url));
    attributes.text_of(name::URL_TEMPLATE, route(entry));
    if let Some(url) = &reading.url {
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']));
        attributes.text_of(name::SERVER_ADDRESS, host);
        if let Some(port) = url.port_or_known_default() {
            attributes.number(name::SERVER_PORT, port);
        }
    }
    attributes.user_agent(request.map(|request| &request.head));
    let size = size(entry.exchange.request_body.as_ref(), entry.exchange.sent);
    attributes.number(name::HTTP_REQUEST_BODY_SIZE, size);
}

fn server(attributes: &mut Attributes, upstream: Option<&Upstream>) {
    let Some(upstream) = upstream else { return };
    if let Some(address) = upstream.address {
        attributes.peer(address);
    }
    attributes.flag("pullscope.connection.reused", upstream.reused);
    if let Some(tls) = &upstream.tls {
        let version = tls.version.trim_start_matches("TLSv");
        attributes.text(name::TLS_PROTOCOL_NAME, "tls");
        attributes.text(name::TLS_PROTOCOL_VERSION, version);
        attributes.text(name::TLS_CIPHER, &tls.cipher);
    }
}

fn response(attributes: &mut Attributes, entry: &Entry) {
    let exchange = &entry.exchange;
    let response = exchange.response.as_ref().map(|response| &response.head);
    let request = exchange.request.as_ref().map(|request| &request.head);
    let version = response.or(request).and_then(RawHead::version);
    let version = version.and_then(|version| version.strip_prefix(b"HTTP/"));
    attributes.text_of(name::NETWORK_PROTOCOL_VERSION, version.map(latin1));
    if let Some(status) = entry.reading.status {
        attributes.number(name::HTTP_RESPONSE_STATUS_CODE, status);
        let size = size(exchange.response_body.as_ref(), exchange.received);
        attributes.number(name::HTTP_RESPONSE_BODY_SIZE, size);
    }
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

/// Milliseconds of each phase that there was.
fn timings(attributes: &mut Attributes, timings: &Timings) {
    for (phase, took) in timings.phases() {
        if let Some(took) = took {
            attributes.fraction(
                &format!("pullscope.timing.{}_ms", phase.word()),
                to_millis(took),
            );
        }
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
