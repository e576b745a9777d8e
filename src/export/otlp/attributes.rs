//! Attributes with values that are bounded and hold nothing hidden.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Told;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

use crate::base::printable::printable;
use crate::exchange::RawHead;
use crate::exchange::head::latin1;

/// The members of these objects as attributes, in their order; what is `null` or an empty list is
/// none.
pub(super) fn attributes(objects: impl IntoIterator<Item = Value>) -> Vec<KeyValue> {
    let objects = objects.into_iter();
    let members = objects.flat_map(|object| match object {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    });
    let told = members.filter_map(|(key, value)| {
        let value = any(&value)?;
        Some(KeyValue {
            key,
            value: Some(value),
            key_strindex: 0,
        })
    });
    told.collect()
}

/// The address that was dialled: its host and its port.
pub(super) fn peer(address: Option<SocketAddr>) -> (Option<String>, Option<u16>) {
    let host = address.map(|address| address.ip().to_string());
    (host, address.map(|address| address.port()))
}

/// What the client calls itself in the head of its request.
pub(super) fn user_agent(head: Option<&RawHead>) -> Option<String> {
    head?.values("user-agent").next().map(latin1)
}

/// The status of a span that stands for an error.
pub(super) fn error(message: &str) -> Status {
    Status {
        message: text(message),
        code: StatusCode::Error.into(),
    }
}

/// Text of the network: hidden characters are escaped, and what is very long is cut off.
pub(super) fn text(value: &str) -> String {
    let shown = printable(value);
    if shown.len() <= LONGEST {
        return shown.into_owned();
    }
    let mut kept: String = shown.chars().take(LONGEST / 4).collect();
    kept.push('…');
    kept
}

fn any(value: &Value) -> Option<AnyValue> {
    let told = match value {
        Value::String(value) => Told::StringValue(text(value)),
        Value::Bool(value) => Told::BoolValue(*value),
        Value::Number(number) if number.is_f64() => Told::DoubleValue(number.as_f64()?),
        Value::Number(number) => Told::IntValue(number.as_i64().unwrap_or(i64::MAX)),
        Value::Array(values) if !values.is_empty() => Told::ArrayValue(ArrayValue {
            values: values.iter().filter_map(any).collect(),
        }),
        _ => return None,
    };
    Some(AnyValue { value: Some(told) })
}

/// Bytes of a value that is given out whole.
const LONGEST: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bounded_and_hold_nothing_hidden() {
        assert_eq!(text("a\u{1b}[0m\n\u{202e}"), "a\\x1b[0m\\n\\u{202e}");
        let long = text(&"\u{20ac}".repeat(100_000));
        assert!(
            long.len() <= LONGEST && long.ends_with('…'),
            "{}",
            long.len()
        );
    }
}
