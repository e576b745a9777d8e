//! A proxy from its start to its end.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lru::LruCache;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capture::{Changes, Policy, Recorder};

use super::ca::{CertificateAuthority, Identity};
use super::context::ProxyContext;
use super::door;
use super::key_log::KeyLines;
use super::peer::Peers;
use super::settings::Settings;
use super::upstream::{Connector, UpstreamTlsError};
use super::user_agents::UserAgents;

/// A running proxy. Dropping it cuts everything off; [`Proxy::shutdown`] is the kind way.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<ProxyContext>,
    door: JoinHandle<Result<(), String>>,
}

/// Why a proxy does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The address cannot be listened on.
    #[error(
        "failed to listen on {address}: {source}. Choose another with --listen, such as \
         --listen 127.0.0.1:0 for a free port"
    )]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS towards servers cannot be set up.
    #[error(transparent)]
    Tls(#[from] UpstreamTlsError),
}

impl Proxy {
    /// Binds the address and begins to serve. The second value tells what passes.
    ///
    /// # Errors
    /// When the address is taken, or certificates of the settings are unusable.
    pub fn start(settings: Settings, identity: Identity) -> Result<(Self, Changes), ProxyError> {
        let failed = |source| ProxyError::Listen {
            address: settings.listen,
            source,
        };
        let listener = bind(settings.listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let settings = Arc::new(settings);
        let limits = &settings.limits;
        let (recorder, changes) = Recorder::new(&limits.capture, Instant::now);
        let via_token = format!("1.1 pullscope-{:016x}", random());
        let connector = Connector::new(
            Arc::clone(&settings),
            recorder.clone(),
            address,
            via_token.clone(),
        )?;
        let policy = Policy {
            hash: settings.hash,
            max_body: settings.max_body,
            store: settings.body_store.clone(),
        };
        let key_log = KeyLines::of(settings.key_log.as_ref());
        let shared = Arc::new(ProxyContext {
            peers: Peers::new(settings.peer.clone()),
            agents: UserAgents::default(),
            recorder,
            authority: CertificateAuthority::new(identity, limits.leaves, key_log),
            connector,
            policy,
            own: address,
            via_token,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            tunnels: Arc::new(Semaphore::new(limits.tunnels)),
            secure: Mutex::new(LruCache::new(
                NonZeroUsize::MIN.saturating_add(limits.leaves),
            )),
            settings,
        });
        let door = shared
            .tasks
            .spawn(door::serve(Arc::clone(&shared), listener));
        let proxy = Self {
            address,
            shared,
            door,
        };
        Ok((proxy, changes))
    }

    /// The address clients use.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The recorder, for its counts.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Takes no more connections, lets what is under way end within `drain`, then cuts off the
    /// rest. Returns whether everything ended by itself. After it, [`Changes::drain_all`] gives
    /// the last news.
    pub async fn shutdown(mut self, drain: Duration) -> bool {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        let drained = timeout(drain, self.shared.tasks.wait()).await.is_ok();
        if !drained {
            self.shared.recorder.stop();
            self.shared.abort.cancel();
            self.door.abort();
            // hudsucker's own connections end with it; ours are cancelled and quick to go.
            let _ = timeout(LAST_MOMENT, self.shared.tasks.wait()).await;
        }
        let _ = timeout(LAST_MOMENT, &mut self.door).await;
        drained
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.recorder.stop();
        self.shared.stop.cancel();
        self.shared.abort.cancel();
        self.door.abort();
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // So that a restart finds its port free though old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    debug_assert!(filled.is_ok());
    u64::from_le_bytes(bytes)
}

/// Connections that wait in the kernel to be accepted.
const BACKLOG: u32 = 1_024;
/// How long cancelled tasks may take to end.
const LAST_MOMENT: Duration = Duration::from_secs(2);
