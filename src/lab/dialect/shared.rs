//! What the dialects share.

use jiff::Timestamp;
use serde_json::json;

use super::super::OutgoingResponse;
use super::super::answer::{ErrorAnswer, Withheld};
use super::super::token::{Access, Grant};

/// What a filter between client and registry puts in the place of an answer.
pub(in super::super) fn block_page(now: Timestamp) -> OutgoingResponse {
    OutgoingResponse::new((200, "OK"))
        .date(now)
        .field("Content-Type", "text/html; charset=utf-8")
        .length()
        .connection()
        .body(
            "<!DOCTYPE html>\n<html><head><title>Access blocked</title></head>\n<body><h1>Access \
             blocked</h1><p>This site is not permitted by your organisation's policy.</p></body>\
             </html>\n",
        )
}

/// The answer to a token request with POST: it has one shape everywhere.
pub(super) fn oauth_body(grant: &Grant) -> String {
    let scopes: Vec<_> = grant.access.iter().map(Access::scope).collect();
    let body = json!({
        "access_token": grant.token,
        "scope": scopes.join(" "),
        "expires_in": grant.lifetime,
        "issued_at": grant.issued.to_string(),
    });
    format!("{body}\n")
}

/// An error document of an S3-like store, with more elements after the message.
pub(super) fn error_document(withheld: &Withheld, more: &str) -> String {
    let (code, message) = withheld.error();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  \
         <Message>{message}</Message>\n{more}</Error>\n"
    )
}

/// Adds the fields a refusal brings beside the usual ones.
pub(super) fn with_fields(response: OutgoingResponse, refusal: ErrorAnswer) -> OutgoingResponse {
    let fields = refusal.fields.into_iter();
    fields.fold(response, |head, (name, value)| head.field(name, value))
}
