//! What one exchange says, taken by itself: everything decoded, nothing judged.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::bodies::content;
use super::digest::Algorithm;
use super::endpoint::Route;
use super::errors::{self, ReportedError};
use super::time::http_date;
use super::{
    Bodies, Challenge, Class, Client, Digest, Document, Endpoint, Fingerprint, ImageConfig, Index,
    Kind, Known, Listing, MediaType, RateLimit, Redirect, TokenAnswer, TokenRequest, Warning,
};
use super::{byte_range, page, provider};
use crate::exchange::head::latin1;
use crate::exchange::{Body, Capture, Ending, Event, Exchange, RawHead, RequestHead};

/// One exchange, decoded. A part that is missing or cannot be read is absent.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// The request's method.
    pub method: Cow<'static, str>,
    /// The request's URL, when it is one.
    #[serde(skip)]
    pub url: Option<Arc<Url>>,
    /// The host, and the port where it is not the scheme's own; empty when there is none.
    pub authority: Arc<str>,
    /// Who runs the server, or which program it is, by its host or by what it answers.
    #[serde(skip)]
    pub provider: Option<&'static str>,
    /// The route of the registry API, when it is for one.
    pub endpoint: Option<Arc<Endpoint>>,
    /// The client, by its own words.
    pub client: Arc<Client>,
    /// Tells `User-Agent` fields apart; `None` without one.
    #[serde(skip)]
    pub agent: Option<Fingerprint>,
    /// The credentials the request carried.
    pub authorization: Option<Authorization>,
    /// `Range` of the request.
    pub range: Option<Box<str>>,
    /// `Referer` of the request, which Go sends along a redirect.
    #[serde(skip)]
    pub referer: Option<Box<str>>,
    /// What it asks a token server for.
    pub token_request: Option<Box<TokenRequest>>,
    /// The response's status; `None` without a response.
    #[serialize_always]
    pub status: Option<u16>,
    /// The response's `Content-Type`.
    #[serde(skip_serializing_if = "MediaType::is_empty")]
    pub content_type: MediaType,
    /// The response's `Content-Length`.
    pub content_length: Option<u64>,
    /// The whole length that `Content-Range` of a 206 states.
    pub range_total: Option<u64>,
    /// Which bytes of the whole a part (206) brings, each range by its first byte and the one after
    /// its last: by `Content-Range`, of several by the heads of the parts or, where those are not
    /// at hand, by `Range`.
    #[serde(skip)]
    pub brings: Box<[(u64, u64)]>,
    /// The response's `Content-Encoding`, unless it is `identity`.
    pub content_encoding: Option<Box<str>>,
    /// The server's clock when it answered: `Date`.
    pub date: Option<Timestamp>,
    /// `Age` in seconds: how long the answer lay in a cache (RFC 9111 section 5.1).
    pub age: Option<u32>,
    /// The challenges.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub challenges: Box<[Challenge]>,
    /// The token server's answer.
    pub token_answer: Option<Arc<TokenAnswer>>,
    /// The manifest that was served, or sent.
    pub document: Option<Document>,
    /// The page of tags or repositories that was served.
    pub listing: Option<Box<Listing>>,
    /// What refers to the manifest that was asked about.
    pub referrers: Option<Arc<Index>>,
    /// `OCI-Filters-Applied`: by what the registry has filtered its answer.
    pub filters_applied: Option<Box<str>>,
    /// The image configuration that was served.
    pub config: Option<Arc<ImageConfig>>,
    /// The words of the web page that came where none should be: with an error, or for a token.
    #[serde(skip)]
    pub page: Option<Box<str>>,
    /// The errors that were reported.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: Box<[ReportedError]>,
    /// The limits that were stated.
    pub rate_limit: Option<Box<RateLimit>>,
    /// The warnings.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub warnings: Box<[Warning]>,
    /// Where the client is sent.
    pub redirect: Option<Box<Redirect>>,
    /// `Location` of any answer, resolved: where an upload goes on, for one.
    #[serde(skip)]
    pub location: Option<Arc<str>>,
    /// `Link: …; rel="next"`, resolved: the next page of a list.
    #[serde(skip)]
    pub next_page: Option<Box<str>>,
    /// The digests that ought to be one.
    #[serde(skip_serializing_if = "Digests::is_empty")]
    pub digests: Digests,
    /// `Docker-Content-Digest` where what it says is no digest.
    #[serde(skip)]
    pub misstated_digest: Option<Box<str>>,
    /// What the first bytes of the content show.
    pub magic: Option<Magic>,
    /// Whether the answer had content that is not at hand: what it says is not known.
    #[serde(skip)]
    pub unseen: bool,
    /// How the exchange ended; `None` while it is open.
    #[serde(skip)]
    pub ending: Option<Ending>,
}

