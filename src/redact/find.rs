//! Where secrets stand in a text, by what the text is.

use super::jwt::{self, TokenSecret};
use super::kind::{Candidate, SecretKind};
use super::query::Mode;
use super::rule::FieldRule;
use super::shape::Shape;
use super::{field, json, layer, line, mark, placeholder, query, scheme, url_parts, xml};

/// Finds the secrets of a text, also under its escapes. Placeholders are none.
pub(super) fn find(text: &[u8], shape: Shape) -> Vec<Candidate> {
    let mode = match shape {
        Shape::Url | Shape::Field(FieldRule::Url) => Mode::Url,
        Shape::Form => Mode::Form,
        Shape::Authority | Shape::Field(_) | Shape::Text => Mode::Prose,
    };
    let mut own = Vec::new();
    match shape {
        Shape::Field(rule) => field::find(text, rule, &mut own),
        Shape::Authority => url_parts::find_user_info_of_authority(text, &mut own),
        Shape::Url | Shape::Form | Shape::Text => {}
    }
    let own = own.into_iter();
    let mut out: Vec<_> = own
        .filter_map(|candidate| refine(text, candidate))
        .collect();
    if matches!(shape, Shape::Field(rule) if rule.is_all_there_is()) {
        return out;
    }
    layer::each(text, |bytes, source| {
        let mut seen = Vec::new();
        query::find(bytes, mode, &mut seen);
        url_parts::find(bytes, &mut seen);
        json::find(bytes, &mut seen);
        xml::find(bytes, &mut seen);
        jwt::find(bytes, &mut seen);
        mark::find(bytes, &mut seen);
        if matches!(shape, Shape::Text | Shape::Form) {
            line::find(bytes, &mut seen);
        }
        if shape != Shape::Field(FieldRule::Challenge) {
            scheme::find(bytes, &mut seen);
        }
        out.extend(
            seen.into_iter()
                .filter_map(|candidate| refine(bytes, candidate))
                .map(|candidate| Candidate {
                    range: source(candidate.range),
                    quote: candidate.quote.map(source),
                    ..candidate
                }),
        );
    });
    out
}

/// What of a candidate really has to go.
fn refine(text: &[u8], candidate: Candidate) -> Option<Candidate> {
    let Candidate { kind, sort, .. } = candidate;
    let range = candidate.range.clone();
    let value = text.get(range.clone())?;
    let start = range.end - value.trim_ascii_start().len();
    let value = value.trim_ascii();
    let range = start..start + value.len();
    if value.is_empty() || placeholder::is(value) {
        return None;
    }
    let keeps_claims = matches!(
        kind,
        SecretKind::Credential
            | SecretKind::Parameter
            | SecretKind::Supposed
            | SecretKind::Cookie
            | SecretKind::CredentialScope
    );
    match jwt::read(value).filter(|_| keeps_claims) {
        Some(TokenSecret::Signed(signature)) => {
            let range = start + signature.start..start + signature.end;
            Some(Candidate::new(range, SecretKind::Credential).of_sort(sort))
        }
        Some(TokenSecret::Loaded) => Some(Candidate::new(range, SecretKind::Opaque).of_sort(sort)),
        Some(TokenSecret::Spent) => None,
        None => Some(Candidate { range, ..candidate }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::jwt::tests::token;

    fn found(shape: Shape, text: &str) -> Vec<&str> {
        let mut ranges: Vec<_> = find(text.as_bytes(), shape)
            .into_iter()
            .map(|candidate| candidate.range)
            .collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        ranges.dedup();
        ranges
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn a_signed_url_is_found_under_any_escapes() {
        for text in [
            "see https://c/d?Expires=1&Signature=abc~1&Key-Pair-Id=KEY now",
            "<a href='https://c/d?Expires=1&amp;Signature=abc~1&amp;Key-Pair-Id=KEY'>",
            r#"{"url":"https:\/\/c\/d?Expires=1\u0026Signature=abc~1\u0026Key-Pair-Id=KEY"}"#,
            "go?to=https%3A%2F%2Fc%2Fd%3FExpires%3D1%26Signature%3Dabc~1%26Key-Pair-Id%3DKEY",
            "go?to=https%253A%252F%252Fc%252Fd%253FSignature%253Dabc~1%2526Key-Pair-Id%253DKEY",
        ] {
            assert_eq!(found(Shape::Text, text), ["abc~1", "KEY"], "{text}");
        }
    }

    #[test]
    fn json_in_a_json_string_is_read() {
        let text = r#"{"error":"sent {\"password\":\"pa\/ss\"}"}"#;
        assert!(found(Shape::Text, text).contains(&r"pa\/ss"));
    }

    #[test]
    fn a_jwt_keeps_its_claims_wherever_it_stands() {
        let jwt = token(r#"{"sub":"me"}"#, "c2ln");
        for text in [
            format!("https://r/?token={jwt}&x=1"),
            format!(r#"{{"access_token":"{jwt}"}}"#),
            format!("Bearer {jwt}"),
        ] {
            assert_eq!(found(Shape::Text, &text), ["c2ln"], "{text}");
        }
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        for text in [
            "?sig=REDACTED-00aa11",
            r#"{"token":"REDACTED"}"#,
            "http://REDACTED@h/",
        ] {
            assert!(found(Shape::Text, text).is_empty(), "{text}");
        }
    }
}
