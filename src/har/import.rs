//! An entry of another program's HAR as an exchange.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde::de::IgnoredAny;
use serde_json::Value;
use url::Url;

use super::model::{HarContent, HarEntry, HarRequest, HarResponse, NameValue};
use super::moment;
use super::oddity::Oddity;
use super::said_error;
use crate::base::hex::sha256;
use crate::exchange::head::from_latin1;
use crate::exchange::{
    Body, Capture, Connection, ConnectionId, Ending, Exchange, ExchangeId, Fidelity, Omission,
    RawHead, RequestHead, ResponseHead, ResponseOrigin, Side, SocketId, Timings, Upstream,
};

/// An entry of another program's.
#[derive(Debug)]
pub(super) struct ForeignEntry {
    pub(super) entry: HarEntry,
    /// Its place in the file, from 1 on.
    pub(super) number: u64,
    /// Whether its start is that of its request, behind the phases of connecting.
    pub(super) connected: bool,
    /// What stands for a status that is no number.
    pub(super) status: Option<String>,
}

/// What is not as HAR has it in an entry, seen before its types are forced on it.
#[derive(Debug, Default)]
pub(super) struct EntryOddities {
    pub(super) found: Vec<Oddity>,
    /// What stands for a status that is no number.
    pub(super) status: Option<String>,
}

/// Looks an entry over.
pub(super) fn oddities(entry: &Value) -> EntryOddities {
    let mut oddities = EntryOddities::default();
    let is_object = |pointer: &str| entry.pointer(pointer).is_some_and(Value::is_object);
    if is_object("/request/headers") || is_object("/response/headers") {
        oddities.found.push(Oddity::Headers);
    }
    let is_unread = |pointer: &str| match entry.pointer(pointer) {
        Some(Value::Array(fields)) => !fields.iter().all(Value::is_object),
        fields => fields.is_some_and(Value::is_string),
    };
    if is_unread("/request/headers") || is_unread("/response/headers") {
        oddities.found.push(Oddity::NoHeaders);
    }
    let url = entry.pointer("/request/url").and_then(Value::as_str);
    if url.and_then(|url| Url::parse(url).ok()).is_none() {
        oddities.found.push(Oddity::Url);
    }
    let status = entry.pointer("/response/status");
    let text = status.and_then(Value::as_str).map(str::trim);
    let unanswered = matches!(status, None | Some(Value::Null));
    let number = status.and_then(Value::as_f64);
    let is_zero = matches!(number, Some(-1.0 | 0.0));
    match text {
        Some(text) if text.parse::<u16>().is_ok() => oddities.found.push(Oddity::StatusText),
        Some(text) => {
            oddities.status = Some(text.to_owned());
            oddities.found.push(Oddity::NoStatus);
        }
        None if unanswered || is_zero && said(entry).is_none() => {
            oddities.found.push(Oddity::NoAnswer);
        }
        None => {
            let no_status = number.filter(|n| !is_zero && !(1.0..65_536.0).contains(n));
            oddities.status = no_status.map(|number| number.to_string());
            oddities.found.extend(no_status.map(|_| Oddity::NoStatus));
        }
    }
    oddities
}

/// What a program says of a request that failed.
fn said(entry: &Value) -> Option<&str> {
    let fields = ["/response/_error", "/response/_failureText", "/_error"];
    let mut said = fields
        .iter()
        .filter_map(|field| entry.pointer(field)?.as_str());
    said.find(|text| !text.is_empty())
}

impl ForeignEntry {
    /// When it began, where that can be read, and what was odd about it.
    pub(super) fn started(&self) -> (Option<Timestamp>, Option<Oddity>) {
        moment::read(&self.entry.started_date_time)
    }

    /// The server's clock when it answered.
    pub(super) fn date(&self) -> Option<Timestamp> {
        let mut fields = self.entry.response.headers.iter();
        let date = fields.find(|field| field.name.eq_ignore_ascii_case("date"))?;
        moment::http_date(&date.value)
    }
}

