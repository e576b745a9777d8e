//! What made the client send each request of a pull.

use std::sync::Arc;

use super::ask::{Ask, answered_by, digest_key, ended_by, failed, hash, reference_key};
use super::links::Links;
use super::observed::{Look, Observed};
use super::waiting::asks_for;
use crate::base::fast::HashMap;
use crate::exchange::ExchangeId;
use crate::pulls::Why;
use crate::registry::{Digest, Document, Fingerprint, Route};

/// How the exchanges of a pull led to each other, and which blob each is about.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) causes: Vec<Option<(Why, usize)>>,
    pub(super) blobs: Vec<Option<Digest>>,
    /// Which redirects were followed.
    pub(super) followed: Vec<bool>,
}

impl Trail {
    /// Finds the causes within a pull, whose exchanges stand by their start.
    pub(super) fn of(members: &[Observed<'_>]) -> Self {
        let mut tracer = Tracer {
            members: Members {
                all: members,
                places: members.iter().map(|m| m.exchange.id).zip(0..).collect(),
            },
            ..Tracer::default()
        };
        for (i, member) in members.iter().enumerate() {
            tracer.trace(i, *member);
        }
        tracer.trail.name_uploads();
        tracer.trail
    }

    /// Where a chain of redirects, or the requests of one upload, began.
    pub(super) fn beginning(&self, mut at: usize) -> usize {
        while let Some(Some((Why::Redirect | Why::Upload, from))) = self.causes.get(at)
            && *from < at
        {
            at = *from;
        }
        at
    }

    /// An upload's last request names the digest of all of them.
    fn name_uploads(&mut self) {
        for i in (0..self.causes.len()).rev() {
            let Some(Some(blob)) = self.blobs.get(i).cloned() else {
                continue;
            };
            if let Some(Some((Why::Upload, from))) = self.causes.get(i).copied()
                && let Some(earlier) = self.blobs.get_mut(from)
            {
                earlier.get_or_insert(blob);
            }
        }
    }
}

/// The exchanges of a pull, by their numbers.
#[derive(Default)]
struct Members<'a> {
    all: &'a [Observed<'a>],
    places: HashMap<ExchangeId, usize>,
}

impl Look for Members<'_> {
    fn look(&self, id: ExchangeId) -> Option<Observed<'_>> {
        self.all.get(*self.places.get(&id)?).copied()
    }
}

/// What the exchanges before said, by what they can be found by.
#[derive(Default)]
struct Tracer<'a> {
    members: Members<'a>,
    trail: Trail,
    links: Links,
    tokens: HashMap<Fingerprint, (usize, bool)>,
    challenges: Vec<usize>,
    asked: HashMap<u64, Vec<usize>>,
    resolved: HashMap<u64, usize>,
    tags: HashMap<u64, usize>,
    named: HashMap<u64, (Why, usize)>,
    pings: HashMap<Arc<str>, usize>,
}

/// How many earlier exchanges of the same kind are looked at.
const MOST: usize = 16;

