//! Pulls and findings.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::exchange::ExchangeId;
use crate::exchange::timings::millis::to_millis;
use crate::findings::{Evidence, Finding, Severity};
use crate::pulls::{Blob, BlobState, Cause, ImageSteps, Part, Pull, PullId, Purpose, State, Step};
use crate::registry::{Client, Descriptor, Digest, Kind, Platform, Reference};
use crate::story::Telling;
use crate::story::explain;
use crate::words::Lang;

#[derive(Serialize)]
pub(super) struct PullJson<'a> {
    id: PullId,
    name: String,
    purpose: Purpose,
    state: State,
    client: &'a Client,
    registry: &'a str,
    mirrors: &'a [String],
    repository: &'a str,
    reference: Option<&'a Reference>,
    digest: Option<&'a Digest>,
    platform: Option<&'a Platform>,
    started: Timestamp,
    ended: Option<Timestamp>,
    took_ms: f64,
    received: u64,
    sent: u64,
    promised: Option<u64>,
    critical_path: &'a [ExchangeId],
    image: &'a ImageSteps,
    steps: Vec<StepJson>,
    blobs: Vec<BlobJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct StepJson {
    number: usize,
    exchange: ExchangeId,
    kind: Kind,
    part: Option<Part>,
    cause: Option<Cause>,
    explanation: String,
}

#[derive(Serialize)]
struct BlobJson<'a> {
    part: Option<Part>,
    digest: Option<&'a Digest>,
    descriptor: Option<&'a Descriptor>,
    state: BlobState,
    resumed: bool,
    received: u64,
    size: Option<u64>,
    took_ms: Option<f64>,
    exchanges: &'a [ExchangeId],
}

#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    rule: &'static str,
    severity: Severity,
    title: &'static str,
    sentence: String,
    fix: String,
    link: &'static str,
    evidence: &'a [Evidence],
}

pub(super) fn pull<'a>(pull: &'a Pull, telling: &Telling<'a>) -> PullJson<'a> {
    let steps = pull.steps.iter().zip(1..);
    PullJson {
        id: pull.id,
        name: pull.name(),
        purpose: pull.purpose,
        state: pull.state,
        client: &pull.client,
        registry: &pull.registry,
        mirrors: &pull.mirrors,
        repository: &pull.repository,
        reference: pull.reference.as_ref(),
        digest: pull.digest.as_ref(),
        platform: pull.platform.as_ref(),
        started: pull.started,
        ended: pull.ended,
        took_ms: to_millis(pull.totals.took),
        received: pull.totals.received,
        sent: pull.totals.sent,
        promised: pull.totals.promised,
        critical_path: &pull.critical_path,
        image: &pull.image,
        steps: steps
            .map(|(one, number)| step(one, number, pull, telling))
            .collect(),
        blobs: pull.blobs.iter().map(blob).collect(),
        findings: telling
            .store
            .findings_of(pull.id)
            .iter()
            .map(|one| finding(one, telling.lang))
            .collect(),
    }
}

fn step(step: &Step, number: usize, pull: &Pull, telling: &Telling<'_>) -> StepJson {
    let entry = telling.store.entry(step.exchange);
    StepJson {
        number,
        exchange: step.exchange,
        kind: step.kind,
        part: step.part,
        cause: step.cause,
        explanation: entry.map_or_else(String::new, |entry| {
            explain(step, &entry.reading, pull, telling.lang)
        }),
    }
}

fn blob(blob: &Blob) -> BlobJson<'_> {
    BlobJson {
        part: blob.part,
        digest: blob.digest.as_ref(),
        descriptor: blob.descriptor.as_ref(),
        state: blob.state,
        resumed: blob.resumed,
        received: blob.received,
        size: blob.size,
        took_ms: blob.took.map(|took: Duration| to_millis(took)),
        exchanges: &blob.exchanges,
    }
}

pub(super) fn finding(finding: &Finding, lang: Lang) -> FindingJson<'_> {
    FindingJson {
        rule: finding.rule,
        severity: finding.severity,
        title: finding.title(lang),
        sentence: finding.sentence(lang),
        fix: finding.fix(lang),
        link: finding.link(),
        evidence: &finding.evidence,
    }
}
