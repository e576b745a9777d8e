//! Two pulls side by side: what is the same, what only one of them did, what took longer.
//!
//! [`compare`] says *what* differs and prints nothing; [`told`] makes blocks of text of it, which a
//! terminal and a page lay out, and [`json`] writes it for programs.

mod blobs;
pub mod json;
mod steps;
pub mod told;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::exchange::head::latin1;
use crate::exchange::{ExchangeId, Phase};
use crate::findings::Finding;
use crate::pulls::Pull;
use crate::store::{Entry, Store};

pub use blobs::BlobPair;
pub use steps::{Difference, StepPair, Taken};
pub use verdict::{Age, Verdict, same_repository};

/// One of the two pulls.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it was read from, as the user named it.
    pub source: &'a str,
    /// The exchanges.
    pub store: &'a Store,
    /// The pull.
    pub pull: &'a Pull,
}

/// What both sides have of something; at least one has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// The first.
    pub a: Option<T>,
    /// The second.
    pub b: Option<T>,
}

impl<T> Pair<T> {
    /// Both, where both have it.
    pub fn both(&self) -> Option<(&T, &T)> {
        self.a.as_ref().zip(self.b.as_ref())
    }

    /// Whichever has it, the first before the second.
    fn any(&self) -> Option<&T> {
        self.a.as_ref().or(self.b.as_ref())
    }
}

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
    pub a: Side<'a>,
    /// The second.
    pub b: Side<'a>,
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
pub fn compare<'a>(a: Side<'a>, b: Side<'a>) -> Comparison<'a> {
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

impl Side<'_> {
    fn entry(&self, id: ExchangeId) -> Option<&Entry> {
        self.store.entry(id)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let steps = self.pull.steps.iter();
        steps.filter_map(|step| self.entry(step.exchange))
    }
}

impl Side<'_> {
    /// What was negotiated, each once: `HTTP/1.1`, `TLSv1.3 h2` with the servers.
    fn protocols(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in self.entries() {
            let exchange = &entry.exchange;
            let version = exchange.response.as_ref().and_then(|r| r.head.version());
            found.extend(version.map(latin1));
            let tls = exchange.upstream.as_ref().and_then(|u| u.tls.as_ref());
            found.extend(tls.map(|tls| match &tls.alpn {
                Some(alpn) => format!("{} {alpn}", tls.version),
                None => tls.version.clone(),
            }));
        }
        found
    }
}

fn hosts(a: Side<'_>, b: Side<'_>) -> Vec<(String, Pair<Traffic>)> {
    let mut hosts: BTreeMap<String, Pair<Traffic>> = BTreeMap::new();
    let mut count = |side: Side<'_>, of: fn(&mut Pair<Traffic>) -> &mut Option<Traffic>| {
        for entry in side.entries() {
            let pair = hosts.entry(entry.reading.authority.clone()).or_default();
            let traffic = of(pair).get_or_insert_default();
            traffic.exchanges += 1;
            traffic.received = traffic.received.saturating_add(entry.exchange.received);
        }
    };
    count(a, |pair| &mut pair.a);
    count(b, |pair| &mut pair.b);
    hosts.into_iter().collect()
}

fn phases(a: Side<'_>, b: Side<'_>) -> Vec<(Phase, Pair<Duration>)> {
    let sum = |side: Side<'_>, phase: Phase| {
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

fn findings<'a>(a: Side<'a>, b: Side<'a>) -> Vec<(&'static str, Pair<&'a Finding>)> {
    let mut found: Vec<(&'static str, Pair<&Finding>)> = Vec::new();
    for finding in a.store.findings_of(a.pull.id) {
        if !found.iter().any(|(rule, _)| *rule == finding.rule) {
            let pair = Pair {
                a: Some(finding),
                b: None,
            };
            found.push((finding.rule, pair));
        }
    }
    for finding in b.store.findings_of(b.pull.id) {
        match found.iter_mut().find(|(rule, _)| *rule == finding.rule) {
            Some((_, pair)) if pair.b.is_none() => pair.b = Some(finding),
            Some(_) => {}
            None => {
                let pair = Pair {
                    a: None,
                    b: Some(finding),
                };
                found.push((finding.rule, pair));
            }
        }
    }
    found
}
