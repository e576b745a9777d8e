//! What filters look at: texts and numbers of an exchange and of the pull it belongs to.

use std::net::SocketAddr;

use super::compare::{Unit, nanos};
use super::pattern::{Pattern, Style};
use crate::exchange::{Ending, Exchange, Phase};
use crate::pulls::{Part, Pull};
use crate::registry::{Reference, Route};
use crate::store::{Entry, Store};

/// A text of an exchange; some have several, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TextField {
    Method,
    Scheme,
    Url,
    Host,
    Path,
    Repository,
    Tag,
    Digest,
    Image,
    Registry,
    Provider,
    Platform,
    Client,
    ContentType,
    RequestType,
    Encoding,
    Location,
    Scope,
    Authorization,
    Address,
    Error,
    Rule,
    Severity,
    Purpose,
    State,
}

/// Which message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum MessageSide {
    Request,
    Response,
    Either,
}

/// A number of an exchange, if it has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NumberField {
    Id,
    Pull,
    Layer,
    Status,
    Size,
    Sent,
    Time,
    Took(Phase),
}

impl TextField {
    /// What a plain value stands for.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Method
            | Self::Scheme
            | Self::Tag
            | Self::Provider
            | Self::Rule
            | Self::Severity
            | Self::Purpose
            | Self::State => Style::Whole,
            _ => Style::Part,
        }
    }

    /// Whether one of the exchange's texts of this kind fits.
    pub(super) fn fits(self, pattern: &Pattern, entry: &Entry, store: &Store) -> bool {
        let reading = &entry.reading;
        let fits = |text: &str| pattern.fits(text);
        let of_pull = |pick: &dyn Fn(&Pull) -> bool| pull(entry, store).is_some_and(pick);
        match self {
            Self::Method => fits(&reading.method),
            Self::Scheme => reading.url.as_ref().is_some_and(|url| fits(url.scheme())),
            Self::Url => url(&entry.exchange).is_some_and(fits),
            Self::Host => fits(&reading.authority),
            Self::Path => reading.url.as_ref().is_some_and(|url| fits(url.path())),
            Self::Repository => {
                reading.repository().is_some_and(fits) || of_pull(&|pull| fits(&pull.repository))
            }
            Self::Tag => tag(entry).is_some_and(fits) || of_pull(&|pull| pull_tag(pull, pattern)),
            Self::Digest => digest(pattern, entry),
            Self::Image => of_pull(&|pull| fits(&pull.name())),
            Self::Registry => {
                of_pull(&|pull| fits(&pull.registry) || pull.mirrors.iter().any(|m| fits(m)))
            }
            Self::Provider => {
                reading.provider.is_some_and(fits)
                    || of_pull(&|pull| {
                        crate::registry::provider::of(&pull.registry).is_some_and(fits)
                    })
            }
            Self::Platform => of_pull(&|pull| {
                let platform = pull.platform.as_ref();
                platform.is_some_and(|platform| fits(&platform.to_string()))
            }),
            Self::Client => client(pattern, entry),
            Self::ContentType => fits(reading.content_type.as_str()),
            Self::RequestType => request_type(&entry.exchange).is_some_and(fits),
            Self::Encoding => reading.content_encoding.as_deref().is_some_and(fits),
            Self::Location => reading.location.as_deref().is_some_and(fits),
            Self::Scope => {
                let request = reading.token_request.as_ref();
                let asked = request.is_some_and(|request| {
                    request.scopes.iter().any(|scope| fits(&scope.to_string()))
                });
                let mut challenges = reading.challenges.iter();
                asked || challenges.any(|c| c.param("scope").is_some_and(fits))
            }
            Self::Authorization => {
                let auth = reading.authorization.as_ref();
                fits(auth.map_or("none", |auth| &auth.scheme))
            }
            Self::Address => {
                let upstream = entry.exchange.upstream.as_ref();
                let address = upstream.and_then(|upstream| upstream.address);
                address.is_some_and(|address: SocketAddr| fits(&address.to_string()))
            }
            Self::Error => error(pattern, entry),
            Self::Rule => store
                .findings_shown_by(entry)
                .any(|finding| fits(finding.rule)),
            Self::Severity => store
                .findings_shown_by(entry)
                .any(|f| fits(f.severity.word())),
            Self::State => of_pull(&|pull| fits(pull.state.word())),
            Self::Purpose => of_pull(&|pull| fits(pull.purpose.word())),
        }
    }
}

