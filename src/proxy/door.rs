//! The front door: the only place that knows hudsucker.
//!
//! hudsucker listens and reads the requests that clients make of a proxy. A CONNECT is answered
//! here and its connection taken over by [`ConnectTunnel`]; a plain-HTTP request goes through
//! [`Forwarder`]; a request to pullscope itself gets a page of help. hudsucker's own forwarding
//! is never reached.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TRANSFER_ENCODING, VIA,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hudsucker::certificate_authority::CertificateAuthority as HudsuckerAuthority;
use hudsucker::{Body, HttpContext, HttpHandler, RequestOrResponse};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use crate::base::clock;
use crate::capture::catch_panic::isolated;
use crate::exchange::{Authority, Connection, ConnectionId, Failure, RawHead, TunnelKind};

use super::answer::{self, FailureDetail};
use super::context::ProxyContext;
use super::door_head;
use super::forward::{Arrived, Forwarder, ResponseBody};
use super::idle_reaper::{AcceptedSocket, IdleReaper, SpeakingSocket};
use super::passthrough;
use super::read_ahead::ReadAhead;
use super::target;
use super::timed_body::TimedBody;
use super::tunnel::ConnectTunnel;
use super::upstream::{Protocol, Target};

/// Serves clients until `shared.stop` is cancelled and their connections have ended.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) async fn serve(shared: Arc<ProxyContext>, listener: TcpListener) -> Result<(), String> {
    // Accepted sockets inherit it: small messages must not wait for acknowledgements.
    rustix::net::sockopt::set_tcp_nodelay(&listener, true).map_err(|error| error.to_string())?;
    let stop = shared.stop.clone();
    let limits = &shared.settings.limits;
    give_up_on_stalled(&listener, limits.client_stall);
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .preserve_header_case(true)
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request_head)
        .max_headers(limits.capture.head_fields)
        .max_buf_size(limits.capture.head_bytes);
    let open = Arc::new(AtomicUsize::new(0));
    let gate_limit = limits.connections;
    let reaper = Arc::new(IdleReaper::default());
    let reaping = Arc::clone(&reaper).run(shared.own, limits.request_head, shared.stop.clone());
    shared.tasks.spawn(reaping);
    let door = hudsucker::Proxy::builder()
        .with_listener(listener)
        .with_ca(NoAuthority)
        .with_http_connector(hyper_util::client::legacy::connect::HttpConnector::new())
        .with_http_handler(FrontDoor {
            shared,
            open: Arc::clone(&open),
            reaper,
            entry: None,
        })
        .with_server(server)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .build()
        .map_err(|error| error.to_string())?;
    Gate::new(pin!(door.start()), open, gate_limit)
        .await
        .map_err(|error| error.to_string())
}

/// Has the kernel close connections whose other end accepts nothing for so long. Accepted sockets
/// inherit it. In tunnels the tap notices first; at the door there is nothing else that would.
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "only Linux has such a timer")
)]
fn give_up_on_stalled(listener: &TcpListener, limit: Duration) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(listener, millis) {
            tracing::debug!(%error, "the kernel does not time writes");
        }
    }
}

/// hudsucker clones its handler for each connection, and that clone for each request.
struct FrontDoor {
    shared: Arc<ProxyContext>,
    open: Arc<AtomicUsize>,
    reaper: Arc<IdleReaper>,
    /// The connection; `None` in the handler that all others are cloned from.
    entry: Option<Arc<ClientSocket>>,
}

/// One client connection at the door.
struct ClientSocket {
    id: ConnectionId,
    open: Arc<AtomicUsize>,
    accepted: AcceptedSocket,
    /// For plain-HTTP requests, which share the connection upstream.
    forwarder: tokio::sync::OnceCell<Forwarder<TimedBody<Body>>>,
}

