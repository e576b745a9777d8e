//! Reading the requests of one tunnel.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::capture::catch_panic::isolated;
use crate::capture::{Framer, Recorder, Violation};
use crate::exchange::{Authority, Connection, Failure, RawHead};

use super::answer::{self, FailureDetail};
use super::co_driven::CoDriven;
use super::context::ProxyContext;
use super::forward::{Arrived, Forwarder, ResponseBody, path_of, whole};
use super::tap::io::{Tap, TapIo, Timers};
use super::target;
use super::upstream::{Protocol, Target};

/// How the serving of a tunnel ended.
pub(crate) struct Served {
    /// How many requests were read.
    pub(crate) requests: u64,
    /// What ended it, when that was no orderly end.
    pub(crate) error: Option<hyper::Error>,
}

/// Serves the requests that come in a tunnel to `authority`, until it ends.
///
/// What the future holds is what an idle tunnel costs. So the parts are put together before it
/// begins, and what a request needs is boxed and goes with the request.
pub(crate) fn serve<S>(
    shared: &Arc<ProxyContext>,
    stream: S,
    connection: Connection,
    protocol: Protocol,
    authority: Authority,
) -> impl Future<Output = Served> + Send + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.settings.limits;
    let timers = Timers {
        head: limits.request_head,
        idle: limits.client_idle,
        rest: limits.keep_alive,
        stall: limits.client_stall,
    };
    let framer = Framer::requests(limits.capture.head_bytes, limits.capture.head_fields);
    let (io, tap) = TapIo::server(stream, framer, timers);
    let requests = Arc::new(AtomicU64::new(0));
    let co_driven = CoDriven::default();
    let forwarder = Forwarder::new(Arc::clone(shared), connection, Some(tap.clone()))
        .driven_by(co_driven.clone());
    let tunnel = Arc::new(TunnelService {
        forwarder,
        target: Target {
            protocol,
            authority,
        },
        tap,
        requests: Arc::clone(&requests),
        recorder: shared.recorder.clone(),
    });
    let service = service_fn({
        let tunnel = Arc::clone(&tunnel);
        move |request| {
            let tunnel = Arc::clone(&tunnel);
            Box::pin(async move { Ok::<_, Infallible>(tunnel.answer(request).await) })
        }
    });
    let connection = http1::Builder::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .max_headers(limits.capture.head_fields + 1)
        .max_header_size(limits.capture.head_bytes + 1)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = Box::pin(connection);
    let stop = shared.stop.clone();
    async move {
        let served = async {
            tokio::select! {
                outcome = connection.as_mut() => outcome,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        let outcome = co_driven.beside(served).await;
        if let Err(error) = &outcome {
            tracing::debug!("a client connection ended with: {error:?}");
        }
        tunnel.record_leftovers();
        Served {
            requests: requests.load(Ordering::Relaxed),
            error: outcome.err(),
        }
    }
}

struct TunnelService {
    forwarder: Forwarder<Incoming>,
    target: Target,
    tap: Tap,
    requests: Arc<AtomicU64>,
    recorder: Recorder,
}

impl TunnelService {
    async fn answer(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let answered = isolated(&self.recorder, self.call(request)).await;
        answered.unwrap_or_else(|| {
            let detail = "a fault ended the request";
            answer::failure(Failure::Internal, detail).map(whole)
        })
    }

    async fn call(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let earlier = self.requests.fetch_add(1, Ordering::Relaxed);
        let agent = request.headers().get(http::header::USER_AGENT);
        if earlier == 0
            && let Some(Ok(agent)) = agent.map(http::HeaderValue::to_str)
        {
            self.forwarder.note_agent(agent);
        }
        let Some(head) = self.tap.take_head() else {
            let nothing = Arrived::regrouped(RawHead::default(), Instant::now());
            let detail = "the request's head was not seen";
            return self
                .forwarder
                .refuse(nothing, self.url("/"), Failure::Internal, detail);
        };
        let refused = head.refused.clone();
        let arrived = Arrived::from(head);
        if let Some(violation) = refused {
            return self.refuse(arrived, &violation);
        }
        let url = self.url(path_of(request.uri()));
        if let Err((failure, detail)) = self.check(&request) {
            return self.forwarder.refuse(arrived, url, failure, &detail);
        }
        self.forwarder
            .forward(request, arrived, self.target.clone(), url)
            .await
    }

    fn refuse(&self, arrived: Arrived, violation: &Violation) -> Response<ResponseBody> {
        let url = self.refused_url(&arrived);
        let (failure, detail) = (answer::refusal(violation), violation.to_string());
        self.forwarder.refuse(arrived, url, failure, &detail)
    }

    /// The CONNECT request alone says where a tunnel leads: a request that names another host
    /// is refused (RFC 9110 section 15.5.20).
    fn check(&self, request: &Request<Incoming>) -> Result<(), FailureDetail> {
        if request.method() == Method::CONNECT {
            let detail = "a CONNECT inside a tunnel is not served".to_owned();
            return Err((Failure::BadRequest, detail));
        }
        let host = request.headers().get(http::header::HOST);
        let names = [
            host.and_then(|host| host.to_str().ok()),
            request.uri().authority().map(http::uri::Authority::as_str),
        ];
        let default_port = if self.target.protocol == Protocol::Http {
            80
        } else {
            443
        };
        // Most say what is known without being read.
        let own = |name: &&str| *name != self.target.authority.host || name.contains(':');
        for name in names.into_iter().flatten().filter(own) {
            let asked = target::authority(name, Some(default_port))
                .map_err(|why| (Failure::BadRequest, format!("the host {name:?}: {why}")))?;
            let same_port = asked.port == self.target.authority.port || !name.contains(':');
            if asked.host != self.target.authority.host || !same_port {
                let tunnel = &self.target.authority;
                let detail = format!("the tunnel leads to {tunnel}, the request names {asked}");
                return Err((Failure::Misdirected, detail));
            }
        }
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        self.target.protocol.url(&self.target.authority, path)
    }

    fn refused_url(&self, arrived: &Arrived) -> String {
        let target = std::str::from_utf8(arrived.raw.target().unwrap_or_default());
        let path = target.ok().filter(|target| target.starts_with('/'));
        self.url(path.unwrap_or("/"))
    }

    /// Heads that no request was made of: cut short by the client, or refused by hyper.
    fn record_leftovers(&self) {
        while let Some(head) = self.tap.take_head() {
            let violation = head.refused.clone();
            let detail = violation.map_or("it is not HTTP/1.1".to_owned(), |why| why.to_string());
            let arrived = Arrived::from(head);
            let url = self.refused_url(&arrived);
            drop(
                self.forwarder
                    .refuse(arrived, url, Failure::BadRequest, &detail),
            );
        }
    }
}
