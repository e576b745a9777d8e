//! A running lab, and a client that sees every byte of its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use pullscope::base::clock;
use pullscope::lab::{Clock, Era, Lab, LabOptions, Provider, Replay};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A lab whose clock can be set forward.
pub(crate) struct Fixture {
    pub(crate) lab: Lab,
    tls: TlsConnector,
    ahead: Arc<AtomicI64>,
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Fixture {
    pub(crate) async fn new(faults: &[&str]) -> Self {
        Self::of(Era::Article, faults).await
    }

    pub(crate) async fn of(era: Era, faults: &[&str]) -> Self {
        Self::with(|options| {
            options.era = era;
            options.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        })
        .await
    }

    pub(crate) async fn replaying(replay: Replay) -> Self {
        Self::with(|options| options.replay = Some(replay)).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut LabOptions)) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let seconds = ahead.clone();
        let mut options = LabOptions::new(Clock::new(move || {
            clock::system() + SignedDuration::from_secs(seconds.load(Ordering::SeqCst))
        }));
        change(&mut options);
        let lab = Lab::start(options).await.unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(lab.ca_pem().as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            lab,
            tls: TlsConnector::from(Arc::new(config)),
            ahead,
        }
    }

    /// Sets the lab's clock forward.
    pub(crate) fn wait(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A TLS connection to a host of the lab.
    pub(crate) async fn connect(&self, host: &str) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.lab.address()).await.unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        self.tls.connect(name, tcp).await.unwrap()
    }

    /// Sends a request on a connection of its own, and reads until the lab closes it.
    pub(crate) async fn send(&self, host: &str, request: &str, is_head: bool) -> Answer {
        let mut io = self.connect(host).await;
        io.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let read = io.read_to_end(&mut bytes);
        // A download that is broken off on purpose is no error here.
        let _ = tokio::time::timeout(Duration::from_secs(30), read)
            .await
            .expect("an answer");
        Answer::parse(&bytes, is_head)
    }

    /// Asks for an `https://` URL.
    pub(crate) async fn ask(&self, method: &str, url: &str, fields: &[(&str, &str)]) -> Answer {
        let (host, target) = split(url);
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("Connection: close\r\n\r\n");
        self.send(host, &request, method == "HEAD").await
    }

    pub(crate) async fn get(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask("GET", url, fields).await
    }

    /// An `Authorization` value for the provider's image.
    pub(crate) async fn bearer(&self, provider: Provider) -> String {
        let scope = format!("repository:{}:pull", self.image(provider).repository);
        self.bearer_for(provider, &scope).await
    }

    /// An `Authorization` value for a scope.
    pub(crate) async fn bearer_for(&self, provider: Provider, scope: &str) -> String {
        let (realm, service, _) = tokens(provider);
        let token = self
            .get(&format!("{realm}?scope={scope}&service={service}"), &[])
            .await;
        assert_eq!(token.status, 200, "{token:?}");
        format!("Bearer {}", token.json()["token"].as_str().unwrap())
    }

    pub(crate) fn image(&self, provider: Provider) -> pullscope::lab::LabImage {
        let mut images = self.lab.images().iter();
        *images.find(|image| image.provider == provider).unwrap()
    }

    /// The URL of the provider's tag.
    pub(crate) fn tag_url(&self, provider: Provider) -> String {
        let image = self.image(provider);
        format!(
            "https://{}/v2/{}/manifests/{}",
            image.registry, image.repository, image.tag
        )
    }

    /// The URL of something in the provider's repository.
    pub(crate) fn url(&self, provider: Provider, rest: &str) -> String {
        let image = self.image(provider);
        format!("https://{}/v2/{}/{rest}", image.registry, image.repository)
    }

    /// The manifest for linux/amd64, with the `Authorization` it takes, if it takes one.
    pub(crate) async fn manifest(&self, provider: Provider) -> (Value, Option<String>) {
        let bearer = match provider {
            Provider::Mirror => None,
            provider => Some(self.bearer(provider).await),
        };
        let auth: Vec<_> = bearer
            .iter()
            .map(|b| ("Authorization", b.as_str()))
            .collect();
        let top = self.get(&self.tag_url(provider), &auth).await.json();
        let manifest = match top.get("manifests") {
            Some(entries) => {
                let digest = entries[0]["digest"].as_str().unwrap();
                let url = self.url(provider, &format!("manifests/{digest}"));
                self.get(&url, &auth).await.json()
            }
            None => top,
        };
        (manifest, bearer)
    }

    /// The signed URL of the provider's last layer, with the layer's digest and size.
    pub(crate) async fn layer(&self, provider: Provider) -> (String, String, usize) {
        let (manifest, bearer) = self.manifest(provider).await;
        let auth: Vec<_> = bearer
            .iter()
            .map(|b| ("Authorization", b.as_str()))
            .collect();
        let layer = manifest["layers"].as_array().unwrap().last().unwrap();
        let digest = layer["digest"].as_str().unwrap();
        let url = self.url(provider, &format!("blobs/{digest}"));
        let redirect = self.get(&url, &auth).await;
        let location = redirect.field("Location").unwrap().to_owned();
        let size = usize::try_from(layer["size"].as_u64().unwrap()).unwrap();
        (location, digest.to_owned(), size)
    }
}

impl Answer {
    fn parse(bytes: &[u8], is_head: bool) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a whole head")
            + 4;
        let (head, body) = bytes.split_at(end);
        let text = std::str::from_utf8(head).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let mut start = lines.next().unwrap().splitn(3, ' ');
        assert_eq!(start.next(), Some("HTTP/1.1"));
        let status = start.next().unwrap().parse().unwrap();
        let reason = start.next().unwrap().to_owned();
        let fields = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect();
        assert!(
            !is_head || body.is_empty(),
            "an answer to HEAD has no content"
        );
        Self {
            status,
            reason,
            fields,
            head: head.to_vec(),
            body: body.to_vec(),
        }
    }

    /// The first field with exactly this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The code of a registry's error answer.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Realm, service, and lifetime in seconds.
pub(crate) fn tokens(provider: Provider) -> (&'static str, &'static str, i64) {
    match provider {
        Provider::Hub => ("https://auth.docker.io/token", "registry.docker.io", 300),
        Provider::Gcr => ("https://gcr.io/v2/token", "gcr.io", 43_200),
        Provider::Quay => ("https://quay.io/v2/auth", "quay.io", 3_600),
        other => panic!("no token server of {other} is known here"),
    }
}

pub(crate) const WITH_TOKENS: [Provider; 3] = [Provider::Hub, Provider::Gcr, Provider::Quay];

/// Host and target of an `https://` URL.
pub(crate) fn split(url: &str) -> (&str, &str) {
    let rest = url
        .strip_prefix("https://")
        .unwrap_or_else(|| panic!("{url}"));
    rest.split_at(rest.find('/').unwrap())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut text = "sha256:".to_owned();
    for byte in digest.as_ref() {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
