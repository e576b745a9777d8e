//! The custom field `_pullscope`, from which a record is rebuilt without loss.
//!
//! An entry's field is an object with one member: `exchange`, `tunnel` or `handshake_failed`.
//! The first two hold the record as the journal writes it: raw heads (each byte as the
//! character of the same number), the TLS sessions of both sides, interim heads, trailers,
//! digests, exact times, the ending. Only what stands elsewhere in the entry is not repeated:
//! bodies, whose `capture` then says `memory`, and certificates, which are in `_certificates`.
//! A rejected handshake is in `log._tlsErrors`, with or without CONNECT entries; its own field
//! there is the record. NUL, which some readers cannot hold, is written as U+2400.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::Extras;
use super::text::NUL_PICTURE;
use super::{certificate, text};
use crate::exchange::{Capture, Exchange, HandshakeFailed, Omission, Tunnel, Upstream};

/// The field's name.
pub const FIELD: &str = "_pullscope";

/// What an entry is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Original {
    /// An exchange.
    Exchange(Box<Exchange>),
    /// A tunnel.
    Tunnel(Box<Tunnel>),
    /// A rejected handshake, which is told elsewhere.
    HandshakeFailed {},
}

/// The field of an exchange; `inlined` says of request and response whether the body stands in
/// the entry.
pub(super) fn of_exchange(exchange: &Exchange, inlined: [bool; 2]) -> Value {
    let mut exchange = exchange.clone();
    take_certificates(exchange.upstream.as_mut().map(Arc::make_mut));
    let bodies = [&mut exchange.request_body, &mut exchange.response_body];
    for (body, _) in bodies
        .into_iter()
        .zip(inlined)
        .filter(|(_, inlined)| *inlined)
    {
        if let Some(body) = body {
            body.capture = IN_ENTRY;
        }
    }
    to_json(&Original::Exchange(Box::new(exchange)))
}

/// The field of a tunnel.
pub(super) fn of_tunnel(tunnel: &Tunnel) -> Value {
    let mut tunnel = tunnel.clone();
    take_certificates(tunnel.upstream.as_mut());
    to_json(&Original::Tunnel(Box::new(tunnel)))
}

/// Rebuilds what an entry is about from its custom fields. The bodies that stand in the entry
/// are asked for.
pub(super) fn read(extra: &Extras, bodies: [Option<Bytes>; 2]) -> Option<Original> {
    let mut value = extra.get(FIELD)?.clone();
    restore(&mut value);
    let mut facts: Original = serde_json::from_value(value).ok()?;
    let upstream = match &mut facts {
        Original::Exchange(exchange) => {
            let records = [&mut exchange.request_body, &mut exchange.response_body];
            for (record, bytes) in records.into_iter().zip(bodies) {
                if let Some(body) = record.as_mut().filter(|body| body.capture == IN_ENTRY) {
                    let reason = Omission::Absent;
                    let absent = Capture::Omitted { reason };
                    body.capture = bytes.map_or(absent, |bytes| Capture::Memory { bytes });
                }
            }
            exchange.upstream.as_mut().map(Arc::make_mut)
        }
        Original::Tunnel(tunnel) => tunnel.upstream.as_mut(),
        Original::HandshakeFailed {} => None,
    };
    if let Some(upstream) = upstream {
        let chain = extra.get("_certificates").and_then(Value::as_array);
        let chain = chain.into_iter().flatten();
        upstream.certificates = chain.filter_map(certificate::der).collect();
    }
    Some(facts)
}

/// Rebuilds a rejected handshake from `log._tlsErrors`.
pub(super) fn read_tls_error(error: &Value) -> Option<HandshakeFailed> {
    let mut value = error.get(FIELD)?.clone();
    restore(&mut value);
    serde_json::from_value(value).ok()
}

/// What stands for a body that is in the entry.
const IN_ENTRY: Capture = Capture::Memory {
    bytes: Bytes::new(),
};

fn take_certificates(upstream: Option<&mut Upstream>) {
    if let Some(upstream) = upstream {
        upstream.certificates = Arc::default();
    }
}

/// A record as JSON without `null` and without NUL.
pub(super) fn to_json(record: &impl Serialize) -> Value {
    let mut value = json!(record);
    tidy(&mut value);
    value
}

fn tidy(value: &mut Value) {
    match value {
        Value::String(string) => *string = text::without_nul(std::mem::take(string)),
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

fn restore(value: &mut Value) {
    match value {
        Value::String(string) if string.contains(NUL_PICTURE) => {
            *string = string.replace(NUL_PICTURE, "\0");
        }
        Value::Array(values) => values.iter_mut().for_each(restore),
        Value::Object(members) => members.values_mut().for_each(restore),
        _ => {}
    }
}
