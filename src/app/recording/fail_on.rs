//! `--fail-on FILTER`: exit code 4 where something passed that was not to.

use crate::base::printable::printable;
use crate::store::{Entry, Filter, Store};

use crate::app::process::failure::{Outcome, found};
use crate::app::trace::select;
use crate::base::text::plural;

/// What is to make a command fail.
pub(in crate::app) struct FailOn {
    text: String,
    filter: Filter,
}

impl FailOn {
    /// Reads the flag; a mistake in the filter is pointed at.
    pub(in crate::app) fn read(text: Option<&str>) -> Outcome<Option<Self>> {
        let read = |text: &str| {
            Ok(Self {
                filter: select::filter("--fail-on", text)?,
                text: text.to_owned(),
            })
        };
        text.map(read).transpose()
    }

    /// A failure that names the first exchanges that pass the filter, if any does.
    pub(in crate::app) fn judge(&self, store: &Store) -> Outcome {
        let mut passed = store
            .entries()
            .filter(|entry| self.filter.matches(entry, store));
        let mut lines: Vec<_> = passed.by_ref().take(NAMED).map(line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let more = passed.count();
        let count = plural((lines.len() + more) as u64, "exchange", "exchanges");
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        Err(found(format!(
            "--fail-on {}: {count}\n{}",
            printable(&self.text),
            lines.join("\n")
        )))
    }
}

/// An exchange in a line, without the URL's query, which may sign it.
fn line(entry: &Entry) -> String {
    let reading = &entry.reading;
    let path = reading.path();
    let status = reading
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let (id, method, host) = (entry.exchange.id.0, &reading.method, &reading.authority);
    let text = format!("  exchange {id}: {method} {host}{path}: {status}");
    // Names come from the network: nothing in them may steer the terminal.
    printable(&text).into_owned()
}

/// How many exchanges are named.
const NAMED: usize = 10;
