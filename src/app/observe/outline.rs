//! What passed during `exec`, in a few lines for its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::HumanBytes;

use crate::base::printable::printable;
use crate::exchange::{Ending, Event, Exchange};
use crate::registry::{InMemoryOnly, Reading};

use super::Observer;
use super::under_way::UnderWay;

/// Watches; [`Seen`] tells what it saw.
pub(in crate::app) struct Outline {
    under_way: UnderWay,
    seen: Seen,
}

/// What was seen so far.
#[derive(Clone, Default)]
pub(in crate::app) struct Seen(Arc<Mutex<Totals>>);

#[derive(Default)]
struct Totals {
    repositories: BTreeMap<String, Repository>,
    bytes: u64,
    failed: u64,
    refused: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Repository {
    client: String,
    exchanges: u64,
    errors: BTreeMap<u16, u64>,
}

impl Outline {
    pub(in crate::app) fn new() -> (Self, Seen) {
        let seen = Seen::default();
        let outline = Self {
            under_way: UnderWay::default(),
            seen: seen.clone(),
        };
        (outline, seen)
    }
}

impl Observer for Outline {
    fn event(&mut self, event: &Event) {
        if let Event::HandshakeFailed(handshake) = event
            && handshake.rejection.is_distrust()
        {
            let target = handshake.connection.target.as_ref();
            let host = target.map_or("?", |target| &target.host);
            let mut totals = self.seen.lock();
            if totals.refused.len() < MOST {
                *totals.refused.entry(host.to_owned()).or_default() += 1;
            }
        }
        if let Some(exchange) = self.under_way.apply(event) {
            self.seen.lock().add(&exchange);
        }
    }
}

impl Totals {
    fn add(&mut self, exchange: &Exchange) {
        self.bytes += exchange.received;
        let whole = matches!(exchange.ended, Some((_, Ending::Complete)));
        self.failed += u64::from(!whole);
        let reading = Reading::of(exchange, &InMemoryOnly);
        let Some(repository) = reading.repository() else {
            return;
        };
        if self.repositories.len() >= MOST && !self.repositories.contains_key(repository) {
            return;
        }
        let known = self.repositories.entry(repository.to_owned()).or_default();
        known.client = reading.client.label();
        known.exchanges += 1;
        // The challenge that every anonymous pull begins with is no error.
        if let Some(status) = reading
            .status
            .filter(|status| *status >= 400 && *status != 401)
        {
            *known.errors.entry(status).or_default() += 1;
        }
    }
}

impl Seen {
    /// What there is to say, line by line.
    pub(in crate::app) fn lines(&self) -> Vec<String> {
        let totals = self.lock();
        let mut lines = Vec::new();
        for (name, repository) in &totals.repositories {
            let errors: Vec<_> = repository
                .errors
                .iter()
                .map(|(status, count)| format!("{count} × {status}"))
                .collect();
            let errors = if errors.is_empty() {
                String::new()
            } else {
                format!(", answered with {}", errors.join(", "))
            };
            let line = format!(
                "  {name}: {} requests by {}{errors}",
                repository.exchanges, repository.client
            );
            lines.push(printable(&line).into_owned());
        }
        if totals.bytes > 0 {
            lines.push(format!("  {} received", HumanBytes(totals.bytes)));
        }
        if totals.failed > 0 {
            lines.push(format!("  {} cut off or failed", totals.failed));
        }
        for (host, count) in &totals.refused {
            let line = format!(
                "  the command refused the certificate for {host} ({count} ×): it does not \
                 look at SSL_CERT_FILE and its like; `pullscope ca path` names the file to give it"
            );
            lines.push(printable(&line).into_owned());
        }
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names come from the network: as many are remembered.
const MOST: usize = 100;
