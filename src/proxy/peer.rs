//! Which program a local client is, for clients that refuse our certificate and do not say.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::base::lock::lock;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// Names the program that is connected from the first address to the second. It may take its
/// time: it is called on a thread for that.
pub type PeerLookup = Arc<dyn Fn(SocketAddr, SocketAddr) -> Option<String> + Send + Sync>;

/// Asks for the programs of clients while their connections still exist.
pub(crate) struct Peers {
    lookup: Option<PeerLookup>,
    /// Hosts whose certificate was accepted: asking again would be work for nothing.
    accepted: Mutex<HashSet<String>>,
    /// Looking is work for a processor; a flood of clients is not looked at one by one.
    turns: Arc<Semaphore>,
}

impl Peers {
    pub(crate) fn new(lookup: Option<PeerLookup>) -> Self {
        Self {
            lookup,
            accepted: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The program of a client on this machine that may refuse the certificate of `host`. To be
    /// asked before the client sees the certificate: many are gone a moment after that.
    pub(crate) async fn look(
        &self,
        tasks: &TaskTracker,
        host: &str,
        client: SocketAddr,
        mut own: SocketAddr,
    ) -> Option<String> {
        let lookup = self.lookup.clone()?;
        let known = {
            let hosts = lock(&self.accepted);
            hosts.contains(host) || hosts.len() >= ENOUGH
        };
        if known || !client.ip().is_loopback() {
            return None;
        }
        let turn = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        if own.ip().is_unspecified() {
            own.set_ip(client.ip());
        }
        let looking = tasks.spawn_blocking(move || {
            let _turn = turn;
            lookup(client, own)
        });
        timeout(PATIENCE, looking).await.ok()?.ok()?
    }

    /// A client accepted the certificate of this host.
    pub(crate) fn accepted(&self, host: &str) {
        if self.lookup.is_none() {
            return;
        }
        let mut hosts = lock(&self.accepted);
        if hosts.len() < ENOUGH && !hosts.contains(host) {
            hosts.insert(host.to_owned());
        }
    }

    /// A client did not; the next one is to be known.
    pub(crate) fn refused(&self, host: &str) {
        lock(&self.accepted).remove(host);
    }
}

/// What the first handshake for a host may wait.
const PATIENCE: Duration = Duration::from_millis(250);
const AT_ONCE: usize = 4;
/// After so many hosts were accepted the clients here trust the CA, and looking, which reads what
/// every process has open, costs more than it tells. A refusal makes room for looking again.
const ENOUGH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn enough_hosts_that_are_accepted_end_the_looking_and_a_refusal_resumes_it() {
        let peers = Peers::new(Some(Arc::new(|_, _| Some("curl".to_owned()))));
        let tasks = TaskTracker::new();
        let address: SocketAddr = ([127, 0, 0, 1], 1).into();
        let name = |number: usize| format!("{number}.example");
        for number in 0..ENOUGH {
            let program = peers.look(&tasks, &name(number), address, address).await;
            assert_eq!(program.as_deref(), Some("curl"));
            peers.accepted(&name(number));
        }
        let new = "new.example";
        assert_eq!(peers.look(&tasks, new, address, address).await, None);
        peers.refused(&name(0));
        let program = peers.look(&tasks, new, address, address).await;
        assert_eq!(program.as_deref(), Some("curl"));
    }
}