impl Clone for FrontDoor {
    fn clone(&self) -> Self {
        let entry = if let Some(entry) = &self.entry {
            Arc::clone(entry)
        } else {
            self.open.fetch_add(1, Ordering::Relaxed);
            Arc::new(ClientSocket {
                id: self.shared.recorder.next_connection(),
                open: Arc::clone(&self.open),
                accepted: self.reaper.accepted(),
                forwarder: tokio::sync::OnceCell::new(),
            })
        };
        Self {
            shared: Arc::clone(&self.shared),
            open: Arc::clone(&self.open),
            reaper: Arc::clone(&self.reaper),
            entry: Some(entry),
        }
    }
}

impl Drop for ClientSocket {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HttpHandler for FrontDoor {
    async fn handle_request(
        &mut self,
        ctx: &HttpContext,
        request: Request<Body>,
    ) -> RequestOrResponse {
        let began = Instant::now();
        let response = if let Some(entry) = self.entry.clone() {
            let received = self.receive(&entry, ctx.client_addr, request, began);
            let recorder = &self.shared.recorder;
            isolated(recorder, received).await.unwrap_or_else(|| {
                let detail = "a fault ended the request";
                own(answer::failure(Failure::Internal, detail))
            })
        } else {
            let detail = "a request without a connection";
            own(answer::failure(Failure::Internal, detail))
        };
        RequestOrResponse::Response(response)
    }
}

impl FrontDoor {
    async fn receive(
        &self,
        entry: &Arc<ClientSocket>,
        client: SocketAddr,
        request: Request<Body>,
        began: Instant,
    ) -> Response<Body> {
        let socket = entry.accepted.speaks(client);
        if let Some(refusal) = self.refusal(&request) {
            return refusal;
        }
        if request.method() == Method::CONNECT {
            return self.connect(entry, client, request, socket).await;
        }
        if request.uri().scheme().is_none() {
            return self.help(&request);
        }
        let forwarder = entry
            .forwarder
            .get_or_init(|| async {
                let connection = Connection::new(entry.id, client, clock::at(began));
                Forwarder::new(Arc::clone(&self.shared), connection, None).on_socket(socket)
            })
            .await;
        let raw = head_of(&request);
        let arrived = Arrived::regrouped(raw, began);
        let url = request.uri().to_string();
        let limit = self.shared.settings.limits.client_idle;
        let request = request.map(|body| TimedBody::new(body, limit));
        match plain_target(&request) {
            Ok(target) => forwarded(forwarder.forward(request, arrived, target, url).await),
            Err((failure, detail)) => forwarded(forwarder.refuse(arrived, url, failure, &detail)),
        }
    }

    /// Refuses clients without credentials, where some are asked for, and our own requests.
    fn refusal(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let headers = request.headers();
        if let Some(wanted) = &self.shared.settings.credentials {
            // Whoever asks for the certificate knows of no proxy, and says so to a server.
            let to_us = request.uri().scheme().is_none().then_some(AUTHORIZATION);
            let mut names = to_us.into_iter().chain([PROXY_AUTHORIZATION]);
            let given = names.find_map(|name| headers.get(name));
            let given = given.map(HeaderValue::as_bytes);
            if !given.is_some_and(|given| same(given, wanted.as_bytes())) {
                let text = "pullscope: this proxy asks for credentials.\n".to_owned();
                let mut response = answer::plain(StatusCode::PROXY_AUTHENTICATION_REQUIRED, text);
                let challenge = HeaderValue::from_static("Basic realm=\"pullscope\"");
                response.headers_mut().insert(PROXY_AUTHENTICATE, challenge);
                return Some(own(response));
            }
        }
        let token = self.shared.via_token.as_bytes();
        let returns = |value: &HeaderValue| {
            value
                .as_bytes()
                .windows(token.len())
                .any(|part| part == token)
        };
        if headers.get_all(VIA).iter().any(returns) {
            let detail = "it has been through this very proxy already";
            return Some(own(answer::failure(Failure::Loop, detail)));
        }
        None
    }

