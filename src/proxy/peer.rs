//! Which program a local client is, for clients that refuse our certificate and do not say.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
        if !client.ip().is_loopback() || self.hosts().contains(host) {
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
        let mut hosts = self.hosts();
        if hosts.len() < MOST && !hosts.contains(host) {
            hosts.insert(host.to_owned());
        }
    }

    /// A client did not; the next one is to be known.
    pub(crate) fn refused(&self, host: &str) {
        self.hosts().remove(host);
    }

    fn hosts(&self) -> MutexGuard<'_, HashSet<String>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the first handshake for a host may wait.
const PATIENCE: Duration = Duration::from_millis(250);
const AT_ONCE: usize = 4;
/// Host names come from clients.
const MOST: usize = 4096;