/// The credentials of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// The scheme as sent: `Basic`, `Bearer`.
    pub scheme: Arc<str>,
    /// Tells credentials apart without holding them.
    #[serde(skip)]
    pub fingerprint: Fingerprint,
}

/// What is known of the digest of a response's content.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Digests {
    /// The one in the request's URL.
    pub requested: Option<Digest>,
    /// `Docker-Content-Digest`.
    pub stated: Option<Digest>,
    /// The one computed over the decoded content, when all of it passed; over all parts put
    /// together, where this is the part (206) that completes them.
    pub computed: Option<Digest>,
}

/// What the first bytes of some content show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Magic {
    /// gzip (RFC 1952).
    Gzip,
    /// A Zstandard frame (RFC 8878).
    Zstd,
    /// An object or a list of JSON.
    Json,
    /// A page for people.
    Html,
}

/// Manifests larger than this are refused by registries and clients (OCI distribution-spec,
/// "Pushing manifests").
const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;
/// Larger error bodies and forms are not worth reading.
const TEXT_LIMIT: u64 = 64 * 1024;
/// Larger blobs are no image configuration.
const CONFIG_LIMIT: u64 = 1024 * 1024;

/// The parts of an exchange that become known one after the other, each read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadingPart {
    /// The request's head.
    Request,
    /// The response's head.
    Response,
    /// Both bodies, and how it ended.
    Bodies,
}

impl ReadingPart {
    /// The part that an event changes, if it changes one.
    pub fn changed_by(event: &Event) -> Option<Self> {
        match event {
            Event::RequestHead { .. } => Some(Self::Request),
            Event::ResponseHead { .. } => Some(Self::Response),
            Event::Ended { .. } => Some(Self::Bodies),
            _ => None,
        }
    }
}

impl Reading {
    /// Decodes an exchange as far as it went.
    pub fn of(exchange: &Exchange, bodies: &dyn Bodies) -> Self {
        Self::with(exchange, bodies, &mut Known::default())
    }

    /// Decodes an exchange as far as it went; what is known already is not decoded again.
    pub fn with(exchange: &Exchange, bodies: &dyn Bodies, known: &mut Known) -> Self {
        let mut reading = Self::default();
        reading.update(ReadingPart::Request, exchange, bodies, known);
        reading
    }

    /// Reads the part of an exchange that changed, and of the later parts those that were there
    /// before it: they are read in its light. In the order of a live capture there are none.
    pub fn update(
        &mut self,
        changed: ReadingPart,
        exchange: &Exchange,
        bodies: &dyn Bodies,
        known: &mut Known,
    ) {
        if let Some(request) = &exchange.request
            && changed == ReadingPart::Request
        {
            self.read_request(request, known);
        }
        if let Some(response) = &exchange.response
            && changed <= ReadingPart::Response
        {
            self.read_response(&response.head, known);
        }
        self.ending = exchange.ended.as_ref().map(|(_, ending)| ending.clone());
        (self.document, self.config, self.referrers) = Default::default();
        (self.token_answer, self.listing, self.errors) = Default::default();
        (self.magic, self.digests.computed, self.unseen) = Default::default();
        self.page = None;
        if let Some(body) = &exchange.request_body
            && exchange.request.is_some()
        {
            self.read_sent(body, bodies, known);
        }
        if let Some(body) = &exchange.response_body
            && exchange.response.is_some()
        {
            self.read_received(body, bodies, known);
        }
    }

