//! A pull that forms: what its exchanges have asked for and been told, and how well a further
//! exchange fits in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::{
    Ask, ClientKey, Place, answered_by, digest_key, ended_by, failed, failed_for_now, hung_up,
    leads_on, place, reference_key,
};
use super::member::Member;
use super::observed::{Look, Observed};
use super::waiting::{Waiting, asks_for, within};
use crate::base::clock;
use crate::base::fast::HashSet;
use crate::exchange::ExchangeId;
use crate::registry::{Digest, Document, Fingerprint, Reading, Reference};

/// The exchanges of one pull so far.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) client: ClientKey,
    pub(super) lane: u64,
    pub(super) members: BTreeSet<Member>,
    told: Told,
    /// Members that are open, and when the others ended.
    open: HashSet<Place>,
    last_end: Option<Timestamp>,
}

/// What the members say, together.
#[derive(Debug, Default)]
struct Told {
    /// The registries that were asked, in order.
    registries: Vec<Arc<str>>,
    /// The connections they came on.
    connections: HashSet<u64>,
    /// The manifest that was asked for first.
    root: Option<u64>,
    /// Who asked for what.
    asked: BTreeSet<(u64, Place)>,
    /// The digests that documents and answers named.
    named: HashSet<u64>,
    /// The 401s.
    challenges: Vec<Place>,
    /// The token requests.
    tokens: Vec<Place>,
    /// The tokens that were given.
    given: Vec<Fingerprint>,
    /// The lists of tags.
    tags: Vec<Place>,
    /// The blobs that were looked for, to be sent.
    looked: HashSet<u64>,
    /// Whether something was read that only pulls read.
    reads: bool,
    /// Whether something was sent, or looked for before sending it.
    stores: bool,
    /// The latest request to a registry.
    latest: Option<Place>,
}

/// An idle pull takes in what fits it only by name for this long.
const SHORTLY: Duration = Duration::from_secs(30);
/// What was asked for once and failed may be asked for again for this long.
const RETRY: Duration = Duration::from_secs(120);
/// What the manifests name and has not arrived may be asked for this long.
const LATER: Duration = Duration::from_secs(600);
/// A client that begins anew by itself waits no longer than this; people take longer.
const BY_ITSELF: Duration = Duration::from_secs(5);
/// A client that goes on by itself does so at once.
const AT_ONCE: Duration = Duration::from_secs(2);

impl Party {
    pub(super) fn new(client: ClientKey, lane: u64) -> Self {
        Self {
            client,
            lane,
            members: BTreeSet::new(),
            told: Told::default(),
            open: HashSet::default(),
            last_end: None,
        }
    }

    /// Whether this is the first that is asked of a registry, or of a token server for it: what
    /// waits for it belongs here as well.
    pub(super) fn begins_with(&self, observed: Observed<'_>, ask: &Ask, look: &dyn Look) -> bool {
        let opening = matches!(ask, Ask::Token | Ask::Manifest(_));
        let now = observed.exchange.started;
        if opening && self.tries_again(now, look) {
            return true;
        }
        match &observed.reading.token_request {
            Some(request) => !self.told.challenges.iter().any(|at| {
                let challenge = look.look(at.1);
                challenge.is_some_and(|c| asks_for(c.reading, &request.realm))
            }),
            None => !self.told.registries.contains(&observed.reading.authority),
        }
    }

    /// Whether this registry was asked for this blob just before, to be sent.
    pub(super) fn looked_for(&self, observed: Observed<'_>) -> bool {
        let endpoint = observed.reading.endpoint.as_ref();
        let digest = endpoint.and_then(|endpoint| endpoint.reference()?.digest());
        digest.is_some_and(|digest| self.told.looked.contains(&digest_key(digest)))
            && self.told.registries.contains(&observed.reading.authority)
            && self.idle(observed.exchange.started) <= SHORTLY
    }

