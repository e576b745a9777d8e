//! From a target to a stream that is ready to be spoken on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::base::cause;
use crate::base::lock::lock;
use crate::capture::{PhaseMarks, Recorder};
use crate::exchange::{Authority, Failure, RawHead, Upstream, Verification};
use crate::proxy::answer::FailureDetail;
use crate::proxy::read_ahead::{GatheringReader, ReadAhead};
use crate::proxy::settings::Settings;

use super::dial;
use super::route::{ForwardProxy, Protocol, Target, Via};
use super::tls::{self, UpstreamTls, UpstreamTlsError};
use super::vet::Vet;

/// Opens connections to servers.
pub(crate) struct Connector {
    settings: Arc<Settings>,
    tls: UpstreamTls,
    lookups: Semaphore,
    recorder: Recorder,
    own: SocketAddr,
    /// Sent to upstream proxies, so that a request that comes back is recognised.
    via_token: String,
}

/// An attempt to connect, and what is known of it.
pub(crate) struct Connecting {
    /// The stream, or why there is none.
    pub(crate) outcome: Result<Connected, FailureDetail>,
    /// For the trace.
    pub(crate) upstream: Upstream,
    /// How long it took: `dns`, `connect` and `ssl`.
    pub(crate) phases: PhaseMarks,
}

/// A connection.
pub(crate) struct Connected {
    /// The stream.
    pub(crate) stream: ServerStream,
    /// Set when the connection leads to an upstream proxy that is to forward plain HTTP.
    pub(crate) forward_proxy: Option<ForwardProxy>,
}

/// A stream to a server, without TLS or with it.
pub(crate) type ServerStream =
    Either<TcpStream, Box<GatheringReader<TlsStream<ReadAhead<TcpStream>>>>>;

/// One attempt, gathering what it learns.
struct Attempt<'a> {
    connector: &'a Connector,
    target: &'a Target,
    upstream: Upstream,
    phases: PhaseMarks,
}

impl Connector {
    pub(crate) fn new(
        settings: Arc<Settings>,
        recorder: Recorder,
        own: SocketAddr,
        via_token: String,
    ) -> Result<Self, UpstreamTlsError> {
        let tls = UpstreamTls::new(&settings)?;
        let lookups = Semaphore::new(settings.limits.lookups);
        Ok(Self {
            settings,
            tls,
            lookups,
            recorder,
            own,
            via_token,
        })
    }

    /// Connects on behalf of a client.
    pub(crate) async fn connect(&self, target: &Target, client: SocketAddr) -> Connecting {
        let mut attempt = Attempt {
            connector: self,
            target,
            upstream: Upstream {
                socket: self.recorder.next_socket(),
                ..Upstream::default()
            },
            phases: PhaseMarks::default(),
        };
        let outcome = attempt.run(client).await;
        Connecting {
            outcome,
            upstream: attempt.upstream,
            phases: attempt.phases,
        }
    }
}

