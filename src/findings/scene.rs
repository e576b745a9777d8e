//! What a rule looks at: the exchanges of one pull, or of one server where there is no pull, with
//! what ties them to each other.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::exchange::{Ending, Exchange, ExchangeId, HandshakeFailed, Side, Tunnel};
use crate::pulls::{Observed, Pull, Purpose, Step, Why};
use crate::registry::redirect::authority;
use crate::registry::{Digest, Document, Fingerprint, Reading, Reference, Scope, TokenAnswer};

/// One exchange as the rules see it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) reading: &'a Reading,
    /// The place in [`Scene::seen`] of the redirect that led here.
    pub(super) from: Option<usize>,
}

/// Everything a rule may look at.
pub(super) struct Scene<'a> {
    /// The pull, when the exchanges belong to one.
    pub(super) pull: Option<&'a Pull>,
    /// The exchanges, by their start.
    pub(super) seen: Vec<Seen<'a>>,
    /// The refused handshakes that have to do with them.
    pub(super) handshakes: Vec<&'a HandshakeFailed>,
    /// Every tunnel of the session.
    pub(super) tunnels: &'a [Tunnel],
    /// Whether nothing more is to come.
    pub(super) settled: bool,
    /// The exchanges that a rule has explained: rules about symptoms leave them out.
    pub(super) explained: BTreeSet<ExchangeId>,
    issued: HashMap<Fingerprint, usize>,
    sizes: HashMap<&'a Digest, u64>,
    latest: Latest<'a>,
}

/// Where something last happened, in [`Scene::seen`].
#[derive(Default)]
struct Latest<'a> {
    /// A URL was asked for.
    asked: HashMap<&'a str, usize>,
    /// A URL gave what was asked for.
    good: HashMap<&'a str, usize>,
    /// A manifest or blob was to be had, from any registry.
    had: HashMap<(&'a str, &'a Reference), usize>,
    /// A blob's last byte arrived.
    whole: HashMap<&'a Digest, usize>,
    /// A token server gave a token.
    token: HashMap<&'a str, usize>,
}

/// Clients follow no more redirects in a row.
const MOST_REDIRECTS: usize = 10;

impl<'a> Scene<'a> {
    /// Ties together the exchanges of a pull.
    pub(super) fn of_pull(
        pull: &'a Pull,
        seen: &[(&'a Step, Observed<'a>)],
        handshakes: Vec<&'a HandshakeFailed>,
        tunnels: &'a [Tunnel],
        settled: bool,
    ) -> Self {
        let place: HashMap<_, _> = seen
            .iter()
            .enumerate()
            .map(|(place, (step, _))| (step.exchange, place))
            .collect();
        let seen = seen
            .iter()
            .enumerate()
            .map(|(at, (step, observed))| Seen {
                exchange: observed.exchange,
                reading: observed.reading,
                from: step
                    .cause
                    .filter(|cause| cause.why == Why::Redirect)
                    .and_then(|cause| place.get(&cause.exchange).copied())
                    .filter(|from| *from < at),
            })
            .collect();
        let mut scene = Self::new(Some(pull), seen, handshakes, tunnels, settled);
        for blob in &pull.blobs {
            if let (Some(digest), Some(descriptor)) = (&blob.digest, &blob.descriptor)
                && let Some(size) = descriptor.size
            {
                scene.sizes.insert(digest, size);
            }
        }
        scene
    }

