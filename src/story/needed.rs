//! What of a pull was needed to run the image, and what only described it.

use std::collections::HashSet;

use super::Telling;
use crate::exchange::ExchangeId;
use crate::pulls::{Pull, Purpose, Step, Why};
use crate::registry::{Document, Kind, Reading, Reference};
use crate::words::figures::bytes;
use crate::words::phrase;

/// How much was fetched that the image runs without: attestations, signatures, lists of
/// referrers. `None` where there was nothing of the kind.
pub(super) fn told(pull: &Pull, telling: &Telling<'_>) -> Option<String> {
    if !matches!(pull.purpose, Purpose::Pull | Purpose::Inspect) {
        return None;
    }
    let mut describing: HashSet<ExchangeId> = HashSet::new();
    let (mut received, mut failed) = ([0, 0], 0);
    for step in &pull.steps {
        let Some(entry) = telling.store.entry(step.exchange) else {
            continue;
        };
        let follows = step.cause.is_some_and(|cause| {
            let of_it = matches!(
                cause.why,
                Why::Redirect | Why::Index | Why::Manifest | Why::Retry | Why::Page
            );
            of_it && describing.contains(&cause.exchange)
        });
        let describes = follows || describes(step, &entry.reading);
        if describes {
            describing.insert(step.exchange);
            failed += usize::from(entry.reading.status.is_none_or(|status| status >= 400));
        }
        let [for_image, beside] = &mut received;
        *if describes { beside } else { for_image } += entry.exchange.received;
    }
    // What was asked for was needed, also where it describes something else.
    let asked_for = pull
        .image
        .manifest
        .is_some_and(|id| describing.contains(&id));
    if describing.is_empty() || asked_for {
        return None;
    }
    let needed = pull.steps.len() - describing.len();
    let [for_image, beside] = received.map(bytes);
    let facts = [
        ("needed", needed.to_string()),
        ("needed-size", for_image),
        ("n", describing.len().to_string()),
        ("size", beside),
    ];
    let mut text = phrase("needed.both").fill(telling.lang, &facts);
    if failed > 0 {
        text += &phrase("needed.failed").with(telling.lang, failed.to_string());
    }
    Some(text)
}

/// Whether it is about an image instead of a part of it.
fn describes(step: &Step, reading: &Reading) -> bool {
    let endpoint = reading.endpoint.as_ref();
    let has_subject = match &reading.document {
        Some(Document::Manifest(manifest)) => manifest.subject.is_some(),
        _ => false,
    };
    has_subject
        || step.kind == Kind::Referrers
        || step.entry.as_ref().is_some_and(|it| it.is_attestation())
        || endpoint
            .and_then(|endpoint| endpoint.reference())
            .is_some_and(Reference::is_auxiliary)
}
