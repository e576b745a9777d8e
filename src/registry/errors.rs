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
    /// Code and message in one line.
    pub fn text(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            ("", said) | (said, "") => said.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }
}

/// Reads the errors of a body; none when it reports none that we know the form of.
pub(crate) fn read(bytes: &[u8]) -> Vec<ReportedError> {
    match json::read(bytes) {
        Ok(value) => from_json(&value),
        Err(_) => from_xml(bytes).into_iter().collect(),
    }
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