    /// Ties together exchanges that belong to no pull.
    pub(super) fn of_loose(
        observed: &[Observed<'a>],
        handshakes: Vec<&'a HandshakeFailed>,
        tunnels: &'a [Tunnel],
    ) -> Self {
        let seen = observed
            .iter()
            .map(|observed| Seen {
                exchange: observed.exchange,
                reading: observed.reading,
                from: None,
            })
            .collect();
        Self::new(None, seen, handshakes, tunnels, false)
    }

    fn new(
        pull: Option<&'a Pull>,
        mut seen: Vec<Seen<'a>>,
        handshakes: Vec<&'a HandshakeFailed>,
        tunnels: &'a [Tunnel],
        settled: bool,
    ) -> Self {
        let mut targets: HashMap<&str, usize> = HashMap::new();
        let mut issued = HashMap::new();
        let mut sizes = HashMap::new();
        for (at, one) in seen.iter_mut().enumerate() {
            let reading = one.reading;
            if one.from.is_none()
                && let Some(url) = &reading.url
            {
                one.from = targets.get(url.as_str()).copied();
            }
            if let Some(redirect) = &reading.redirect {
                targets.insert(&redirect.target, at);
            }
            if let Some(answer) = &reading.token_answer {
                issued.insert(answer.token.fingerprint, at);
                issued.extend(answer.other.map(|other| (other, at)));
            }
            for descriptor in reading.document.iter().flat_map(Document::descriptors) {
                if let (Some(digest), Some(size)) = (&descriptor.digest, descriptor.size) {
                    sizes.insert(digest, size);
                }
            }
        }
        let mut scene = Self {
            pull,
            seen,
            handshakes,
            tunnels,
            settled,
            explained: BTreeSet::new(),
            issued,
            sizes,
            latest: Latest::default(),
        };
        scene.latest = Latest::of(&scene);
        scene
    }

    /// The exchanges no rule has explained yet.
    pub(super) fn unexplained(&self) -> impl Iterator<Item = (usize, &Seen<'a>)> {
        self.seen
            .iter()
            .enumerate()
            .filter(|(_, one)| !self.explained.contains(&one.exchange.id))
    }

    /// The client's name and version, when it says them.
    pub(super) fn client(&self) -> String {
        self.pull.map_or_else(
            || {
                self.seen
                    .first()
                    .map(|one| one.reading.client.label())
                    .unwrap_or_default()
            },
            |pull| pull.client.label(),
        )
    }

    /// Whether something is being uploaded: then a 404 is a question answered.
    pub(super) fn is_push(&self) -> bool {
        self.pull.is_some_and(|pull| pull.purpose == Purpose::Push)
    }

    /// The redirects that led to an exchange, the nearest first.
    pub(super) fn redirects_to(&self, at: usize) -> impl Iterator<Item = &Seen<'a>> {
        let from = move |at: usize| self.seen.get(at).and_then(|one| one.from);
        std::iter::successors(from(at), move |at| from(*at))
            .take(MOST_REDIRECTS)
            .filter_map(|place| self.seen.get(place))
    }

    /// The digest that an exchange's URL asks for, or that of the redirect that led to it.
    pub(super) fn asked(&self, at: usize) -> Option<&'a Digest> {
        let own = self.seen.get(at)?.reading.digests.requested.as_ref();
        own.or_else(|| {
            self.redirects_to(at)
                .find_map(|one| one.reading.digests.requested.as_ref())
        })
    }

    /// Whether an exchange is about a blob: at the registry, or where it redirected to.
    pub(super) fn is_blob(&self, at: usize) -> bool {
        self.seen.get(at).is_some_and(|one| {
            one.reading.is_blob_route()
                || self
                    .redirects_to(at)
                    .any(|redirect| redirect.reading.is_blob_route())
        })
    }

    /// The size that a manifest or an index states for a digest.
    pub(super) fn stated_size(&self, digest: &Digest) -> Option<u64> {
        self.sizes.get(digest).copied()
    }

    /// The exchange that issued the token that a request carries.
    pub(super) fn issuer(&self, one: &Seen<'_>) -> Option<(&Seen<'a>, &'a TokenAnswer)> {
        let sent = one.reading.authorization.as_ref()?;
        let issuer = self.seen.get(*self.issued.get(&sent.fingerprint)?)?;
        Some((issuer, issuer.reading.token_answer.as_deref()?))
    }

    /// Whether a later exchange on the same URL succeeded.
    pub(super) fn recovered(&self, at: usize) -> bool {
        let url = self.seen.get(at).and_then(Seen::url);
        url.is_some_and(|url| is_later(self.latest.good.get(url), at))
    }

    /// Whether the same URL was asked for later.
    pub(super) fn asked_again(&self, at: usize) -> bool {
        let url = self.seen.get(at).and_then(Seen::url);
        url.is_some_and(|url| is_later(self.latest.asked.get(url), at))
    }

    /// Whether what an exchange was to bring was to be had later, here or elsewhere.
    pub(super) fn had_later(&self, at: usize) -> bool {
        let key = self.seen.get(at).and_then(Seen::content);
        key.is_some_and(|key| is_later(self.latest.had.get(&key), at))
    }

    /// Whether a blob came to its end later.
    pub(super) fn whole_later(&self, digest: &Digest, at: usize) -> bool {
        is_later(self.latest.whole.get(digest), at)
    }

    /// Whether a token server gave a token later.
    pub(super) fn token_later(&self, server: &str, at: usize) -> bool {
        is_later(self.latest.token.get(server), at)
    }

    /// The exchanges that began after this one.
    pub(super) fn after(&self, at: usize) -> impl Iterator<Item = &Seen<'a>> {
        self.seen.iter().skip(at + 1)
    }

    /// Whether every exchange has ended.
    pub(super) fn is_at_rest(&self) -> bool {
        self.seen.iter().all(|one| one.exchange.ended.is_some())
    }

    /// The hosts of which the client trusts what we show it: it sent a request there by TLS.
    pub(super) fn trusted_hosts(&self) -> HashSet<&str> {
        self.seen
            .iter()
            .filter_map(|one| one.reading.url.as_deref())
            .filter(|url| url.scheme() == "https")
            .filter_map(Url::host_str)
            .collect()
    }
}

