//! A token server as the distribution project describes it: it answers Bearer challenges.
//!
//! Anyone may pull; pushing takes [`USER`] and [`PASSWORD`]. Tokens are ES256, their signer's
//! certificate in `x5c`, as docker-registry 2.8 verifies them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pullscope::base::clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::pki::Identity;

/// The name the token server goes by.
pub(crate) const HOST: &str = "auth.pullscope.test";
/// What tokens are for: the registry's `service`.
pub(crate) const SERVICE: &str = "registry.pullscope.test";
/// Who may push.
pub(crate) const USER: &str = "pusher";
/// By which password.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

const LIFETIME: Duration = Duration::from_secs(300);

/// Signs tokens.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    certificate: String,
}

/// A running token server; it ends with the runtime it runs on.
pub(crate) struct TokenServer {
    pub(crate) address: SocketAddr,
    pub(crate) signer: Arc<Signer>,
}

impl Signer {
    pub(crate) fn new(identity: &Identity) -> Self {
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &identity.key.serialize_der(),
        );
        Self {
            key: key.expect("the key is ECDSA P-256"),
            certificate: BASE64.encode(&identity.certificate),
        }
    }

    /// A token for these scopes, such as `repository:library/tiny:pull`.
    pub(crate) fn token(&self, subject: &str, scopes: &[String]) -> String {
        let now = clock::now().as_second();
        let access: Vec<_> = scopes.iter().filter_map(|scope| access(scope)).collect();
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": HOST, "sub": subject, "aud": SERVICE, "jti": format!("{now}-{}", scopes.len()),
            "iat": now, "nbf": now - 10, "exp": now + LIFETIME.as_secs().cast_signed(),
            "access": access,
        });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("the key signs");
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

/// A scope as the `access` claim has it: the type is left of the first colon, the actions are
/// right of the last.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<_> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

impl TokenServer {
    /// Starts it on a free port.
    pub(crate) fn start(runtime: &Handle, identity: &Identity, signer: Signer) -> Self {
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let signer = Arc::new(signer);
        let acceptor = TlsAcceptor::from(identity.server());
        runtime.spawn(serve(listener, acceptor, Arc::clone(&signer)));
        Self { address, signer }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, signer: Arc<Signer>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, signer) = (acceptor.clone(), Arc::clone(&signer));
        connections.spawn(async move {
            // A client that breaks off is that client's test.
            let Ok(stream) = acceptor.accept(socket).await else {
                return;
            };
            let service = service_fn(move |request| {
                let response = answer(&request, &signer);
                async move { Ok::<_, std::convert::Infallible>(response) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(request: &Request<Incoming>, signer: &Signer) -> Response<Full<Bytes>> {
    if request.method() != http::Method::GET || request.uri().path() != "/token" {
        return reply(
            StatusCode::NOT_FOUND,
            &json!({"details": "no such endpoint"}),
        );
    }
    let query = request.uri().query().unwrap_or_default();
    let asked = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "scope")
        .map(|(_, scope)| scope.into_owned());
    let (subject, scopes): (_, Vec<String>) = match request.headers().get(header::AUTHORIZATION) {
        None => ("", asked.map(|scope| only_pull(&scope)).collect()),
        Some(given) if given.as_bytes() == basic().as_bytes() => (USER, asked.collect()),
        Some(_) => {
            let body = json!({"details": "incorrect username or password"});
            return reply(StatusCode::UNAUTHORIZED, &body);
        }
    };
    let token = signer.token(subject, &scopes);
    let body = json!({"token": token, "access_token": token, "expires_in": LIFETIME.as_secs()});
    reply(StatusCode::OK, &body)
}

/// What of a scope anyone gets.
fn only_pull(scope: &str) -> String {
    match scope.rsplit_once(':') {
        Some((name, actions)) if actions.split(',').any(|action| action == "pull") => {
            format!("{name}:pull")
        }
        _ => String::new(),
    }
}

/// The `Authorization` of who may push.
fn basic() -> String {
    format!(
        "Basic {}",
        BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes())
    )
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
        .expect("the parts are valid")
}
