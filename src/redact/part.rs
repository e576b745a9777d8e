//! The parts of an event that may hold a secret.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::head;
use super::replacement::{Replacement, splice};
use super::rule::FieldRule;
use super::shape::Shape;
use crate::exchange::head::{from_latin1, latin1};
use crate::exchange::{
    Body, Capture, Connection, Ending, Event, Exchange, HandshakeFailed, RawHead, Rejection,
    RequestHead, ResponseHead, Tunnel, Upstream, Verification,
};

/// One part, ready to be rewritten.
pub(super) enum EventPart<'a> {
    /// A message head.
    Head(&'a mut RawHead),
    /// A text of this shape.
    Text(&'a mut String, Shape),
    /// A trailer field's value: one character for each byte.
    Trailer(&'a mut String, Shape),
    /// A body in memory.
    Body(&'a mut Bytes, Shape),
}

/// What the heads say about the bodies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forms {
    /// Whether the request's body is a form.
    pub(super) request: bool,
    /// Whether the response's body is one.
    pub(super) response: bool,
}

/// Whether a head announces a form (`application/x-www-form-urlencoded`).
pub(super) fn announces_form(head: &RawHead) -> bool {
    head.values("content-type").any(|value| {
        let kind = value.split(|&b| b == b';').next().unwrap_or_default();
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

/// What a body is whose head is not at hand: one long word with `=` in it is a form.
pub(super) fn shape_of(body: &[u8]) -> Shape {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || b"=&%+-_.*~[]:/@,".contains(b);
    if body.contains(&b'=') && body.iter().all(is_word) {
        Shape::Form
    } else {
        Shape::Text
    }
}

impl EventPart<'_> {
    /// Shows each piece of the part.
    pub(super) fn read(self, mut look: impl FnMut(&[u8], Shape)) {
        self.rewrite(|text, shape| {
            look(text, shape);
            Vec::new()
        });
    }

    /// Replaces what `find` finds in each piece of the part; whether there was anything.
    pub(super) fn rewrite(self, mut find: impl FnMut(&[u8], Shape) -> Vec<Replacement>) -> bool {
        match self {
            Self::Head(head) => {
                let bytes = head.as_bytes();
                let spans = head::pieces(bytes)
                    .into_iter()
                    .flat_map(|(range, shape)| {
                        let piece = bytes.get(range.clone()).unwrap_or_default();
                        shifted(find(piece, shape), range.start)
                    })
                    .collect();
                let rewritten = splice(bytes, spans).map(|bytes| head.rewritten(bytes));
                replace(head, rewritten)
            }
            Self::Text(text, shape) => {
                let spliced = splice(text.as_bytes(), find(text.as_bytes(), shape));
                replace(text, spliced.map(into_text))
            }
            Self::Trailer(value, shape) => match from_latin1(value) {
                None => EventPart::Text(value, shape).rewrite(find),
                Some(bytes) => {
                    let spliced = splice(&bytes, find(&bytes, shape));
                    replace(value, spliced.map(|bytes| latin1(&bytes)))
                }
            },
            Self::Body(bytes, shape) => {
                let spliced = splice(bytes, find(bytes, shape));
                replace(bytes, spliced.map(Bytes::from))
            }
        }
    }
}

/// Visits the parts of an event.
pub(super) fn of_event(event: &mut Event, forms: Forms, visit: &mut dyn FnMut(EventPart<'_>)) {
    match event {
        Event::Opened { connection, .. } => of_connection(connection, visit),
        Event::RequestHead { request, .. } => of_request(request, visit),
        Event::ResponseHead { response, .. } => of_response(response, visit),
        Event::Progress { .. } => {}
        Event::Ended { end, .. } => {
            of_ending(&mut end.ending, visit);
            of_upstream(end.upstream.as_mut().map(Arc::make_mut), visit);
            of_body(end.request_body.as_mut(), forms.request, visit);
            of_body(end.response_body.as_mut(), forms.response, visit);
        }
        Event::Tunnel(tunnel) => of_tunnel(tunnel, visit),
        Event::HandshakeFailed(failed) => of_handshake(failed, visit),
    }
}

/// Visits the parts of a tunnel.
pub(super) fn of_tunnel(tunnel: &mut Tunnel, visit: &mut dyn FnMut(EventPart<'_>)) {
    of_connection(&mut tunnel.connection, visit);
    of_upstream(tunnel.upstream.as_mut(), visit);
    if let Some((_, ending)) = &mut tunnel.ended {
        of_ending(ending, visit);
    }
}

/// Visits the parts of a handshake that failed.
pub(super) fn of_handshake(failed: &mut HandshakeFailed, visit: &mut dyn FnMut(EventPart<'_>)) {
    of_connection(&mut failed.connection, visit);
    if let Rejection::Protocol { detail } = &mut failed.rejection {
        visit(EventPart::Text(detail, Shape::Text));
    }
    if let Some(agent) = &mut failed.earlier {
        visit(EventPart::Text(agent, Shape::Text));
    }
}

/// Visits the parts of a whole exchange.
pub(super) fn of_exchange(exchange: &mut Exchange, visit: &mut dyn FnMut(EventPart<'_>)) {
    let mut forms = Forms::default();
    of_connection(&mut exchange.connection, visit);
    if let Some(request) = &mut exchange.request {
        forms.request = announces_form(&request.head);
        of_request(request, visit);
    }
    if let Some(response) = &mut exchange.response {
        forms.response = announces_form(&response.head);
        of_response(response, visit);
    }
    of_upstream(exchange.upstream.as_mut().map(Arc::make_mut), visit);
    of_body(exchange.request_body.as_mut(), forms.request, visit);
    of_body(exchange.response_body.as_mut(), forms.response, visit);
    if let Some((_, ending)) = &mut exchange.ended {
        of_ending(ending, visit);
    }
}

fn of_connection(connection: &mut Connection, visit: &mut dyn FnMut(EventPart<'_>)) {
    if let Some(head) = &mut connection.connect_head {
        visit(EventPart::Head(head));
    }
}

fn of_request(request: &mut RequestHead, visit: &mut dyn FnMut(EventPart<'_>)) {
    visit(EventPart::Text(&mut request.url, Shape::Url));
    visit(EventPart::Head(&mut request.head));
}

fn of_response(response: &mut ResponseHead, visit: &mut dyn FnMut(EventPart<'_>)) {
    visit(EventPart::Head(&mut response.head));
    for head in &mut response.interim {
        visit(EventPart::Head(head));
    }
}

fn of_upstream(upstream: Option<&mut Upstream>, visit: &mut dyn FnMut(EventPart<'_>)) {
    let Some(upstream) = upstream else { return };
    if let Some(via) = &mut upstream.via {
        visit(EventPart::Text(via, Shape::Authority));
    }
    if let Some(Verification::Rejected { reason } | Verification::Overridden { reason }) =
        &mut upstream.verification
    {
        visit(EventPart::Text(reason, Shape::Text));
    }
}

fn of_ending(ending: &mut Ending, visit: &mut dyn FnMut(EventPart<'_>)) {
    match ending {
        Ending::Complete => {}
        Ending::Aborted { detail, .. } | Ending::Failed { detail, .. } => {
            visit(EventPart::Text(detail, Shape::Text));
        }
    }
}

fn of_body(body: Option<&mut Body>, is_form: bool, visit: &mut dyn FnMut(EventPart<'_>)) {
    let Some(body) = body else { return };
    for (name, value) in &mut body.trailers {
        let rule = FieldRule::of(name.as_bytes());
        visit(EventPart::Trailer(value, Shape::Field(rule)));
    }
    if let Capture::Memory { bytes } = &mut body.capture {
        let shape = if is_form { Shape::Form } else { Shape::Text };
        visit(EventPart::Body(bytes, shape));
    }
}

fn replace<T>(target: &mut T, value: Option<T>) -> bool {
    value.map(|value| *target = value).is_some()
}

fn shifted(spans: Vec<Replacement>, by: usize) -> impl Iterator<Item = Replacement> {
    let shift = move |range: Range<usize>| range.start + by..range.end + by;
    spans.into_iter().map(move |span| Replacement {
        range: shift(span.range.clone()),
        quote: span.quote.clone().map(shift),
        ..span
    })
}

/// Spans are widened to whole characters, so nothing is ever lost here.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::kind::SecretSort;
    use crate::redact::placeholder::Placeholder;

    /// Replaces every `x`.
    fn find(text: &[u8], _: Shape) -> Vec<Replacement> {
        let at = |(at, _): (usize, &u8)| Replacement {
            range: at..at + 1,
            placeholder: Placeholder::BARE,
            sort: SecretSort::Token,
            quote: None,
        };
        text.iter()
            .enumerate()
            .filter(|(_, b)| **b == b'x')
            .map(at)
            .collect()
    }

    #[test]
    fn a_head_is_rewritten_in_its_values_only() {
        let mut head = RawHead::new(*b"GET /x HTTP/1.1\r\nx-ax:  x\xff \r\n\r\n");
        assert!(EventPart::Head(&mut head).rewrite(find));
        let expected = b"GET /REDACTED HTTP/1.1\r\nx-ax:  REDACTED\xff \r\n\r\n";
        assert_eq!(
            head.as_bytes().escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    #[test]
    fn what_holds_nothing_is_left_alone() {
        let mut text = "abc".to_owned();
        assert!(!EventPart::Text(&mut text, Shape::Text).rewrite(find));
        assert_eq!(text, "abc");
    }

    #[test]
    fn a_trailer_of_any_characters_is_rewritten() {
        for (before, after) in [
            ("x\u{ff}", "REDACTED\u{ff}"),
            ("x\u{20ac}", "REDACTED\u{20ac}"),
        ] {
            let mut value = before.to_owned();
            assert!(EventPart::Trailer(&mut value, Shape::Text).rewrite(find));
            assert_eq!(value, after);
        }
    }

    #[test]
    fn a_form_is_announced_by_its_content_type() {
        let head =
            |value: &str| RawHead::new(format!("POST / HTTP/1.1\r\ncontent-TYPE:{value}\r\n\r\n"));
        assert!(announces_form(&head(
            "Application/X-WWW-Form-Urlencoded ; charset=utf-8"
        )));
        assert!(!announces_form(&head("application/json")));
    }
}
