//! Lenient access to JSON: a property of the wrong type is an absent one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// Reads JSON text; the reason when it is none, or is nested deeper than anything a registry
/// says.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    // serde_json stops at 128 levels by itself, so that what it returns can be walked.
    let value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    if is_deeper(&value, MAX_DEPTH) {
        return Err(format!("JSON nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(value)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let inner = |value| match levels.checked_sub(1) {
        Some(levels) => is_deeper(value, levels),
        None => true,
    };
    match value {
        Value::Array(list) => levels == 0 || list.iter().any(inner),
        Value::Object(map) => levels == 0 || map.values().any(inner),
        _ => false,
    }
}

pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// A size or count: a number that is not negative.
pub(super) fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key)?.as_u64()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// An object whose values are strings; others are left out.
pub(super) fn map(value: &Value, key: &str) -> BTreeMap<String, String> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
        .collect()
}

/// A moment written as RFC 3339 text.
pub(super) fn time(value: &Value, key: &str) -> Option<Timestamp> {
    value.get(key)?.as_str()?.parse().ok()
}

/// A manifest has about five levels, an image configuration about as many.
const MAX_DEPTH: usize = 64;

/// Whether all there is is a word or a number of JSON's, such as `true`: no message to anybody.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    matches!(
        read(bytes),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_18_json_nested_too_deeply_is_not_read() {
        let nested = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(64).as_bytes()).is_ok());
        for levels in [65, 127, 128, 100_000] {
            assert!(read(nested(levels).as_bytes()).is_err(), "{levels}");
        }
        let object = format!("{}1{}", r#"{"a":"#.repeat(65), "}".repeat(65));
        assert!(read(object.as_bytes()).unwrap_err().contains("64 levels"));
        assert!(read(b"{\"a\": [1]").is_err());
    }
}