/// The exchange that an entry tells of, as far as it tells.
pub(super) fn exchange(foreign: &ForeignEntry, started: Timestamp) -> Exchange {
    let ForeignEntry {
        entry,
        number,
        connected,
        status,
    } = foreign;
    let url = Url::parse(&entry.request.url).ok();
    let socket = entry.extra.get("_connectionId").and_then(as_number);
    let on = ConnectionId(socket.unwrap_or_default());
    let connection = Connection::of_request(on, url.as_ref(), started);
    let mut exchange = Exchange::new(ExchangeId(*number), started, connection);
    let timings = timings(entry);
    let connecting = [timings.blocked, timings.dns, timings.connect];
    let connecting = connecting.into_iter().flatten().filter(|_| !*connected);
    let answered = connecting
        .chain(timings.send)
        .chain(timings.wait)
        .fold(Duration::ZERO, Duration::saturating_add);
    let whole = answered.saturating_add(timings.receive.unwrap_or_default());
    exchange.request = Some(RequestHead {
        url: entry.request.url.clone(),
        head: request_head(&entry.request, url.as_ref())
            .of_wire_len(u32::try_from(entry.request.headers_size).ok()),
        fidelity: Fidelity::Regrouped,
    });
    exchange.request_body = Some(request_body(&entry.request));
    exchange.upstream = upstream(entry, url.as_ref(), socket).map(Arc::new);
    if entry.response.status != 0 {
        exchange.response = Some(ResponseHead {
            at: after(started, answered),
            head: response_head(&entry.response)
                .of_wire_len(u32::try_from(entry.response.headers_size).ok()),
            interim: Vec::new(),
            origin: ResponseOrigin::Upstream,
        });
        exchange.response_body = Some(response_body(&entry.response));
    }
    let size = |body: &Option<Body>| body.as_ref().map_or(0, |body| body.size);
    exchange.sent = size(&exchange.request_body);
    exchange.received = size(&exchange.response_body);
    exchange.timings = timings;
    let ended = match missing(entry) {
        Some(detail) => {
            if let Some(body) = &mut exchange.response_body {
                body.complete = false;
                body.sha256 = None;
            }
            let by = Side::Capture;
            Ending::Aborted { by, detail }
        }
        None => ending(entry, status.as_deref()),
    };
    exchange.ended = Some((after(started, whole), ended));
    exchange
}

/// What is missing of a response that its own `Content-Length` says was longer. Some programs
/// write a transfer that was cut off so, without another word; who cut it off is not told.
fn missing(entry: &HarEntry) -> Option<String> {
    let response = &entry.response;
    let bodiless = entry.request.method == "HEAD" || matches!(response.status, 0 | 204 | 304);
    let field = |name: &str| {
        let mut fields = response.headers.iter();
        fields.find(|field| field.name.eq_ignore_ascii_case(name))
    };
    if bodiless || field("content-encoding").is_some() || ending(entry, None) != Ending::Complete {
        return None;
    }
    let promised: u64 = field("content-length")?.value.trim().parse().ok()?;
    let size = u64::try_from(response.content.size).ok()?;
    (size < promised).then(|| format!("the file has {size} of {promised} bytes"))
}

/// A request's content as bytes.
pub(super) fn request_bytes(request: &HarRequest) -> Option<Bytes> {
    if let Some(text) = request
        .post_data
        .as_ref()
        .and_then(|post| post.text.as_ref())
    {
        return Some(Bytes::copy_from_slice(text.as_bytes()));
    }
    let content = HarContent::deserialize(request.extra.get("_content")?).ok()?;
    content_bytes(&content)
}

/// A response's content as bytes.
pub(super) fn content_bytes(content: &HarContent) -> Option<Bytes> {
    let text = content.text.as_ref()?;
    if content.encoding.as_deref() == Some("base64") {
        return BASE64.decode(text.trim().as_bytes()).ok().map(Bytes::from);
    }
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

fn upstream(entry: &HarEntry, url: Option<&Url>, socket: Option<u64>) -> Option<Upstream> {
    let text = entry.server_ip_address.as_deref()?;
    let ip: IpAddr = text.trim_matches(['[', ']']).parse().ok()?;
    let port = url.and_then(Url::port_or_known_default).unwrap_or_default();
    Some(Upstream {
        socket: SocketId(socket.unwrap_or_default()),
        address: Some(SocketAddr::new(ip, port)),
        reused: entry.timings.connect < 0.0,
        ..Upstream::default()
    })
}

fn request_head(request: &HarRequest, url: Option<&Url>) -> RawHead {
    let target = url.map_or_else(
        || request.url.clone(),
        |url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        },
    );
    let words = [
        word(&request.method),
        word(&target),
        version(&request.http_version),
    ];
    head(&words.join(" "), &request.headers)
}

fn response_head(response: &HarResponse) -> RawHead {
    let line = format!(
        "{} {} {}",
        version(&response.http_version),
        response.status,
        line(&response.status_text)
    );
    head(&line, &response.headers)
}

