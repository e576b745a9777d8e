//! How long each phase of an exchange took.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::words::worded;

/// A phase of an exchange, as HAR 1.2 names it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Before anything was done for it.
    Blocked,
    /// Resolving the name.
    Dns,
    /// Connecting, TLS included.
    Connect,
    /// The TLS handshake; a part of `Connect`.
    Ssl,
    /// Sending the request.
    Send,
    /// Waiting for the answer.
    Wait,
    /// Receiving it.
    Receive,
}

impl Phase {
    /// Every phase in its order.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// The stretches that a waterfall draws, each with the phases in it; together they are all of
    /// an exchange, `Ssl` being inside `Connect`.
    pub const STRETCHES: &[(Self, &[Self])] = &[
        (Self::Blocked, &[Self::Blocked]),
        (Self::Connect, &[Self::Dns, Self::Connect]),
        (Self::Wait, &[Self::Send, Self::Wait]),
        (Self::Receive, &[Self::Receive]),
    ];
}

worded! {
    Phase: "phase" [name];
}

/// The phases of HAR 1.2 `timings`; `None` where a phase did not happen.
///
/// In JSON each is a number of milliseconds with fractions.
#[serde_with::skip_serializing_none]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Waiting for a free socket or a limit.
    #[serde(with = "millis")]
    pub blocked: Option<Duration>,
    /// Resolving the name.
    #[serde(with = "millis")]
    pub dns: Option<Duration>,
    /// Opening the connection: TCP, an upstream proxy's CONNECT, and TLS.
    #[serde(with = "millis")]
    pub connect: Option<Duration>,
    /// The TLS handshake; a part of `connect`.
    #[serde(with = "millis")]
    pub ssl: Option<Duration>,
    /// Sending the request, head and body.
    #[serde(with = "millis")]
    pub send: Option<Duration>,
    /// From the end of the request to the first byte of the final response head.
    #[serde(with = "millis")]
    pub wait: Option<Duration>,
    /// From the first byte of the final response head to the last byte of its body.
    #[serde(with = "millis")]
    pub receive: Option<Duration>,
}

impl Timings {
    /// The sum of the phases (`ssl` is inside `connect`).
    pub fn total(&self) -> Duration {
        let stretches = Phase::STRETCHES.iter().map(|(_, phases)| self.sum(phases));
        stretches.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The sum of some phases.
    pub fn sum(&self, phases: &[Phase]) -> Duration {
        let took = phases.iter().filter_map(|phase| self.of(*phase));
        // Figures read from a file may be absurd.
        took.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Every phase in its order, and how long it took where it happened.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, Option<Duration>)> {
        Phase::ALL.iter().map(|phase| (*phase, self.of(*phase)))
    }

    /// How long a phase took, where it happened.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Blocked => self.blocked,
            Phase::Dns => self.dns,
            Phase::Connect => self.connect,
            Phase::Ssl => self.ssl,
            Phase::Send => self.send,
            Phase::Wait => self.wait,
            Phase::Receive => self.receive,
        }
    }
}

/// Serialises an optional duration as milliseconds, to the microsecond.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the duration as a number, or `null`.
    ///
    /// # Errors
    /// Whatever the serializer answers.
    #[expect(clippy::ref_option, reason = "serde hands a field over as it is")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => serializer.serialize_f64(to_millis(*duration)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a number of milliseconds; a negative or non-finite one is absent.
    ///
    /// # Errors
    /// When the value is no number.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let value = Option::<f64>::deserialize(deserializer)?;
        Ok(value.and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok()))
    }

    /// Milliseconds with three decimals.
    pub(crate) fn to_millis(duration: Duration) -> f64 {
        let micros = duration.as_secs_f64() * 1_000_000.0;
        micros.round() / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssl_is_counted_once() {
        let timings = Timings {
            connect: Some(Duration::from_millis(30)),
            ssl: Some(Duration::from_millis(20)),
            wait: Some(Duration::from_millis(5)),
            ..Timings::default()
        };
        assert_eq!(timings.total(), Duration::from_millis(35));
    }

    #[test]
    fn json_is_in_milliseconds_and_leaves_out_what_did_not_happen() {
        let timings = Timings {
            wait: Some(Duration::from_micros(1_500)),
            ..Timings::default()
        };
        let json = serde_json::to_string(&timings).unwrap();
        assert_eq!(json, r#"{"wait":1.5}"#);
        assert_eq!(serde_json::from_str::<Timings>(&json).unwrap(), timings);
    }
}
