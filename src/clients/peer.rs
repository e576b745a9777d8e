//! Which process of this machine holds a TCP socket (Linux: proc(5)).

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

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
pub fn process(local: SocketAddr, remote: Option<SocketAddr>) -> Option<Process> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| find(&fs::read_to_string(table).ok()?, local, remote))?;
    let wanted = format!("socket:[{inode}]");
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = |path: &Path| {
            fs::read_link(path).is_ok_and(|target| target.as_os_str() == wanted.as_str())
        };
        if files.flatten().any(|file| holds(&file.path())) {
            let name = fs::read_to_string(entry.path().join("comm")).ok()?;
            let name = name.trim_end().escape_debug().to_string();
            return Some(Process { pid, name });
        }
    }
    None
}

/// The inode of a socket in one of the kernel's tables.
fn find(table: &str, local: SocketAddr, remote: Option<SocketAddr>) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (from, to, state) = (fields.next()?, fields.next()?, fields.next()?);
        let inode = fields.nth(5)?.parse().ok()?;
        let from = address(from)?;
        let matches = if let Some(remote) = remote {
            same(from, local) && same(address(to)?, remote)
        } else {
            let every = from.ip().is_unspecified() && from.port() == local.port();
            state == LISTENING && (same(from, local) || every)
        };
        (matches && inode != 0).then_some(inode)
    })
}

/// An IPv4 address may stand in the table of IPv6, mapped.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

/// An address as the kernel prints it: words of memory in hex, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let hex = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes())
    };
    let address = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(at)?);
            }
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((address, port).into())
}

/// `TCP_LISTEN` in the kernel's tables.
const LISTENING: &str = "0A";

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

    #[test]
    fn tables_are_read_as_the_kernel_writes_them() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:21C2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:9C40 0100007F:21C2 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n\
            garbage\n";
        let at = |text: &str| text.parse().unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(find(table, at("127.0.0.1:8642"), None), Some(4711));
            let to = Some(at("127.0.0.1:8642"));
            assert_eq!(find(table, at("127.0.0.1:40000"), to), Some(4712));
        }
        assert_eq!(find(table, at("127.0.0.1:1"), None), None);
        assert_eq!(find("", at("127.0.0.1:1"), None), None);
    }
}
