//! What happens after a CONNECT was answered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use crate::base::lock::lock;
use crate::base::{cause, clock};
use crate::capture::{OpenTunnel, record_failed_handshake};
use crate::exchange::{
    Authority, Connection, Ending, Failure, HandshakeFailed, Rejection, Side, TlsSession,
    TunnelKind,
};

use super::context::ProxyContext;
use super::passthrough;
use super::read_ahead::ReadAhead;
use super::serve::{Served, serve};
use super::sniff::{Speech, sniff};
use super::upstream::{Protocol, Target, tls_session};

/// A tunnel that a client has opened.
pub(crate) struct ConnectTunnel {
    pub(crate) shared: Arc<ProxyContext>,
    pub(crate) connection: Connection,
    pub(crate) target: Authority,
}

impl ConnectTunnel {
    /// Serves the tunnel until it ends, or until everything is to stop.
    pub(crate) async fn run(self, stream: TcpStream, already: Bytes) {
        let abort = self.shared.abort.clone();
        tokio::select! {
            () = self.intercept(stream, already) => {}
            () = abort.cancelled() => {}
        }
    }

    async fn intercept(self, stream: TcpStream, already: Bytes) {
        let limit = self.shared.settings.limits.sniff;
        let (speech, stream) = match sniff(stream, already, limit).await {
            Ok(sniffed) => sniffed,
            Err(error) => return self.unused(Side::Client, &error.to_string()),
        };
        match speech {
            Speech::Tls if self.is_plain().await => Box::pin(self.pass(stream)).await,
            Speech::Tls => self.accept_tls(stream).await,
            Speech::Http => {
                let Self {
                    shared,
                    connection,
                    target,
                } = self;
                Box::pin(serve(&shared, stream, connection, Protocol::Http, target)).await;
            }
            Speech::Opaque => Box::pin(self.pass(stream)).await,
            Speech::Silence => self.unused(Side::Client, "nothing was sent in the tunnel"),
        }
    }

    /// Whether the server speaks no TLS on this port. A client that goes on without TLS then does so
    /// because the handshake fails, as it must here too. On port 443 nobody is asked.
    async fn is_plain(&self) -> bool {
        let (shared, authority) = (&self.shared, self.target.clone());
        if authority.port == 443 || lock(&shared.secure).contains(&authority) {
            return false;
        }
        let protocol = Protocol::Https;
        let target = Target {
            protocol,
            authority,
        };
        let asked = shared.connector.connect(&target, self.connection.client);
        match timeout(PATIENCE, asked).await.map(|asked| asked.outcome) {
            Ok(Err((Failure::Tls, detail))) => detail.ends_with(cause::NO_TLS),
            Ok(Ok(_)) => {
                lock(&shared.secure).put(target.authority, ());
                false
            }
            _ => false,
        }
    }

    async fn accept_tls(mut self, stream: ReadAhead<TcpStream>) {
        // Boxed: an idle tunnel is to hold nothing of how it began.
        let accepted = Box::pin(self.shake_hands(stream)).await;
        let Accepted {
            serving,
            name,
            process,
        } = match accepted {
            Ok(accepted) => accepted,
            Err((rejection, process)) => {
                return handshake_failed(&self.shared, self.connection, rejection, process);
            }
        };
        let served = serving.await;
        if served.requests > 0 {
            self.shared.peers.accepted(&name);
        }
        after_tls(&self.shared, self.connection, &served, process);
    }

