//! Pulls and findings.

use serde_json::{Value, json};

use crate::exchange::timings::millis::to_millis;
use crate::findings::Finding;
use crate::pulls::{Blob, Pull, Step};
use crate::story::{Span, Telling, explain, verdict};
use crate::words::Lang;

/// A pull, with its steps, its blobs and its findings.
pub(super) fn pull(pull: &Pull, telling: &Telling<'_>) -> Value {
    let steps = pull.steps.iter().zip(1..);
    let findings = telling.store.findings_of(pull.id).iter();
    json!({
        "id": pull.id,
        "name": pull.name(),
        "purpose": pull.purpose,
        "state": pull.state,
        "decided_by": pull.decided_by,
        "verdict": verdict(pull, telling).iter().map(Span::text).collect::<String>(),
        "client": pull.client,
        "registry": pull.registry,
        "mirrors": pull.mirrors,
        "repository": pull.repository,
        "reference": pull.reference,
        "digest": pull.digest,
        "platform": pull.platform,
        "started": pull.started,
        "ended": pull.ended,
        "took_ms": to_millis(pull.totals.took),
        "received": pull.totals.received,
        "sent": pull.totals.sent,
        "promised": pull.totals.promised,
        "critical_path": pull.critical_path,
        "image": pull.image,
        "steps": steps
            .map(|(one, number)| step(one, number, pull, telling))
            .collect::<Vec<_>>(),
        "blobs": pull.blobs.iter().map(blob).collect::<Vec<_>>(),
        "findings": findings.map(|one| finding(one, telling.lang)).collect::<Vec<_>>(),
    })
}

fn step(step: &Step, number: usize, pull: &Pull, telling: &Telling<'_>) -> Value {
    let entry = telling.store.entry(step.exchange);
    let explained = entry.map(|entry| explain(step, &entry.reading, pull, telling.lang));
    json!({
        "number": number,
        "exchange": step.exchange,
        "kind": step.kind,
        "part": step.part,
        "cause": step.cause,
        "explanation": explained.unwrap_or_default(),
    })
}

fn blob(blob: &Blob) -> Value {
    json!({
        "part": blob.part,
        "digest": blob.digest,
        "descriptor": blob.descriptor,
        "state": blob.state,
        "resumed": blob.resumed,
        "received": blob.received,
        "pieces": blob.pieces,
        "again": blob.again,
        "size": blob.size,
        "took_ms": blob.took.map(to_millis),
        "exchanges": blob.exchanges,
    })
}

/// A finding, told in one language.
pub(super) fn finding(finding: &Finding, lang: Lang) -> Value {
    json!({
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title(lang),
        "sentence": finding.sentence(lang),
        "fix": finding.fix(lang),
        "link": finding.link(),
        "evidence": finding.evidence,
    })
}