    /// Whether a 401 said that a token for this repository is wanted.
    pub(super) fn was_told(&self, repository: &str, look: &dyn Look) -> bool {
        let mut recent = self.told.challenges.iter().rev().take(MOST);
        recent.any(|at| {
            let challenges = look.look(at.1).map(|told| &told.reading.challenges);
            let scopes = challenges.into_iter().flatten();
            let mut scopes = scopes.filter_map(|challenge| challenge.param("scope"));
            scopes.any(|scope| scope.split(':').nth(1) == Some(repository))
        })
    }

    /// Takes an exchange in.
    pub(super) fn admit(&mut self, observed: Observed<'_>, decided: Place) {
        let at = place(observed);
        self.members.insert(Member { at, decided });
        self.told.add(observed);
        self.moved(observed);
    }

    /// Notes whether a member is open.
    pub(super) fn moved(&mut self, observed: Observed<'_>) {
        let at = place(observed);
        match observed.exchange.ended {
            None => {
                self.open.insert(at);
            }
            Some((end, _)) => {
                self.open.remove(&at);
                self.last_end = self.last_end.max(Some(end));
            }
        }
    }

    /// Forgets what was decided from some place on; gives back whom that leaves out.
    pub(super) fn truncate(&mut self, from: Place, look: &dyn Look) -> Vec<Place> {
        let all = std::mem::take(&mut self.members).into_iter();
        let (gone, kept): (Vec<_>, _) = all.partition(|member| member.decided >= from);
        self.members = BTreeSet::from_iter::<Vec<_>>(kept);
        self.told = Told::default();
        self.open.clear();
        self.last_end = None;
        for member in self.members.clone() {
            if let Some(observed) = look.look(member.at.1) {
                self.told.add(observed);
                self.moved(observed);
            }
        }
        gone.into_iter().map(|member| member.at).collect()
    }

    /// How long nothing had been under way at some moment.
    fn idle(&self, moment: Timestamp) -> Duration {
        if !self.open.is_empty() {
            return Duration::ZERO;
        }
        let last = self.last_end.unwrap_or(moment);
        clock::passed(last, moment)
    }

    /// How well an exchange fits in; `None` when it does not.
    pub(super) fn fit(
        &self,
        observed: Observed<'_>,
        ask: &Ask,
        waiting: &Waiting,
        look: &dyn Look,
    ) -> Option<u32> {
        let here = Here {
            observed,
            now: observed.exchange.started,
            idle: self.idle(observed.exchange.started),
            waiting,
            look,
        };
        if *ask != Ask::Token && !self.knows_registry(&here, ask) {
            return None;
        }
        let fit = match ask {
            Ask::Token => self.fit_token(&here),
            Ask::Manifest(reference) => self.fit_manifest(&here, reference),
            Ask::Change(_) => self.fit_change(&here),
            Ask::Blob(reference) => self.fit_blob(&here, reference),
            Ask::Store => self.fit_store(&here),
            Ask::Tags { first } => self.fit_tags(&here, *first),
            Ask::Referrers | Ask::Catalog => (here.idle <= SHORTLY).then_some(40),
            Ask::Ping | Ask::Other => None,
        }?;
        Some(fit + self.bonus(observed))
    }

    /// The same token and the same connection speak for the same process.
    fn bonus(&self, observed: Observed<'_>) -> u32 {
        let used = observed.reading.authorization.as_ref();
        let token = used.is_some_and(|used| self.told.given.contains(&used.fingerprint));
        let connection = observed.exchange.connection.id.0;
        let connected = connection != 0 && self.told.connections.contains(&connection);
        u32::from(token) * 15 + u32::from(connected) * 10
    }

