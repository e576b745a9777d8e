//! One request goes on to its server, and the answer comes back.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;

use crate::base::{cause, clock};
use crate::capture::hash_worker::HashWorker;
use crate::capture::{BodyEnd, DeclaredContent, Direction, FramedHead, OpenExchange, OpenTunnel};
use crate::exchange::{
    Connection, Failure, Fidelity, RawHead, RequestHead, ResponseHead, ResponseOrigin, TunnelKind,
};

use super::answer::{self, FailureDetail};
use super::co_driven::CoDriven;
use super::context::ProxyContext;
use super::headers;
use super::idle_reaper::SpeakingSocket;
use super::passthrough;
use super::tap::body::{TapBody, Watch};
use super::tap::io::{Tap, TapFault};
use super::upstream::{Connecting, Driver, Socket, Target};

/// The body of what a client is answered: the server's, watched, or a text of ours.
pub(crate) type ResponseBody = Either<TapBody<Incoming>, Full<Bytes>>;

/// The body of what a server is sent. Boxed, because hyper keeps room for 32 requests on each
/// connection to a server.
type Sent<B> = Box<TapBody<B>>;

/// A client's connection as the place its requests come from, with the one connection upstream
/// that serves them. Its requests come one after the other.
pub(crate) struct Forwarder<B: RequestBody> {
    shared: Arc<ProxyContext>,
    connection: Connection,
    /// Where the client's request bodies come through, when they are tapped.
    source: Option<Tap>,
    /// Goes with the client's socket when it leaves HTTP.
    client_socket: Option<Arc<SpeakingSocket>>,
    /// Drives the connection upstream, when the client's task does.
    co_driven: Option<CoDriven>,
    socket: Mutex<Option<Socket<Sent<B>>>>,
}

/// A request's head as it arrived.
pub(crate) struct Arrived {
    /// The bytes.
    pub(crate) raw: RawHead,
    /// How closely they follow the wire.
    pub(crate) fidelity: Fidelity,
    /// What they say of the content under them.
    pub(crate) content: DeclaredContent,
    /// When the first of them arrived.
    pub(crate) began: Instant,
}

/// Bodies that clients send.
pub(crate) trait RequestBody:
    http_body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: http_body::Body<Data = Bytes, Error: std::error::Error + Send + Sync>
        + Send
        + Unpin
        + 'static
{
}

impl Arrived {
    /// A head that was put together again from its parts.
    pub(crate) fn regrouped(raw: RawHead, began: Instant) -> Self {
        Self {
            content: DeclaredContent::of(&raw),
            raw,
            fidelity: Fidelity::Regrouped,
            began,
        }
    }
}

impl From<FramedHead> for Arrived {
    fn from(head: FramedHead) -> Self {
        Self {
            raw: head.raw,
            fidelity: Fidelity::Exact,
            content: head.content,
            began: head.began,
        }
    }
}

impl<B: RequestBody> Forwarder<B> {
    pub(crate) fn new(
        shared: Arc<ProxyContext>,
        connection: Connection,
        source: Option<Tap>,
    ) -> Self {
        Self {
            shared,
            connection,
            source,
            client_socket: None,
            co_driven: None,
            socket: Mutex::new(None),
        }
    }

    /// For a client's socket that is known at the door.
    pub(crate) fn on_socket(mut self, socket: Arc<SpeakingSocket>) -> Self {
        self.client_socket = Some(socket);
        self
    }

    /// For a client whose task drives the connection upstream as well.
    pub(crate) fn driven_by(mut self, co_driven: CoDriven) -> Self {
        self.co_driven = Some(co_driven);
        self
    }

    /// Remembers what the client calls itself.
    pub(crate) fn note_agent(&self, agent: &str) {
        let address = self.connection.client.ip();
        self.shared.agents.note(address, agent);
    }

