//! Which part of a trace is shown or exported: `--filter`, `--pull`, `--lang`.

use std::collections::HashSet;

use crate::config::{Language, SelectionArgs};
use crate::exchange::{ExchangeId, Trace};
use crate::pulls::PullId;
use crate::store::{Entry, Filter, Mistake, Store};
use crate::words::Lang;

use super::source::{Loader, Source};
use crate::app::process::failure::{Outcome, usage};

/// What was asked for.
#[derive(Default)]
pub(in crate::app) struct Selection {
    /// Only these, where that is said.
    only: Option<HashSet<ExchangeId>>,
    filter: Filter,
    pulls: Vec<PullId>,
}

impl Selection {
    /// Reads the arguments; a mistake in the filter is pointed at.
    pub(in crate::app) fn read(args: &SelectionArgs) -> Outcome<Self> {
        let text = args.filter.as_deref().unwrap_or_default();
        let filter = filter("--filter", text)?;
        Ok(Self {
            only: None,
            filter,
            pulls: args.pull.iter().copied().map(PullId).collect(),
        })
    }

    /// These exchanges.
    pub(in crate::app) fn of_ids(ids: impl IntoIterator<Item = ExchangeId>) -> Self {
        Self {
            only: Some(ids.into_iter().collect()),
            ..Self::default()
        }
    }

    /// Whether everything is asked for.
    pub(in crate::app) fn is_all(&self) -> bool {
        self.only.is_none() && self.filter.is_empty() && self.pulls.is_empty()
    }

    /// Refuses pulls that are not there.
    pub(in crate::app) fn check(&self, store: &Store) -> Outcome {
        match self.pulls.iter().find(|id| store.pull(**id).is_none()) {
            None => Ok(()),
            Some(missing) => Err(usage(match store.pulls().len() {
                0 => format!("--pull {}: there is no pull in this trace", missing.0),
                count => format!(
                    "--pull {}: there is none of that number; the trace has {count}, from 1 on",
                    missing.0
                ),
            })),
        }
    }

    /// Whether an exchange is asked for.
    pub(in crate::app) fn takes(&self, entry: &Entry, store: &Store) -> bool {
        let only = self.only.as_ref();
        let is_one = only.is_none_or(|only| only.contains(&entry.exchange.id));
        let of_pull =
            self.pulls.is_empty() || entry.pull.is_some_and(|pull| self.pulls.contains(&pull));
        is_one && of_pull && self.filter.matches(entry, store)
    }

    /// Leaves only what is asked for in a trace. What is no exchange goes as well.
    pub(in crate::app) fn narrow(&self, source: &mut Source) -> Outcome {
        if self.is_all() {
            return Ok(());
        }
        let store = Store::of_trace(source.trace.clone(), &Loader(source.bodies.as_ref()));
        self.check(&store)?;
        let taken: HashSet<ExchangeId> = store
            .entries()
            .filter(|entry| self.takes(entry, &store))
            .map(|entry| entry.exchange.id)
            .collect();
        source.trace = Trace {
            exchanges: std::mem::take(&mut source.trace.exchanges)
                .into_iter()
                .filter(|exchange| taken.contains(&exchange.id))
                .collect(),
            secrets_kept: source.trace.secrets_kept,
            ..Trace::default()
        };
        Ok(())
    }
}

/// The filter of a flag; a mistake in it is pointed at.
pub(in crate::app) fn filter(flag: &str, text: &str) -> Outcome<Filter> {
    text.parse().map_err(|mistake: Mistake| {
        let caret = mistake.caret(text).replace('\n', "\n  ");
        usage(format!("{flag}: {mistake}\n\n  {caret}"))
    })
}

/// The language that was asked for.
pub(in crate::app) fn lang(language: Language) -> Lang {
    match language {
        Language::En => Lang::En,
        Language::Zh => Lang::Zh,
    }
}
