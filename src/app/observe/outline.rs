//! What passed during `exec`, in a few lines for its end.

use std::collections::BTreeMap;

use indicatif::HumanBytes;

use crate::base::printable::printable;
use crate::store::{Entry, Store};

/// What one client did with one repository.
#[derive(Default)]
struct RepositorySum {
    requests: u64,
    errors: BTreeMap<u16, u64>,
}

/// What there is to say, line by line. `received` bytes of content came in all, and `failed`
/// exchanges did not end as they should.
pub(in crate::app) fn outline(store: &Store, received: u64, failed: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for ((repository, client), sum) in sums(store) {
        let errors: Vec<_> = sum
            .errors
            .iter()
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        let errors = if errors.is_empty() {
            String::new()
        } else {
            format!(", answered with {}", errors.join(", "))
        };
        let requests = sum.requests;
        lines.push(format!(
            "  {repository}: {requests} requests by {client}{errors}"
        ));
    }
    let before = store.dropped().exchanges;
    if before > 0 {
        lines.push(format!("  and {before} requests before these"));
    }
    if received > 0 {
        lines.push(format!("  {} received", HumanBytes(received)));
    }
    if failed > 0 {
        lines.push(format!("  {failed} cut off or failed"));
    }
    for (host, count) in refused(store) {
        lines.push(format!(
            "  the command refused the certificate for {host} ({count} ×): it does not look at \
             SSL_CERT_FILE and its like, which name the CA made for it: hand it on by a flag of \
             its own, as in `sh -c 'wget --ca-certificate=\"$SSL_CERT_FILE\" …'`"
        ));
    }
    // Names come from the network: nothing in them may steer the terminal.
    lines.iter().map(|line| printable(line).into()).collect()
}

/// By repository and client, from the pulls.
fn sums(store: &Store) -> BTreeMap<(String, String), RepositorySum> {
    let mut sums: BTreeMap<_, RepositorySum> = BTreeMap::new();
    for pull in store.pulls() {
        let repository = match pull.repository.as_str() {
            "" => pull.image(),
            repository => repository.to_owned(),
        };
        let key = (repository, pull.client.label());
        if sums.len() >= MOST_LINES && !sums.contains_key(&key) {
            continue;
        }
        let sum = sums.entry(key).or_default();
        for step in &pull.steps {
            sum.requests += 1;
            if let Some(status) = store.entry(step.exchange).and_then(refusal) {
                *sum.errors.entry(status).or_default() += 1;
            }
        }
    }
    sums
}

/// An answer that is an error. The challenge that every anonymous pull begins with is none.
fn refusal(entry: &Entry) -> Option<u16> {
    let status = entry.reading.status;
    status.filter(|status| *status >= 400 && *status != 401)
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
