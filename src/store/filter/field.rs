//! What filters look at: texts and numbers of an exchange and of the pull it belongs to.

use std::net::SocketAddr;

use super::pattern::Pattern;
use crate::exchange::{Ending, Exchange};
use crate::pulls::{Part, Pull};
use crate::registry::{Reference, Route};
use crate::store::{Entry, Store};

/// A bare word: the URL, the kind, the image's name, the client.
pub(super) fn fits_anything(pattern: &Pattern, entry: &Entry, store: &Store) -> bool {
    pattern.fits_some(url(&entry.exchange))
        || pattern.fits(entry.kind.word())
        || client(pattern, entry)
        || image(pattern, entry, store)
}

/// Whether this holds of the pull that an exchange belongs to.
pub(super) fn of_pull(entry: &Entry, store: &Store, holds: impl Fn(&Pull) -> bool) -> bool {
    pull(entry, store).is_some_and(holds)
}

fn pull<'a>(entry: &Entry, store: &'a Store) -> Option<&'a Pull> {
    store.pull(entry.pull?)
}

pub(super) fn image(pattern: &Pattern, entry: &Entry, store: &Store) -> bool {
    of_pull(entry, store, |pull| pattern.fits(&pull.name()))
}

/// What a token was asked for, or a challenge asks for.
pub(super) fn scope(pattern: &Pattern, entry: &Entry) -> bool {
    let request = entry.reading.token_request.iter();
    let mut asked = request.flat_map(|request| &request.scopes);
    let mut challenges = entry.reading.challenges.iter();
    asked.any(|scope| pattern.fits(&scope.to_string()))
        || challenges.any(|challenge| pattern.fits_some(challenge.param("scope")))
}

pub(super) fn address(entry: &Entry) -> Option<SocketAddr> {
    entry.exchange.upstream.as_ref()?.address
}

pub(super) fn url(exchange: &Exchange) -> Option<&str> {
    exchange
        .request
        .as_ref()
        .map(|request| request.url.as_str())
}

/// The tag that was asked for, or that of the pull.
pub(super) fn tag(pattern: &Pattern, entry: &Entry, store: &Store) -> bool {
    let endpoint = entry.reading.endpoint.as_ref();
    let tag = endpoint.and_then(|endpoint| match &endpoint.route {
        Route::Manifest(reference) => reference.tag(),
        _ => None,
    });
    let reference = pull(entry, store).and_then(|pull| pull.reference.as_ref());
    pattern.fits_some(tag) || pattern.fits_some(reference.and_then(Reference::tag))
}

/// A digest by its hexadecimal digits, or with its algorithm before them.
pub(super) fn digest(pattern: &Pattern, entry: &Entry, _: &Store) -> bool {
    let digests = &entry.reading.digests;
    [&digests.requested, &digests.stated, &digests.computed]
        .into_iter()
        .flatten()
        .any(|digest| pattern.fits(digest.hex()) || pattern.fits(&digest.to_string()))
}

pub(super) fn client(pattern: &Pattern, entry: &Entry) -> bool {
    let client = &entry.reading.client;
    pattern.fits(&client.name)
        || pattern.fits(&client.version)
        || !client.version.is_empty() && pattern.fits(&client.label())
}

pub(super) fn request_type(exchange: &Exchange) -> Option<&str> {
    exchange.request.as_ref()?.head.text("content-type")
}

pub(super) fn error(pattern: &Pattern, entry: &Entry) -> bool {
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

pub(super) fn layer(entry: &Entry, store: &Store) -> Option<u64> {
    match part(entry, store)? {
        Part::Layer { number, .. } => u64::try_from(number).ok(),
        _ => None,
    }
}

/// The part of the image that the exchange is about.
pub(super) fn part(entry: &Entry, store: &Store) -> Option<Part> {
    pull(entry, store)?.step(entry.exchange.id)?.part
}