    /// Ends TLS with a certificate of ours, and prepares to serve what comes in it.
    async fn shake_hands(
        &mut self,
        stream: ReadAhead<TcpStream>,
    ) -> Result<Accepted, (Rejection, Option<String>)> {
        let limits = &self.shared.settings.limits;
        let began = Instant::now();
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let start = match timeout(limits.sniff, hello).await {
            Ok(Ok(start)) => start,
            Ok(Err(error)) => return Err((rejection(&error), None)),
            Err(_) => return Err((Rejection::Timeout, None)),
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_owned);
        let offered = hello.alpn().into_iter().flatten();
        let offered = offered
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let name = sni.clone().unwrap_or_else(|| self.target.host.clone());
        self.connection.sni = sni;
        let config = match self.shared.authority.server_config(&name) {
            Ok(config) => config,
            Err(error) => {
                let detail = error.to_string();
                return Err((Rejection::Protocol { detail }, None));
            }
        };
        let looked = Instant::now();
        let (shared, client) = (&self.shared, self.connection.client);
        let looking = shared.peers.look(&shared.tasks, &name, client, shared.own);
        let process = looking.await;
        let began = began + looked.elapsed();
        let stream = match timeout(limits.client_handshake, start.into_stream(config)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                self.shared.peers.refused(&name);
                return Err((rejection(&error), process));
            }
            Err(_) => return Err((Rejection::Timeout, process)),
        };
        self.connection.handshake = Some(began.elapsed());
        self.connection.tls = tls_session(stream.get_ref().1)
            .map(|agreed| Arc::new(TlsSession { offered, ..agreed }));
        let (connection, target) = (self.connection.clone(), self.target.clone());
        let serving = serve(&self.shared, stream, connection, Protocol::Https, target);
        Ok(Accepted {
            serving: Box::pin(serving),
            name,
            process,
        })
    }

    /// Passes on bytes that are neither TLS nor HTTP.
    async fn pass<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let Self {
            shared,
            connection,
            target,
        } = self;
        let opened = passthrough::connect(&shared, &connection, &target, TunnelKind::Opaque).await;
        if let Ok((server, tunnel)) = opened {
            let ending = passthrough::relay(stream, server, &tunnel, &shared).await;
            tunnel.end(ending);
        }
    }

    fn unused(self, by: Side, detail: &str) {
        let Self {
            shared, connection, ..
        } = self;
        let tunnel = OpenTunnel::open(&shared.recorder, connection, TunnelKind::Unused);
        tunnel.end(Ending::Aborted {
            by,
            detail: detail.to_owned(),
        });
    }
}

/// A client whose TLS ends here.
struct Accepted {
    /// Serves its requests.
    serving: Pin<Box<dyn Future<Output = Served> + Send>>,
    /// The host that the certificate is for.
    name: String,
    /// The local program, where it was looked up.
    process: Option<String>,
}

/// A client may say only with its first read that it does not trust us, or never use the tunnel.
fn after_tls(
    shared: &ProxyContext,
    connection: Connection,
    served: &Served,
    process: Option<String>,
) {
    if served.requests > 0 {
        return;
    }
    if let Some(error) = &served.error
        && let Some(alert) = alert_in(error)
    {
        return handshake_failed(shared, connection, alert, process);
    }
    let tunnel = OpenTunnel::open(&shared.recorder, connection, TunnelKind::Unused);
    tunnel.end(match &served.error {
        None => Ending::Complete,
        // Who leaves with something unread resets the connection.
        Some(error) if is_gone(error) => Ending::Aborted {
            by: Side::Client,
            detail: cause::innermost(error),
        },
        Some(error) => passthrough::failed(Failure::BadRequest, &cause::innermost(error)),
    });
}

fn handshake_failed(
    shared: &ProxyContext,
    connection: Connection,
    rejection: Rejection,
    process: Option<String>,
) {
    let failed = HandshakeFailed {
        at: clock::now(),
        rejection,
        process,
        earlier: shared.agents.only(connection.client.ip()),
        connection,
    };
    record_failed_handshake(&shared.recorder, failed);
}

fn rejection(error: &io::Error) -> Rejection {
    if let Some(alert) = alert_in(error) {
        return alert;
    }
    if is_gone(error) {
        return Rejection::Closed;
    }
    Rejection::Protocol {
        detail: cause::innermost(error),
    }
}

/// Whether the client closed or reset the connection.
fn is_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let io = causes.find_map(|cause| cause.downcast_ref::<io::Error>());
    let gone = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ];
    io.is_some_and(|io| gone.contains(&io.kind()))
}

/// The TLS alert that stands at the root of an error.
fn alert_in(error: &(dyn std::error::Error + 'static)) -> Option<Rejection> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An io::Error's source is the source of what it wraps: the wrapped error is asked too.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = error
            .downcast_ref::<rustls::Error>()
            .or_else(|| wrapped.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(rustls::Error::AlertReceived(alert)) = tls {
            return Some(Rejection::alert(u8::from(*alert)));
        }
        cause = error.source();
    }
    None
}

/// How long a server is asked whether it speaks TLS, before that is left to the first request.
const PATIENCE: Duration = Duration::from_secs(3);
