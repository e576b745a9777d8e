//! Where answers send their client: redirects, uploads, next pages, places outside the registry.

use std::borrow::Cow;

use url::Url;

use super::ask::{ClientKey, Place, answered_by, hash, place};
use super::observed::Observed;
use crate::base::fast::HashMap;
use crate::registry::Document;

/// The places that answers named so far.
#[derive(Debug, Default)]
pub(super) struct Links {
    named: HashMap<u64, Vec<Link>>,
    /// What each exchange named, so that it can be taken back.
    by: HashMap<Place, Vec<u64>>,
    /// What each exchange followed: by what key, and who had named it.
    followed: HashMap<Place, (u64, Place)>,
}

/// One place that one answer named.
#[derive(Debug)]
struct Link {
    by: Place,
    client: ClientKey,
    /// The requests that went there because of it.
    followers: Vec<Place>,
}

impl Links {
    /// Remembers what an answer names.
    pub(super) fn tell(&mut self, observed: Observed<'_>) {
        let keys = named(observed);
        if keys.is_empty() {
            return;
        }
        let by = place(observed);
        for key in &keys {
            let links = self.named.entry(*key).or_default();
            // The same place may stand in an answer twice.
            if links.last().is_none_or(|last| last.by != by) {
                links.push(Link {
                    by,
                    client: ClientKey::of(observed),
                    followers: Vec::new(),
                });
            }
        }
        self.by.insert(by, keys);
    }

    /// The answer that sent a client to this request, if one did. Of several, one that was known
    /// when the request started, of the same client, and not followed yet; then the latest.
    pub(super) fn follow(
        &mut self,
        observed: Observed<'_>,
        look: &dyn super::Look,
    ) -> Option<Place> {
        let here = place(observed);
        let client = ClientKey::of(observed);
        let keys = wanted(observed);
        let rank = |link: &Link| {
            let known = look
                .look(link.by.1)
                .is_some_and(|source| answered_by(source, here.0));
            let rank = (known, link.client == client, link.followers.is_empty());
            (rank, link.by)
        };
        for key in keys {
            let links = self.named.get_mut(&key).into_iter().flatten();
            // Few answers name the same place; where many do, the latest are looked at.
            let best = links
                .filter(|link| link.by < here)
                .rev()
                .take(MOST)
                .max_by_key(|link| rank(link));
            if let Some(link) = best {
                link.followers.reserve_exact(1);
                link.followers.push(here);
                self.followed.insert(here, (key, link.by));
                return Some(link.by);
            }
        }
        None
    }

    /// Takes back what an exchange named and followed.
    pub(super) fn forget(&mut self, at: Place) {
        for key in self.by.remove(&at).unwrap_or_default() {
            if let Some(links) = self.named.get_mut(&key) {
                if let Some(place) = find(links, at) {
                    links.remove(place);
                }
                if links.is_empty() {
                    self.named.remove(&key);
                }
            }
        }
        if let Some((key, by)) = self.followed.remove(&at)
            && let Some(links) = self.named.get_mut(&key)
            && let Some(place) = find(links, by)
            && let Some(link) = links.get_mut(place)
        {
            link.followers.retain(|follower| *follower != at);
        }
    }
}

/// Where the link is that an exchange named; links stand by those who named them.
fn find(links: &[Link], by: Place) -> Option<usize> {
    links.binary_search_by_key(&by, |link| link.by).ok()
}

/// How many answers that name the same place are weighed against each other.
const MOST: usize = 16;

/// What an answer names.
fn named(observed: Observed<'_>) -> Vec<u64> {
    let reading = observed.reading;
    let mut keys = Vec::new();
    if let Some(redirect) = &reading.redirect {
        keys.push(target(&redirect.target));
        keys.extend(reading.url.as_ref().map(|url| referred(url.as_str())));
    } else if let Some(location) = &reading.location {
        keys.push(upload(location));
    }
    keys.extend(reading.next_page.as_deref().map(target));
    if let Some(Document::Manifest(manifest)) = &reading.document {
        let places = manifest.layers.iter().flat_map(|layer| &layer.urls);
        keys.extend(places.map(|place| target(&normal(place))));
    }
    keys
}

/// By what keys a request may have been named, the surest first.
fn wanted(observed: Observed<'_>) -> Vec<u64> {
    let reading = observed.reading;
    let Some(url) = &reading.url else {
        return Vec::new();
    };
    let mut keys = vec![target(url.as_str())];
    if matches!(&*reading.method, "PATCH" | "PUT" | "POST" | "DELETE") || reading.is_upload() {
        keys.push(upload(url.as_str()));
    }
    if reading.endpoint.is_none() {
        keys.extend(reading.referer.as_deref().map(|url| referred(&normal(url))));
    }
    keys
}

/// A URL in its normal spelling, whatever its fragment.
fn target(url: &str) -> u64 {
    hash(&("target", before(url, &['#'])))
}

/// The URL that a `Referer` names, in its normal spelling.
fn referred(url: &str) -> u64 {
    hash(&("referer", before(url, &['?', '#'])))
}

/// Where an upload goes on; `digest` and the registry's state come and go in the query.
fn upload(url: &str) -> u64 {
    hash(&("upload", before(url, &['?', '#'])))
}

/// The normal spelling of a URL as somebody wrote it; what a reading holds has it already.
fn normal(url: &str) -> Cow<'_, str> {
    Url::parse(url).map_or(Cow::Borrowed(url), |url| Cow::Owned(url.into()))
}

fn before<'a>(url: &'a str, ends: &[char]) -> &'a str {
    url.split(ends).next().unwrap_or_default()
}
