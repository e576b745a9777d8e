//! The two sides of a comparison.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::exchange::ExchangeId;
use crate::exchange::head::latin1;
use crate::pulls::Pull;
use crate::store::{Entry, Store};

/// One of the two pulls.
#[derive(Clone, Copy, Debug)]
pub struct ComparedPull<'a> {
    /// What it was read from, as the user named it.
    pub source: &'a str,
    /// The exchanges.
    pub store: &'a Store,
    /// The pull.
    pub pull: &'a Pull,
}

impl ComparedPull<'_> {
    pub(super) fn entry(&self, id: ExchangeId) -> Option<&Entry> {
        self.store.entry(id)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let steps = self.pull.steps.iter();
        steps.filter_map(|step| self.entry(step.exchange))
    }

    /// What was negotiated, each once: `HTTP/1.1`, `TLSv1.3 h2` with the servers.
    pub(super) fn protocols(&self) -> BTreeSet<String> {
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
    pub(super) fn any(&self) -> Option<&T> {
        self.a.as_ref().or(self.b.as_ref())
    }
}
