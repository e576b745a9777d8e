//! Reading fields that programs fill in wrongly: `null`, missing, or of another type.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A type that makes something of every JSON value.
pub(super) trait Lenient: Sized {
    /// What a value means, at best.
    fn from_json(value: Value) -> Self;
}

/// For `#[serde(deserialize_with)]`.
pub(super) fn lenient<'de, T: Lenient, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
    Value::deserialize(d).map(T::from_json)
}

/// A list without the elements that are not of its type.
pub(super) fn list<'de, T, D>(d: D) -> Result<Vec<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(match Value::deserialize(d)? {
        Value::Array(values) => values
            .into_iter()
            .filter_map(|value| serde_json::from_value(value).ok())
            .collect(),
        _ => Vec::new(),
    })
}

/// A structure, or what it is without any field.
pub(super) fn object<'de, T, D>(d: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    Ok(serde_json::from_value(Value::deserialize(d)?).unwrap_or_default())
}

/// A structure that may be missing.
pub(super) fn optional_object<'de, T, D>(d: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(serde_json::from_value(Value::deserialize(d)?).unwrap_or_default())
}

/// "Not known", as HAR writes it.
pub(super) fn unknown() -> i64 {
    -1
}

/// "Does not apply", as HAR writes it.
pub(super) fn absent() -> f64 {
    -1.0
}

impl Lenient for String {
    fn from_json(value: Value) -> Self {
        Option::from_json(value).unwrap_or_default()
    }
}

impl Lenient for Option<String> {
    fn from_json(value: Value) -> Self {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }
}

impl Lenient for i64 {
    fn from_json(value: Value) -> Self {
        Option::from_json(value).unwrap_or(unknown())
    }
}

impl Lenient for Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sizes are far from the bound, and the cast saturates"
    )]
    fn from_json(value: Value) -> Self {
        let number = match value {
            Value::Number(number) => number.as_i64().or(number.as_f64().map(|n| n as i64)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        // Values beyond the range of JSON's exact integers are nobody's size.
        number.filter(|n| n.unsigned_abs() <= 1 << 53)
    }
}

impl Lenient for u16 {
    fn from_json(value: Value) -> Self {
        let number: Option<i64> = Option::from_json(value);
        number.and_then(|n| n.try_into().ok()).unwrap_or_default()
    }
}

impl Lenient for f64 {
    fn from_json(value: Value) -> Self {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite()).unwrap_or(absent())
    }
}

impl Lenient for Option<bool> {
    fn from_json(value: Value) -> Self {
        value.as_bool()
    }
}
