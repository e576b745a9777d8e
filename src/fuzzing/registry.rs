//! What registries, token servers and stores say, and what clients ask of them.

use std::net::SocketAddr;

use jiff::Timestamp;
use url::Url;

use crate::exchange::{
    Body, Capture, Connection, ConnectionId, Exchange, ExchangeId, Fidelity, RawHead, RequestHead,
    ResponseHead, ResponseOrigin,
};
use crate::redact::Redactor;
use crate::registry::{
    Challenge, Client, Descriptor, Digest, Document, Endpoint, ImageConfig, InMemoryOnly,
    MediaType, RateLimit, Reading, Redirect, Reference, Scope, SignedUrl, Token, TokenAnswer,
    TokenRequest, errors,
};

/// `WWW-Authenticate`.
pub(super) fn challenge(bytes: &[u8]) {
    for challenge in Challenge::read_all(bytes.split(|&b| b == b'\n')) {
        let _ = (challenge.realm(), challenge.scopes(), challenge.error());
        for scope in challenge.scopes() {
            let _ = scope.allows("library/alpine", "pull");
        }
    }
}

/// Manifests, indexes, image configurations, error lists.
pub(super) fn document(bytes: &[u8]) {
    let document = Document::read(bytes);
    let _ = document.stated_type();
    for descriptor in document.descriptors() {
        let _ = (
            descriptor.attests(),
            descriptor.lazy_format(),
            descriptor.is_foreign(),
        );
    }
    match &document {
        Document::Index(index) => drop(index.images().count()),
        Document::Manifest(manifest) => {
            let _ = (manifest.layers_size(), manifest.artifact());
        }
        _ => {}
    }
    if let Some(config) = ImageConfig::read(bytes) {
        for layer in 0..8 {
            let _ = config.maker(layer);
        }
    }
    let _ = errors::read(bytes);
    if let Ok(value) = serde_json::from_slice(bytes) {
        let _ = Descriptor::read(&value);
    }
}

/// Tokens, and the answers they come in.
pub(super) fn token(bytes: &[u8]) {
    if let Some(answer) = TokenAnswer::read(bytes) {
        let _ = (answer.lifetime(), answer.granted());
    }
    let token = Token::read(&String::from_utf8_lossy(bytes));
    if let Some(jwt) = token.jwt() {
        let _ = format!("{jwt:?}");
    }
}

/// URLs: endpoints, signatures, redirects, requests for tokens.
pub(super) fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (url, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(url) = Url::parse(url) else {
        return;
    };
    if let Some(endpoint) = Endpoint::read(&url) {
        let _ = (
            endpoint.is_well_formed(),
            endpoint.reference().map(Reference::tag),
        );
    }
    let _ = SignedUrl::read(&url);
    let _ = Redirect::read(307, &url, rest);
    let form = Some(rest.as_bytes());
    for method in ["GET", "POST"] {
        if let Some(request) = TokenRequest::read(method, &url, Some(rest), form) {
            let _ = request.main_scope();
        }
    }
}

/// Words that stand in fields and paths.
pub(super) fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let reference = Reference::read(&text);
    let _ = (reference.tag(), reference.is_auxiliary());
    if let Some(digest) = Reference::read_digest(&text).digest() {
        assert_eq!(digest.to_string().parse::<Digest>().as_ref(), Ok(digest));
        let _ = digest.short();
    }
    let kind = MediaType::read(&text);
    let _ = (kind.class(), kind.short().len());
    let _ = (Scope::read_list(&text), Client::read(&text).label());
    let head =
        format!("HTTP/1.1 429 Slow\r\nratelimit-limit: {text}\r\nretry-after: {text}\r\n\r\n");
    let _ = RateLimit::read(&RawHead::new(head).parse(), None);
}

/// A whole exchange: URL, request head, request body, response head and response body, a NUL
/// between any two.
pub(super) fn exchange(bytes: &[u8]) {
    let mut parts = bytes.splitn(5, |&b| b == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (url, request, sent, response, received) = (part(), part(), part(), part(), part());
    let connection = Connection {
        id: ConnectionId(1),
        client: SocketAddr::from(([127, 0, 0, 1], 1)),
        opened: Timestamp::UNIX_EPOCH,
        target: None,
        connect_head: None,
        connect_fidelity: Fidelity::Exact,
        sni: None,
        tls: None,
        handshake: None,
    };
    let mut exchange = Exchange::new(ExchangeId(1), Timestamp::UNIX_EPOCH, connection);
    exchange.request = Some(RequestHead {
        url: String::from_utf8_lossy(url).into_owned(),
        head: RawHead::new(request),
        fidelity: Fidelity::Exact,
    });
    exchange.response = Some(ResponseHead {
        at: Timestamp::UNIX_EPOCH,
        head: RawHead::new(response),
        interim: Vec::new(),
        origin: ResponseOrigin::Upstream,
    });
    exchange.request_body = Some(body(sent));
    exchange.response_body = Some(body(received));
    look(&exchange);
    look(&Redactor::new().exchange(exchange));
}

fn look(exchange: &Exchange) {
    let reading = Reading::of(exchange, &InMemoryOnly);
    let _ = (
        reading.kind(exchange),
        reading.repository(),
        reading.range_start(),
    );
    let _ = (
        reading.digests.agree(),
        reading.is_upload(),
        reading.server_time(),
    );
}

fn body(bytes: &[u8]) -> Body {
    Body {
        size: bytes.len() as u64,
        complete: true,
        capture: Capture::Memory {
            bytes: bytes.to_vec().into(),
        },
        ..Body::default()
    }
}
