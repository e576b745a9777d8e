//! What made the client send each request of a pull.

use std::sync::Arc;

use super::ask::{Ask, digest_key, failed, hash, reference_key};
use super::links::{normal, referred, target, upload};
use super::observed::Observed;
use super::waiting::asks_for;
use crate::base::fast::HashMap;
use crate::pulls::Why;
use crate::registry::{Digest, Document, Fingerprint, Route};

/// How the exchanges of a pull led to each other, and which blob each is about.
pub(super) struct Trail {
    pub(super) causes: Vec<Option<(Why, usize)>>,
    pub(super) blobs: Vec<Option<Digest>>,
    /// Which redirects were followed.
    pub(super) followed: Vec<bool>,
}

impl Trail {
    /// Finds the causes within a pull, whose exchanges stand by their start.
    pub(super) fn of(members: &[Observed<'_>]) -> Self {
        let mut trail = Self {
            causes: Vec::with_capacity(members.len()),
            blobs: Vec::with_capacity(members.len()),
            followed: vec![false; members.len()],
        };
        let mut memory = Memory::default();
        for (i, member) in members.iter().enumerate() {
            let seen = Seen {
                members,
                memory: &memory,
                trail: &trail,
            };
            let cause = seen.cause(*member);
            let blob = blob_in_url(*member).or_else(|| match cause {
                Some((Why::Redirect, from)) => trail.blobs.get(from).cloned().flatten(),
                _ => None,
            });
            if let Some((Why::Redirect, from)) = cause
                && let Some(followed) = trail.followed.get_mut(from)
            {
                *followed = true;
            }
            memory.add(i, *member, blob.as_ref());
            trail.causes.push(cause);
            trail.blobs.push(blob);
        }
        trail.name_uploads();
        trail
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

/// What the exchanges before said, by what they can be found by.
#[derive(Default)]
struct Memory {
    redirects: HashMap<u64, Vec<usize>>,
    uploads: HashMap<u64, usize>,
    pages: HashMap<u64, usize>,
    tokens: HashMap<Fingerprint, (usize, bool)>,
    challenges: Vec<usize>,
    asked: HashMap<u64, Vec<usize>>,
    resolved: HashMap<u64, usize>,
    tags: HashMap<u64, usize>,
    named: HashMap<u64, (Why, usize)>,
    pings: HashMap<Arc<str>, usize>,
}

struct Seen<'a> {
    members: &'a [Observed<'a>],
    memory: &'a Memory,
    trail: &'a Trail,
}

/// How many earlier exchanges of the same kind are looked at.
const MOST: usize = 16;

impl Seen<'_> {
    fn cause(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        self.redirect(member)
            .or_else(|| self.goes_on(member))
            .or_else(|| self.challenge(member))
            .or_else(|| self.token(member))
            .or_else(|| self.retry(member))
            .or_else(|| self.named(member))
            .or_else(|| self.ping(member))
    }

    /// The redirect that led here: one that nothing followed yet, and the latest of those.
    fn redirect(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let url = member.reading.url.as_ref()?;
        let referer = member.reading.referer.as_deref();
        let referer = referer.filter(|_| member.reading.endpoint.is_none());
        let keys = [
            Some(target(url.as_str())),
            referer.map(|url| referred(&normal(url))),
        ];
        let from = keys.into_iter().flatten().find_map(|key| {
            let all = self.memory.redirects.get(&key)?;
            let recent = all.iter().rev().take(MOST).copied();
            let free = |i: &usize| self.trail.followed.get(*i) == Some(&false);
            recent.clone().find(free).or(recent.clone().next())
        });
        from.map(|from| (Why::Redirect, from))
    }

    fn goes_on(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let url = member.reading.url.as_ref()?.as_str();
        if let Some(from) = self.memory.pages.get(&target(url)) {
            return Some((Why::Page, *from));
        }
        let uploads = matches!(member.reading.route(), Some(Route::Upload { .. }) | None);
        let from = self.memory.uploads.get(&upload(url))?;
        uploads.then_some((Why::Upload, *from))
    }

    /// The 401 that a token request answers, or that made the client show its password.
    fn challenge(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let mut recent = self.memory.challenges.iter().rev().take(MOST).copied();
        let from = if let Some(request) = &member.reading.token_request {
            // Several requests may be refused at once: each answers one, the latest first.
            recent.find(|i| {
                self.answered(*i, member)
                    && self
                        .members
                        .get(*i)
                        .is_some_and(|c| asks_for(c.reading, &request.realm))
            })
        } else {
            let used = member.reading.authorization.as_ref()?;
            recent.find(|i| {
                self.members.get(*i).is_some_and(|challenge| {
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
        let (from, spent) = self.memory.tokens.get(&used.fingerprint)?;
        (!spent).then_some((Why::Token, *from))
    }

    fn retry(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        let key = thing(member, blob_in_url(member).as_ref())?;
        let earlier = self.memory.asked.get(&key)?;
        let from = earlier.iter().rev().take(MOST).find(|i| {
            self.members.get(**i).is_some_and(|other| {
                failed(*other)
                    && other.reading.status != Some(401)
                    && !says_absent(*other)
                    && ended_before(*other, member)
            })
        })?;
        // A failure that a success made good is no reason any more.
        let mended = earlier.iter().any(|i| {
            i > from
                && self
                    .members
                    .get(*i)
                    .is_some_and(|o| o.reading.succeeded() && !failed(*o))
        });
        (!mended).then_some((Why::Retry, *from))
    }

    fn named(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        match Ask::of(member) {
            Ask::Manifest(reference) | Ask::Change(reference) => {
                let key = reference_key(&reference);
                let by_digest = || self.memory.named.get(&key).copied();
                let resolved = self.memory.resolved.get(&key).map(|i| (Why::Resolve, *i));
                let tag = self.memory.tags.get(&key).map(|i| (Why::Resolve, *i));
                resolved.or_else(by_digest).or(tag)
            }
            Ask::Blob(reference) => self.memory.named.get(&reference_key(&reference)).copied(),
            _ => None,
        }
    }

    fn ping(&self, member: Observed<'_>) -> Option<(Why, usize)> {
        member.reading.endpoint.as_ref()?;
        let from = self.memory.pings.get(&member.reading.authority)?;
        Some((Why::Ping, *from))
    }

    fn answered(&self, i: usize, member: Observed<'_>) -> bool {
        let response = self
            .members
            .get(i)
            .and_then(|other| other.exchange.response.as_ref());
        response.is_some_and(|response| response.at <= member.exchange.started)
    }
}

impl Memory {
    fn add(&mut self, i: usize, member: Observed<'_>, blob: Option<&Digest>) {
        let reading = member.reading;
        self.add_places(i, member);
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

    fn add_places(&mut self, i: usize, member: Observed<'_>) {
        let reading = member.reading;
        if let Some(redirect) = &reading.redirect {
            let keys = [
                Some(target(&redirect.target)),
                reading.url.as_ref().map(|url| referred(url.as_str())),
            ];
            for key in keys.into_iter().flatten() {
                self.redirects.entry(key).or_default().push(i);
            }
        } else if let Some(location) = &reading.location
            && reading.is_upload()
        {
            self.uploads.insert(upload(location), i);
        }
        if let Some(next) = &reading.next_page {
            self.pages.insert(target(next), i);
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

fn ended_before(other: Observed<'_>, member: Observed<'_>) -> bool {
    let ended = other.exchange.ended.as_ref();
    ended.is_some_and(|(at, _)| *at <= member.exchange.started)
}
