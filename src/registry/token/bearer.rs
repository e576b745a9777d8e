//! Bearer tokens: JSON Web Tokens (RFC 7519) and opaque ones.

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Certificate, Signature, signature};
use crate::registry::{Scope, json};

/// A bearer token as far as it can be read. The token's text itself is not kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Token {
    /// Tells tokens apart without holding them.
    #[serde(skip)]
    pub fingerprint: Fingerprint,
    /// Its length in characters; `None` where it was taken out before it came here, and a mark
    /// stands in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What is inside, when it is a JSON Web Token; an opaque token only the server can read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<Box<Jwt>>,
}

/// A short hash of a credential: equal credentials have equal fingerprints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// A JSON Web Token in compact form (RFC 7515 section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jwt {
    /// `alg`, such as `RS256`.
    pub algorithm: String,
    /// `kid`: the name of the key it is signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `x5c`: the certificates of the key it is signed with, leaf first (RFC 7515 section 4.1.6).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Whether the signature verifies with what the token itself carries.
    pub signature: Signature,
    /// What it says.
    pub claims: Claims,
}

/// The claims registries use.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Claims {
    /// `iss`: who issued it.
    pub issuer: Option<String>,
    /// `sub`: whom it was issued to; empty or missing for nobody in particular.
    pub subject: Option<String>,
    /// `aud`: the services it is for.
    pub audience: Vec<String>,
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `exp`.
    pub expires: Option<Timestamp>,
    /// `access`: what it allows; `None` when the claim is not there.
    pub access: Option<Vec<Scope>>,
    /// Every claim as it stands, in order.
    pub all: Json,
}

/// JSON that is kept as text: as values it takes ten times the memory, and is looked at seldom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    fn of(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// As values.
    pub(crate) fn value(&self) -> Value {
        // It was written from values.
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::of(&Value::Null)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// Larger tokens are taken as opaque: no registry sends them, and decoding must stay cheap.
const MAX_LENGTH: usize = 64 * 1024;

/// How that begins what stands in the place of a secret.
const MARK: &str = "REDACTED";

impl Token {
    /// Reads a token.
    pub fn read(text: &str) -> Self {
        Self {
            fingerprint: Fingerprint::of(text),
            length: (!text.starts_with(MARK)).then(|| text.chars().count()),
            jwt: (text.len() <= MAX_LENGTH)
                .then(|| Jwt::read(text))
                .flatten()
                .map(Box::new),
        }
    }

    /// What is inside, unless it is opaque.
    pub fn jwt(&self) -> Option<&Jwt> {
        self.jwt.as_deref()
    }
}

impl Jwt {
    fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = json::read(&decode(header)?).ok()?;
        let claims = json::read(&decode(payload)?).ok()?;
        if !header.is_object() || !claims.is_object() {
            return None;
        }
        let algorithm = json::text(&header, "alg").unwrap_or_default();
        let key_id = json::text(&header, "kid");
        let chain = signature::chain(&json::texts(&header, "x5c"));
        Some(Self {
            signature: Signature::check(&algorithm, &chain, signed, signature),
            certificates: chain.into_iter().map(|link| link.certificate).collect(),
            algorithm,
            key_id,
            claims: Claims::read(&claims),
        })
    }
}

impl Claims {
    fn read(all: &Value) -> Self {
        let access = all.get("access").and_then(Value::as_array).map(|list| {
            list.iter()
                .map(|entry| Scope {
                    resource: json::text(entry, "type").unwrap_or_default(),
                    name: json::text(entry, "name").unwrap_or_default(),
                    actions: json::texts(entry, "actions"),
                })
                .collect()
        });
        Self {
            issuer: json::text(all, "iss"),
            subject: json::text(all, "sub"),
            audience: match json::text(all, "aud") {
                Some(one) => vec![one],
                None => json::texts(all, "aud"),
            },
            issued_at: moment(all, "iat"),
            not_before: moment(all, "nbf"),
            expires: moment(all, "exp"),
            access,
            all: Json::of(all),
        }
    }

    /// Whether it was issued to nobody in particular.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.subject.as_deref(), None | Some("" | "(anonymous)"))
    }
}

/// A `NumericDate`: seconds since 1970, perhaps with a fraction (RFC 7519 section 2).
fn moment(claims: &Value, key: &str) -> Option<Timestamp> {
    let value = claims.get(key)?;
    if let Some(seconds) = value.as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    let span = jiff::SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
    Timestamp::from_duration(span).ok()
}

/// base64url as the standard wants it, and also what careless servers make of it.
fn decode(part: &str) -> Option<Vec<u8>> {
    let part = part.trim_end_matches('=');
    BASE64URL_NOPAD
        .decode(part.as_bytes())
        .or_else(|_| BASE64_NOPAD.decode(part.as_bytes()))
        .ok()
}

impl Fingerprint {
    /// The fingerprint of a credential.
    pub fn of(secret: &str) -> Self {
        let value = digest::digest(&digest::SHA256, secret.as_bytes());
        let first = value.as_ref().first_chunk();
        Self(first.map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, claims: &str) -> Token {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        Token::read(&format!("{}.{}.c2ln", part(header), part(claims)))
    }

    #[test]
    fn claims_are_read() {
        let token = token(
            r#"{"alg":"none","kid":"k1"}"#,
            r#"{"aud":["a","b"],"exp":1597904562,"nbf":1597903962.5,"access":[
                {"type":"repository","name":"r","actions":["pull"]}]}"#,
        );
        let jwt = token.jwt().unwrap();
        assert_eq!(jwt.key_id.as_deref(), Some("k1"));
        assert_eq!(jwt.claims.audience, ["a", "b"]);
        assert_eq!(
            jwt.claims.expires.unwrap().to_string(),
            "2020-08-20T06:22:42Z"
        );
        assert_eq!(
            jwt.claims.not_before.unwrap().to_string(),
            "2020-08-20T06:12:42.5Z"
        );
        assert!(jwt.claims.access.as_ref().unwrap()[0].allows("r", "pull"));
        assert!(jwt.claims.is_anonymous());
    }

    #[test]
    fn what_is_not_three_parts_of_json_is_opaque() {
        for text in ["", "a", "a.b", "a.b.c", "e30.W10.x", "W10.e30.x"] {
            assert!(Token::read(text).jwt().is_none(), "{text}");
        }
        assert!(token("{}", "{}").jwt().is_some());
    }

    #[test]
    fn what_was_taken_out_has_no_length() {
        assert_eq!(Token::read("REDACTED-00ff00").length, None);
        assert_eq!(Token::read("opaque").length, Some(6));
    }

    #[test]
    fn times_beyond_the_calendar_are_absent() {
        let token = token(
            "{}",
            r#"{"exp":9e300,"nbf":-9223372036854775808,"iat":"x"}"#,
        );
        let claims = &token.jwt().unwrap().claims;
        assert_eq!(
            (claims.expires, claims.not_before, claims.issued_at),
            (None, None, None)
        );
    }

    #[test]
    fn fingerprints_tell_tokens_apart() {
        assert_eq!(Fingerprint::of("a"), Fingerprint::of("a"));
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*") {
            Token::read(&text);
        }

        #[test]
        fn any_parts_are_read(header: Vec<u8>, claims: Vec<u8>, signature in "[a-zA-Z0-9_.-]*") {
            let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
            Token::read(&format!("{}.{}.{signature}", part(&header), part(&claims)));
        }
    }
}
