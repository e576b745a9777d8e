//! The filter in force: evaluated a slice at a time, so that typing never waits for it.

use std::collections::HashSet;

use crate::exchange::ExchangeId;
use crate::store::{Entry, Store};

/// A filter and what it has let through so far.
#[derive(Debug, Default)]
pub(crate) struct Filtering {
    /// The text as typed; empty without a filter.
    pub(crate) text: String,
    filter: Option<Filter>,
    /// Result of the last complete pass.
    matching: HashSet<ExchangeId>,
    /// The pass under way.
    pass: Option<(HashSet<ExchangeId>, usize)>,
}

/// A parsed filter.
#[derive(Clone, Debug)]
pub(crate) struct Filter(String);

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Where the mistake is, counted in characters, and what it is.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        Ok(Self(text.to_lowercase()))
    }

    fn matches(&self, _store: &Store, entry: &Entry) -> bool {
        let request = entry.exchange.request.as_ref();
        request.is_some_and(|request| request.url.to_lowercase().contains(&self.0))
            || entry.kind.word().contains(&self.0)
    }
}

impl Filtering {
    /// Takes a new text.
    ///
    /// # Errors
    /// As [`Filter::parse`]; the filter in force stays.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), (usize, String)> {
        let text = text.trim();
        if text.is_empty() {
            *self = Self::default();
            return Ok(());
        }
        let filter = Filter::parse(text)?;
        text.clone_into(&mut self.text);
        self.filter = Some(filter);
        self.pass = Some((HashSet::new(), 0));
        Ok(())
    }

    /// Looks at everything again: the store has changed.
    pub(crate) fn again(&mut self, store: &Store, changed: &[ExchangeId]) {
        let Some(filter) = &self.filter else { return };
        if self.pass.is_some() || store.entries().len() <= FEW {
            self.pass = Some((HashSet::new(), 0));
            return;
        }
        for id in changed {
            let Some(entry) = store.entry(*id) else { continue };
            if filter.matches(store, entry) {
                self.matching.insert(*id);
            } else {
                self.matching.remove(id);
            }
        }
    }

    /// Goes on with the pass under way; whether something is left to do.
    pub(crate) fn work(&mut self, store: &Store) -> bool {
        let (Some(filter), Some((matching, next))) = (&self.filter, &mut self.pass) else {
            return false;
        };
        let slice = store.entries().skip(*next).take(SLICE);
        let found = slice.filter(|entry| filter.matches(store, entry));
        matching.extend(found.map(|entry| entry.exchange.id));
        *next += SLICE;
        if *next < store.entries().len() {
            return true;
        }
        self.matching = std::mem::take(matching);
        self.pass = None;
        false
    }

    /// What the filter lets through; `None` without one.
    pub(crate) fn matching(&self) -> Option<&HashSet<ExchangeId>> {
        self.filter.as_ref().map(|_| &self.matching)
    }

    /// Whether a pass is under way.
    pub(crate) fn is_working(&self) -> bool {
        self.pass.is_some()
    }
}

/// Entries looked at between two frames: a few milliseconds.
const SLICE: usize = 10_000;
/// So many entries are looked at again with every change.
const FEW: usize = 5_000;
