//! Name lookups and TCP connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::base::cause;
use crate::exchange::{Authority, Failure};
use crate::proxy::answer::FailureDetail;
use crate::proxy::limits::Limits;

use super::vet::Vet;

/// An attempt to open a TCP connection.
pub(super) struct Dialled {
    /// The connection, or why there is none.
    pub(super) outcome: Result<TcpStream, FailureDetail>,
    /// Which address it was about, as far as it came to one.
    pub(super) address: Option<SocketAddr>,
    /// How long the lookup took, and connecting.
    pub(super) dns: Option<Duration>,
    pub(super) tcp: Option<Duration>,
}

/// Looks the host up, vets every address, and connects to the first that answers. The address
/// that was vetted is the address that is dialled.
pub(super) async fn dial(
    to: &Authority,
    vet: Vet,
    limits: &Limits,
    lookups: &Semaphore,
) -> Dialled {
    let began = Instant::now();
    let literal = to.host.parse::<IpAddr>().ok();
    let found = match literal {
        Some(ip) => Ok(vec![SocketAddr::new(ip, to.port)]),
        None => lookup(to, limits, lookups).await,
    };
    let dns = literal.is_none().then(|| began.elapsed());
    let undialled = |why, address| Dialled {
        outcome: Err(why),
        address,
        dns,
        tcp: None,
    };
    let found = match found {
        Ok(found) => found,
        Err(why) => return undialled(why, None),
    };
    let mut refused = None;
    let mut addresses = Vec::with_capacity(found.len());
    for address in found {
        match vet.check(address) {
            Ok(()) => addresses.push(address),
            Err(why) => refused = Some((why, address)),
        }
    }
    let Some(first) = addresses.first().copied() else {
        return match refused {
            Some((why, address)) => undialled(why, Some(address)),
            None => undialled((Failure::Dns, format!("{} has no address", to.host)), None),
        };
    };

    let began = Instant::now();
    let (outcome, address) = match timeout(limits.connect, race(addresses)).await {
        Ok(Ok((stream, address))) => {
            // Nagle's algorithm would add a delayed acknowledgement to every small message.
            let _ = stream.set_nodelay(true);
            (Ok(stream), address)
        }
        Ok(Err((address, error))) => {
            let detail = format!("connecting to {address}: {}", cause::innermost(&error));
            (Err((Failure::Connect, detail)), address)
        }
        Err(_) => {
            let seconds = limits.connect.as_secs();
            let detail = format!("no connection to {to} within {seconds} s");
            (Err((Failure::Timeout, detail)), first)
        }
    };
    Dialled {
        outcome,
        address: Some(address),
        dns,
        tcp: Some(began.elapsed()),
    }
}

async fn lookup(
    to: &Authority,
    limits: &Limits,
    lookups: &Semaphore,
) -> Result<Vec<SocketAddr>, FailureDetail> {
    let work = async {
        // getaddrinfo occupies a thread: a resolver that hangs must not take all of them.
        let _permit = lookups.acquire().await;
        tokio::net::lookup_host((to.host.as_str(), to.port))
            .await
            .map(Iterator::collect)
    };
    match timeout(limits.dns, work).await {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => {
            let why = cause::innermost(&error);
            Err((Failure::Dns, format!("looking up {}: {why}", to.host)))
        }
        Err(_) => {
            let seconds = limits.dns.as_secs();
            let detail = format!("no answer to the lookup of {} within {seconds} s", to.host);
            Err((Failure::Timeout, detail))
        }
    }
}

/// Tries the addresses in order, starting the next when one fails or takes its time (RFC 8305).
async fn race(
    addresses: Vec<SocketAddr>,
) -> Result<(TcpStream, SocketAddr), (SocketAddr, io::Error)> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut first_error = None;
    let attempt = |address: SocketAddr| async move {
        TcpStream::connect(address)
            .await
            .map(|stream| (stream, address))
            .map_err(|e| (address, e))
    };
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(attempt(address));
        } else if attempts.is_empty() {
            let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
            return Err(first_error.unwrap_or((nowhere, io::ErrorKind::NotFound.into())));
        }
        tokio::select! {
            Some(outcome) = attempts.next() => match outcome {
                Ok(connected) => return Ok(connected),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// How long an attempt is alone before the next one joins it.
const HEAD_START: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn vet() -> Vet {
        Vet {
            own: SocketAddr::from(([127, 0, 0, 1], 1)),
            private: true,
            named: false,
        }
    }

    async fn try_dial(host: &str, port: u16) -> Dialled {
        let to = Authority {
            host: host.into(),
            port,
        };
        dial(&to, vet(), &Limits::default(), &Semaphore::new(1)).await
    }

    #[tokio::test]
    async fn an_address_needs_no_lookup() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dialled = try_dial("127.0.0.1", address.port()).await;
        assert_eq!(dialled.address, Some(address));
        assert_eq!(dialled.dns, None);
        assert!(dialled.outcome.unwrap().nodelay().unwrap());
    }

    #[tokio::test]
    async fn failures_name_their_kind() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = listener.local_addr().unwrap().port();
        drop(listener);
        let failure = |dialled: Dialled| dialled.outcome.err().unwrap().0;
        assert_eq!(failure(try_dial("127.0.0.1", free).await), Failure::Connect);
        assert_eq!(failure(try_dial("nowhere.invalid", 1).await), Failure::Dns);
        assert_eq!(failure(try_dial("127.0.0.1", 1).await), Failure::Loop);
        assert_eq!(
            failure(try_dial("169.254.169.254", 80).await),
            Failure::Forbidden
        );
    }

    #[tokio::test]
    async fn a_second_address_is_tried_when_the_first_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let bad = SocketAddr::from(([127, 0, 0, 2], good.port()));
        let (_, address) = race(vec![bad, good]).await.unwrap();
        assert_eq!(address, good);
    }
}
