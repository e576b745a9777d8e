//! A pull as the root of a trace, and what its exchanges stand below.

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use opentelemetry_semantic_conventions::attribute as name;
use serde_json::json;

use super::attributes::{attributes, error, text};
use super::context::{Context, nanoseconds, span_id};
use super::exchange;
use crate::exchange::ExchangeId;
use crate::findings::{Finding, Severity};
use crate::pulls::{Pull, State, Step};
use crate::registry::Reference;
use crate::store::{Entry, Store};
use crate::words::Lang;

/// The root span of a pull.
pub(super) fn root(pull: &Pull, store: &Store, context: &Context, lang: Lang) -> Span {
    let entries = || {
        pull.steps
            .iter()
            .filter_map(|step| store.entry(step.exchange))
    };
    let ends = entries().map(|entry| exchange::end(&entry.exchange));
    let ended = ends.max().unwrap_or(pull.started);
    let tag = pull.reference.as_ref().and_then(Reference::tag);
    let client = Some(&pull.client).filter(|client| !client.name.is_empty());
    let told = json!({
        name::CONTAINER_IMAGE_NAME: pull.image(),
        name::CONTAINER_IMAGE_TAGS: tag.into_iter().collect::<Vec<_>>(),
        name::OCI_MANIFEST_DIGEST: pull.digest.as_ref().map(ToString::to_string),
        name::SERVER_ADDRESS: pull.registry,
        name::USER_AGENT_NAME: client.map(|client| &client.name),
        name::USER_AGENT_VERSION: client.map(|client| &client.version),
        "pullscope.purpose": pull.purpose.word(),
        "pullscope.state": pull.state.word(),
        "pullscope.platform": pull.platform.as_ref().map(ToString::to_string),
        "pullscope.mirrors": pull.mirrors,
        "pullscope.exchanges": pull.totals.exchanges,
        "pullscope.received_bytes": pull.totals.received,
        "pullscope.sent_bytes": pull.totals.sent,
    });
    let found = store.findings_of(pull.id);
    let gravest = found.iter().max_by_key(|one| one.severity);
    let status = if pull.state == State::Failed {
        let gravest = gravest.filter(|one| one.severity == Severity::Error);
        error(&gravest.map_or_else(String::new, |one| one.sentence(lang)))
    } else {
        Status::default()
    };
    Span {
        name: format!("{} {}", pull.purpose.word(), text(&pull.image())),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanoseconds(pull.started),
        end_time_unix_nano: nanoseconds(ended.max(pull.started)),
        attributes: attributes([told]),
        events: findings(found, store, ended, lang),
        status: Some(status),
        ..context.span(context.root, None)
    }
}

/// The span of one step of a pull. It stands below the nearest of its reasons that `given` says
/// is given out as well, or below the pull.
pub(super) fn step(
    step: &Step,
    pull: &Pull,
    store: &Store,
    context: &Context,
    given: &dyn Fn(ExchangeId) -> bool,
) -> Option<Span> {
    let entry = store.entry(step.exchange)?;
    let parent = reason(step, pull, given).and_then(|id| store.entry(id));
    let parent = parent.map_or(context.root, |entry| span_id(&entry.exchange));
    Some(exchange::span(entry, Some(step), context, Some(parent)))
}

/// The nearest reason for a step that is given out.
fn reason(step: &Step, pull: &Pull, given: &dyn Fn(ExchangeId) -> bool) -> Option<ExchangeId> {
    let mut cause = step.cause;
    // Reasons are earlier exchanges; the bound is for what should not be.
    for _ in 0..pull.steps.len() {
        let from = cause?.exchange;
        if given(from) {
            return Some(from);
        }
        cause = pull.step(from)?.cause;
    }
    None
}

/// The trace of a pull.
pub(super) fn context(pull: &Pull, store: &Store) -> Option<Context> {
    let first = store.entry(pull.steps.first()?.exchange)?;
    Some(Context::of_pull(&first.exchange))
}

/// Findings as events, each at the end of the last exchange that shows it.
fn findings(findings: &[Finding], store: &Store, ended: Timestamp, lang: Lang) -> Vec<Event> {
    findings
        .iter()
        .map(|finding| {
            let shown = finding.evidence.iter().filter_map(|one| one.exchange);
            let shown: Vec<&Entry> = shown.filter_map(|id| store.entry(id)).collect();
            let at = shown.iter().map(|entry| exchange::end(&entry.exchange));
            event(finding, at.max().unwrap_or(ended), lang)
        })
        .collect()
}

/// A finding as an event.
pub(super) fn event(finding: &Finding, at: Timestamp, lang: Lang) -> Event {
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|one| match one.exchange {
            Some(id) => format!("exchange {id}, {}: {}", one.field, one.value),
            None => format!("{}: {}", one.field, one.value),
        })
        .collect();
    let told = json!({
        "pullscope.finding.rule": finding.rule,
        "pullscope.finding.severity": finding.severity.word(),
        "pullscope.finding.title": finding.title(lang),
        "pullscope.finding.message": finding.sentence(lang),
        "pullscope.finding.fix": finding.fix(lang),
        "pullscope.finding.link": finding.link(),
        "pullscope.finding.evidence": evidence,
    });
    Event {
        time_unix_nano: nanoseconds(at),
        name: "pullscope.finding".to_owned(),
        attributes: attributes([told]),
        dropped_attributes_count: 0,
    }
}