impl<'a> Latest<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let mut latest = Self::default();
        for (at, one) in scene.seen.iter().enumerate() {
            let is_good = one.succeeded() || one.is_redirect();
            if let Some(url) = one.url() {
                latest.asked.insert(url, at);
                if is_good {
                    latest.good.insert(url, at);
                }
            }
            if let Some(key) = one.content().filter(|_| is_good) {
                latest.had.insert(key, at);
            }
            if let Some(digest) = scene.asked(at)
                && one.succeeded()
                && one.is_complete()
            {
                latest.whole.insert(digest, at);
            }
            if one.reading.token_answer.is_some() {
                latest.token.insert(one.authority(), at);
            }
        }
        latest
    }
}

fn is_later(place: Option<&usize>, at: usize) -> bool {
    place.is_some_and(|place| *place > at)
}

impl<'a> Seen<'a> {
    pub(super) fn id(&self) -> ExchangeId {
        self.exchange.id
    }

    /// The host and port that were asked.
    pub(super) fn authority(&self) -> &'a str {
        &self.reading.authority
    }

    /// The host that was asked, without port.
    pub(super) fn host(&self) -> &'a str {
        let url = self.reading.url.as_deref();
        url.and_then(Url::host_str).unwrap_or_default()
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.reading.status
    }

    pub(super) fn succeeded(&self) -> bool {
        self.reading.succeeded()
    }

    pub(super) fn is_redirect(&self) -> bool {
        self.reading.redirect.is_some()
    }

    pub(super) fn is_get(&self) -> bool {
        self.reading.method == "GET"
    }

    pub(super) fn is_head(&self) -> bool {
        self.reading.method == "HEAD"
    }

    /// When it happened: by the server's clock, or by ours.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        let date = self.reading.server_time();
        date.or_else(|| self.exchange.measured())
    }

    /// How long after another one it began, by one clock: ours, or else the servers'.
    pub(super) fn since(&self, other: &Seen<'_>) -> Option<SignedDuration> {
        let measured = self.exchange.measured().zip(other.exchange.measured());
        let stated = || self.reading.server_time().zip(other.reading.server_time());
        let (later, earlier) = measured.or_else(stated)?;
        Some(later.duration_since(earlier))
    }

    /// Whether it is the registry API or a token server that was asked.
    pub(super) fn is_registry(&self) -> bool {
        self.reading.endpoint.is_some() || self.reading.token_request.is_some()
    }

    pub(super) fn repository(&self) -> Option<&'a str> {
        self.reading.repository()
    }

    /// The URL, as text.
    fn url(&self) -> Option<&'a str> {
        self.reading.url.as_deref().map(Url::as_str)
    }

    /// The manifest or blob it is about, whichever registry is asked.
    fn content(&self) -> Option<(&'a str, &'a Reference)> {
        Some((self.repository()?, self.reference()?))
    }

    pub(super) fn reference(&self) -> Option<&'a Reference> {
        self.reading.endpoint.as_ref()?.reference()
    }

    /// Whether it passed whole.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.exchange.ended, Some((_, Ending::Complete)))
    }

    /// Whether the server ended it early.
    pub(super) fn is_cut_by_server(&self) -> bool {
        let side = Side::Upstream;
        matches!(&self.exchange.ended, Some((_, Ending::Aborted { by, .. })) if *by == side)
    }

    /// Whether no answer of the server's came.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.exchange.ended, Some((_, Ending::Failed { .. })))
    }

    pub(super) fn has_bearer(&self) -> bool {
        let sent = self.reading.authorization.as_ref();
        sent.is_some_and(crate::registry::Authorization::is_bearer)
    }

    /// Whether an error of this code was reported.
    pub(super) fn reports(&self, code: &str) -> bool {
        let mut errors = self.reading.errors.iter();
        errors.any(|error| error.code.eq_ignore_ascii_case(code))
    }

    /// Whether a challenge gives this as its `error`.
    pub(super) fn challenged_with(&self, error: &str) -> bool {
        let mut challenges = self.reading.challenges.iter();
        challenges.any(|challenge| challenge.error() == Some(error))
    }

    /// The first field of this name in the response, as text.
    pub(super) fn field(&self, name: &'a str) -> Option<&'a str> {
        self.exchange.response.as_ref()?.head.text(name)
    }

    /// The action that a request needs a token for.
    pub(super) fn action(&self) -> &'static str {
        match &*self.reading.method {
            "DELETE" => "delete",
            "GET" | "HEAD" => "pull",
            _ => "push",
        }
    }

    /// What a token request asked for, in one line.
    pub(super) fn asked_scopes(&self) -> String {
        let request = self.reading.token_request.as_ref();
        scopes(request.map_or(&[], |request| request.scopes.as_slice()))
    }
}

