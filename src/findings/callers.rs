//! Who called: clients, as far as a trace tells them apart.

use std::collections::HashSet;
use std::net::IpAddr;

use super::around::Session;
use super::rules;
use super::scene::{self, handshake_host};
use crate::exchange::{Connection, HandshakeFailed};
use crate::pulls::{Observed, Pull};

/// A client, by what its connections show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Caller<'a> {
    address: IpAddr,
    /// The `User-Agent` of its CONNECT; `None` where there was none to see.
    agent: Option<&'a str>,
}

impl<'a> Caller<'a> {
    fn of(connection: &'a Connection) -> Self {
        let head = connection.connect_head.as_ref();
        Self {
            address: connection.client.ip().to_canonical(),
            agent: head.map(|head| head.text("user-agent").unwrap_or_default()),
        }
    }

    /// Whether nothing tells the two apart. A file may leave out who it was.
    fn may_be(self, other: Self) -> bool {
        let unknown = self.address.is_unspecified() || other.address.is_unspecified();
        let agents = self.agent.zip(other.agent);
        (unknown || self.address == other.address) && agents.is_none_or(|(one, two)| one == two)
    }
}

/// Who made a pull, and where that led.
pub(super) struct Course<'a> {
    pull: &'a Pull,
    callers: HashSet<Caller<'a>>,
    hosts: HashSet<String>,
}

impl<'a> Course<'a> {
    pub(super) fn of(pull: &'a Pull, seen: &[Observed<'a>]) -> Self {
        let callers = seen.iter().map(|one| Caller::of(&one.exchange.connection));
        Self {
            pull,
            callers: callers.collect(),
            hosts: scene::hosts(seen.iter().map(|one| one.reading)),
        }
    }

    /// Whether a handshake has to do with the pull: it is for a host that the pull was led to, by
    /// what may be the same client, and happened while the pull went on or soon after.
    pub(super) fn concerns(&self, handshake: &HandshakeFailed) -> bool {
        scene::is_about(handshake.at, self.pull) && self.trusts(handshake)
    }

    /// Whether the same client was led to that host at any time.
    pub(super) fn trusts(&self, handshake: &HandshakeFailed) -> bool {
        let caller = Caller::of(&handshake.connection);
        let process = handshake.process.as_deref();
        self.hosts.contains(&handshake_host(handshake))
            && self.callers.iter().any(|own| own.may_be(caller))
            && !process.is_some_and(|process| rules::is_another(process, &self.pull.client))
    }
}

/// The clients that finished TLS and left at once without a word. Many open connections to spare:
/// who sent requests to that host trusts what it was shown.
pub(super) fn left(session: &Session<'_>) -> Vec<HandshakeFailed> {
    let tunnels = session.tunnels.iter();
    let mut left: Vec<_> = tunnels.filter_map(HandshakeFailed::after_tls).collect();
    if left.is_empty() {
        return left;
    }
    let steps = session.pulls.iter().flat_map(|pull| &pull.steps);
    let steps = steps.filter_map(|step| (session.observed)(step.exchange));
    let all = steps.chain(session.loose.iter().copied());
    let by_tls = all.filter(|one| one.reading.is_by("https"));
    let asked = by_tls.filter_map(|one| {
        let caller = Caller::of(&one.exchange.connection);
        Some((caller, one.reading.host()?.to_owned()))
    });
    let asked: HashSet<_> = asked.collect();
    left.retain(|one| {
        let (caller, host) = (Caller::of(&one.connection), handshake_host(one));
        !asked
            .iter()
            .any(|(own, asked)| *asked == host && own.may_be(caller))
    });
    left
}