impl Tracer<'_> {
    fn trace(&mut self, i: usize, member: Observed<'_>) {
        let sent = self.sent(member);
        let cause = sent
            .or_else(|| self.challenge(member))
            .or_else(|| self.token(member))
            .or_else(|| self.retry(member))
            .or_else(|| self.named(member))
            .or_else(|| self.ping(member));
        let blob = blob_in_url(member).or_else(|| match cause {
            Some((Why::Redirect, from)) => self.trail.blobs.get(from).cloned().flatten(),
            _ => None,
        });
        if let Some((Why::Redirect, from)) = cause
            && let Some(followed) = self.trail.followed.get_mut(from)
        {
            *followed = true;
        }
        self.links.tell(member);
        self.remember(i, member, blob.as_ref());
        self.trail.causes.push(cause);
        self.trail.blobs.push(blob);
        self.trail.followed.push(false);
    }

    /// The answer that sent the client here.
    fn sent(&mut self, member: Observed<'_>) -> Option<(Why, usize)> {
        let source = self.links.follow(member, &self.members)?;
        let from = *self.members.places.get(&source.1)?;
        let said = self.members.all.get(from)?.reading;
        let goes_on = matches!(member.reading.route(), Some(Route::Upload { .. }) | None);
        if said.redirect.is_some() {
            Some((Why::Redirect, from))
        } else if said.next_page.is_some() {
            Some((Why::Page, from))
        } else if said.is_upload() {
            goes_on.then_some((Why::Upload, from))
        } else {
            said.document.is_some().then_some((Why::Manifest, from))
        }
    }

    /// The 401 that a token request answers, or that made the client show its password.
    fn challenge(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let mut recent = self.challenges.iter().rev().take(MOST).copied();
        let from = if let Some(request) = &member.reading.token_request {
            // Several requests may be refused at once: each answers one, the latest first.
            recent.find(|i| {
                self.members.all.get(*i).is_some_and(|challenge| {
                    answered_by(*challenge, member.exchange.started)
                        && asks_for(challenge.reading, &request.realm)
                })
            })
        } else {
            let used = member.reading.authorization.as_ref()?;
            recent.find(|i| {
                self.members.all.get(*i).is_some_and(|challenge| {
                    let before = challenge.reading.authorization.as_ref();
                    !used.is_bearer()
                        && challenge.reading.authority == member.reading.authority
                        && before.map(|a| a.fingerprint) != Some(used.fingerprint)
                })
            })
        };
        let challenged = from.map(|from| (Why::Challenge, from));
        // A second try at the token server follows the first, not the 401.
        match (challenged, self.retry(member)) {
            (Some((_, c)), Some((_, r))) if r > c => Some((Why::Retry, r)),
            (challenged, _) => challenged,
        }
    }

    fn token(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let used = member.reading.authorization.as_ref()?;
        let (from, spent) = self.tokens.get(&used.fingerprint)?;
        (!spent).then_some((Why::Token, *from))
    }

    fn retry(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let key = thing(member, blob_in_url(member).as_ref())?;
        let earlier = self.asked.get(&key)?;
        let from = earlier.iter().rev().take(MOST).find(|i| {
            self.members.all.get(**i).is_some_and(|other| {
                failed(*other)
                    && other.reading.status != Some(401)
                    && !says_absent(*other)
                    && ended_by(*other, member.exchange.started).is_some()
            })
        })?;
        // A failure that a success made good is no reason any more.
        let later = earlier.iter().filter(|i| *i > from);
        let mut later = later.filter_map(|i| self.members.all.get(*i));
        let mended = later.any(|other| other.reading.succeeded() && !failed(*other));
        (!mended).then_some((Why::Retry, *from))
    }

    fn named(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        match Ask::of(member) {
            Ask::Manifest(reference) | Ask::Change(reference) => {
                let key = reference_key(&reference);
                let by_digest = || self.named.get(&key).copied();
                let resolved = self.resolved.get(&key).map(|i| (Why::Resolve, *i));
                let tag = self.tags.get(&key).map(|i| (Why::Resolve, *i));
                resolved.or_else(by_digest).or(tag)
            }
            Ask::Blob(reference) => self.named.get(&reference_key(&reference)).copied(),
            _ => None,
        }
    }

    fn ping(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        member.reading.endpoint.as_ref()?;
        let from = self.pings.get(&member.reading.authority)?;
        Some((Why::Ping, *from))
    }

    /// Keeps what an exchange said for those after it.
    fn remember(&mut self, i: usize, member: Observed<'_>, blob: Option<&Digest>) {
        let reading = member.reading;
        if !reading.challenges.is_empty() {
            self.challenges.push(i);
        }
        if let Some(answer) = &reading.token_answer {
            for given in [Some(answer.token.fingerprint), answer.other] {
                self.tokens.extend(given.map(|given| (given, (i, false))));
            }
        }
        if let Some(used) = &reading.authorization
            && let Some((_, spent)) = self.tokens.get_mut(&used.fingerprint)
        {
            *spent = true;
        }
        if let Some(key) = thing(member, blob) {
            self.asked.entry(key).or_default().push(i);
        }
        let ask = Ask::of(member);
        if ask == Ask::Ping && reading.succeeded() {
            self.pings.insert(reading.authority.clone(), i);
        } else if reading.endpoint.is_some() {
            self.pings.remove(&reading.authority);
        }
        if let Ask::Manifest(reference) = &ask
            && reading.succeeded()
            && reading.method == "HEAD"
        {
            self.tags.insert(reference_key(reference), i);
            if let Some(stated) = &reading.digests.stated {
                self.resolved.insert(digest_key(stated), i);
            }
        }
        let (why, document) = match &reading.document {
            Some(document @ Document::Index(_)) => (Why::Index, document),
            Some(document) => (Why::Manifest, document),
            None => return,
        };
        for digest in document.descriptors().filter_map(|d| d.digest.as_ref()) {
            self.named.insert(digest_key(digest), (why, i));
        }
    }
}

/// What a request is for, whichever registry is asked for it.
fn thing(member: Observed<'_>, blob: Option<&Digest>) -> Option<u64> {
    if let Some(blob) = blob {
        return Some(hash(&("blob", blob)));
    }
    match Ask::of(member) {
        Ask::Ping => Some(hash(&("ping", member.reading.endpoint.is_some()))),
        Ask::Token => {
            let request = member.reading.token_request.as_ref()?;
            Some(hash(&("token", &request.realm)))
        }
        Ask::Manifest(reference) | Ask::Change(reference) => {
            Some(hash(&("manifest", reference_key(&reference))))
        }
        Ask::Tags { .. } | Ask::Catalog | Ask::Referrers => {
            let url = member.reading.url.as_ref()?;
            Some(hash(&("list", url.path(), url.query())))
        }
        Ask::Blob(_) | Ask::Store | Ask::Other => None,
    }
}

/// Whether it answers the question for a blob that is to be sent: it is not there.
fn says_absent(member: Observed<'_>) -> bool {
    let reading = member.reading;
    reading.method == "HEAD" && reading.status == Some(404) && Ask::of(member) == Ask::Store
}

/// The blob that the URL names.
fn blob_in_url(member: Observed<'_>) -> Option<Digest> {
    let endpoint = member.reading.endpoint.as_ref()?;
    match &endpoint.route {
        Route::Blob(_) | Route::UploadStart { .. } | Route::Upload { .. } => {
            endpoint.reference()?.digest().cloned()
        }
        _ => None,
    }
}
