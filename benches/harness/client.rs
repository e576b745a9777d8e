//! The load: connections that ask and read, as cheaply as they can.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::contender::Contender;
use crate::origin::{DOMAIN, Origin};

/// Opens connections.
#[derive(Clone)]
pub(crate) struct LoadGenerator {
    origin: u16,
    tls: TlsConnector,
}

/// A way through one contender, which tasks can own.
#[derive(Clone)]
pub(crate) struct Route {
    generator: LoadGenerator,
    proxy: Option<u16>,
}

/// One open connection.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    host: String,
    buffer: Vec<u8>,
}

impl LoadGenerator {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.port,
            tls: TlsConnector::from(Arc::new(trusting_everyone())),
        }
    }

    pub(crate) fn through(&self, contender: &Contender) -> Route {
        Route {
            generator: self.clone(),
            proxy: contender.port,
        }
    }
}

impl Route {
    /// A connection to `name` below the origin's domain.
    pub(crate) async fn open(&self, name: &str) -> Result<Connection> {
        let port = self.generator.origin;
        let host = format!("{name}.{DOMAIN}:{port}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.proxy.unwrap_or(port))).await?;
        stream.set_nodelay(true)?;
        if self.proxy.is_some() {
            let connect = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            stream.write_all(connect.as_bytes()).await?;
            let mut answer = Vec::with_capacity(512);
            while !answer.ends_with(b"\r\n\r\n") {
                let more = stream.read_buf(&mut answer).await?;
                ensure!(more > 0, "the proxy closed before it answered CONNECT");
            }
            ensure!(
                answer.starts_with(b"HTTP/1.1 200"),
                "CONNECT was answered {}",
                answer.escape_ascii()
            );
        }
        let server = ServerName::try_from(format!("{name}.{DOMAIN}"))?;
        let stream = self.generator.tls.connect(server, stream).await?;
        Ok(Connection {
            stream,
            host,
            buffer: Vec::with_capacity(BUFFER),
        })
    }
}

impl Connection {
    /// Asks for a path and reads the answer to its end; returns the length of its body.
    pub(crate) async fn get(&mut self, path: &str) -> Result<u64> {
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: docker/20.10.24\r\nAccept: \
             application/vnd.oci.image.manifest.v1+json\r\nAuthorization: Bearer {TOKEN}\r\n\
             Accept-Encoding: gzip\r\n\r\n",
            self.host
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.buffer.clear();
        let (head, length) = loop {
            let more = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(more > 0, "the connection closed before an answer");
            if let Some(found) = head_and_length(&self.buffer)? {
                break found;
            }
        };
        let mut left = (head + length).saturating_sub(self.buffer.len());
        while left > 0 {
            self.buffer.clear();
            let more = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(
                more > 0,
                "the connection closed {left} bytes before the end"
            );
            left = left.saturating_sub(more);
        }
        Ok(length as u64)
    }
}

/// How long the head is, and the body behind it, once the head is whole.
fn head_and_length(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("answered {head}");
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer states no length")?
        .1;
    Ok(Some((end + 4, length.trim().parse()?)))
}

/// Who is there is not what is measured; nothing is resumed, as Go's clients do not.
fn trusting_everyone() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let mut config = match builder.with_safe_default_protocol_versions() {
        Ok(builder) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth(),
        Err(error) => unreachable!("the provider has TLS 1.2 and 1.3: {error}"),
    };
    config.resumption = rustls::client::Resumption::disabled();
    config
}

#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

const BUFFER: usize = 256 * 1024;
/// A token of the length that Docker Hub issues.
const TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6ImxpYnJhcnkvYWxwaW5lIiwiYWN0aW9ucyI6WyJw",
    "dWxsIl19XSwiYXVkIjoicmVnaXN0cnkuZG9ja2VyLmlvIiwiZXhwIjoxNTk3MjE1NjAwLCJpc3MiOiJhdXRoLmRvY2tl",
    "ci5pbyJ9.",
    "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJl",
);
