//! One exchange as a HAR entry.

use super::content::{self, Kept, size};
use super::model::{HarEntry, HarRequest, HarResponse, HarTimings};
use super::text::{fields, first, query, text, url, version, without_nul};
use super::{certificate, cookie, facts};
use crate::exchange::timings::millis::to_millis;
use crate::exchange::{Capture, Ending, Exchange, Omission, ResponseHead, Side, Upstream, timings};

/// Turns an exchange and its kept bodies into an entry.
pub(super) fn entry(exchange: &Exchange, request_body: &Kept, response_body: &Kept) -> HarEntry {
    let (timings, time) = phases(&exchange.timings);
    let mut entry = HarEntry {
        started_date_time: started(exchange.started),
        time,
        request: request(exchange, request_body),
        response: response(exchange, response_body),
        timings,
        ..HarEntry::default()
    };
    if let Some(upstream) = &exchange.upstream {
        server(&mut entry, upstream);
    }
    if let Some((_, ending)) = &exchange.ended {
        failure(&mut entry, ending);
    }
    entry.extra.set("_resourceType", resource_type(exchange));
    if exchange.redacted {
        entry.extra.set("_redacted", true);
    }
    let inlined = [request_body, response_body].map(|kept| kept.bytes.is_some());
    let facts = facts::of_exchange(exchange, inlined);
    entry.extra.set(facts::FIELD, facts);
    entry
}

fn request(exchange: &Exchange, kept: &Kept) -> HarRequest {
    let target = exchange.connection.target.as_ref();
    let mut request = HarRequest {
        url: url("", target),
        ..HarRequest::default()
    };
    if let Some(sent) = &exchange.request {
        let head = &sent.head;
        let parsed = head.parse();
        request.method = text(head.method().unwrap_or_default());
        request.url = url(&sent.url, target);
        request.http_version = version(head);
        request.cookies = cookie::sent(&parsed);
        request.headers = fields(&parsed);
        request.query_string = query(&request.url);
        request.headers_size = size(head.wire_len());
        if let Some(body) = &exchange.request_body {
            request.body_size = size(body.size);
            let (post_data, other) = content::request(&parsed, body, kept);
            request.post_data = post_data;
            if let Some(content) = other {
                request.extra.set("_content", serde_json::json!(content));
            }
        }
    }
    request
}

fn response(exchange: &Exchange, kept: &Kept) -> HarResponse {
    let Some(ResponseHead { head, .. }) = &exchange.response else {
        let mut response = HarResponse::default();
        response.extra.set("_transferSize", 0);
        return response;
    };
    let parsed = head.parse();
    let body = exchange.response_body.as_ref();
    let body_size = body.map_or(exchange.received, |body| body.size);
    let mut response = HarResponse {
        status: head.status().unwrap_or_default(),
        status_text: text(head.reason()),
        http_version: version(head),
        cookies: cookie::set(&parsed),
        headers: fields(&parsed),
        content: content::response(&parsed, body, exchange.received, kept),
        redirect_url: first(&parsed, "location"),
        headers_size: size(head.wire_len()),
        body_size: body.map_or(-1, |body| size(body.size)),
        ..HarResponse::default()
    };
    let transferred = body_size.saturating_add(head.wire_len());
    response.extra.set("_transferSize", size(transferred));
    response
}

/// RFC 3339 in UTC, to the microsecond: readers take six digits, not nine.
pub(super) fn started(at: jiff::Timestamp) -> String {
    format!("{at:.6}")
}

/// HAR's timings and their sum.
pub(super) fn phases(phases: &timings::Timings) -> (HarTimings, f64) {
    let optional = |phase: Option<_>| phase.map_or(-1.0, to_millis);
    let required = |phase: Option<_>| phase.map_or(0.0, to_millis);
    let timings = HarTimings {
        blocked: optional(phases.blocked),
        dns: optional(phases.dns),
        connect: optional(phases.connect),
        send: required(phases.send),
        wait: required(phases.wait),
        receive: required(phases.receive),
        ssl: optional(phases.ssl),
        ..HarTimings::default()
    };
    (timings, to_millis(phases.total()))
}

/// Where the request went.
pub(super) fn server(entry: &mut HarEntry, upstream: &Upstream) {
    // With an upstream proxy in between, its address is not the server's.
    if let Some(address) = upstream.address.filter(|_| upstream.via.is_none()) {
        entry.server_ip_address = Some(address.ip().to_canonical().to_string());
        entry.connection = Some(address.port().to_string());
    }
    if upstream.address.is_some() {
        let socket = upstream.socket.to_string();
        entry.extra.set("_connectionId", socket);
    }
    if !upstream.certificates.is_empty() {
        let chain = upstream.certificates.iter();
        let chain: Vec<_> = chain.map(|der| certificate::describe(der)).collect();
        entry.extra.set("_certificates", chain);
    }
}

/// Says how an exchange that is not whole ended, in the fields that readers look at.
pub(super) fn failure(entry: &mut HarEntry, ending: &Ending) {
    let (who, detail) = match ending {
        Ending::Complete => return,
        Ending::Aborted { by, detail } => {
            let who = match by {
                Side::Client => "aborted by the client",
                Side::Upstream => "aborted by the server",
                Side::Shutdown => "aborted by the proxy's shutdown",
                Side::Capture => "aborted",
                Side::File => "not told",
            };
            (who, detail)
        }
        Ending::Failed { detail, .. } => ("failed", detail),
    };
    let detail = without_nul(detail.clone());
    let (comment, error) = match detail.as_str() {
        "" => (who.to_owned(), who.to_owned()),
        _ => (format!("{who}: {detail}"), detail),
    };
    entry.extra.set("_error", error.as_str());
    entry.response.extra.set("_error", error.as_str());
    entry.response.extra.set("_failureText", error);
    entry.comment = Some(comment);
}

/// Chrome's kinds: bulk data is `other`, calls of the API are `fetch`.
fn resource_type(exchange: &Exchange) -> &'static str {
    let reason = Omission::Blob;
    let omitted = Capture::Omitted { reason };
    let bodies = [&exchange.request_body, &exchange.response_body];
    let is_bulk = bodies
        .into_iter()
        .flatten()
        .any(|body| body.capture == omitted);
    let request = exchange.request.as_ref();
    let is_blob = request.is_some_and(|request| request.url.contains("/blobs/sha256:"));
    if is_bulk || is_blob { "other" } else { "fetch" }
}
