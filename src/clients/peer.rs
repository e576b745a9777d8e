//! Which process of this machine holds a TCP socket (Linux: proc(5)).

use std::net::SocketAddr;

#[cfg(target_os = "linux")]
use procfs::net::{TcpNetEntry, TcpState};
#[cfg(target_os = "linux")]
use procfs::process::FDTarget;

/// A process, as the kernel names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The name of its program, 15 bytes at most.
    pub name: String,
}

/// The process that is connected from `local` to `remote`, or that listens on `local` when
/// `remote` is none. `None` where it cannot be told: on other systems, for sockets of other
/// machines or network namespaces, and for processes of other users unless this one is root.
#[cfg(target_os = "linux")]
pub fn process(local: SocketAddr, remote: Option<SocketAddr>) -> Option<Process> {
    // An IPv4 address may stand in the table of IPv6, mapped.
    let same = |one: SocketAddr, other: SocketAddr| {
        one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
    };
    let wanted = |entry: &TcpNetEntry| {
        let own = entry.local_address;
        if let Some(remote) = remote {
            return same(own, local) && same(entry.remote_address, remote);
        }
        let every = own.ip().is_unspecified() && own.port() == local.port();
        entry.state == TcpState::Listen && (same(own, local) || every)
    };
    let tables = [procfs::net::tcp(), procfs::net::tcp6()];
    let mut sockets = tables.into_iter().flatten().flatten();
    let wanted = FDTarget::Socket(
        sockets
            .find(|entry| entry.inode != 0 && wanted(entry))?
            .inode,
    );
    let holder = procfs::process::all_processes()
        .ok()?
        .flatten()
        .find(|process| {
            let files = process.fd().into_iter().flatten().flatten();
            files.map(|file| file.target).any(|target| target == wanted)
        })?;
    Some(Process {
        pid: holder.pid().cast_unsigned(),
        name: holder.stat().ok()?.comm.escape_debug().to_string(),
    })
}

/// Elsewhere it cannot be told.
#[cfg(not(target_os = "linux"))]
pub fn process(_: SocketAddr, _: Option<SocketAddr>) -> Option<Process> {
    None
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_at_each_end_is_this_one() {
        for any in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let Ok(listener) = TcpListener::bind(any) else {
                continue;
            };
            let mut server = listener.local_addr().unwrap();
            if server.ip().is_unspecified() {
                server.set_ip([127, 0, 0, 1].into());
            }
            let client = TcpStream::connect(server).unwrap();
            let own = std::process::id();
            let listening = process(server, None).unwrap();
            assert_eq!(listening.pid, own);
            assert!(!listening.name.is_empty());
            let local = client.local_addr().unwrap();
            assert_eq!(process(local, Some(server)).unwrap().pid, own);
            drop((listener, client));
            assert_eq!(process(server, None), None);
        }
    }
}