impl Attempt<'_> {
    async fn run(&mut self, client: SocketAddr) -> Result<Connected, FailureDetail> {
        let settings = &self.connector.settings;
        let host = &self.target.authority.host;
        let mapped = settings
            .connect_to
            .iter()
            .find_map(|rule| rule.apply(&self.target.authority));
        let listed = settings
            .allowed_targets
            .iter()
            .any(|hosts| hosts.matches(host));
        let mut vet = Vet {
            own: self.connector.own,
            private: client.ip().to_canonical().is_loopback() || listed,
            named: mapped.is_some(),
        };
        // An override says where the server is: going through a proxy would not get there.
        let via = match &mapped {
            Some(_) => None,
            None => settings
                .upstream_proxy
                .for_target(self.target)
                .map_err(|error| (Failure::UpstreamProxy, error.to_string()))?,
        };
        if let Some(via) = via {
            vet.named = true;
            self.upstream.via = Some(format!("http://{}", via.authority));
            let stream = self.dial(&via.authority, vet).await?;
            if self.target.protocol == Protocol::Http {
                let credentials = via.credentials;
                return Ok(Connected {
                    stream: Either::Left(stream),
                    forward_proxy: Some(ForwardProxy { credentials }),
                });
            }
            let stream = self.tunnel(stream, &via).await?;
            return self.finish(stream).await;
        }
        let dialled = mapped.as_ref().unwrap_or(&self.target.authority);
        let stream = self.dial(dialled, vet).await?;
        self.finish(stream).await
    }

    async fn dial(&mut self, to: &Authority, vet: Vet) -> Result<TcpStream, FailureDetail> {
        let limits = &self.connector.settings.limits;
        let dialled = dial::dial(to, vet, limits, &self.connector.lookups).await;
        self.upstream.address = dialled.address;
        self.phases.dns = dialled.dns;
        self.phases.connect = dialled.tcp;
        let stream = dialled.outcome?;
        self.upstream.local = stream.local_addr().ok();
        Ok(stream)
    }

    /// Asks an upstream proxy for a tunnel.
    async fn tunnel(
        &mut self,
        mut stream: TcpStream,
        via: &Via,
    ) -> Result<TcpStream, FailureDetail> {
        let began = Instant::now();
        let target = &self.target.authority;
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
        head.extend_from_slice(format!("Via: {}\r\n", self.connector.via_token).as_bytes());
        if let Some(credentials) = &via.credentials {
            head.extend_from_slice(b"Proxy-Authorization: ");
            head.extend_from_slice(credentials.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let limits = &self.connector.settings.limits;
        let asked = async {
            stream.write_all(&head).await?;
            read_head(&mut stream, limits.capture.head_bytes).await
        };
        let outcome = timeout(limits.upstream_handshake, asked).await;
        self.add_connect(began.elapsed());
        let through = |detail| format!("asking the proxy {} for a tunnel: {detail}", via.authority);
        let fail = |detail: String| Err((Failure::UpstreamProxy, through(detail)));
        match outcome {
            Ok(Ok(answer)) => match answer.status() {
                Some(200..=299) => Ok(stream),
                Some(status) => {
                    let reason = String::from_utf8_lossy(answer.reason()).into_owned();
                    fail(format!("it answered {status} {reason}"))
                }
                None => fail("its answer is not HTTP".to_owned()),
            },
            Ok(Err(error)) => fail(cause::innermost(&error)),
            Err(_) => {
                let detail = format!("no answer within {} s", limits.upstream_handshake.as_secs());
                Err((Failure::Timeout, through(detail)))
            }
        }
    }

    /// Puts TLS on top, where the target wants it.
    async fn finish(&mut self, stream: TcpStream) -> Result<Connected, FailureDetail> {
        if self.target.protocol != Protocol::Https {
            return Ok(Connected::to(Either::Left(stream)));
        }
        let host = &self.target.authority.host;
        let name = ServerName::try_from(host.clone())
            .map_err(|_| (Failure::Tls, format!("{host} is not a name TLS can verify")))?;
        let (config, seen) = self.connector.tls.config(host);
        let limit = self.connector.settings.limits.upstream_handshake;
        let began = Instant::now();
        let stream = ReadAhead::new(stream, BytesMut::new());
        let outcome = timeout(limit, TlsConnector::from(config).connect(name, stream)).await;
        self.phases.ssl = Some(began.elapsed());
        self.add_connect(began.elapsed());
        let presented = lock(&seen).clone();
        self.upstream.certificates = presented.chain.into();
        self.upstream.verification = presented.verification;
        match outcome {
            Ok(Ok(stream)) => {
                self.upstream.tls = tls::session(stream.get_ref().1);
                let stream = Box::new(GatheringReader::new(stream));
                Ok(Connected::to(Either::Right(stream)))
            }
            Ok(Err(error)) => Err((Failure::Tls, self.tls_problem(&cause::innermost(&error)))),
            Err(_) => {
                let seconds = limit.as_secs();
                let detail = format!("no TLS handshake with {host} within {seconds} s");
                Err((Failure::Timeout, detail))
            }
        }
    }

    fn tls_problem(&self, error: &str) -> String {
        let host = &self.target.authority.host;
        match &self.upstream.verification {
            Some(Verification::Rejected { reason }) => {
                format!("the certificate that {host} presents is not valid: {reason}")
            }
            _ => format!("TLS handshake with {host}: {error}"),
        }
    }

    fn add_connect(&mut self, more: Duration) {
        *self.phases.connect.get_or_insert_default() += more;
    }
}

impl Connected {
    fn to(stream: ServerStream) -> Self {
        Self {
            stream,
            forward_proxy: None,
        }
    }
}

/// Reads byte by byte up to the empty line, so that nothing of the tunnel is taken.
async fn read_head(stream: &mut TcpStream, limit: usize) -> io::Result<RawHead> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= limit {
            return Err(io::Error::other("its answer's head is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(RawHead::new(head))
}