    /// Records a request that is not forwarded, and answers it.
    pub(crate) fn refuse(
        &self,
        arrived: Arrived,
        url: String,
        failure: Failure,
        detail: &str,
    ) -> Response<ResponseBody> {
        let exchange = self.open(arrived, url);
        self.answer(&exchange, failure, detail)
    }

    /// Forwards a request and returns the response, with its body still to come.
    pub(crate) async fn forward(
        &self,
        mut request: Request<B>,
        arrived: Arrived,
        target: Target,
        url: String,
    ) -> Response<ResponseBody> {
        let content = arrived.content;
        let exchange = self.open(arrived, url);
        let client_side =
            headers::wants_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let watch = self.watch(&exchange, Direction::Request, content, self.source.clone());
        let request = request.map(|body| Box::new(TapBody::new(body, watch)));
        let request = outgoing(request, &target);
        let outcome = self.send_on(&exchange, request, target).await;
        let (mut response, tap) = match outcome {
            Ok(answered) => answered,
            Err(Some((failure, detail))) => return self.answer(&exchange, failure, &detail),
            // Nobody is there to read an answer: the exchange ends as cut off by its client.
            Err(None) => return unheard(),
        };
        if let (Some(client_side), 101) = (client_side, response.status().as_u16()) {
            let server_side = hyper::upgrade::on(&mut response);
            if let Some(source) = &self.source {
                source.switch();
            }
            self.switch(client_side, server_side);
        }
        let content = record_response(&exchange, &tap);
        let watch = self.watch(&exchange, Direction::Response, content, Some(tap));
        let length = response.headers().get(http::header::CONTENT_LENGTH);
        let states_zero = length.is_some_and(|length| length == "0");
        let mut response =
            response.map(|body| Either::Left(TapBody::new(body, watch).stating_zero(states_zero)));
        *response.version_mut() = Version::HTTP_11;
        let headers = headers::forwarded(std::mem::take(response.headers_mut()));
        // The extensions stay: they carry the case of names and the reason phrase.
        *response.headers_mut() = headers;
        response
    }

    fn open(&self, arrived: Arrived, url: String) -> Arc<OpenExchange> {
        let request = RequestHead {
            url,
            head: arrived.raw,
            fidelity: arrived.fidelity,
        };
        Arc::new(OpenExchange::open(
            &self.shared.recorder,
            self.connection.clone(),
            request,
            arrived.began,
            self.source.as_ref().map(Tap::at_work),
        ))
    }

    /// Prepares to note a body; `source` is the tap its bytes come through.
    fn watch(
        &self,
        exchange: &Arc<OpenExchange>,
        direction: Direction,
        content: DeclaredContent,
        source: Option<Tap>,
    ) -> Watch {
        let meter = exchange.meter(&self.shared.policy, direction, content);
        let (recorder, tasks) = (exchange.recorder().clone(), self.shared.tasks.clone());
        Watch {
            exchange: Arc::clone(exchange),
            direction,
            worker: HashWorker::new(meter, recorder, tasks),
            source,
        }
    }

    /// Sends the request on the connection at hand, or on a new one.
    async fn send_on(
        &self,
        exchange: &Arc<OpenExchange>,
        mut request: Request<Sent<B>>,
        target: Target,
    ) -> Result<(Response<Incoming>, Tap), Option<FailureDetail>> {
        let mut slot = self.socket.lock().await;
        let usable = slot
            .as_ref()
            .is_some_and(|socket| socket.target == target && !socket.sender.is_closed());
        if usable && let Some(socket) = slot.as_mut() {
            // A server may close a resting connection at any moment: if nothing of the request
            // has left, it goes out on a new one.
            socket.upstream.reused = true;
            exchange.set_upstream(socket.upstream.clone());
            match self.send(exchange, socket, request).await {
                Ok(response) => return Ok((response, socket.tap.clone())),
                Err((error, Some(unsent))) if !error.is_user() => request = *unsent,
                Err((error, _)) => {
                    let why = self.why(&error, &socket.tap);
                    *slot = None;
                    return Err(why);
                }
            }
        }
        *slot = None;
        let socket = slot.insert(self.connect(exchange, target).await.map_err(Some)?);
        match self.send(exchange, socket, request).await {
            Ok(response) => Ok((response, socket.tap.clone())),
            Err((error, _)) => {
                let why = self.why(&error, &socket.tap);
                *slot = None;
                Err(why)
            }
        }
    }

