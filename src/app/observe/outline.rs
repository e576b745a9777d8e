//! What passed during `exec`, in a few lines for its end.

use std::collections::BTreeMap;

use indicatif::HumanBytes;

use crate::base::printable::printable;
use crate::base::text::plural;
use crate::pulls::Pull;
use crate::store::Store;
use crate::story::{Span, Telling, verdict};
use crate::words::Lang;

use super::refusals::OF_EXEC;

/// What was done in a few lines: each pull with its verdict, and what the user should know.
pub(in crate::app) fn outline(store: &Store, received: u64) -> Vec<String> {
    let telling = Telling::of(store, Lang::En);
    let pull = |pull: &Pull| {
        let verdict: String = verdict(pull, &telling).iter().map(Span::text).collect();
        let (name, client) = (pull.name(), pull.client.label());
        let requests = plural(pull.steps.len() as u64, "request", "requests");
        format!("  {name} by {client}, {requests}: {verdict}")
    };
    let pulls = store.pulls();
    let mut lines: Vec<_> = pulls.iter().take(MOST_LINES).map(pull).collect();
    let more = pulls.len().saturating_sub(MOST_LINES) as u64;
    if more > 0 {
        lines.push(format!("  and {}", plural(more, "pull", "pulls")));
    }
    let before = store.dropped().exchanges;
    if before > 0 {
        lines.push(format!(
            "  and {} before these",
            plural(before, "request", "requests")
        ));
    }
    if received > 0 {
        lines.push(format!("  {} received", HumanBytes(received)));
    }
    for (host, count) in refused(store) {
        lines.push(format!(
            "  the command refused the certificate for {host} ({count} ×): {OF_EXEC}"
        ));
    }
    lines.iter().map(|line| printable(line).into()).collect()
}

/// How often the certificate for each host was refused.
fn refused(store: &Store) -> BTreeMap<&str, u64> {
    let mut refused = BTreeMap::new();
    for handshake in store.handshakes() {
        let target = handshake.connection.target.as_ref();
        let host = target.map_or("?", |target| &target.host);
        let distrusted = handshake.rejection.is_distrust();
        if distrusted && (refused.len() < MOST_LINES || refused.contains_key(host)) {
            *refused.entry(host).or_default() += 1;
        }
    }
    refused
}

/// Names come from the network: as many are told.
const MOST_LINES: usize = 100;