    async fn connect(
        &self,
        entry: &Arc<ClientSocket>,
        client: SocketAddr,
        mut request: Request<Body>,
        socket: Arc<SpeakingSocket>,
    ) -> Response<Body> {
        let shared = &self.shared;
        let text = request
            .uri()
            .authority()
            .map_or("", http::uri::Authority::as_str);
        let target = match target::authority(text, None) {
            Ok(target) => target,
            Err(why) => {
                let detail = format!("the CONNECT target {text:?}: {why}");
                return own(answer::failure(Failure::BadRequest, &detail));
            }
        };
        let Ok(permit) = Arc::clone(&shared.tunnels).try_acquire_owned() else {
            let detail = format!("{} tunnels are open", shared.settings.limits.tunnels);
            return own(answer::failure(Failure::Overload, &detail));
        };
        let mut connection = Connection::new(entry.id, client, clock::now());
        connection.target = Some(target.clone());
        connection.connect_head = Some(head_of(&request));
        let upgrade = hyper::upgrade::on(&mut request);
        // A certificate of a host that the CA may not sign for would be refused.
        let host = &target.host;
        if shared.settings.intercepts(host) && shared.authority.identity().permits(host) {
            self.take_over(upgrade, (permit, socket), connection, target);
            return Response::new(Body::empty());
        }
        match passthrough::connect(shared, &connection, &target, TunnelKind::Passthrough).await {
            Ok((server, tunnel)) => {
                let shared = Arc::clone(shared);
                self.shared.tasks.spawn(async move {
                    let _kept = (permit, socket);
                    let Some((client, already)) = taken(upgrade).await else {
                        return;
                    };
                    let client = ReadAhead::new(client, already.into());
                    let relayed = passthrough::relay(client, server, &tunnel, &shared);
                    if let Some(ending) = passthrough::ending(&shared, relayed).await {
                        tunnel.end(ending);
                    }
                });
                Response::new(Body::empty())
            }
            Err((failure, detail)) => own(answer::failure(failure, &detail)),
        }
    }

    /// Takes the connection from hudsucker once the answer is out, and serves the tunnel.
    fn take_over(
        &self,
        upgrade: hyper::upgrade::OnUpgrade,
        kept: (OwnedSemaphorePermit, Arc<SpeakingSocket>),
        connection: Connection,
        target: Authority,
    ) {
        let tunnel = ConnectTunnel {
            shared: Arc::clone(&self.shared),
            connection,
            target,
        };
        self.shared.tasks.spawn(async move {
            let _kept = kept;
            if let Some((stream, already)) = taken(upgrade).await {
                let recorder = tunnel.shared.recorder.clone();
                isolated(&recorder, Box::pin(tunnel.run(stream, already))).await;
            }
        });
    }