/// Scopes in one line; `-` for none.
pub(super) fn scopes(scopes: &[Scope]) -> String {
    if scopes.is_empty() {
        return "-".to_owned();
    }
    let all: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    all.join(" ")
}

/// Whether a handshake has to do with a pull: it is for a host the pull was led to, and happened
/// while the pull went on or soon after.
pub(super) fn concerns(handshake: &HandshakeFailed, pull: &Pull, hosts: &HashSet<String>) -> bool {
    is_during(handshake, pull) && hosts.contains(&handshake_host(handshake))
}

/// Whether a handshake happened while a pull went on or soon after.
pub(super) fn is_during(handshake: &HandshakeFailed, pull: &Pull) -> bool {
    const SOON: std::time::Duration = std::time::Duration::from_secs(60);
    let late = pull
        .ended
        .and_then(|ended| ended.checked_add(SOON).ok())
        .is_some_and(|end| handshake.at > end);
    handshake.at >= pull.started && !late
}

/// The host that a refused handshake was for.
pub(super) fn handshake_host(handshake: &HandshakeFailed) -> String {
    let connection = &handshake.connection;
    match (&connection.target, &connection.sni) {
        (Some(target), _) => target.host.clone(),
        (None, Some(sni)) => sni.to_ascii_lowercase(),
        (None, None) => String::new(),
    }
}

/// The hosts that a pull asked or was led to: by redirects, challenges and upload locations.
pub(super) fn hosts<'a>(readings: impl Iterator<Item = &'a Reading>) -> HashSet<String> {
    let mut hosts = HashSet::new();
    let host = |text: &str| Url::parse(text).ok()?.host_str().map(str::to_owned);
    for reading in readings {
        hosts.extend(
            reading
                .url
                .as_deref()
                .and_then(Url::host_str)
                .map(str::to_owned),
        );
        hosts.extend(reading.redirect.as_ref().and_then(|r| host(&r.target)));
        hosts.extend(reading.location.as_deref().and_then(host));
        hosts.extend(reading.challenges.iter().filter_map(|c| host(c.realm()?)));
    }
    hosts
}

/// The host and port of a URL given as text.
pub(super) fn authority_of(url: &str) -> String {
    Url::parse(url)
        .ok()
        .and_then(|url| authority(&url))
        .unwrap_or_default()
}