    fn read_request(&mut self, request: &RequestHead, known: &mut Known) {
        let head = request.head.parse();
        self.method = method(request.head.method().unwrap_or_default());
        self.client = known.client(head.text("user-agent").unwrap_or_default());
        let agent = head.values("user-agent").next();
        self.agent = agent.map(|agent| Fingerprint::of(&latin1(agent)));
        let sent = head.text("authorization");
        self.authorization = sent.map(|sent| Authorization::read(sent, known));
        self.range = head.text("range").map(Box::from);
        self.referer = head.text("referer").map(Box::from);
        (self.url, self.authority, self.endpoint) = known.place(&request.url);
        self.provider = provider::of(&self.authority);
        // What refers to a manifest is no content of that digest.
        self.digests.requested = self
            .endpoint
            .as_ref()
            .filter(|endpoint| !matches!(endpoint.route, Route::Referrers { .. }))
            .and_then(|endpoint| endpoint.reference()?.digest().cloned());
        self.token_request = self.asked_token(None);
    }

    /// What it asks a token server for, by its URL and its form.
    fn asked_token(&self, form: Option<&[u8]>) -> Option<Box<TokenRequest>> {
        let url = self.url.as_ref().filter(|_| self.endpoint.is_none())?;
        let scheme = self.authorization.as_ref().map(|sent| &*sent.scheme);
        TokenRequest::read(&self.method, url, scheme, form).map(Box::new)
    }

    fn read_response(&mut self, raw: &RawHead, known: &mut Known) {
        let head = raw.parse();
        self.status = raw.status();
        self.content_type = known.media_type(head.text("content-type").unwrap_or_default());
        self.content_length = head.text("content-length").and_then(|n| n.parse().ok());
        self.content_encoding = head
            .text("content-encoding")
            .filter(|coding| !coding.eq_ignore_ascii_case("identity") && !coding.is_empty())
            .map(Box::from);
        self.range_total = head
            .text("content-range")
            .and_then(|range| range.rsplit_once('/')?.1.trim().parse().ok());
        self.brings = head
            .text("content-range")
            .and_then(byte_range::of_content)
            .into_iter()
            .collect();
        self.date = head.text("date").and_then(http_date);
        self.age = head.text("age").and_then(|age| age.parse().ok());
        // RFC 6750 has `insufficient_scope` come with 403.
        self.challenges = match self.status {
            Some(401 | 403) => Challenge::read_all(head.values("www-authenticate")).into(),
            _ => Box::default(),
        };
        self.provider = self
            .provider
            .or_else(|| provider::shown(&head, &self.challenges));
        self.rate_limit = RateLimit::read(&head, self.date).map(Box::new);
        self.warnings = head.values("warning").filter_map(Warning::read).collect();
        let stated = head.text("docker-content-digest");
        self.digests.stated = stated
            .and_then(|digest| digest.parse().ok())
            .map(|stated| shared(stated, self.digests.requested.as_ref()));
        self.misstated_digest = stated
            .filter(|_| self.digests.stated.is_none())
            .map(Box::from);
        self.filters_applied = head.text("oci-filters-applied").map(Box::from);
        (self.redirect, self.location, self.next_page) = Default::default();
        let (Some(url), Some(status)) = (&self.url, self.status) else {
            return;
        };
        let resolve = |target: &str| url.join(target).ok().map(String::from);
        if let Some(location) = head.text("location") {
            let redirect = Redirect::read(status, url, location).map(Box::new);
            self.location = match &redirect {
                Some(redirect) => Some(redirect.target.clone()),
                None => resolve(location).map(Arc::from),
            };
            self.redirect = redirect;
        }
        self.next_page = head
            .values("link")
            .find_map(next_link)
            .and_then(|t| resolve(&t))
            .map(Box::from);
    }