fn head(start: &str, fields: &[NameValue]) -> RawHead {
    let mut text = format!("{start}\r\n");
    // HTTP/2's pseudo-fields are no fields; what they say stands in the start line.
    for field in fields.iter().filter(|field| !field.name.starts_with(':')) {
        text.push_str(&line(&field.name));
        text.push_str(": ");
        text.push_str(&line(&field.value));
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    RawHead::new(text)
}

/// Text without line ends: a value from a file must not become a field of its own.
fn line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

/// Text without white space, which would end a word of a start line.
fn word(text: &str) -> String {
    let word: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    if word.is_empty() {
        "-".to_owned()
    } else {
        word
    }
}

fn version(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "http/1.0" => "HTTP/1.0",
        "http/2" | "http/2.0" | "h2" => "HTTP/2",
        "http/3" | "http/3.0" | "h3" => "HTTP/3",
        _ => "HTTP/1.1",
    }
    .to_owned()
}

fn request_body(request: &HarRequest) -> Body {
    let bytes = request_bytes(request);
    let length = bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
    body(bytes, u64::try_from(request.body_size).ok(), Some(length))
}

fn response_body(response: &HarResponse) -> Body {
    let content = &response.content;
    let decoded = u64::try_from(content.size).ok();
    let saved = content.compression.unwrap_or_default();
    let size = u64::try_from(response.body_size)
        .ok()
        .or_else(|| decoded?.checked_add_signed(saved.checked_neg()?));
    let bytes = match as_latin1(content) {
        Some(bytes) => Some(bytes),
        None => content_bytes(content),
    };
    body(bytes, size, decoded)
}

/// Content whose size says that each character of its text was one byte: mitmproxy writes bytes
/// of an unknown charset so.
fn as_latin1(content: &HarContent) -> Option<Bytes> {
    let text = content
        .text
        .as_ref()
        .filter(|_| content.encoding.is_none())?;
    let size = usize::try_from(content.size).ok()?;
    let bytes = from_latin1(text).filter(|bytes| bytes.len() == size && size != text.len())?;
    Some(bytes.into())
}

fn body(bytes: Option<Bytes>, size: Option<u64>, decoded: Option<u64>) -> Body {
    // A part of a document says less than nothing of the whole.
    let bytes = bytes.filter(|bytes| {
        let is_part = decoded.is_some_and(|decoded| (bytes.len() as u64) < decoded);
        let is_json = bytes.starts_with(b"{") || bytes.starts_with(b"[");
        !is_part || !is_json || serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    });
    let length = bytes.as_ref().map(|bytes| bytes.len() as u64);
    let size = size.or(decoded).or(length).unwrap_or_default();
    let whole = bytes.as_ref().filter(|_| length == decoded);
    let sha256 = whole.map(|bytes| sha256(bytes));
    Body {
        size,
        decoded_size: decoded.or(length),
        sha256,
        complete: true,
        capture: match bytes {
            Some(bytes) if !bytes.is_empty() => Capture::Memory { bytes },
            _ if size == 0 => Capture::Empty,
            _ => Capture::Omitted {
                reason: Omission::Absent,
            },
        },
        ..Body::default()
    }
}

fn timings(entry: &HarEntry) -> Timings {
    let phase = |ms: f64| Duration::try_from_secs_f64(ms / 1_000.0).ok();
    let har = &entry.timings;
    Timings {
        blocked: phase(har.blocked),
        dns: phase(har.dns),
        connect: phase(har.connect),
        ssl: phase(har.ssl),
        send: phase(har.send),
        wait: phase(har.wait),
        receive: phase(har.receive),
    }
}

fn ending(entry: &HarEntry, status: Option<&str>) -> Ending {
    let (response, entry_error) = (&entry.response.extra, entry.extra.get("_error"));
    let fields = [
        response.get("_error"),
        response.get("_failureText"),
        entry_error,
    ];
    let mut said = fields.into_iter().flatten().filter_map(Value::as_str);
    let said = said.find(|text| !text.is_empty());
    match (said, entry.response.status) {
        (None, 1..) => Ending::Complete,
        (Some(said), 0) => said_error::ending(said),
        (None, 0) => Ending::Aborted {
            by: Side::File,
            detail: status.map_or_else(
                || "no response".to_owned(),
                |status| format!("its status is {status:?}"),
            ),
        },
        (Some(said), _) => Ending::Aborted {
            by: Side::Upstream,
            detail: said.to_owned(),
        },
    }
}

/// A later time; the same where there is none.
fn after(at: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span)
        .ok()
        .and_then(|span| at.checked_add(span).ok())
        .unwrap_or(at)
}

/// Some programs write numbers, some write them as text.
fn as_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
