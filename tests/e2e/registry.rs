//! A real registry (Debian's distribution 2.8, or distribution 3) behind TLS and tokens.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST as HOST_FIELD, LOCATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;

use crate::image::{Attested, Blob, Image, MANIFEST, OCI_MANIFEST};
use crate::pki::Pki;
use crate::process::{Process, command};
use crate::token::{self, Signer};

/// The name the registry goes by.
pub(crate) const HOST: &str = token::SERVICE;

const START: Duration = Duration::from_secs(30);

/// A running registry; dropping it kills it.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    tls: Arc<ClientConfig>,
    signer: Arc<Signer>,
    runtime: Handle,
    _process: Process,
}

impl Registry {
    /// Starts this program on a free port, everything of it in `dir`. Tokens must be signed by `pki`.
    pub(crate) fn start(
        program: &str,
        runtime: &Handle,
        dir: &Path,
        pki: &Pki,
        signer: Arc<Signer>,
    ) -> Self {
        let (crt, key) = pki.identity(HOST).write(dir, "registry");
        let config = dir.join("registry.json");
        // JSON is YAML.
        let content = serde_json::json!({
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": dir.join("registry")}},
            "http": {
                "addr": "127.0.0.1:0",
                "secret": "only for this test",
                "tls": {"certificate": crt, "key": key},
            },
            "auth": {"token": {
                "realm": format!("https://{}/token", token::HOST),
                "service": token::SERVICE,
                "issuer": token::HOST,
                "rootcertbundle": pki.pem,
            }},
        });
        fs::write(&config, content.to_string()).expect("the test's folder is writable");
        let mut command = command(program);
        command.arg("serve").arg(&config);
        // Distribution 3 sends its traces to a collector that it takes to be here.
        command.env("OTEL_TRACES_EXPORTER", "none");
        let mut process = Process::start("registry", dir, &mut command);
        let address = process.until("the port", START, |out, err| {
            listening(out).or_else(|| listening(err))
        });
        Self {
            address,
            tls: pki.client(),
            signer,
            runtime: runtime.clone(),
            _process: process,
        }
    }

    /// Stores an image, straight, past every proxy.
    pub(crate) fn store(&self, repository: &str, tag: &str, image: &Image) {
        for blob in image.blobs() {
            self.store_blob(repository, blob);
        }
        self.store_manifest(repository, tag, &image.manifest);
    }

    /// Stores an image and what is said of it, straight, past every proxy.
    pub(crate) fn store_attested(&self, repository: &str, tag: &str, attested: &Attested) {
        let image = &attested.image;
        self.store(repository, &image.manifest.digest, image);
        let [manifest, config, statement] = &attested.attestation;
        self.store_blob(repository, config);
        self.store_blob(repository, statement);
        self.store_manifest(repository, &manifest.digest, manifest);
        self.store_manifest(repository, tag, &attested.index);
    }

    fn store_manifest(&self, repository: &str, reference: &str, manifest: &Blob) {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let put = self.send(Method::PUT, &path, repository, manifest.bytes.clone());
        assert_eq!(put.status(), StatusCode::CREATED, "{put:?}");
    }

    /// Stores a blob, straight, past every proxy.
    pub(crate) fn store_blob(&self, repository: &str, blob: &Blob) {
        let path = format!("/v2/{repository}/blobs/uploads/");
        let post = self.send(Method::POST, &path, repository, Bytes::new());
        assert_eq!(post.status(), StatusCode::ACCEPTED, "{post:?}");
        let location = post.headers()[LOCATION].to_str().expect("it is a URL");
        let location: http::Uri = location.parse().expect("it is a URL");
        let path = location.path_and_query().expect("it has a path");
        let path = format!("{path}&digest={}", blob.digest);
        let put = self.send(Method::PUT, &path, repository, blob.bytes.clone());
        assert_eq!(put.status(), StatusCode::CREATED, "{put:?}");
    }

    /// The digest the registry has for a tag, straight, past every proxy.
    pub(crate) fn digest(&self, repository: &str, tag: &str) -> String {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let head = self.send(Method::HEAD, &path, repository, Bytes::new());
        assert_eq!(head.status(), StatusCode::OK, "{head:?}");
        let digest = head.headers()["docker-content-digest"].to_str();
        digest.expect("it is a digest").to_owned()
    }

    fn send(&self, method: Method, path: &str, repository: &str, body: Bytes) -> Response<Bytes> {
        let scope = format!("repository:{repository}:pull,push");
        // A manifest says itself of which type it is.
        let document: Option<Value> = serde_json::from_slice(&body).ok();
        let media_type = document
            .as_ref()
            .and_then(|document| document["mediaType"].as_str());
        let token = self.signer.token("harness", &[scope]);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST_FIELD, HOST)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header("Accept", format!("{MANIFEST}, {OCI_MANIFEST}"))
            .header(
                CONTENT_TYPE,
                media_type.unwrap_or("application/octet-stream"),
            )
            .body(Full::from(body))
            .expect("the parts are valid");
        self.runtime
            .block_on(exchange(self.address, Arc::clone(&self.tls), request))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// One request and its answer, on a connection of its own.
pub(crate) async fn exchange(
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from(HOST)?;
    let stream = TlsConnector::from(tls).connect(name, socket).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    tokio::select! {
        answer = answer => answer,
        error = connection => Err(format!("the connection ended: {error:?}").into()),
    }
}

/// The address in the registry's log line `msg="listening on 127.0.0.1:37091, tls"`.
fn listening(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening on ")?;
    let (address, _) = rest.split_once(',')?;
    address.parse().ok()
}
