//! Spans in a file, as the file exporter of OpenTelemetry writes them: OTLP/JSON, one request on
//! each line (<https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>).

use std::io::{self, Write};

use opentelemetry_proto::tonic::trace::v1::Span;

use super::context::Context;
use super::{Origin, exchange, other, pull};
use crate::exchange::ExchangeId;
use crate::store::Entry;
use crate::story::Telling;

/// Writes what is asked for. Memory does not grow with the trace: a line holds a pull at most,
/// and of a large one a part.
///
/// `takes` says of an exchange whether it is asked for; what is no exchange (tunnels, refused
/// handshakes) is written where `whole`.
///
/// # Errors
/// When the stream fails.
pub fn write(
    telling: &Telling<'_>,
    takes: &dyn Fn(&Entry) -> bool,
    whole: bool,
    origin: &Origin,
    out: impl Write,
) -> io::Result<()> {
    let (store, lang) = (telling.store, telling.lang);
    let given = |id: ExchangeId| store.entry(id).is_some_and(takes);
    let mut lines = Lines {
        origin,
        spans: Vec::new(),
        out,
    };
    for one in store.pulls() {
        let mut begun = false;
        let Some(context) = pull::context(one, store) else {
            continue;
        };
        for step in one.steps.iter().filter(|step| given(step.exchange)) {
            if !std::mem::replace(&mut begun, true) {
                lines.span(pull::root(one, store, &context, lang))?;
            }
            if let Some(span) = pull::step(step, one, store, &context, &given) {
                lines.span(span)?;
            }
        }
        lines.end()?;
    }
    for entry in store.loose().filter(|entry| takes(entry)) {
        lines.span(loose(entry, telling))?;
    }
    if whole {
        for tunnel in store.tunnels() {
            lines.span(other::tunnel(tunnel))?;
        }
        for handshake in store.handshakes() {
            lines.span(other::handshake(handshake, lang))?;
        }
    }
    lines.end()?;
    lines.out.flush()
}

/// The span of an exchange that belongs to no pull, with what is wrong with it.
pub(super) fn loose(entry: &Entry, telling: &Telling<'_>) -> Span {
    let context = Context::of_loose(&entry.exchange);
    let mut span = exchange::span(entry, None, &context, None);
    let id = Some(entry.exchange.id);
    let findings = telling.store.loose_findings().iter();
    let mine = findings.filter(|one| one.evidence.last().is_some_and(|last| last.exchange == id));
    let at = exchange::end(&entry.exchange);
    span.events
        .extend(mine.map(|one| pull::event(one, at, telling.lang)));
    span
}

struct Lines<'a, W> {
    origin: &'a Origin,
    spans: Vec<Span>,
    out: W,
}

impl<W: Write> Lines<'_, W> {
    fn span(&mut self, span: Span) -> io::Result<()> {
        self.spans.push(span);
        if self.spans.len() >= MOST_SPANS {
            return self.end();
        }
        Ok(())
    }

    /// Ends the line.
    fn end(&mut self) -> io::Result<()> {
        if self.spans.is_empty() {
            return Ok(());
        }
        let request = self.origin.request(std::mem::take(&mut self.spans));
        serde_json::to_writer(&mut self.out, &request)?;
        self.out.write_all(b"\n")
    }
}

/// Spans in a request, as many as the batches of OpenTelemetry's own exporters have.
pub const MOST_SPANS: usize = 512;