    async fn connect(
        &self,
        exchange: &OpenExchange,
        target: Target,
    ) -> Result<Socket<Sent<B>>, FailureDetail> {
        let shared = &self.shared;
        let client = self.connection.client;
        let Connecting {
            outcome,
            upstream,
            phases,
        } = shared.connector.connect(&target, client).await;
        exchange.set_upstream(upstream.clone());
        exchange.phases(|known| *known = phases);
        let driver = match &self.co_driven {
            Some(co_driven) => Driver::CoDriven(co_driven),
            None => Driver::Task(&shared.tasks),
        };
        Socket::open(target, outcome?, upstream, &shared.settings.limits, driver)
            .await
            .map_err(|error| (Failure::Internal, error.to_string()))
    }

    async fn send(
        &self,
        exchange: &OpenExchange,
        socket: &mut Socket<Sent<B>>,
        request: Request<Sent<B>>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Box<Request<Sent<B>>>>)> {
        if let Err(error) = socket.sender.ready().await {
            return Err((error, Some(Box::new(request))));
        }
        let mut request = request;
        if let Some(proxy) = &socket.forward_proxy {
            let token = HeaderValue::from_str(&self.shared.via_token).ok();
            let credentials = proxy.credentials.as_ref();
            through_proxy(&mut request, &socket.target, credentials, token);
        }
        exchange.phases(|phases| phases.send_start = Some(Instant::now()));
        socket.tap.expect(request.method().as_str());
        let outcome = socket.sender.try_send_request(request).await;
        let sent = socket.tap.last_write();
        exchange.phases(|phases| phases.send_end = sent);
        outcome.map_err(|mut error| {
            let unsent = error.take_message().map(Box::new);
            (error.into_error(), unsent)
        })
    }

    /// After 101 both connections leave HTTP: what follows is passed on unread.
    fn switch(&self, client: hyper::upgrade::OnUpgrade, server: hyper::upgrade::OnUpgrade) {
        let shared = Arc::clone(&self.shared);
        let connection = self.connection.clone();
        let client_socket = self.client_socket.clone();
        // The client's task ends with HTTP; what is left of the connection upstream does not.
        if let Some(work) = self.co_driven.as_ref().and_then(CoDriven::take) {
            self.shared.tasks.spawn(work);
        }
        self.shared.tasks.spawn(async move {
            let _kept = client_socket;
            let tunnel = OpenTunnel::open(&shared.recorder, connection, TunnelKind::Upgraded);
            let relayed = async {
                match tokio::try_join!(client, server) {
                    Ok((client, server)) => {
                        let (client, server) = (TokioIo::new(client), TokioIo::new(server));
                        passthrough::relay(client, server, &tunnel, &shared).await
                    }
                    Err(error) => {
                        passthrough::failed(Failure::NoResponse, &cause::innermost(&error))
                    }
                }
            };
            if let Some(ending) = passthrough::ending(&shared, relayed).await {
                tunnel.end(ending);
            }
        });
    }

