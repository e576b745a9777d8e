//! Error bodies: the registry API's, those of token servers, and those of object stores.

use serde::Serialize;
use serde_json::Value;

use super::json;

/// One error a server reported in a body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportedError {
    /// The code, such as `MANIFEST_UNKNOWN` (OCI distribution-spec, "Error Codes") or, from an
    /// object store, `SignatureDoesNotMatch`; empty where there is none.
    pub code: String,
    /// The message for people.
    pub message: String,
    /// `detail`, as JSON text, unless it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ReportedError {
    /// Code and message in one line, and the detail where that says more: a text, or whatever
    /// there is where the code says nothing.
    pub fn text(&self) -> String {
        let said = match (self.code.as_str(), self.message.as_str()) {
            ("", said) | (said, "") => said.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        let detail = self.detail.as_deref().unwrap_or_default();
        let detail = match serde_json::from_str::<String>(detail) {
            Ok(text) => text,
            Err(_) if self.code == "UNKNOWN" && detail.len() > 2 => detail.to_owned(),
            Err(_) => String::new(),
        };
        if detail.is_empty() || said.contains(&detail) {
            return said;
        }
        format!("{said} ({detail})")
    }
}

/// Reads the errors of a body; none when it reports none that we know the form of.
pub(crate) fn read(bytes: &[u8]) -> Vec<ReportedError> {
    match json::read(bytes) {
        Ok(value) => from_json(&value),
        Err(_) => from_xml(bytes).into_iter().collect(),
    }
}

/// What a body of plain text says: a short line or two for people.
pub(super) fn from_text(bytes: &[u8]) -> Option<ReportedError> {
    const LONGEST: usize = 500;
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let is_line = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let is_said = !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_line);
    // What begins so is of a form that is not for people.
    let is_said = is_said && !json::is_bare(bytes);
    (is_said && !text.starts_with(['<', '{', '[', '"'])).then(|| ReportedError {
        message: text.split_whitespace().collect::<Vec<_>>().join(" "),
        ..ReportedError::default()
    })
}

fn from_json(value: &Value) -> Vec<ReportedError> {
    if value.get("errors").is_some_and(Value::is_array) {
        return json::list(value, "errors").iter().map(entry).collect();
    }
    // Token servers answer {"details": …}, {"error": …, "error_description": …} (RFC 6749) or
    // {"code": …, "message": …}.
    let code = json::text(value, "error")
        .or_else(|| json::text(value, "code"))
        .unwrap_or_default();
    let message = ["error_description", "message", "details"]
        .iter()
        .find_map(|key| json::text(value, key))
        .unwrap_or_default();
    if code.is_empty() && message.is_empty() {
        return Vec::new();
    }
    vec![ReportedError {
        code,
        message,
        detail: None,
    }]
}

fn entry(value: &Value) -> ReportedError {
    ReportedError {
        code: json::text(value, "code").unwrap_or_default(),
        message: json::text(value, "message").unwrap_or_default(),
        detail: value
            .get("detail")
            .filter(|detail| !detail.is_null())
            .map(ToString::to_string),
    }
}

/// The XML that S3 and those who imitate it answer with:
/// `<Error><Code>…</Code><Message>…</Message></Error>`.
fn from_xml(bytes: &[u8]) -> Option<ReportedError> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, inside) = text.split_once("<Error>")?;
    let element = |name: &str| {
        let (_, rest) = inside.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.trim().to_owned())
    };
    Some(ReportedError {
        code: element("Code")?,
        message: element("Message").unwrap_or_default(),
        detail: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn only(text: &str) -> ReportedError {
        match read(text.as_bytes()).as_slice() {
            [one] => one.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn registries_report_a_list() {
        let error =
            only(r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no","detail":{"name":"a"}}]}"#);
        assert_eq!(error.code, "NAME_UNKNOWN");
        assert_eq!(error.detail.as_deref(), Some(r#"{"name":"a"}"#));
        assert_eq!(read(br#"{"errors":[]}"#), []);
        assert_eq!(
            only(r#"{"errors":[{"code":"DENIED","detail":null}]}"#).detail,
            None
        );
    }

    #[test]
    fn token_servers_report_in_their_own_ways() {
        assert_eq!(
            only(r#"{"details":"bad password"}"#).message,
            "bad password"
        );
        let oauth = only(r#"{"error":"invalid_grant","error_description":"no"}"#);
        assert_eq!(
            (oauth.code.as_str(), oauth.message.as_str()),
            ("invalid_grant", "no")
        );
        assert_eq!(read(br#"{"token":"x"}"#), []);
    }

    #[test]
    fn an_error_is_told_with_its_detail_where_that_says_more() {
        let told = |text: &str| only(text).text();
        assert_eq!(
            told(r#"{"errors":[{"code":"A","message":"b","detail":"c d"}]}"#),
            "A: b (c d)"
        );
        assert_eq!(
            told(r#"{"errors":[{"code":"A","message":"b c","detail":"c"}]}"#),
            "A: b c"
        );
        assert_eq!(
            told(r#"{"errors":[{"code":"UNKNOWN","detail":{"Code":"SlowDown"}}]}"#),
            r#"UNKNOWN ({"Code":"SlowDown"})"#
        );
        assert_eq!(told(r#"{"errors":[{"code":"A","detail":{"b":1}}]}"#), "A");
    }

    #[test]
    fn plain_text_is_said_when_it_is_short_and_for_people() {
        let said = |text: &[u8]| from_text(text).map(|error| error.message);
        let page = b"404 page\n not found\n";
        assert_eq!(said(page).as_deref(), Some("404 page not found"));
        let long = [b'a'; 501];
        for other in [
            &b""[..],
            b"{\"a\":1",
            b"<html>",
            b"\x00\x01",
            b"\xff",
            &long,
        ] {
            assert_eq!(said(other), None);
        }
    }

    #[test]
    fn object_stores_report_in_xml() {
        let error = only(
            "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>\
             <Message>Request has expired</Message></Error>",
        );
        assert_eq!(error.code, "AccessDenied");
        assert_eq!(error.message, "Request has expired");
        assert_eq!(read(b"<html>no</html>"), []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            read(&bytes);
        }
    }
}