    /// Reads what the client sent: a form for a token, or a manifest.
    fn read_sent(&mut self, body: &Body, bodies: &dyn Bodies, known: &mut Known) {
        if self.method == "POST" {
            self.token_request = self.asked_token(content(body, bodies, TEXT_LIMIT).as_deref());
        }
        if self.method == "PUT" && self.is_manifest_route() {
            self.document =
                content(body, bodies, MANIFEST_LIMIT).map(|bytes| known.document(&bytes));
        }
    }

    fn read_received(&mut self, body: &Body, bodies: &dyn Bodies, known: &mut Known) {
        self.unseen = matches!(body.capture, Capture::Omitted { .. } | Capture::Streamed);
        let load = |limit| content(body, bodies, limit);
        let status = self.status.unwrap_or_default();
        let is_html = self.content_type.class() == Class::Html;
        if status >= 400 {
            let bytes = load(TEXT_LIMIT).unwrap_or_default();
            // What this proxy wrote in a server's place is not the server's word.
            if matches!(self.ending, Some(Ending::Failed { .. })) {
                return;
            }
            self.errors = errors::read(&bytes).into();
            self.page = page::text(&bytes, is_html);
            if self.errors.is_empty() && self.page.is_none() {
                self.errors = errors::from_text(&bytes).into_iter().collect();
            }
            return;
        }
        if status == 206 {
            if self.content_type.as_str() == "multipart/byteranges" {
                let came = Some(&body.parts).filter(|parts| !parts.is_empty());
                let parts = came
                    .map(|parts| parts.as_slice().into())
                    .or_else(|| load(MANIFEST_LIMIT).map(|bytes| byte_range::of_parts(&bytes)));
                let asked = self.range.as_deref().filter(|_| body.complete);
                self.brings =
                    parts.unwrap_or_else(|| asked.map(byte_range::asked).unwrap_or_default());
            }
            let assembled = body.assembled_sha256.as_deref();
            self.digests.computed = assembled
                .and_then(Digest::from_sha256_hex)
                .map(|computed| shared(computed, self.wanted_digest()));
        }
        if status != 200 || self.method != "GET" && self.token_request.is_none() {
            return;
        }
        if self.token_request.is_some() {
            let bytes = load(TEXT_LIMIT).unwrap_or_default();
            self.token_answer = known.token_answer(&bytes);
            self.page = page::text(&bytes, is_html);
            return;
        }
        match self.route() {
            Some(Route::Tags(_) | Route::Catalog(_)) => {
                let bytes = load(MANIFEST_LIMIT);
                self.listing = bytes.and_then(|bytes| Listing::read(&bytes)).map(Box::new);
                return;
            }
            Some(Route::Referrers { .. }) => {
                let document = load(MANIFEST_LIMIT).map(|bytes| known.document(&bytes));
                if let Some(Document::Index(index)) = document {
                    self.referrers = Some(index);
                }
                return;
            }
            _ => {}
        }
        let mut bytes = None;
        if self.is_manifest_route() {
            bytes = load(MANIFEST_LIMIT);
            self.page = bytes
                .as_deref()
                .and_then(|bytes| page::text(bytes, is_html));
            self.document = bytes.as_deref().map(|bytes| known.document(bytes));
        } else if self.endpoint.is_none() || self.is_blob_route() {
            bytes = load(CONFIG_LIMIT);
            self.config = bytes.as_deref().and_then(|bytes| known.config(bytes));
        }
        self.magic = bytes.as_deref().and_then(Magic::of);
        self.digests.computed = self
            .compute(body.complete, body.sha256.as_deref(), bytes.as_deref())
            .map(|computed| shared(computed, self.wanted_digest()));
    }

    /// The digest of what passed, by the algorithm that was asked for.
    fn compute(
        &self,
        complete: bool,
        sha256: Option<&str>,
        bytes: Option<&[u8]>,
    ) -> Option<Digest> {
        if !complete {
            return None;
        }
        if let Some(Document::Schema1(schema1)) = &self.document {
            return schema1.payload_digest.clone();
        }
        match self.wanted_digest().map(Digest::algorithm) {
            // Where what was kept is not all of it, neither digest is known.
            Some(Algorithm::Sha512) if sha256.is_none() => None,
            Some(Algorithm::Sha512) => bytes.map(|bytes| Digest::of(Algorithm::Sha512, bytes)),
            Some(Algorithm::Sha256) | None => sha256.and_then(Digest::from_sha256_hex),
        }
    }

