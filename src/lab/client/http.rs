//! One request, and the redirects it leads to.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
    LOCATION, RANGE, REFERER, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::{Position, Url};

use super::message::message;
use super::profile::ClientHabit;
use super::tunnel::{self, host};
use super::{ClientProfile, PullError, PullEvent, PullStep};
use crate::base::lock::lock;

/// Makes requests on behalf of one pull.
pub(super) struct Http<'a> {
    pub(super) proxy: SocketAddr,
    pub(super) tls: &'a TlsConnector,
    pub(super) profile: ClientProfile,
    pub(super) tell: &'a (dyn Fn(PullEvent) + Send + Sync),
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    /// Connections to be used again, by scheme and authority.
    pub(super) idle: Mutex<Vec<(String, SendRequest<Full<Bytes>>)>>,
}

/// What is asked for, and with what.
#[derive(Clone, Debug)]
pub(super) struct Fetch<'a> {
    pub(super) step: PullStep,
    pub(super) method: Method,
    /// The type of what is asked for by its digest.
    pub(super) announced: Option<&'a str>,
    pub(super) authorization: Option<String>,
    pub(super) range: Option<String>,
    /// Type and content of what is sent.
    pub(super) content: Option<(&'static str, Bytes)>,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(step: PullStep) -> Self {
        Self {
            step,
            method: Method::GET,
            announced: None,
            authorization: None,
            range: None,
            content: None,
        }
    }

    pub(super) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    pub(super) fn announced(self, announced: Option<&'a str>) -> Self {
        Self { announced, ..self }
    }
}

/// A response head, and the content to come.
#[derive(Debug)]
pub(super) struct ServerAnswer {
    pub(super) step: PullStep,
    pub(super) host: String,
    response: Response<Incoming>,
}

