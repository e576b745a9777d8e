//! Connections on which nothing was ever said.
//!
//! hyper's server starts its timer with the first byte, and hudsucker gives its sockets to nobody
//! else. Whoever only connects would keep a place at the door for ever. So from time to time, while
//! there are connections without a request, the process looks through its own sockets and shuts
//! those down on which no request came for too long.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::base::lock::lock;

use tokio_util::sync::CancellationToken;

/// Knows which connections at the door have said something, and closes the others.
#[derive(Debug, Default)]
pub(crate) struct IdleReaper {
    /// Connections without a request yet.
    waiting: AtomicUsize,
    /// The clients of the others, for as long as their sockets live.
    speaking: Mutex<HashSet<SocketAddr>>,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct AcceptedSocket {
    reaper: Arc<IdleReaper>,
    speaking: OnceLock<Arc<SpeakingSocket>>,
}

/// A connection with at least one request, whoever holds its socket.
#[derive(Debug)]
pub(crate) struct SpeakingSocket {
    reaper: Arc<IdleReaper>,
    client: SocketAddr,
}

impl IdleReaper {
    /// Notes that a connection was accepted.
    pub(crate) fn accepted(self: &Arc<Self>) -> AcceptedSocket {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        AcceptedSocket {
            reaper: Arc::clone(self),
            speaking: OnceLock::new(),
        }
    }

    /// Closes connections to `own` that stay silent for `limit`, until `stop`.
    pub(crate) async fn run(
        self: Arc<Self>,
        own: SocketAddr,
        limit: Duration,
        stop: CancellationToken,
    ) {
        let mut since: HashMap<SocketAddr, Instant> = HashMap::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(limit / 2) => {}
                () = stop.cancelled() => return,
            }
            if self.waiting.load(Ordering::Relaxed) == 0 {
                since.clear();
                continue;
            }
            let sockets = match sockets::accepted(own) {
                Ok(sockets) => sockets,
                Err(error) => {
                    tracing::debug!(%error, "silent connections cannot be told from others here");
                    continue;
                }
            };
            since.retain(|client, _| sockets.contains_key(client));
            let speaking = lock(&self.speaking);
            for (client, socket) in sockets {
                if speaking.contains(&client) {
                    since.remove(&client);
                } else if since.entry(client).or_insert_with(Instant::now).elapsed() >= limit {
                    sockets::shut_down(&socket);
                }
            }
        }
    }
}

impl AcceptedSocket {
    /// Notes that a request came. Whoever takes the socket over keeps what is returned.
    pub(crate) fn speaks(&self, client: SocketAddr) -> Arc<SpeakingSocket> {
        let speaking = self.speaking.get_or_init(|| {
            self.reaper.waiting.fetch_sub(1, Ordering::Relaxed);
            lock(&self.reaper.speaking).insert(client);
            Arc::new(SpeakingSocket {
                reaper: Arc::clone(&self.reaper),
                client,
            })
        });
        Arc::clone(speaking)
    }
}

impl Drop for AcceptedSocket {
    fn drop(&mut self) {
        if self.speaking.get().is_none() {
            self.reaper.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for SpeakingSocket {
    fn drop(&mut self) {
        lock(&self.reaper.speaking).remove(&self.client);
    }
}

#[cfg(target_os = "linux")]
mod sockets {
    use std::collections::HashMap;
    use std::fs;
    use std::io;
    use std::net::SocketAddr;
    use std::os::fd::OwnedFd;

    use rustix::net::{Shutdown, getpeername, getsockname, shutdown};
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    /// Our sockets that were accepted at this address, by their clients.
    pub(super) fn accepted(own: SocketAddr) -> io::Result<HashMap<SocketAddr, OwnedFd>> {
        let this = pidfd_open(getpid(), PidfdFlags::empty())?;
        let mut found = HashMap::new();
        for entry in fs::read_dir("/proc/self/fd")? {
            let entry = entry?;
            let kind = fs::read_link(entry.path());
            let is_socket =
                kind.is_ok_and(|to| to.as_os_str().as_encoded_bytes().starts_with(b"socket:"));
            let number = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let (true, Some(number)) = (is_socket, number) else {
                continue;
            };
            // A copy, so that it is one socket all along whatever its number means meanwhile.
            let socket = match pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) {
                Ok(socket) => socket,
                Err(rustix::io::Errno::BADF) => continue,
                Err(errno) => return Err(errno.into()),
            };
            let local = getsockname(&socket).ok().and_then(address);
            let client = getpeername(&socket).ok().flatten().and_then(address);
            if let (Some(local), Some(client)) = (local, client)
                && local.port() == own.port()
            {
                found.insert(client, socket);
            }
        }
        Ok(found)
    }

    pub(super) fn shut_down(socket: &OwnedFd) {
        // It fails when the client has gone, which is as well.
        let _ = shutdown(socket, Shutdown::Both);
    }

    fn address(any: rustix::net::SocketAddrAny) -> Option<SocketAddr> {
        SocketAddr::try_from(any).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod sockets {
    use std::collections::HashMap;
    use std::io;
    use std::net::SocketAddr;

    pub(super) fn accepted(_: SocketAddr) -> io::Result<HashMap<SocketAddr, ()>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn shut_down((): &()) {}
}