    fn wanted_digest(&self) -> Option<&Digest> {
        let Digests {
            requested, stated, ..
        } = &self.digests;
        requested.as_ref().or(stated.as_ref())
    }

    /// What the exchange is for, or that it came to nothing, as far as it shows by itself.
    pub fn kind(&self, exchange: &Exchange) -> Kind {
        if matches!(exchange.ended, Some((_, Ending::Failed { .. }))) {
            return Kind::Error;
        }
        match self.status {
            Some(401) if self.token_request.is_none() => Kind::Challenge,
            Some(400..) if !self.is_told_no() => Kind::Error,
            _ => self.subject(),
        }
    }

    /// Whether an error status is the answer to a question, and so no error: a blob or a
    /// signature is not there, nothing refers to a manifest, an upload stands elsewhere than the
    /// client thought (OCI distribution-spec, "Pushing a blob in chunks").
    fn is_told_no(&self) -> bool {
        match (self.route(), self.status) {
            (Some(Route::Blob(_)), Some(404)) => self.method == "HEAD",
            (Some(Route::Manifest(reference)), Some(404)) => reference.is_auxiliary(),
            (Some(Route::Referrers { .. }), Some(404)) => true,
            (Some(Route::Upload { .. }), Some(416)) => self.method == "PATCH",
            _ => false,
        }
    }

    /// What the exchange is for, whatever was answered.
    pub fn subject(&self) -> Kind {
        if self.redirect.is_some() {
            return Kind::Redirect;
        }
        if self.token_request.is_some() {
            return Kind::Token;
        }
        let Some(route) = self.route() else {
            return Kind::Other;
        };
        match (route, &*self.method) {
            (Route::Ping, _) => Kind::Ping,
            (Route::Tags(_), _) => Kind::Tags,
            (Route::Referrers { .. }, _) => Kind::Referrers,
            (Route::Catalog(_), _) => Kind::Catalog,
            (Route::Manifest(_) | Route::Blob(_), "DELETE") => Kind::Delete,
            (Route::Manifest(_), "PUT") => Kind::Publish,
            (Route::Manifest(_), "HEAD") => Kind::Resolve,
            (Route::Manifest(_), _) => match &self.document {
                Some(Document::Index(_)) => Kind::Index,
                _ => Kind::Manifest,
            },
            (Route::Blob(_), "HEAD") => Kind::Exists,
            (Route::Blob(_), _) => Kind::Blob,
            (Route::UploadStart { .. } | Route::Upload { .. }, _) => Kind::Upload,
        }
    }

    /// What of the API was asked for.
    pub fn route(&self) -> Option<&Route> {
        self.endpoint.as_ref().map(|endpoint| &endpoint.route)
    }

    /// The path of the URL; empty where the URL could not be read.
    pub fn path(&self) -> &str {
        self.url.as_ref().map_or("", |url| url.path())
    }

    /// The host of the URL, without port.
    pub fn host(&self) -> Option<&str> {
        self.url.as_ref()?.host_str()
    }

