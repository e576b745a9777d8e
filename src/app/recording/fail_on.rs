//! `--fail-on FILTER`: exit code 4 where something passed that was not to.

use crate::base::printable::printable;
use crate::findings::Finding;
use crate::store::{Entry, Filter, Store};
use crate::words::Lang;

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
        let (named, more) = (lines.len(), passed.count());
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        // A refused handshake shows in no exchange.
        let apart = store.all_findings().filter(|finding| {
            let is_apart = finding.evidence.iter().all(|one| one.exchange.is_none());
            is_apart && self.filter.matches_finding(finding)
        });
        let apart: Vec<_> = apart.map(told).collect();
        let counts = [
            ((named + more) as u64, "exchange", "exchanges"),
            (apart.len() as u64, "finding", "findings"),
        ];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        let counts: Vec<_> = counts.map(|(n, one, many)| plural(n, one, many)).collect();
        if counts.is_empty() {
            return Ok(());
        }
        lines.extend(apart);
        Err(found(format!(
            "--fail-on {}: {}\n{}",
            printable(&self.text),
            counts.join(", "),
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

/// A finding in a line.
fn told(finding: &Finding) -> String {
    let text = format!("  {}: {}", finding.rule, finding.sentence(Lang::En));
    printable(&text).into_owned()
}

/// How many exchanges are named.
const NAMED: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Connection, ConnectionId, HandshakeFailed, Rejection, Trace};
    use crate::registry::InMemoryOnly;

    #[test]
    fn a_refused_handshake_without_any_request_is_a_finding_too() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let connection = Connection::new(ConnectionId(1), ([127, 0, 0, 1], 1).into(), at);
        let handshakes = vec![HandshakeFailed {
            connection,
            at,
            rejection: Rejection::alert(48),
            process: None,
            earlier: None,
        }];
        let trace = Trace {
            handshakes,
            ..Trace::default()
        };
        let store = Store::of_trace(trace, &InMemoryOnly);
        let judged = |text| FailOn::read(Some(text)).unwrap().unwrap().judge(&store);
        for filter in [
            "severity:error",
            "rule:ca-rejected",
            "finding:ca-*",
            "state:failed | severity:error",
            "severity:error -finding:rate-*",
        ] {
            let failure = judged(filter).unwrap_err();
            assert_eq!(failure.code, 4, "{filter}");
            let text = failure.to_string();
            assert!(text.contains("1 finding\n  ca-rejected: "), "{text}");
        }
        // What is asked of an exchange says nothing of a connection.
        for filter in [
            "severity:info",
            "is:error",
            "-is:error",
            "-kind:layer severity:error",
            "-(severity:error | kind:layer)",
        ] {
            judged(filter).unwrap();
        }
    }
}
