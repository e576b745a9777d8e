//! The filter in force: evaluated a slice at a time, so that typing never waits for it.

use std::collections::HashSet;

use crate::exchange::ExchangeId;
use crate::store::filter::Mistake;
use crate::store::{Filter, Store};

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

impl Filtering {
    /// Takes a new text.
    ///
    /// # Errors
    /// What is wrong with it, and where; the filter in force stays.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), Mistake> {
        if text.trim().is_empty() {
            *self = Self::default();
            return Ok(());
        }
        let filter: Filter = text.parse()?;
        text.trim().clone_into(&mut self.text);
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
            let Some(entry) = store.entry(*id) else {
                continue;
            };
            if filter.matches(entry, store) {
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
        let found = slice.filter(|entry| filter.matches(entry, store));
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
