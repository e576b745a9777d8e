//! A trace as a transcript.

use std::io::{self, Write};

use super::line::{Annotation, is_ambiguous, is_bodiless, printable_content};
use crate::base::printable::{printable, printable_bytes};
use crate::exchange::head::latin1;
use crate::exchange::{Bodies, Body, Capture, Ending, Exchange, Omission, RawHead, Side};

/// Writes exchanges one after the other; answers how many.
///
/// # Errors
/// When the stream fails. A body that cannot be read is only described.
pub fn write<'a>(
    exchanges: impl IntoIterator<Item = &'a Exchange>,
    bodies: &dyn Bodies,
    mut out: impl Write,
) -> io::Result<u64> {
    let mut count = 0;
    for one in exchanges {
        if count > 0 {
            out.write_all(b"\n")?;
        }
        out.write_all(exchange(one, bodies).as_bytes())?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

/// One exchange: request, blank line, answer.
pub fn exchange(exchange: &Exchange, bodies: &dyn Bodies) -> String {
    let mut text = String::new();
    let mut method = String::new();
    if let Some(request) = &exchange.request {
        method = latin1(request.head.method().unwrap_or_default());
        let version = request.head.version().unwrap_or(b"HTTP/1.1");
        // A blank in a URL, which a HAR may have, would end it here.
        let url = request.url.replace(' ', "%20");
        let line = format!(
            "{} {} {}",
            printable(&method),
            printable(&url),
            printable_bytes(version)
        );
        head(&mut text, &line, &request.head);
        content(&mut text, exchange.request_body.as_ref(), bodies);
        text.push('\n');
    }
    if let Some(response) = &exchange.response {
        for interim in &response.interim {
            head(&mut text, &printable_bytes(interim.start_line()), interim);
            text.push('\n');
        }
        let line = printable_bytes(response.head.start_line());
        head(&mut text, &line, &response.head);
        if !is_bodiless(&method, &response.head) {
            content(&mut text, exchange.response_body.as_ref(), bodies);
        }
    }
    if let Some(note) = ending(exchange) {
        if exchange.response.is_some() {
            text.push('\n');
        }
        text.push_str(&printable(&note.line()));
        text.push('\n');
    }
    text
}

fn head(text: &mut String, start: &str, head: &RawHead) {
    text.extend([start, "\n"]);
    for field in head.fields() {
        text.push_str(&printable_bytes(field.name));
        text.push(':');
        if !field.value.is_empty() {
            text.push(' ');
            text.push_str(&printable_bytes(field.value));
        }
        text.push('\n');
    }
}

/// A blank line and the content, when there is any.
fn content(text: &mut String, body: Option<&Body>, bodies: &dyn Bodies) {
    let Some(shown) = body.and_then(|body| shown(body, bodies)) else {
        return;
    };
    text.push('\n');
    text.push_str(&shown);
    if !shown.ends_with('\n') {
        text.push('\n');
    }
}

/// Content as it is shown; `None` when there is nothing to show.
fn shown(body: &Body, bodies: &dyn Bodies) -> Option<String> {
    let bytes = match &body.capture {
        Capture::Empty => return None,
        // The file it was read from showed nothing either.
        Capture::Omitted {
            reason: Omission::Absent,
        } if body.sha256.is_none() => return None,
        Capture::Omitted { .. } | Capture::Streamed => None,
        Capture::Memory { bytes } => Some(bytes.to_vec()),
        capture @ Capture::Stored { .. } => bodies.read(capture).ok().flatten(),
    };
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    match text.filter(|text| is_text(text)) {
        Some(text) => Some(printable_content(&text)),
        // As above: of a transcript only a part was printed.
        None if body.sha256.is_none()
            && body.complete
            && matches!(body.capture, Capture::Memory { .. }) =>
        {
            None
        }
        None => Some(
            Annotation::Content {
                size: body.decoded_size.unwrap_or(body.size),
                sha256: body.sha256.clone(),
                complete: body.complete,
            }
            .line(),
        ),
    }
}

/// Whether people can read it, and a reader tell where it ends.
fn is_text(text: &str) -> bool {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    !text.is_empty()
        && !text.split("\r\n").any(|part| part.contains(is_control))
        && !is_ambiguous(text)
}

fn ending(exchange: &Exchange) -> Option<Annotation> {
    match &exchange.ended {
        Some((_, Ending::Complete)) => None,
        Some((_, Ending::Aborted { by: Side::File, .. })) if exchange.response.is_none() => {
            Some(Annotation::Unseen)
        }
        Some((_, Ending::Aborted { detail, .. } | Ending::Failed { detail, .. })) => {
            Some(if exchange.response.is_some() {
                Annotation::CutOff(detail.clone())
            } else {
                Annotation::NoResponse(detail.clone())
            })
        }
        None if exchange.response.is_some() => Some(Annotation::CutOff(OPEN.to_owned())),
        None => Some(Annotation::NoResponse(OPEN.to_owned())),
    }
}

const OPEN: &str = "the exchange was still open when this was written";
