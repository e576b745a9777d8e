//! What all connections of one proxy share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use lru::LruCache;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capture::{Policy, Recorder};
use crate::exchange::Authority;

use super::ca::CertificateAuthority;
use super::peer::Peers;
use super::settings::Settings;
use super::upstream::Connector;
use super::user_agents::UserAgents;

/// Shared by every task of a proxy.
pub(crate) struct ProxyContext {
    pub(crate) settings: Arc<Settings>,
    pub(crate) recorder: Recorder,
    pub(crate) peers: Peers,
    pub(crate) agents: UserAgents,
    pub(crate) authority: CertificateAuthority,
    pub(crate) connector: Connector,
    pub(crate) policy: Policy,
    /// Our own address, after binding.
    pub(crate) own: SocketAddr,
    /// In `Via` fields: names this very process.
    pub(crate) via_token: String,
    /// Every task of ours is counted here and joined at the end.
    pub(crate) tasks: TaskTracker,
    /// Finish what is under way, take nothing new.
    pub(crate) stop: CancellationToken,
    /// Drop everything.
    pub(crate) abort: CancellationToken,
    pub(crate) tunnels: Arc<Semaphore>,
    /// Servers that speak TLS on a port of their own.
    pub(crate) secure: Mutex<LruCache<Authority, ()>>,
}