    /// Whether the URL has this scheme.
    pub fn is_by(&self, scheme: &str) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme() == scheme)
    }

    /// The repository in the URL, or the one a token is asked for.
    pub fn repository(&self) -> Option<&str> {
        let in_url = self.endpoint.as_ref().and_then(|e| e.repository.as_deref());
        in_url.or_else(|| {
            let scope = self.token_request.as_ref()?.main_scope()?;
            Some(scope.name.as_str())
        })
    }

    /// The server's clock when it answered. `None` for an answer from a cache (`Age`): some
    /// caches keep the `Date` of the origin, others write their own.
    pub fn server_time(&self) -> Option<Timestamp> {
        self.date.filter(|_| self.age.is_none_or(|age| age == 0))
    }

    /// Whether the answer is a success: 2xx.
    pub fn succeeded(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }

    /// Whether it brings a manifest of schema 1, or tells who asks by HEAD, as containerd 2 does,
    /// that there is no other.
    pub fn is_schema1(&self) -> bool {
        match &*self.method {
            "GET" => matches!(self.document, Some(Document::Schema1(_))),
            "HEAD" => self.status == Some(200) && self.content_type.class() == Class::Schema1,
            _ => false,
        }
    }

    /// Whether the URL is one of a manifest.
    pub fn is_manifest_route(&self) -> bool {
        matches!(self.route(), Some(Route::Manifest(_)))
    }

    /// Whether the URL is one of a blob.
    pub fn is_blob_route(&self) -> bool {
        matches!(self.route(), Some(Route::Blob(_)))
    }

    /// Whether it moves something towards the registry.
    pub fn is_upload(&self) -> bool {
        match self.route() {
            Some(Route::UploadStart { .. } | Route::Upload { .. }) => true,
            Some(Route::Manifest(_)) => self.method == "PUT",
            _ => false,
        }
    }

    /// The first byte a `Range` asks for, when it is one range with a start.
    pub fn range_start(&self) -> Option<u64> {
        let range = self.range.as_deref()?.strip_prefix("bytes=")?;
        range.split_once('-')?.0.trim().parse().ok()
    }
}

impl Authorization {
    fn read(value: &str, known: &mut Known) -> Self {
        let (scheme, secret) = value.split_once(' ').unwrap_or((value, ""));
        Self {
            scheme: known.name(scheme),
            fingerprint: Fingerprint::of(secret.trim()),
        }
    }

    /// Whether it is a token.
    pub fn is_bearer(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("bearer")
    }
}

impl Digests {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the content is what its digest promises; `None` where there is nothing to
    /// compare with or nothing was computed.
    pub fn agree(&self) -> Option<bool> {
        let computed = self.computed.as_ref()?;
        let mut promised = (self.requested.iter().chain(&self.stated))
            .filter(|digest| digest.algorithm() == computed.algorithm())
            .peekable();
        promised.peek()?;
        Some(promised.all(|digest| digest == computed))
    }
}

impl Magic {
    fn of(bytes: &[u8]) -> Option<Self> {
        let text = bytes.trim_ascii_start();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            Some(Self::Gzip)
        } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else if matches!(text.first(), Some(b'{' | b'[')) {
            Some(Self::Json)
        } else if text.first() == Some(&b'<') {
            Some(Self::Html)
        } else {
            None
        }
    }
}

/// A digest, kept once where it is the one that is wanted.
fn shared(digest: Digest, wanted: Option<&Digest>) -> Digest {
    let same = wanted.filter(|wanted| **wanted == digest);
    same.cloned().unwrap_or(digest)
}

/// The usual methods take no memory.
fn method(sent: &[u8]) -> Cow<'static, str> {
    let usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let usual = usual.into_iter().find(|usual| usual.as_bytes() == sent);
    usual.map_or_else(|| latin1(sent).into(), Cow::Borrowed)
}

/// The target of a `Link` value whose relation is `next` (RFC 8288).
fn next_link(value: &[u8]) -> Option<String> {
    let value = latin1(value);
    let (target, rest) = value.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.split(';').any(|param| {
        param
            .split_once('=')
            .is_some_and(|(k, v)| k.trim() == "rel" && v.trim().trim_matches('"') == "next")
    });
    is_next.then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_compared_within_one_algorithm() {
        let sha512 = Digest::of(Algorithm::Sha512, b"a");
        let sha256 = Digest::of(Algorithm::Sha256, b"a");
        let agree = |requested: &Digest, stated: &Digest| {
            Digests {
                requested: Some(requested.clone()),
                stated: Some(stated.clone()),
                computed: Some(sha512.clone()),
            }
            .agree()
        };
        assert_eq!(agree(&sha512, &sha256), Some(true));
        assert_eq!(
            agree(&Digest::of(Algorithm::Sha512, b"b"), &sha256),
            Some(false)
        );
        assert_eq!(agree(&sha256, &sha256), None, "nothing to compare with");
    }
}