impl NumberField {
    /// What it counts.
    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Id | Self::Pull | Self::Layer => Unit::Count,
            Self::Status => Unit::Status,
            Self::Size | Self::Sent => Unit::Bytes,
            Self::Time | Self::Took(_) => Unit::Time,
        }
    }

    /// The exchange's number.
    pub(super) fn of(self, entry: &Entry, store: &Store) -> Option<u64> {
        let exchange = &entry.exchange;
        let timings = &exchange.timings;
        match self {
            Self::Id => Some(exchange.id.0),
            Self::Pull => entry.pull.map(|pull| pull.0),
            Self::Layer => layer(entry, store),
            Self::Status => entry.reading.status.map(u64::from),
            Self::Size => Some(exchange.received),
            Self::Sent => Some(exchange.sent),
            Self::Time => {
                let ended = exchange.ended.as_ref();
                ended.map(|_| nanos(exchange.took()))
            }
            Self::Took(phase) => timings.of(phase).map(nanos),
        }
    }
}

/// A bare word: the URL, the kind, the image's name, the client.
pub(super) fn fits_anything(pattern: &Pattern, entry: &Entry, store: &Store) -> bool {
    url(&entry.exchange).is_some_and(|url| pattern.fits(url))
        || pattern.fits(entry.kind.word())
        || client(pattern, entry)
        || TextField::Image.fits(pattern, entry, store)
}

/// The pull an exchange belongs to.
fn pull<'a>(entry: &Entry, store: &'a Store) -> Option<&'a Pull> {
    store.pull(entry.pull?)
}

fn url(exchange: &Exchange) -> Option<&str> {
    exchange
        .request
        .as_ref()
        .map(|request| request.url.as_str())
}

fn tag(entry: &Entry) -> Option<&str> {
    match &entry.reading.endpoint.as_ref()?.route {
        Route::Manifest(reference) => reference.tag(),
        _ => None,
    }
}

fn pull_tag(pull: &Pull, pattern: &Pattern) -> bool {
    let tag = pull.reference.as_ref().and_then(Reference::tag);
    tag.is_some_and(|tag| pattern.fits(tag))
}

/// A digest by its hexadecimal digits, or with its algorithm before them.
fn digest(pattern: &Pattern, entry: &Entry) -> bool {
    let digests = &entry.reading.digests;
    [&digests.requested, &digests.stated, &digests.computed]
        .into_iter()
        .flatten()
        .any(|digest| pattern.fits(digest.hex()) || pattern.fits(&digest.to_string()))
}

fn client(pattern: &Pattern, entry: &Entry) -> bool {
    let client = &entry.reading.client;
    pattern.fits(&client.name)
        || pattern.fits(&client.version)
        || !client.version.is_empty() && pattern.fits(&client.label())
}

fn request_type(exchange: &Exchange) -> Option<&str> {
    exchange.request.as_ref()?.head.text("content-type")
}

fn error(pattern: &Pattern, entry: &Entry) -> bool {
    let mut reported = entry.reading.errors.iter();
    let detail = match &entry.exchange.ended {
        Some((_, Ending::Aborted { detail, .. } | Ending::Failed { detail, .. })) => {
            Some(detail.as_str())
        }
        _ => None,
    };
    reported.any(|error| pattern.fits(&error.code) || pattern.fits(&error.message))
        || detail.is_some_and(|detail| pattern.fits(detail))
}

fn layer(entry: &Entry, store: &Store) -> Option<u64> {
    match part(entry, store)? {
        Part::Layer { number, .. } => u64::try_from(number).ok(),
        _ => None,
    }
}

/// The part of the image that the exchange is about.
pub(super) fn part(entry: &Entry, store: &Store) -> Option<Part> {
    pull(entry, store)?.step(entry.exchange.id)?.part
}
