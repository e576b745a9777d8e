//! The hosts and ports that pulls need: what a firewall has to let through.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::base::printable::printable;
use crate::exchange::Authority;
use crate::pulls::{PullId, Why};
use crate::store::Entry;
use crate::story::Telling;

/// One host and port and what it was needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Host and port.
    pub authority: String,
    /// What it did: `registry`, `token server`, `redirect target`, or `other`.
    pub roles: BTreeSet<&'static str>,
    /// The pulls that needed it.
    pub pulls: BTreeSet<PullId>,
}

/// The hosts of these exchanges and of the tunnels and handshakes, in the order they were needed.
pub fn needed<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    connections: bool,
    telling: &Telling<'_>,
) -> Vec<Needed> {
    let mut list = List::default();
    for entry in entries {
        // The port is always there.
        if let Some(authority) = entry.reading.url.as_deref().and_then(Authority::of) {
            list.note(authority.to_string(), role(entry, telling), entry.pull);
        }
    }
    if connections {
        let tunnels = telling
            .store
            .tunnels()
            .iter()
            .map(|tunnel| &tunnel.connection);
        let handshakes = telling.store.handshakes().iter();
        let handshakes = handshakes.map(|failed| &failed.connection);
        for connection in tunnels.chain(handshakes) {
            if let Some(target) = &connection.target {
                list.note(target.to_string(), "other", None);
            }
        }
    }
    list.0
}

/// The list as text: a host and port on each line, and behind `#` what it is for.
pub fn text(needed: &[Needed], telling: &Telling<'_>) -> String {
    let mut text = String::from(HEAD);
    let widest = needed.iter().map(|one| one.authority.len()).max();
    let width = widest.unwrap_or_default().min(WIDEST);
    for one in needed {
        let roles: Vec<_> = one.roles.iter().copied().collect();
        let pulls = one.pulls.iter().filter_map(|id| telling.store.pull(*id));
        let names: BTreeSet<_> = pulls.map(crate::pulls::Pull::name).collect();
        let names: Vec<_> = names.into_iter().take(MOST_NAMES).collect();
        let of = if names.is_empty() { "" } else { ": " };
        let _ = writeln!(
            text,
            "{:<width$}  # {}{of}{}",
            printable(&one.authority),
            roles.join(", "),
            printable(&names.join(", "))
        );
    }
    text
}

#[derive(Default)]
struct List(Vec<Needed>);

impl List {
    fn note(&mut self, authority: String, role: &'static str, pull: Option<PullId>) {
        let known = self.0.iter_mut().find(|one| one.authority == authority);
        if let Some(one) = known {
            one.roles.insert(role);
            one.pulls.extend(pull);
        } else {
            self.0.push(Needed {
                authority,
                roles: BTreeSet::from([role]),
                pulls: pull.into_iter().collect(),
            });
        }
    }
}

fn role(entry: &Entry, telling: &Telling<'_>) -> &'static str {
    let pull = entry.pull.and_then(|id| telling.store.pull(id));
    let cause = pull.and_then(|pull| pull.step(entry.exchange.id)?.cause);
    if cause.is_some_and(|cause| cause.why == Why::Redirect) {
        "redirect target"
    } else if entry.reading.token_request.is_some() {
        "token server"
    } else if entry.reading.endpoint.is_some() {
        "registry"
    } else {
        "other"
    }
}

const HEAD: &str = "\
# Hosts and ports that were needed, in the order they were. Redirect targets change with time and
# place: registries move their bulk data between CDNs without notice.
";
/// Hosts wider than this do not widen the column.
const WIDEST: usize = 72;
/// More images are not named on a line.
const MOST_NAMES: usize = 5;