    /// Another registry is asked for the same when the one before failed, or when the client
    /// says that it stands in for the same one.
    fn knows_registry(&self, here: &Here<'_>, ask: &Ask) -> bool {
        let authority = &here.observed.reading.authority;
        if self.told.registries.is_empty() || self.told.registries.contains(authority) {
            return true;
        }
        let same_image = match ask {
            Ask::Manifest(reference) | Ask::Blob(reference) => {
                let key = reference_key(reference);
                self.told.root.is_none()
                    || self.told.root == Some(key)
                    || self.told.named.contains(&key)
            }
            _ => true,
        };
        let namespace = here
            .observed
            .reading
            .endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.namespace.as_deref());
        let stands_in = namespace.is_some() && here.idle <= SHORTLY;
        same_image && (stands_in || self.fell_through(here, here.observed.reading))
    }

    /// Whether a client begins anew by itself, as podman does after a 429: soon after a failure
    /// that may pass.
    fn tries_again(&self, now: Timestamp, look: &dyn Look) -> bool {
        let latest = self.told.latest.and_then(|at| look.look(at.1));
        self.idle(now) <= BY_ITSELF
            && latest.is_some_and(|latest| {
                // A client that hung up was ended, and does not go on by itself.
                failed_for_now(latest) && !hung_up(latest) && ended_by(latest, now).is_some()
            })
    }

    /// Whether the latest request to a registry had failed, and this is where its client goes on.
    fn fell_through(&self, here: &Here<'_>, next: &Reading) -> bool {
        let latest = self.told.latest.and_then(|at| here.look.look(at.1));
        let at_once = here.idle <= BY_ITSELF;
        latest.filter(|_| at_once).is_some_and(|latest| {
            // A 401 to one that showed nothing is no refusal.
            let asked =
                latest.reading.status == Some(401) && latest.reading.authorization.is_none();
            let ended = ended_by(latest, here.now).is_some();
            failed(latest) && !hung_up(latest) && !asked && ended && leads_on(latest.reading, next)
        })
    }

    fn fit_token(&self, here: &Here<'_>) -> Option<u32> {
        let realm = &here.observed.reading.token_request.as_ref()?.realm;
        let recent = self.told.challenges.iter().rev().take(MOST);
        let sent_here: Vec<Place> = recent
            .filter(|at| {
                here.look.look(at.1).is_some_and(|challenge| {
                    asks_for(challenge.reading, realm) && answered_by(challenge, here.now)
                })
            })
            .copied()
            .collect();
        let last_token = self.told.tokens.last().map(|at| at.0);
        let unanswered = |at: &Place| last_token.is_none_or(|token| token <= at.0);
        if sent_here.iter().any(unanswered) {
            return Some(80);
        }
        if let Some(ping) = here.waiting.ping_for(here.observed, here.look) {
            // A new pull, unless another registry is tried because the one before failed.
            let fell_through = here.look.look(ping.1).is_some_and(|ping| {
                let authority = &ping.reading.authority;
                !self.told.registries.contains(authority) && self.fell_through(here, ping.reading)
            });
            return (fell_through || self.tries_again(here.now, here.look)).then_some(50);
        }
        // A client whose credentials were not taken asks once more, by other means.
        if !sent_here.is_empty() && last_token.is_some_and(|at| within(at, here.now, AT_ONCE)) {
            return Some(80);
        }
        let known = self.told.challenges.is_empty() || !sent_here.is_empty();
        (known && here.idle <= SHORTLY).then_some(20)
    }

    fn fit_manifest(&self, here: &Here<'_>, reference: &Reference) -> Option<u32> {
        let key = reference_key(reference);
        let asked = self.asked(here, key);
        if reference.is_auxiliary() {
            return (here.idle <= SHORTLY).then_some(40);
        }
        let Some(root) = self.told.root else {
            return (here.idle <= SHORTLY).then_some(60);
        };
        // What was sent is fetched back by helm, to send it by another name, and buildx looks first
        // whether there is something of that name.
        let head = here.observed.reading.method == "HEAD";
        let checks = head || (asked.fetched && reference.digest().is_some());
        if self.told.stores && checks && self.gave_token(here) && here.idle <= AT_ONCE {
            return Some(60);
        }
        let renews = here.waiting.has_ping_for(here.observed, here.look);
        if root == key {
            if self.restarts(here, &asked) {
                return None;
            }
            let mirror = !self.knows(here);
            let goes_on = mirror || self.gave_token(here) || self.tries_again(here.now, here.look);
            if renews && !goes_on {
                return None;
            }
            let patience = if asked.failed_for_now { RETRY } else { SHORTLY };
            return (here.idle <= patience).then_some(50);
        }
        if self.told.named.contains(&key) {
            return if asked.fetched {
                // Once more, though it is there: by the same client, at once.
                (here.idle <= AT_ONCE && !renews).then_some(30)
            } else {
                (here.idle <= LATER).then_some(70)
            };
        }
        // What nothing has named: a child of something that was not kept, or another image.
        let digest = reference.digest().is_some();
        (digest && self.told.named.is_empty() && !renews && here.idle <= SHORTLY).then_some(20)
    }

    /// Whether a request for the manifest that the pull began with begins another pull.
    fn restarts(&self, here: &Here<'_>, asked: &Asked) -> bool {
        let head = here.observed.reading.method == "HEAD";
        let given_up = asked.failed && !asked.failed_for_now && !asked.unauthorized;
        // A client that was ended begins anew with `/v2/`, or when it is told to.
        let renews = here.idle > AT_ONCE || here.waiting.has_ping_for(here.observed, here.look);
        asked.fetched
            || (asked.resolved && self.told.reads)
            || (asked.resolved && head && here.idle > AT_ONCE)
            || (asked.hung_up && renews)
            || (given_up && here.idle > AT_ONCE && self.knows(here))
    }

    fn knows(&self, here: &Here<'_>) -> bool {
        let authority = &here.observed.reading.authority;
        self.told.registries.contains(authority)
    }

    fn gave_token(&self, here: &Here<'_>) -> bool {
        let used = here.observed.reading.authorization.as_ref();
        used.is_some_and(|used| self.told.given.contains(&used.fingerprint))
    }

    fn fit_change(&self, here: &Here<'_>) -> Option<u32> {
        let delete = here.observed.reading.method == "DELETE";
        (delete || self.told.stores || !self.told.reads)
            .then_some(60)
            .filter(|_| here.idle <= SHORTLY)
    }

    fn fit_blob(&self, here: &Here<'_>, reference: &Reference) -> Option<u32> {
        let key = reference_key(reference);
        let asked = self.asked(here, key);
        if self.told.stores && !self.told.reads {
            return None;
        }
        let fit = if !self.told.named.contains(&key) {
            if asked.any {
                (40, RETRY)
            } else {
                (20, SHORTLY)
            }
        } else if asked.hung_up {
            (60, LATER)
        } else if asked.failed {
            (78, LATER)
        } else if !asked.any {
            (70, LATER)
        } else {
            (30, SHORTLY)
        };
        (here.idle <= fit.1).then_some(fit.0)
    }

    /// Clients look whether a blob is there before they send it; when they pull, they look only
    /// at what a manifest named, and do not begin anew.
    fn fit_store(&self, here: &Here<'_>) -> Option<u32> {
        if self.told.looks(here.observed) {
            let renews = here.waiting.has_ping_for(here.observed, here.look);
            return (here.idle <= SHORTLY && !renews).then_some(70);
        }
        let over = self.told.reads && !self.told.stores;
        (!over && here.idle <= SHORTLY).then_some(40)
    }

    fn fit_tags(&self, here: &Here<'_>, first: bool) -> Option<u32> {
        let renews = here.waiting.has_ping_for(here.observed, here.look);
        let listed = self.told.tags.iter().any(|at| {
            let list = here.look.look(at.1);
            list.is_some_and(|list| list.reading.succeeded())
        });
        let goes_on = !first || (!renews && !listed);
        (goes_on && here.idle <= AT_ONCE.max(SHORTLY * u32::from(!first))).then_some(30)
    }

    fn asked(&self, here: &Here<'_>, key: u64) -> Asked {
        let mut asked = Asked::default();
        let places = self.told.asked.range((key, FIRST)..=(key, LAST));
        for (_, at) in places.rev().take(MOST) {
            let Some(other) = here.look.look(at.1) else {
                continue;
            };
            let succeeded = other.reading.succeeded() && answered_by(other, here.now);
            let head = other.reading.method == "HEAD";
            asked.any = true;
            asked.fetched |= succeeded && !head;
            asked.resolved |= succeeded && head;
            // The latest answer decides.
            if !asked.answered && ended_by(other, here.now).is_some() {
                asked.answered = true;
                asked.failed = failed(other);
                asked.failed_for_now = failed_for_now(other);
                asked.hung_up = hung_up(other);
                asked.unauthorized = other.reading.status == Some(401);
            }
        }
        asked
    }
}

