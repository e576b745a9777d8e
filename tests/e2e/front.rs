//! A server before the registry that answers some requests itself, and passes all others on.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::registry::{self, exchange};
use crate::site::{Site, Upstream};

/// What it answers itself: requests whose path contains one of these, by this status and these words.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) paths: &'static [&'static str],
    pub(crate) status: StatusCode,
    pub(crate) says: &'static str,
}

/// A site with such a server before its registry; it ends with the site.
pub(crate) struct Fronted<'a> {
    site: &'a Site,
    address: SocketAddr,
}

impl<'a> Fronted<'a> {
    /// Starts it on a free port.
    pub(crate) fn start(site: &'a Site, refusal: Refusal) -> Self {
        let bound = site.runtime().block_on(TcpListener::bind(("127.0.0.1", 0)));
        let listener = bound.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let acceptor = TlsAcceptor::from(site.pki.identity(registry::HOST).server());
        let to = (site.registry.address, site.pki.client());
        site.runtime().spawn(serve(listener, acceptor, to, refusal));
        Self { site, address }
    }
}

impl Upstream for Fronted<'_> {
    fn dir(&self) -> &Path {
        self.site.dir()
    }

    fn root(&self) -> &Path {
        self.site.root()
    }

    fn connect_to(&self) -> Vec<String> {
        let own = format!("{}:443:{}", registry::HOST, self.address);
        let others = self.site.connect_to().into_iter();
        let others = others.filter(|mapping| !mapping.starts_with(registry::HOST));
        [own].into_iter().chain(others).collect()
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    to: (SocketAddr, Arc<ClientConfig>),
    refusal: Refusal,
) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, to) = (acceptor.clone(), to.clone());
        connections.spawn(async move {
            // A client that breaks off is that client's test.
            let Ok(stream) = acceptor.accept(socket).await else {
                return;
            };
            let service = service_fn(move |request| answer(request, to.clone(), refusal));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    (address, tls): (SocketAddr, Arc<ClientConfig>),
    refusal: Refusal,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let asked = request.uri().path();
    if refusal.paths.iter().any(|path| asked.contains(path)) {
        let answer = Response::builder().status(refusal.status);
        let answer = answer.header("Content-Type", "application/json");
        return Ok(answer.body(Full::from(refusal.says))?);
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Request::from_parts(head, Full::from(body));
    Ok(exchange(address, tls, request).await?.map(Full::from))
}