    /// For those who open the proxy's address in a browser, or fetch the certificate.
    fn help(&self, request: &Request<Body>) -> Response<Body> {
        let readable = [Method::GET, Method::HEAD].contains(request.method());
        match request.uri().path() {
            "/ca.pem" if readable => {
                let pem = self.shared.authority.identity().pem().to_owned();
                let mut response = answer::plain(StatusCode::OK, pem);
                let kind = HeaderValue::from_static("application/x-pem-file");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                own(response)
            }
            "/" if readable => own(answer::plain(StatusCode::OK, help_text(self.shared.own))),
            path => {
                let text = format!(
                    "pullscope: there is nothing at {path:?}. This is a proxy: use it by \
                     HTTPS_PROXY=http://{own}, and see http://{own}/.\n",
                    own = self.shared.own
                );
                own(answer::plain(StatusCode::NOT_FOUND, text))
            }
        }
    }
}

/// The TCP stream under an upgraded connection, and what was read of it beyond the head.
async fn taken(upgrade: hyper::upgrade::OnUpgrade) -> Option<(TcpStream, Bytes)> {
    let upgraded = upgrade.await.ok()?;
    let parts = auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded).ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

fn plain_target<B>(request: &Request<B>) -> Result<Target, FailureDetail> {
    let uri = request.uri();
    let (protocol, port) = match uri.scheme_str() {
        Some("http") => (Protocol::Http, 80),
        Some("https") => (Protocol::Https, 443),
        other => {
            let detail = format!("the scheme {:?} is not served", other.unwrap_or_default());
            return Err((Failure::BadRequest, detail));
        }
    };
    let headers = request.headers();
    let lengths = headers.get_all(http::header::CONTENT_LENGTH).iter().count();
    if lengths > 1 || (lengths == 1 && headers.contains_key(TRANSFER_ENCODING)) {
        return Err((Failure::BadRequest, "its length is stated twice".to_owned()));
    }
    if headers.get_all(http::header::HOST).iter().count() > 1 {
        let detail = "it has more than one Host header".to_owned();
        return Err((Failure::BadRequest, detail));
    }
    let text = uri.authority().map_or("", http::uri::Authority::as_str);
    let read = |text: &str| {
        let refused = |why| (Failure::BadRequest, format!("the host {text:?}: {why}"));
        target::authority(text, Some(port)).map_err(refused)
    };
    let authority = read(text)?;
    if let Some(host) = headers.get(http::header::HOST) {
        // The server would believe the one, and we go to the other.
        let named = read(&String::from_utf8_lossy(host.as_bytes()))?;
        if named != authority {
            let detail = format!("its URL names {authority}, its Host header {named}");
            return Err((Failure::Misdirected, detail));
        }
    }
    Ok(Target {
        protocol,
        authority,
    })
}

/// The head of a request for the trace, which proxy credentials never enter.
fn head_of<B>(request: &Request<B>) -> RawHead {
    let head = door_head::rebuild(request);
    if !request.headers().contains_key(PROXY_AUTHORIZATION) {
        return head;
    }
    let name = PROXY_AUTHORIZATION.as_str().as_bytes();
    let secret = |line: &[u8]| {
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let kept: Vec<&[u8]> = head
        .as_bytes()
        .split_inclusive(|&b| b == b'\n')
        .filter(|line| !secret(line))
        .collect();
    RawHead::new(kept.concat())
}

/// Compares without telling by its time how much was right.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(given, wanted).is_ok()
}

fn own(response: Response<Bytes>) -> Response<Body> {
    response.map(Body::from)
}

fn forwarded(response: Response<ResponseBody>) -> Response<Body> {
    response.map(|body| {
        let body = body.map_err(|error| hudsucker::Error::Io(std::io::Error::other(error)));
        Body::from(http_body_util::combinators::BoxBody::new(body))
    })
}

fn help_text(own: SocketAddr) -> String {
    format!(
        "This is pullscope, an intercepting proxy for container registries.\n\n\
         Use it for one command:\n  \
         HTTPS_PROXY=http://{own} SSL_CERT_FILE=<system roots and /ca.pem> skopeo inspect \
         docker://docker.io/library/alpine\n\n\
         The certificate to trust: http://{own}/ca.pem\n"
    )
}

/// hudsucker asks for a certificate authority; its own interception is never used.
struct NoAuthority;

impl HudsuckerAuthority for NoAuthority {
    async fn gen_server_config(&self, _: &http::uri::Authority) -> Arc<rustls::ServerConfig> {
        // Never asked: handle_request answers every request itself. No handshake would begin.
        std::future::pending().await
    }
}

/// Holds hudsucker's accept loop still while there is no room for another connection. Without
/// it the loop spins when file descriptors run out.
struct Gate<'a, F> {
    inner: Pin<&'a mut F>,
    open: Arc<AtomicUsize>,
    limit: usize,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl<'a, F: Future> Gate<'a, F> {
    fn new(inner: Pin<&'a mut F>, open: Arc<AtomicUsize>, limit: usize) -> Self {
        Self {
            inner,
            open,
            limit,
            pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    fn has_room(&self) -> bool {
        self.open.load(Ordering::Relaxed) < self.limit
            && rustix::io::dup(rustix::stdio::stderr()).is_ok()
    }
}

impl<F: Future> Future for Gate<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.has_room() {
            return self.inner.as_mut().poll(cx);
        }
        self.pause.as_mut().reset((Instant::now() + PAUSE).into());
        // Registers for the wake-up; it cannot be over yet.
        let _ = self.pause.as_mut().poll(cx);
        Poll::Pending
    }
}

/// How long the door stays shut before it looks for room again.
const PAUSE: Duration = Duration::from_millis(50);
