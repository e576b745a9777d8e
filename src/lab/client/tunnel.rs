//! The way to a host: CONNECT through the proxy, and TLS in it.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

use super::PullError;
use super::message::words;

/// Trusts one CA, and no other.
pub(super) fn connector(ca_pem: &str) -> Result<TlsConnector, PullError> {
    let unfit = |error: &dyn std::error::Error| PullError::Ca(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unfit(&error))?;
        roots.add(certificate).map_err(|error| unfit(&error))?;
    }
    if roots.is_empty() {
        return Err(PullError::Ca("there is none in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Goes on from a connection to the proxy to the host of a URL.
pub(super) async fn open(
    mut tcp: TcpStream,
    tls: &TlsConnector,
    url: &Url,
) -> Result<TlsStream<TcpStream>, PullError> {
    let refused = |answer: String| PullError::Refused {
        host: host(url),
        answer,
    };
    let port = url.port_or_known_default().unwrap_or(443);
    let authority = format!("{}:{port}", host(url));
    let connect =
        format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {AGENT}\r\n\r\n");
    let mut answer = Vec::new();
    let exchange = async {
        tcp.write_all(connect.as_bytes()).await?;
        // In TLS the server does not speak first: nothing follows the head.
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < MAX_ANSWER {
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
        Ok(httparse::Status::Complete(_)) if head.code == Some(200) => {}
        _ => {
            let line = String::from_utf8_lossy(&answer);
            return Err(refused(words(line.lines().next().unwrap_or_default())));
        }
    }
    let name = ServerName::try_from(host(url)).map_err(|error| refused(error.to_string()))?;
    tls.connect(name, tcp)
        .await
        .map_err(|source| PullError::Tls {
            host: host(url),
            source,
        })
}

/// The host of a URL.
pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Who asks.
pub(super) const AGENT: &str = concat!("pullscope-demo/", env!("CARGO_PKG_VERSION"));
const MAX_ANSWER: usize = 16 * 1024;