    /// Why no response came, as far as the taps and hyper know; `None` when the client has gone.
    fn why(&self, error: &hyper::Error, tap: &Tap) -> Option<FailureDetail> {
        let client = || self.source.as_ref().and_then(Tap::fault);
        Some(match tap.fault() {
            Some(TapFault::Refused(violation)) => (Failure::BadResponse, violation.to_string()),
            Some(fault @ (TapFault::Idle(_) | TapFault::Stalled(_))) => {
                let detail = format!("while its answer was awaited, {fault}");
                (Failure::Timeout, detail)
            }
            // What hyper calls the user is the source of the request's body.
            None if error.is_user() => match client()? {
                TapFault::Refused(violation) => (Failure::BadRequest, violation.to_string()),
                fault => (Failure::RequestTimeout, fault.to_string()),
            },
            None if error.is_parse() => (Failure::BadResponse, cause::innermost(error)),
            None => (Failure::NoResponse, cause::innermost(error)),
        })
    }

    fn answer(
        &self,
        exchange: &OpenExchange,
        failure: Failure,
        detail: &str,
    ) -> Response<ResponseBody> {
        exchange.fail(failure, detail);
        let response = answer::failure(failure, detail);
        let head = answer::head_of(&response);
        let content = DeclaredContent::of(&head);
        exchange.set_response(ResponseHead {
            at: clock::now(),
            head,
            interim: Vec::new(),
            origin: ResponseOrigin::Pullscope,
        });
        let mut meter = exchange.meter(&self.shared.policy, Direction::Response, content);
        meter.update(response.body());
        exchange.passed(Direction::Response, response.body().len() as u64);
        exchange.end_body(Direction::Response, meter.finish(true), BodyEnd::Whole);
        response.map(whole)
    }
}

/// The request as it goes to the server: same method, target and fields, hop-by-hop ones apart. The
/// extensions stay: they carry the case of names.
fn outgoing<B>(mut request: Request<B>, target: &Target) -> Request<B> {
    *request.uri_mut() = origin_form(request.uri());
    *request.version_mut() = Version::HTTP_11;
    let mut headers = headers::forwarded(std::mem::take(request.headers_mut()));
    if !headers.contains_key(http::header::HOST)
        && let Ok(host) = target.authority.in_url(target.protocol.as_str()).parse()
    {
        // HTTP/1.0 does without; the server must not.
        headers.insert(http::header::HOST, host);
    }
    *request.headers_mut() = headers;
    request
}

/// The path and the query, as a request line has them.
pub(crate) fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

fn origin_form(uri: &Uri) -> Uri {
    path_of(uri)
        .parse()
        .unwrap_or_else(|_| Uri::from_static("/"))
}

/// A plain-HTTP request to another proxy names its server in the request line.
fn through_proxy<B>(
    request: &mut Request<B>,
    target: &Target,
    credentials: Option<&HeaderValue>,
    via: Option<HeaderValue>,
) {
    let path = path_of(request.uri());
    let absolute = format!("http://{}{path}", target.authority.in_url("http"));
    if let Ok(uri) = absolute.parse() {
        *request.uri_mut() = uri;
    }
    if let Some(credentials) = credentials {
        let name = http::header::PROXY_AUTHORIZATION;
        request.headers_mut().insert(name, credentials.clone());
    }
    if let Some(via) = via {
        request.headers_mut().append(http::header::VIA, via);
    }
}

/// Records the final head and the interim ones before it; says what content is to come.
fn record_response(exchange: &OpenExchange, tap: &Tap) -> DeclaredContent {
    let mut interim = Vec::new();
    while let Some(head) = tap.take_head() {
        if matches!(head.status, Some(100 | 102..=199)) {
            interim.push(head.raw);
            continue;
        }
        exchange.phases(|phases| phases.first_byte = Some(head.began));
        exchange.set_response(ResponseHead {
            at: clock::at(head.ended),
            head: head.raw,
            interim,
            origin: ResponseOrigin::Upstream,
        });
        return head.content.answering(head.status);
    }
    DeclaredContent::default()
}

/// What hyper is given when there is no client left to send anything to.
fn unheard() -> Response<ResponseBody> {
    answer::failure(Failure::BadRequest, "the request was cut off").map(whole)
}

/// A body that is there already.
pub(crate) fn whole(text: Bytes) -> ResponseBody {
    Either::Right(Full::new(text))
}
