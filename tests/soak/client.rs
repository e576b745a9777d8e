//! Clients that pull, misbehave, and know what they should get.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Exchanges that may wait to be recorded; the proxy itself keeps 20,000.
const BEHIND: u64 = 2_000;

/// What all clients have seen.
#[derive(Default)]
pub(crate) struct Tally {
    asked: AtomicU64,
    meant: AtomicU64,
    broken: AtomicU64,
}

impl Tally {
    /// Requests that reached the proxy.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Exchanges that failed as they were meant to.
    pub(crate) fn meant(&self) -> u64 {
        self.meant.load(Ordering::Relaxed)
    }

    /// Exchanges that did not go as they were meant to.
    pub(crate) fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }
}

/// How an exchange is meant to go.
#[derive(Clone, Copy)]
enum Meant {
    /// 200 and all of it.
    Whole,
    /// An answer of the proxy's, with this status.
    Refused(&'static str),
    /// An end in the middle.
    Cut,
    /// Sent, and then the client goes away.
    LeftAlone,
}

/// Every tenth goes wrong, each time in another way.
fn plan(n: u64) -> (&'static str, Meant) {
    if !n.is_multiple_of(10) {
        return (if n % 10 == 5 { "blob" } else { "json" }, Meant::Whole);
    }
    match n / 10 % 10 {
        0 | 5 => ("truncate", Meant::Cut),
        1 | 6 => ("reset", Meant::Refused("502")),
        2 => ("garbage", Meant::Refused("502")),
        3 => ("large", Meant::Refused("502")),
        4 | 9 => ("leave", Meant::LeftAlone),
        7 => ("misdirected", Meant::Refused("421")),
        // Rare, since it takes a second.
        _ if n % 1_000 == 80 => ("stall", Meant::Refused("504")),
        _ => ("smuggled", Meant::Refused("400")),
    }
}

/// Asks so many times, in tunnels of plain HTTP. It is no race: clients wait for the recording when
/// it is far behind, as it may be on a busy machine.
pub(crate) async fn run(
    address: String,
    client: u64,
    times: u64,
    deadline: Instant,
    tally: Arc<Tally>,
    recorded: Arc<AtomicU64>,
) {
    let mut tunnel = None;
    for n in 1..=times {
        if Instant::now() > deadline {
            return;
        }
        while tally.asked() > recorded.load(Ordering::Relaxed) + BEHIND {
            if Instant::now() > deadline {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (kind, meant) = plan(n);
        let mut stream = match tunnel.take() {
            Some(stream) => stream,
            None => open(&address).await.expect("a tunnel"),
        };
        let host = if kind == "misdirected" {
            "other.test"
        } else {
            "soak.test"
        };
        let more = if kind == "smuggled" {
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"
        } else {
            ""
        };
        let head = format!("GET /{kind}/{client}/{n} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n");
        tally.asked.fetch_add(1, Ordering::Relaxed);
        let sent = stream.write_all(head.as_bytes()).await.is_ok();
        let went = match meant {
            Meant::LeftAlone => {
                // Its request has been read when an answer begins.
                let mut byte = [0];
                let _ = stream.read(&mut byte).await;
                sent
            }
            _ => sent && goes(&mut stream, meant).await,
        };
        let counter = match (went, meant) {
            (false, _) => &tally.broken,
            (true, Meant::Whole) => {
                tunnel = Some(stream);
                continue;
            }
            (true, _) => &tally.meant,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

async fn goes(stream: &mut TcpStream, meant: Meant) -> bool {
    let read = timeout(Duration::from_secs(60), async {
        let head = read_head(stream).await?;
        let status = head.split(' ').nth(1)?.to_owned();
        let length = head.to_ascii_lowercase();
        let length = length
            .split("content-length: ")
            .nth(1)?
            .split("\r\n")
            .next()?
            .parse()
            .ok()?;
        let mut body = vec![0; length];
        let whole = stream.read_exact(&mut body).await.is_ok();
        Some((status, whole))
    });
    match (read.await, meant) {
        (Ok(Some((status, whole))), Meant::Whole) => status == "200" && whole,
        (Ok(Some((status, whole))), Meant::Refused(wanted)) => status == wanted && whole,
        (Ok(Some((_, whole))), Meant::Cut) => !whole,
        (Ok(None), Meant::Cut) => true,
        _ => false,
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn open(address: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let head = "CONNECT soak.test:80 HTTP/1.1\r\nHost: soak.test:80\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    read_head(&mut stream)
        .await?
        .starts_with("HTTP/1.1 200")
        .then_some(stream)
}