/// The places before and behind all others.
const FIRST: Place = (Timestamp::MIN, ExchangeId(0));
const LAST: Place = (Timestamp::MAX, ExchangeId(u64::MAX));
/// How many earlier requests for the same are looked at.
const MOST: usize = 16;

/// An exchange that looks for its pull.
struct Here<'a> {
    observed: Observed<'a>,
    now: Timestamp,
    idle: Duration,
    waiting: &'a Waiting,
    look: &'a dyn Look,
}

/// What became of earlier requests for the same.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Asked {
    any: bool,
    answered: bool,
    fetched: bool,
    resolved: bool,
    failed: bool,
    failed_for_now: bool,
    hung_up: bool,
    unauthorized: bool,
}

impl Told {
    fn add(&mut self, observed: Observed<'_>) {
        let reading = observed.reading;
        let at = place(observed);
        self.connections.insert(observed.exchange.connection.id.0);
        if reading.endpoint.is_some() {
            if !self.registries.contains(&reading.authority) {
                self.registries.push(reading.authority.clone());
            }
            self.latest = self.latest.max(Some(at));
        }
        if !reading.challenges.is_empty() {
            self.challenges.push(at);
        }
        match Ask::of(observed) {
            Ask::Token => self.tokens.push(at),
            Ask::Manifest(reference) => {
                self.ask(&reference, at);
                if !reference.is_auxiliary() {
                    self.root.get_or_insert(reference_key(&reference));
                }
                self.reads |= reading.method == "GET" && reading.succeeded();
            }
            Ask::Change(reference) => {
                self.ask(&reference, at);
                self.stores |= reading.method == "PUT";
            }
            Ask::Blob(reference) => {
                self.ask(&reference, at);
                self.reads = true;
            }
            Ask::Store if !self.looks(observed) => {
                self.stores = true;
                let endpoint = reading.endpoint.as_ref();
                let digest = endpoint.and_then(|endpoint| endpoint.reference()?.digest());
                self.looked.extend(digest.map(digest_key));
            }
            Ask::Tags { .. } => self.tags.push(at),
            _ => {}
        }
        if let Some(answer) = &reading.token_answer {
            self.given.push(answer.token.fingerprint);
            self.given.extend(answer.other);
        }
        if reading.is_manifest_route() {
            let digests = [&reading.digests.stated, &reading.digests.computed];
            self.name(digests.into_iter().flatten());
        }
        let document = reading.document.as_ref();
        let descriptors = document.into_iter().flat_map(Document::descriptors);
        let referrers = reading.referrers.iter().flat_map(|list| &list.manifests);
        let descriptors = descriptors.chain(referrers.map(AsRef::as_ref));
        self.name(descriptors.filter_map(|descriptor| descriptor.digest.as_ref()));
    }

    /// Whether this looks, before it is fetched, at a blob that a manifest named.
    fn looks(&self, observed: Observed<'_>) -> bool {
        let endpoint = observed.reading.endpoint.as_ref();
        let digest = endpoint.and_then(|endpoint| endpoint.reference()?.digest());
        let is_named = digest.is_some_and(|digest| self.named.contains(&digest_key(digest)));
        observed.reading.method == "HEAD" && self.reads && !self.stores && is_named
    }

    fn ask(&mut self, reference: &Reference, at: Place) {
        self.asked.insert((reference_key(reference), at));
    }

    fn name<'a>(&mut self, digests: impl Iterator<Item = &'a Digest>) {
        self.named.extend(digests.map(digest_key));
    }
}