impl Http<'_> {
    /// Sends a request, and follows where it leads. The token goes to no other host.
    pub(super) async fn send(&self, url: &Url, ask: Fetch<'_>) -> Result<ServerAnswer, PullError> {
        let mut url = url.clone();
        let mut ask = ask;
        let mut referer = None;
        for _ in 0..MAX_REDIRECTS {
            let answer = self.one(&url, &ask, referer.as_ref()).await?;
            let Some(location) = answer.redirect() else {
                return Ok(answer);
            };
            let target = url
                .join(&location)
                .map_err(|error| answer.unusable(format!("Location '{location}': {error}")))?;
            if (target.scheme(), target.host_str()) != (url.scheme(), url.host_str()) {
                ask.authorization = None;
            }
            // As Go's client: not from a secure page to an insecure one.
            referer = (url.scheme() == target.scheme()).then_some(url);
            url = target;
        }
        let reason = format!("more than {MAX_REDIRECTS} redirects");
        Err(PullError::unusable(ask.step, host(&url), reason))
    }

    async fn one(
        &self,
        url: &Url,
        ask: &Fetch<'_>,
        referer: Option<&Url>,
    ) -> Result<ServerAnswer, PullError> {
        let exchange = async {
            let target = match url.scheme() {
                "http" => url.as_str(),
                _ => &url[Position::BeforePath..Position::AfterQuery],
            };
            let request = self
                .request(target, url, ask, referer)
                .map_err(|error| PullError::unusable(ask.step, host(url), error.to_string()))?;
            let mut sender = self.connection(url, ask.step).await?;
            let response = sender.send_request(request).await;
            let response = response.map_err(|error| failed(ask.step, url, error))?;
            if self.profile.row.does(ClientHabit::KeepAlive) {
                lock(&self.idle).push((origin(url), sender));
            }
            Ok(response)
        };
        let (step, host) = (ask.step, host(url));
        let Ok(response) = timeout(HEAD_TIMEOUT, exchange).await else {
            return Err(PullError::Timeout { step, host });
        };
        let answer = ServerAnswer {
            step,
            host,
            response: response?,
        };
        (self.tell)(PullEvent::Answered {
            step,
            host: answer.host.clone(),
            status: answer.status().as_u16(),
        });
        Ok(answer)
    }

    /// A connection that is free, or a new one.
    async fn connection(
        &self,
        url: &Url,
        step: PullStep,
    ) -> Result<SendRequest<Full<Bytes>>, PullError> {
        let free = {
            let mut idle = lock(&self.idle);
            idle.retain(|(_, sender)| !sender.is_closed());
            let origin = origin(url);
            let found = idle
                .iter()
                .position(|(at, sender)| *at == origin && sender.is_ready());
            found.map(|at| idle.swap_remove(at).1)
        };
        if let Some(sender) = free {
            return Ok(sender);
        }
        let tcp = TcpStream::connect(self.proxy).await;
        let tcp = tcp.map_err(|source| PullError::Connect {
            proxy: self.proxy,
            source,
        })?;
        // Otherwise the end of the TLS handshake waits for an acknowledgement that comes late.
        tcp.set_nodelay(true).ok();
        if url.scheme() == "http" {
            return self.handshake(tcp, url, step).await;
        }
        let tls = tunnel::open(tcp, self.tls, url).await?;
        self.handshake(tls, url, step).await
    }

    async fn handshake<S>(
        &self,
        io: S,
        url: &Url,
        step: PullStep,
    ) -> Result<SendRequest<Full<Bytes>>, PullError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(io))
            .await
            .map_err(|error| failed(step, url, error))?;
        let driven = self.stop.clone().run_until_cancelled_owned(connection);
        // An error here is seen by whoever reads the response.
        self.tasks.spawn(driven);
        Ok(sender)
    }

    fn request(
        &self,
        target: &str,
        url: &Url,
        ask: &Fetch<'_>,
        referer: Option<&Url>,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut own = self.profile.fields(ask.step, ask.announced)?;
        if let Some(authorization) = &ask.authorization {
            let mut value = HeaderValue::try_from(authorization)?;
            value.set_sensitive(true);
            own.push((AUTHORIZATION, value));
        }
        if let Some((media_type, _)) = &ask.content {
            own.push((CONTENT_TYPE, HeaderValue::from_static(media_type)));
        }
        if let Some(range) = &ask.range {
            own.push((RANGE, HeaderValue::try_from(range)?));
        }
        if let Some(referer) = referer {
            own.push((REFERER, HeaderValue::try_from(referer.as_str())?));
        }
        own.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        let mut headers = HeaderMap::new();
        let host = &url[Position::BeforeHost..Position::AfterPort];
        headers.insert(HOST, HeaderValue::try_from(host)?);
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(self.profile.agent(ask.step)),
        );
        for (name, value) in own {
            headers.append(name, value);
        }
        // As Go's transport: it adds this where it can undo it.
        let undone = ask.range.is_none() && ask.method != Method::HEAD;
        if self.profile.row.does(ClientHabit::Gzip)
            && undone
            && !headers.contains_key(ACCEPT_ENCODING)
        {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if !self.profile.row.does(ClientHabit::KeepAlive) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let content = ask.content.as_ref().map(|(_, content)| content.clone());
        let request = Request::builder().method(ask.method.clone()).uri(target);
        let mut request = request.body(Full::new(content.unwrap_or_default()))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

fn failed(step: PullStep, url: &Url, error: hyper::Error) -> PullError {
    PullError::Http {
        step,
        host: host(url),
        source: error.into(),
    }
}

/// Where a connection leads.
fn origin(url: &Url) -> String {
    url[..Position::BeforePath].to_owned()
}

impl ServerAnswer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The challenges it brings.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &[u8]> {
        let values = self.response.headers().get_all(WWW_AUTHENTICATE);
        values.into_iter().map(HeaderValue::as_bytes)
    }

    /// The media type of the content, without parameters.
    pub(super) fn media_type(&self) -> &str {
        let value = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// The content, where it is what was asked for.
    pub(super) fn into_body(self) -> Incoming {
        self.response.into_body()
    }

    /// All of the content, up to a limit.
    pub(super) async fn content(self) -> Result<Bytes, PullError> {
        let (step, host) = (self.step, self.host);
        let body = Limited::new(self.response.into_body(), MAX_CONTENT);
        let content = timeout(CONTENT_TIMEOUT, body.collect()).await;
        match content {
            Ok(Ok(content)) => Ok(content.to_bytes()),
            Ok(Err(error)) => Err(PullError::unusable(step, host, error.to_string())),
            Err(_) => Err(PullError::Timeout { step, host }),
        }
    }

    /// The answer as an error, in the server's words.
    pub(super) async fn into_error(self) -> PullError {
        let (step, host, status) = (self.step, self.host.clone(), self.status());
        match self.content().await {
            Err(error) => error,
            Ok(content) => PullError::Status {
                step,
                host,
                status: status.as_u16(),
                message: message(&content).unwrap_or_else(|| status.to_string()),
            },
        }
    }

    pub(super) fn unusable(&self, reason: impl Into<String>) -> PullError {
        PullError::unusable(self.step, &self.host, reason)
    }

    fn redirect(&self) -> Option<String> {
        let is_redirect = matches!(self.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = self.header(LOCATION.as_str()).filter(|_| is_redirect);
        location.map(str::to_owned)
    }
}

const MAX_REDIRECTS: usize = 10;
const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// From the connection to the end of the response head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// For all of a document.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(60);
