//! What a token server answers.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Fingerprint, Token};
use crate::registry::{Scope, json};

/// How long a token lives when the server does not say (Docker token specification, "Token
/// response fields").
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// The answer to a token request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenAnswer {
    /// The token: `token`, or else `access_token`.
    pub token: Token,
    /// The fingerprint of `access_token` where it is another one than `token`. Clients differ in
    /// which of the two they prefer.
    #[serde(skip)]
    pub other: Option<Fingerprint>,
    /// `expires_in`: the lifetime in seconds from `issued_at`, as stated.
    pub expires_in: Option<i64>,
    /// `issued_at`.
    pub issued_at: Option<Timestamp>,
    /// Whether a refresh token came along.
    pub refresh_token: bool,
    /// `scope` (RFC 6749 section 5.1), where it is stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
}

impl TokenAnswer {
    /// Reads an answer's body; `None` when there is no token in it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let value = json::read(bytes).ok()?;
        let text = |key| json::text(&value, key).filter(|text| !text.is_empty());
        let (token, access) = (text("token"), text("access_token"));
        let main = token.as_deref().or(access.as_deref())?;
        let other = access
            .as_deref()
            .filter(|access| *access != main)
            .map(Fingerprint::of);
        Some(Self {
            token: Token::read(main),
            other,
            expires_in: value.get("expires_in").and_then(seconds),
            issued_at: json::time(&value, "issued_at"),
            refresh_token: text("refresh_token").is_some(),
            scopes: text("scope").map_or_else(Vec::new, |scope| Scope::read_list(&scope)),
        })
    }

    /// How long clients will use the token: `expires_in`, or the default.
    pub fn lifetime(&self) -> Duration {
        match self.expires_in {
            Some(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
            None => DEFAULT_LIFETIME,
        }
    }

    /// Whether this answer issued the token with that fingerprint.
    pub fn issued(&self, fingerprint: Fingerprint) -> bool {
        self.token.fingerprint == fingerprint || self.other == Some(fingerprint)
    }

    /// What was granted, as far as it can be known: the token's own claims, or `scope`.
    pub fn granted(&self) -> Option<&[Scope]> {
        let claimed = self
            .token
            .jwt()
            .and_then(|jwt| jwt.claims.access.as_deref());
        claimed.or((!self.scopes.is_empty()).then_some(self.scopes.as_slice()))
    }
}

/// A number of seconds, also where a server writes it as text or with a fraction.
fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let whole = number.as_f64()?.trunc();
            // The cast saturates, which is what a lifetime beyond all bounds should do.
            #[expect(clippy::cast_possible_truncation, reason = "saturation is wanted")]
            let whole = whole as i64;
            Some(whole)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_opaque_token_says_nothing_of_itself() {
        let answer = TokenAnswer::read(
            br#"{"token":"abc/+=","expires_in":43200,"issued_at":"2020-08-19T20:38:43.00565746-07:00"}"#,
        )
        .unwrap();
        assert!(answer.token.jwt().is_none());
        assert_eq!(answer.lifetime(), Duration::from_secs(43_200));
        assert_eq!(
            answer.issued_at.unwrap().to_string(),
            "2020-08-20T03:38:43.00565746Z"
        );
        assert_eq!(answer.granted(), None);
    }

    #[test]
    fn two_different_tokens_are_both_known() {
        let answer = TokenAnswer::read(br#"{"token":"a","access_token":"b"}"#).unwrap();
        assert!(answer.issued(Fingerprint::of("a")) && answer.issued(Fingerprint::of("b")));
        assert!(!answer.issued(Fingerprint::of("c")));
        assert_eq!(answer.lifetime(), DEFAULT_LIFETIME);
    }

    #[test]
    fn lifetimes_are_read_in_every_spelling() {
        let lifetime = |text: &str| {
            let body = format!(r#"{{"token":"a","expires_in":{text}}}"#);
            TokenAnswer::read(body.as_bytes()).unwrap().expires_in
        };
        assert_eq!(lifetime("300"), Some(300));
        assert_eq!(lifetime("300.5"), Some(300));
        assert_eq!(lifetime("\"300\""), Some(300));
        assert_eq!(lifetime("1e300"), Some(i64::MAX));
        assert_eq!(lifetime("[]"), None);
    }

    #[test]
    fn an_answer_without_a_token_is_none() {
        assert_eq!(
            TokenAnswer::read(br#"{"details":"incorrect password"}"#),
            None
        );
        assert_eq!(TokenAnswer::read(b"<html>"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            TokenAnswer::read(&bytes);
        }
    }
}
