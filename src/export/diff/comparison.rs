//! What differs between two pulls.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::blobs::{self, BlobPair};
use super::sides::{ComparedPull, Pair};
use super::steps::{self, StepPair};
use super::verdict::Verdict;
use crate::exchange::Phase;
use crate::findings::Finding;

/// What passed between a pull's client and one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Exchanges with it.
    pub exchanges: usize,
    /// Bytes of content that came from it.
    pub received: u64,
}

/// Two pulls, compared.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The first.
    pub a: ComparedPull<'a>,
    /// The second.
    pub b: ComparedPull<'a>,
    /// What became of the name that was asked for.
    pub verdict: Verdict,
    /// The steps: those of the first in their order, those of the second where they belong.
    pub steps: Vec<StepPair>,
    /// The blobs, by digest.
    pub blobs: Vec<BlobPair<'a>>,
    /// The hosts, by name.
    pub hosts: Vec<(String, Pair<Traffic>)>,
    /// How long all exchanges together spent in each phase.
    pub phases: Vec<(Phase, Pair<Duration>)>,
    /// The findings, by rule; the first of each rule stands for all.
    pub findings: Vec<(&'static str, Pair<&'a Finding>)>,
}

/// Compares two pulls.
pub fn compare<'a>(a: ComparedPull<'a>, b: ComparedPull<'a>) -> Comparison<'a> {
    Comparison {
        verdict: Verdict::of(a, b),
        steps: steps::align(a, b),
        blobs: blobs::align(a.pull, b.pull),
        hosts: hosts(a, b),
        phases: phases(a, b),
        findings: findings(a, b),
        a,
        b,
    }
}

fn hosts(a: ComparedPull<'_>, b: ComparedPull<'_>) -> Vec<(String, Pair<Traffic>)> {
    let mut hosts: BTreeMap<String, Pair<Traffic>> = BTreeMap::new();
    let mut count = |side: ComparedPull<'_>, of: fn(&mut Pair<Traffic>) -> &mut Option<Traffic>| {
        for entry in side.entries() {
            let pair = hosts
                .entry(entry.reading.authority.to_string())
                .or_default();
            let traffic = of(pair).get_or_insert_default();
            traffic.exchanges += 1;
            traffic.received = traffic.received.saturating_add(entry.exchange.received);
        }
    };
    count(a, |pair| &mut pair.a);
    count(b, |pair| &mut pair.b);
    hosts.into_iter().collect()
}

fn phases(a: ComparedPull<'_>, b: ComparedPull<'_>) -> Vec<(Phase, Pair<Duration>)> {
    let sum = |side: ComparedPull<'_>, phase: Phase| {
        let known = side.entries();
        let known = known.filter_map(|entry| entry.exchange.timings.of(phase));
        // Figures read from a file may be absurd.
        known.reduce(Duration::saturating_add)
    };
    Phase::ALL
        .iter()
        .map(|&phase| {
            let (a, b) = (sum(a, phase), sum(b, phase));
            (phase, Pair { a, b })
        })
        .filter(|(_, pair)| pair.any().is_some())
        .collect()
}

fn findings<'a>(
    a: ComparedPull<'a>,
    b: ComparedPull<'a>,
) -> Vec<(&'static str, Pair<&'a Finding>)> {
    let of = |side: ComparedPull<'a>| side.store.findings_of(side.pull.id);
    let first = |side, rule| of(side).iter().find(|finding| finding.rule == rule);
    let mut found: Vec<(&'static str, Pair<&Finding>)> = Vec::new();
    for Finding { rule, .. } in of(a).iter().chain(of(b)) {
        if !found.iter().any(|(known, _)| known == rule) {
            let (a, b) = (first(a, *rule), first(b, *rule));
            found.push((rule, Pair { a, b }));
        }
    }
    found
}
