//! What a client reads when there is no answer of the server's to pass on.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::base::printable::printable;
use crate::capture::Violation;
use crate::exchange::{Failure, RawHead};

/// Why something is not done for a client: the kind of failure and a sentence about it.
pub(crate) type FailureDetail = (Failure, String);

/// A short text that names what failed, where, and why.
pub(crate) fn failure(failure: Failure, detail: &str) -> Response<Bytes> {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let text = format!("pullscope: {}: {}.\n", meaning(failure), printable(detail));
    let mut response = plain(status, text);
    // What follows a request that was refused is not to be trusted.
    if status.is_client_error() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// A text/plain response.
pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let text = text.into();
    let length = text.len();
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The kind of failure that a refused request head is.
pub(crate) fn refusal(violation: &Violation) -> Failure {
    match violation {
        Violation::TooLong(_) | Violation::TooManyFields(_) => Failure::HeadTooLarge,
        Violation::Late => Failure::RequestTimeout,
        _ => Failure::BadRequest,
    }
}

/// The head of a response of ours as it goes out, for the trace.
pub(crate) fn head_of<B>(response: &Response<B>) -> RawHead {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    RawHead::new(head)
}

fn meaning(failure: Failure) -> &'static str {
    match failure {
        Failure::BadRequest => "the request is malformed",
        Failure::HeadTooLarge => "the request head is too large",
        Failure::Misdirected => "the request names two hosts",
        Failure::RequestTimeout => "the request took too long to arrive",
        Failure::Loop => "the request would come back to pullscope",
        Failure::Forbidden => "the address may not be reached through pullscope",
        Failure::Overload => "there are too many connections at once",
        Failure::Dns => "the name could not be resolved",
        Failure::Connect => "the server could not be reached",
        Failure::UpstreamProxy => "the upstream proxy did not help",
        Failure::Tls => "the server could not be trusted",
        Failure::Timeout => "the server took too long",
        Failure::BadResponse => "the server's answer is malformed",
        Failure::NoResponse => "the server closed without an answer",
        Failure::Unspecified => "the request failed",
        Failure::Internal => "something is wrong in pullscope",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_cause_and_cannot_steer_a_terminal() {
        let response = failure(Failure::Dns, "looking up a\x1b[31m: no");
        assert_eq!(response.status(), 502);
        let head = String::from_utf8(head_of(&response).as_bytes().to_vec()).unwrap();
        assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain"));
        let text = format!("{:?}", response.body());
        assert!(
            text.contains("could not be resolved") && !text.contains('\x1b'),
            "{text}"
        );
    }
}
