//! Secrets in JSON, found by the names of members without parsing: a body may be cut short.

use memchr::memchr;

use super::basic;
use super::kind::{Candidate, SecretKind};

/// Finds the values of members whose names say that they are secret.
pub(super) fn find(text: &[u8], out: &mut Vec<Candidate>) {
    let mut from = 0;
    while let Some(quote) = text.get(from..).and_then(|rest| memchr(b'"', rest)) {
        let name_start = from + quote + 1;
        from = name_start;
        let rest = text.get(name_start..).unwrap_or_default();
        let length = rest
            .iter()
            .take(MAX_NAME)
            .take_while(|b| is_name(**b))
            .count();
        let (name, rest) = rest.split_at(length);
        let Some(kind) = kind(name) else { continue };
        let Some(rest) = after(b'"', rest).map(<[u8]>::trim_ascii_start) else {
            continue;
        };
        let Some(rest) = after(b':', rest).map(<[u8]>::trim_ascii_start) else {
            continue;
        };
        let start = text.len() - rest.len();
        if let Some(value) = after(b'"', rest) {
            let length = string_length(value);
            let end = start + 1 + length;
            // `auth` is a common word: it means credentials only where it holds some.
            let value = value.get(..length).unwrap_or_default();
            if kind != SecretKind::Basic || basic::user_and_password(value).is_some() {
                out.push(Candidate::new(start + 1..end, kind));
            }
            from = end;
        } else {
            let end = start + bare_length(rest);
            out.push(Candidate {
                range: start..end,
                kind: SecretKind::Credential,
                quote: Some(name_start - 1..name_start),
            });
            from = end;
        }
    }
}

/// No name of interest is longer.
const MAX_NAME: usize = 24;

fn kind(name: &[u8]) -> Option<SecretKind> {
    match name.to_ascii_lowercase().as_slice() {
        b"token"
        | b"access_token"
        | b"accesstoken"
        | b"refresh_token"
        | b"refreshtoken"
        | b"id_token"
        | b"idtoken"
        | b"identitytoken"
        | b"identity_token"
        | b"registrytoken"
        | b"authorizationtoken"
        | b"sessiontoken"
        | b"password"
        | b"client_secret"
        | b"clientsecret"
        | b"secretaccesskey"
        | b"assertion"
        | b"client_assertion" => Some(SecretKind::Credential),
        b"auth" => Some(SecretKind::Basic),
        b"username" => Some(SecretKind::Identity),
        _ => None,
    }
}

/// The length of a string's content up to its closing quote, or to the end of a cut text.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|&b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(text.len())
}

/// The length of a number; objects, arrays and literals are not secrets themselves.
fn bare_length(text: &[u8]) -> usize {
    text.iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
        .count()
}

fn after(mark: u8, text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(&[mark])
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        find(text.as_bytes(), &mut out);
        out.iter()
            .map(|c| text.get(c.range.clone()).unwrap())
            .collect()
    }

    #[test]
    fn a_token_response_is_known_whatever_its_layout() {
        let body = "{\"token\":\"a\",\n \"access_token\" : \"b\\\"c\",\"expires_in\":300,\"Id_Token\":\"d\"}";
        assert_eq!(found(body), ["a", "b\\\"c", "d"]);
    }

    #[test]
    fn a_cut_body_is_read_to_its_end() {
        assert_eq!(found(r#"{"token":"abc"#), ["abc"]);
        assert_eq!(found(r#"{"token":"abc\"#), ["abc\\"]);
        assert_eq!(found(r#"{"token":""#), [""]);
        assert!(found(r#"{"token":"#).iter().all(|value| value.is_empty()));
    }

    #[test]
    fn numbers_are_secrets_and_literals_are_not() {
        assert_eq!(found(r#"{"password": 12345, "x":1}"#), ["12345"]);
        for literal in ["null", "true", "{}", "[]"] {
            let text = format!(r#"{{"password":{literal}}}"#);
            assert!(found(&text).iter().all(|value| value.is_empty()), "{text}");
        }
    }

    #[test]
    fn the_story_is_kept() {
        let body = r#"{"errors":[{"code":"DENIED","message":"token expired","detail":null}]}"#;
        assert!(found(body).is_empty());
        assert!(found(r#"{"signatures":[{"signature":"s","protected":"p"}]}"#).is_empty());
    }
}
