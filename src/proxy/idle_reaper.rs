//! Connections on which nothing was ever said.
//!
//! hyper's server starts its timer with the first byte, and hudsucker gives its sockets to nobody
//! else. Whoever only connects would keep a place at the door for ever. So from time to time, while
//! there are connections without a request, the process looks through its own sockets and shuts
//! those down on which no request came for too long.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Which connections at the door have said something.
#[derive(Debug, Default)]
pub(crate) struct Silent {
    /// Connections without a request yet.
    waiting: AtomicUsize,
    /// The clients of the others, for as long as their sockets live.
    heard: Mutex<HashSet<SocketAddr>>,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Caller {
    silent: Arc<Silent>,
    heard: std::sync::OnceLock<Arc<Heard>>,
}

/// A connection with at least one request, whoever holds its socket.
#[derive(Debug)]
pub(crate) struct Heard {
    silent: Arc<Silent>,
    client: SocketAddr,
}

impl Silent {
    /// Notes that a connection was accepted.
    pub(crate) fn caller(self: &Arc<Self>) -> Caller {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Caller {
            silent: Arc::clone(self),
            heard: std::sync::OnceLock::new(),
        }
    }

    fn heard(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Notes that a request came. Whoever takes the socket over keeps what is returned.
    pub(crate) fn speaks(&self, client: SocketAddr) -> Arc<Heard> {
        let heard = self.heard.get_or_init(|| {
            self.silent.waiting.fetch_sub(1, Ordering::Relaxed);
            self.silent.heard().insert(client);
            Arc::new(Heard {
                silent: Arc::clone(&self.silent),
                client,
            })
        });
        Arc::clone(heard)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if self.heard.get().is_none() {
            self.silent.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.silent.heard().remove(&self.client);
    }
}

/// Closes connections to `own` that stay silent for `limit`, until `stop`.
pub(crate) async fn close(
    silent: Arc<Silent>,
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
        if silent.waiting.load(Ordering::Relaxed) == 0 {
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
        let heard = silent.heard();
        for (client, socket) in sockets {
            if heard.contains(&client) {
                since.remove(&client);
            } else if since.entry(client).or_insert_with(Instant::now).elapsed() >= limit {
                sockets::shut_down(&socket);
            }
        }
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
