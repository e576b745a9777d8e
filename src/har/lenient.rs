//! Reading fields that programs fill in wrongly: `null`, missing, or of another type.

use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

/// A type that makes something of every JSON value.
pub(super) trait Lenient: Default + DeserializeOwned {
    /// What a value means, at best; `None` when it means nothing of this type.
    fn understand(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    /// What stands for a value that means nothing.
    fn unknown() -> Self {
        Self::default()
    }

    /// What a value means as a list of these.
    fn list(value: Value) -> Option<Vec<Self>> {
        let Value::Array(values) = value else {
            return None;
        };
        Some(values.into_iter().filter_map(Self::understand).collect())
    }

    /// For `#[serde(skip_serializing_if)]`.
    fn is_omitted(&self) -> bool {
        false
    }

    /// For `#[serde(deserialize_with)]`.
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(d)?;
        Ok(Self::understand(value).unwrap_or_else(Self::unknown))
    }
}

/// A field that may be missing.
impl<T: Lenient> Lenient for Option<T> {
    fn understand(value: Value) -> Option<Self> {
        Some(T::understand(value))
    }

    fn is_omitted(&self) -> bool {
        self.is_none()
    }
}

/// A list, without the elements that are not of its type.
impl<T: Lenient> Lenient for Vec<T> {
    fn understand(value: Value) -> Option<Self> {
        T::list(value)
    }
}

impl Lenient for String {
    fn understand(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }
}

/// A size; -1 is "not known".
impl Lenient for i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sizes are far from the bound, and the cast saturates"
    )]
    fn understand(value: Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_i64().or(number.as_f64().map(|n| n as i64)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        // Values beyond the range of JSON's exact integers are nobody's size.
        number.filter(|n| n.unsigned_abs() <= 1 << 53)
    }

    fn unknown() -> Self {
        -1
    }
}

/// A status code; 0 is "none".
impl Lenient for u16 {
    fn understand(value: Value) -> Option<Self> {
        i64::understand(value)?.try_into().ok()
    }
}

/// Milliseconds; -1 is "does not apply".
impl Lenient for f64 {
    fn understand(value: Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite())
    }

    fn unknown() -> Self {
        -1.0
    }
}

impl Lenient for bool {}
impl Lenient for Value {}
