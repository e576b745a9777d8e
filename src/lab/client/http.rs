//! One request, and the redirects it leads to.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
    LOCATION, RANGE, REFERER, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::{Position, Url};

use super::message::message;
use super::tunnel::{self, AGENT, host};
use super::{PullError, PullEvent, PullStep};

/// Makes requests on behalf of one pull.
pub(super) struct Http<'a> {
    pub(super) proxy: SocketAddr,
    pub(super) tls: &'a TlsConnector,
    pub(super) tell: &'a (dyn Fn(PullEvent) + Send + Sync),
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// What is asked for, and with what.
#[derive(Clone, Debug)]
pub(super) struct Fetch<'a> {
    pub(super) step: PullStep,
    pub(super) accept: &'a [&'static str],
    pub(super) authorization: Option<&'a str>,
    /// The first byte wanted.
    pub(super) from: Option<u64>,
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
    pub(super) async fn get(&self, url: &Url, ask: Fetch<'_>) -> Result<ServerAnswer, PullError> {
        let mut url = url.clone();
        let mut ask = ask;
        let mut referer = None;
        for _ in 0..MAX_REDIRECTS {
            let answer = self.send(&url, &ask, referer.as_ref()).await?;
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

    async fn send(
        &self,
        url: &Url,
        ask: &Fetch<'_>,
        referer: Option<&Url>,
    ) -> Result<ServerAnswer, PullError> {
        let exchange = async {
            let tcp = TcpStream::connect(self.proxy).await;
            let tcp = tcp.map_err(|source| PullError::Connect {
                proxy: self.proxy,
                source,
            })?;
            // Otherwise the end of the TLS handshake waits for an acknowledgement that comes late.
            tcp.set_nodelay(true).ok();
            if url.scheme() == "http" {
                return self.exchange(tcp, url.as_str(), url, ask, referer).await;
            }
            let tls = tunnel::open(tcp, self.tls, url).await?;
            let target = &url[Position::BeforePath..Position::AfterQuery];
            self.exchange(tls, target, url, ask, referer).await
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

    async fn exchange<S>(
        &self,
        io: S,
        target: &str,
        url: &Url,
        ask: &Fetch<'_>,
        referer: Option<&Url>,
    ) -> Result<Response<Incoming>, PullError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: hyper::Error| PullError::Http {
            step: ask.step,
            host: host(url),
            source: error.into(),
        };
        let request = request(target, url, ask, referer)
            .map_err(|error| PullError::unusable(ask.step, host(url), error.to_string()))?;
        let (mut sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(io))
            .await
            .map_err(failed)?;
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            // An error here is seen by whoever reads the response.
            stop.run_until_cancelled(connection).await
        });
        sender.send_request(request).await.map_err(failed)
    }
}

impl ServerAnswer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The challenges it brings.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &str> {
        let values = self.response.headers().get_all(WWW_AUTHENTICATE);
        values.into_iter().filter_map(|value| value.to_str().ok())
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

fn request(
    target: &str,
    url: &Url,
    ask: &Fetch<'_>,
    referer: Option<&Url>,
) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut headers = HeaderMap::new();
    let host = &url[Position::BeforeHost..Position::AfterPort];
    headers.insert(HOST, HeaderValue::try_from(host)?);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for media_type in ask.accept {
        headers.append(ACCEPT, HeaderValue::from_static(media_type));
    }
    if let Some(authorization) = ask.authorization {
        let mut value = HeaderValue::try_from(authorization)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(from) = ask.from {
        headers.insert(RANGE, HeaderValue::try_from(format!("bytes={from}-"))?);
    }
    if let Some(referer) = referer {
        headers.insert(REFERER, HeaderValue::try_from(referer.as_str())?);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut request = Request::get(target).body(Empty::new())?;
    *request.headers_mut() = headers;
    Ok(request)
}

const MAX_REDIRECTS: usize = 10;
const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// From the connection to the end of the response head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// For all of a document.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(60);
