//! One request through the proxy: CONNECT, TLS, HTTP/1.1, and redirects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
    LOCATION, RANGE, REFERER, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::{PullError, PullEvent, Step};

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
pub(super) struct Ask<'a> {
    pub(super) step: Step,
    pub(super) accept: &'a [&'static str],
    pub(super) authorization: Option<&'a str>,
    /// The first byte wanted.
    pub(super) from: Option<u64>,
}

/// A response head, and the content to come.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) step: Step,
    pub(super) host: String,
    response: Response<Incoming>,
}

/// Trusts one CA, and no other.
pub(super) fn connector(ca_pem: &str) -> Result<TlsConnector, PullError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| PullError::Ca(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| PullError::Ca(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(PullError::Ca("there is none in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PullError::Ca(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl Http<'_> {
    /// Sends a request, and follows where it leads. The token goes to no other host.
    pub(super) async fn get(&self, url: &Url, ask: Ask<'_>) -> Result<Answer, PullError> {
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
            if target.host_str() != url.host_str() {
                ask.authorization = None;
            }
            // As Go's client: not from a secure page to an insecure one.
            referer = (url.scheme() == target.scheme()).then_some(url);
            url = target;
        }
        Err(PullError::Unusable {
            step: ask.step,
            host: host(&url),
            reason: format!("more than {MAX_REDIRECTS} redirects"),
        })
    }

    async fn send(
        &self,
        url: &Url,
        ask: &Ask<'_>,
        referer: Option<&Url>,
    ) -> Result<Answer, PullError> {
        let exchange = async {
            let tcp = TcpStream::connect(self.proxy).await;
            let mut tcp = tcp.map_err(|source| PullError::Connect {
                proxy: self.proxy,
                source,
            })?;
            if url.scheme() == "http" {
                return self.exchange(tcp, url.as_str(), url, ask, referer).await;
            }
            self.open_tunnel(&mut tcp, url).await?;
            let name = ServerName::try_from(host(url)).map_err(|error| PullError::Refused {
                host: host(url),
                answer: error.to_string(),
            })?;
            let tls = self
                .tls
                .connect(name, tcp)
                .await
                .map_err(|source| PullError::Tls {
                    host: host(url),
                    source,
                })?;
            let target = match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            };
            self.exchange(tls, &target, url, ask, referer).await
        };
        let response =
            timeout(HEAD_TIMEOUT, exchange)
                .await
                .map_err(|_| PullError::Timeout {
                    step: ask.step,
                    host: host(url),
                })??;
        (self.tell)(PullEvent::Answered {
            step: ask.step,
            host: host(url),
            status: response.status().as_u16(),
        });
        Ok(Answer {
            step: ask.step,
            host: host(url),
            response,
        })
    }

    async fn open_tunnel(&self, tcp: &mut TcpStream, url: &Url) -> Result<(), PullError> {
        let refused = |answer: String| PullError::Refused {
            host: host(url),
            answer,
        };
        let authority = format!(
            "{}:{}",
            host(url),
            url.port_or_known_default().unwrap_or(443)
        );
        let connect = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {AGENT}\r\n\r\n"
        );
        let mut answer = Vec::new();
        let exchange = async {
            tcp.write_all(connect.as_bytes()).await?;
            // The server does not speak before we do: nothing follows the head.
            while !answer.ends_with(b"\r\n\r\n") && answer.len() < MAX_CONNECT_ANSWER {
                if tcp.read_buf(&mut answer).await? == 0 {
                    break;
                }
            }
            Ok::<_, std::io::Error>(())
        };
        exchange.await.map_err(|error| refused(error.to_string()))?;
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(&answer) {
            Ok(httparse::Status::Complete(_)) if head.code == Some(200) => Ok(()),
            _ => {
                let line = String::from_utf8_lossy(&answer);
                Err(refused(words(line.lines().next().unwrap_or_default())))
            }
        }
    }

    async fn exchange<S>(
        &self,
        io: S,
        target: &str,
        url: &Url,
        ask: &Ask<'_>,
        referer: Option<&Url>,
    ) -> Result<Response<Incoming>, PullError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |source| PullError::Http {
            step: ask.step,
            host: host(url),
            source,
        };
        let request = request(target, url, ask, referer).map_err(|error| PullError::Unusable {
            step: ask.step,
            host: host(url),
            reason: error.to_string(),
        })?;
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

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The challenges it brings.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &str> {
        let values = self
            .response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .into_iter();
        values.filter_map(|value| value.to_str().ok())
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
            Ok(Err(error)) => Err(PullError::Unusable {
                step,
                host,
                reason: error.to_string(),
            }),
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
        PullError::Unusable {
            step: self.step,
            host: self.host.clone(),
            reason: reason.into(),
        }
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
    ask: &Ask<'_>,
    referer: Option<&Url>,
) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut headers = HeaderMap::new();
    let host = match url.port() {
        Some(port) => format!("{}:{port}", host(url)),
        None => host(url),
    };
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
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(target)
        .body(Empty::new())?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The message of a registry's error, or the beginning of any other text.
fn message(content: &[u8]) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    let message = json
        .as_ref()
        .and_then(|json| json.pointer("/errors/0/message")?.as_str());
    let text = match message {
        Some(message) => words(message),
        None => words(&String::from_utf8_lossy(content)),
    };
    (!text.is_empty()).then_some(text)
}

/// Text of a server's, fit to be shown: one line, without control characters, not too long.
fn words(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_MESSAGE)
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

const AGENT: &str = concat!("pullscope-demo/", env!("CARGO_PKG_VERSION"));
const MAX_REDIRECTS: usize = 10;
const MAX_CONNECT_ANSWER: usize = 16 * 1024;
const MAX_CONTENT: usize = 4 * 1024 * 1024;
const MAX_MESSAGE: usize = 300;

/// From the connection to the end of the response head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// For all of a document.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_made_fit_to_show() {
        let error = br#"{"errors":[{"code":"X","message":"no\u001b[31m such\nthing"}]}"#;
        assert_eq!(message(error).as_deref(), Some("no [31m such thing"));
        assert_eq!(message(b"<p>hi</p>").as_deref(), Some("<p>hi</p>"));
        assert_eq!(message(b" \n"), None);
        assert_eq!(
            message("x".repeat(999).as_bytes()).unwrap().len(),
            MAX_MESSAGE
        );
    }
}
