//! Attributes with values that are bounded and hold nothing hidden.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_semantic_conventions::attribute as name;

use crate::base::printable::printable;
use crate::exchange::RawHead;
use crate::exchange::head::latin1;

/// Attributes in the order they are noted.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<KeyValue>);

impl Attributes {
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.put(key, Value::StringValue(text(value)));
    }

    pub(super) fn text_of(&mut self, key: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.text(key, value.as_ref());
        }
    }

    pub(super) fn texts<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a str>) {
        let values = values.into_iter();
        let values: Vec<_> = values
            .map(|value| any(Value::StringValue(text(value))))
            .collect();
        if !values.is_empty() {
            self.put(key, Value::ArrayValue(ArrayValue { values }));
        }
    }

    pub(super) fn number(&mut self, key: &str, value: impl TryInto<i64>) {
        self.put(key, Value::IntValue(value.try_into().unwrap_or(i64::MAX)));
    }

    pub(super) fn fraction(&mut self, key: &str, value: f64) {
        self.put(key, Value::DoubleValue(value));
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.put(key, Value::BoolValue(value));
    }

    /// The address that was dialled.
    pub(super) fn peer(&mut self, address: SocketAddr) {
        self.text(name::NETWORK_PEER_ADDRESS, &address.ip().to_string());
        self.number(name::NETWORK_PEER_PORT, address.port());
    }

    /// What the client calls itself in the head of its request.
    pub(super) fn user_agent(&mut self, head: Option<&RawHead>) {
        let agent = head.and_then(|head| head.values("user-agent").next());
        self.text_of(name::USER_AGENT_ORIGINAL, agent.map(latin1));
    }

    pub(super) fn into_inner(self) -> Vec<KeyValue> {
        self.0
    }

    fn put(&mut self, key: &str, value: Value) {
        self.0.push(KeyValue {
            key: key.to_owned(),
            value: Some(any(value)),
            key_strindex: 0,
        });
    }
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

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
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
