//! What a rule looks at: the exchanges of one pull, or of one server where there is no pull, with
//! what ties them to each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::exchange::{Exchange, ExchangeId, HandshakeFailed, Tunnel};
use crate::pulls::{Observed, Pull, Purpose, Why, probes};
use crate::registry::endpoint::Route;
use crate::registry::redirect::authority;
use crate::registry::{
    Class, Client, Credentials, Descriptor, Digest, Document, Fingerprint, Intermediary, Reading,
    Reference, ReportedError, Scope, TokenAnswer,
};

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
    /// Whether a rule has found an error.
    pub(super) has_error: bool,
    issued: HashMap<Fingerprint, usize>,
    sizes: HashMap<&'a Digest, u64>,
    /// Where something last happened.
    latest: HashMap<Mark<'a>, usize>,
    /// Tries of TLS at servers that have none.
    probes: HashSet<ExchangeId>,
}

/// Something that happens in a scene, perhaps again and again.
#[derive(PartialEq, Eq, Hash)]
enum Mark<'a> {
    /// A URL was asked for.
    Asked(&'a str),
    /// A URL gave what was asked for.
    Good(&'a str),
    /// A manifest or blob was to be had, from any registry.
    Had((&'a str, &'a Reference)),
    /// A blob's last byte arrived.
    Whole(&'a Digest),
    /// A token server gave a token.
    Token(&'a str),
    /// A token was asked for, anywhere.
    TokenAsked,
    /// A registry served something, or said that there is no such thing.
    Served(&'a str),
    /// Credentials were sent to a registry.
    Credentials(&'a str),
    /// A blob was uploaded to a repository, or its upload went on.
    Uploaded(&'a str),
}

/// Clients follow no more redirects in a row.
const MOST_REDIRECTS: usize = 10;

impl<'a> Scene<'a> {
    /// Ties together the exchanges of a pull, or such as belong to none.
    pub(super) fn of(
        pull: Option<&'a Pull>,
        observed: &[Observed<'a>],
        handshakes: Vec<&'a HandshakeFailed>,
        tunnels: &'a [Tunnel],
        settled: bool,
    ) -> Self {
        let steps = pull.map_or(&[][..], |pull| &pull.steps).iter();
        let causes = steps.filter_map(|step| Some((step.exchange, step.cause?)));
        let causes: HashMap<_, _> = causes.collect();
        let mut places = HashMap::new();
        let mut targets: HashMap<&str, usize> = HashMap::new();
        let mut scene = Self {
            pull,
            seen: Vec::with_capacity(observed.len()),
            handshakes,
            tunnels,
            settled,
            explained: BTreeSet::new(),
            has_error: false,
            issued: HashMap::new(),
            sizes: HashMap::new(),
            latest: HashMap::new(),
            probes: probes(observed.iter().copied()),
        };
        for (at, &Observed { exchange, reading }) in observed.iter().enumerate() {
            let cause = causes
                .get(&exchange.id)
                .filter(|cause| cause.why == Why::Redirect);
            let url = reading.url.as_ref();
            let from = cause.and_then(|cause| places.get(&cause.exchange));
            let from = from.or_else(|| targets.get(url?.as_str())).copied();
            scene.seen.push(Seen {
                exchange,
                reading,
                from,
            });
            places.insert(exchange.id, at);
            let target = reading.redirect.as_ref().map(|redirect| &*redirect.target);
            targets.extend(target.map(|target| (target, at)));
            if let Some(answer) = &reading.token_answer {
                scene.issued.insert(answer.token.fingerprint, at);
                scene.issued.extend(answer.other.map(|other| (other, at)));
            }
            let documents = reading.document.iter();
            scene.note_sizes(documents.flat_map(Document::descriptors));
            scene.note(at);
        }
        let blobs = pull.map_or(&[][..], |pull| &pull.blobs).iter();
        scene.note_sizes(blobs.filter_map(|blob| blob.descriptor.as_deref()));
        scene
    }

    fn note_sizes(&mut self, descriptors: impl Iterator<Item = &'a Descriptor>) {
        self.sizes
            .extend(descriptors.filter_map(|one| Some((one.digest.as_ref()?, one.size?))));
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
        let first = self.seen.first().map(|one| &*one.reading.client);
        let client = self.pull.map(|pull| &pull.client).or(first);
        client.map(Client::label).unwrap_or_default()
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
        let mut all = self.seen.get(at).into_iter().chain(self.redirects_to(at));
        all.find_map(|one| one.reading.digests.requested.as_ref())
    }

    /// Whether an exchange is about a blob: at the registry, or where it redirected to.
    pub(super) fn is_blob(&self, at: usize) -> bool {
        let mut all = self.seen.get(at).into_iter().chain(self.redirects_to(at));
        all.any(|one| one.reading.is_blob_route())
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

    /// Whether a registry took a manifest later, of the repository that this exchange is about: a
    /// push that ends so has got over what went wrong before.
    pub(super) fn pushed_later(&self, at: usize) -> bool {
        let repository = self.seen.get(at).and_then(Seen::repository);
        let mut later = self.after(at);
        repository.is_some()
            && later.any(|one| {
                one.reading.method == "PUT"
                    && one.reading.is_manifest_route()
                    && one.succeeded()
                    && one.repository() == repository
            })
    }

    /// Whether a later exchange on the same URL succeeded.
    pub(super) fn recovered(&self, at: usize) -> bool {
        self.is_later(self.seen.get(at).and_then(Seen::url).map(Mark::Good), at)
    }

    /// Whether the same URL was asked for later.
    pub(super) fn asked_again(&self, at: usize) -> bool {
        self.is_later(self.seen.get(at).and_then(Seen::url).map(Mark::Asked), at)
    }

    /// Whether what an exchange was to bring was to be had later, here or elsewhere.
    pub(super) fn had_later(&self, at: usize) -> bool {
        let content = self.seen.get(at).and_then(Seen::content);
        self.is_later(content.map(Mark::Had), at)
    }

    /// Whether a refusal did not matter in the end: what was asked for came later, a blob was
    /// uploaded where mounting failed, or the registry served something after a knock at `/v2/`.
    pub(super) fn got_over(&self, at: usize) -> bool {
        if self.recovered(at) || self.had_later(at) {
            return true;
        }
        let Some(one) = self.seen.get(at) else {
            return false;
        };
        let end = match one.reading.route() {
            Some(Route::Ping) => Some(Mark::Served(one.authority())),
            Some(Route::UploadStart { mount: Some(_), .. }) => one.repository().map(Mark::Uploaded),
            _ => None,
        };
        self.is_later(end, at)
    }

    /// Whether the client did later what a challenge wants: it asked for a token, or sent
    /// credentials to that registry.
    pub(super) fn answered_later(&self, at: usize) -> bool {
        let server = self.seen.get(at).map(Seen::authority);
        let sent = server.map(Mark::Credentials);
        self.is_later(Some(Mark::TokenAsked), at) || self.is_later(sent, at)
    }

    /// Whether `/v2/` of this registry had been open to whoever asks before.
    pub(super) fn was_open(&self, at: usize) -> bool {
        let server = self.seen.get(at).map(Seen::authority);
        self.seen.iter().take(at).any(|one| {
            let is_ping = matches!(one.reading.route(), Some(Route::Ping));
            let is_open = one.is_good() && one.reading.authorization.is_none();
            is_ping && is_open && Some(one.authority()) == server
        })
    }

    /// Whether the answer to a challenge may have passed unseen: in a tunnel that was passed on
    /// unread, or after a handshake that the client refused.
    pub(super) fn is_elsewhere(&self, one: &Seen<'_>) -> bool {
        let hosts = one.token_servers();
        let hosts: Vec<_> = hosts
            .filter_map(|server| Some(server.host_str()?.to_owned()))
            .collect();
        let targets = self.tunnels.iter().map(|tunnel| &tunnel.connection.target);
        let unread = targets.flatten().map(|target| target.host.clone());
        let refused = self
            .handshakes
            .iter()
            .map(|refused| handshake_host(refused));
        unread.chain(refused).any(|host| hosts.contains(&host))
    }

    /// The challenge that names the token server which an exchange asks, if one does.
    pub(super) fn named_by(&self, one: &Seen<'_>) -> Option<&Seen<'a>> {
        one.reading.token_request.as_ref()?;
        let asked = one.reading.url.as_ref()?;
        let place = |url: &Url| (url.host_str().map(str::to_owned), url.path().to_owned());
        let asked = place(asked);
        let mut all = self.seen.iter();
        all.find(|other| other.token_servers().any(|server| place(&server) == asked))
    }

    /// Whether the token server that an exchange's challenge names had given a token before.
    pub(super) fn had_token(&self, at: usize, one: &Seen<'_>) -> bool {
        let server = one.token_servers().next();
        let host = server.as_ref().and_then(Url::host_str);
        let mut issuers = self.issued.values().filter(|issued| **issued < at);
        host.is_some() && issuers.any(|issued| self.seen.get(*issued).map(Seen::host) == host)
    }

    /// Whether a request shows who sent it: by a password, or by a token that was given for one.
    pub(super) fn is_logged_in(&self, one: &Seen<'_>) -> bool {
        let issuer = self.issuer(one).map(|(issuer, _)| issuer);
        let request = issuer.and_then(|issuer| issuer.reading.token_request.as_deref());
        request.is_some_and(|request| request.credentials != Credentials::Anonymous)
            || one.reading.authorization.is_some() && !one.has_bearer()
    }

    /// The exchanges that brought a token.
    pub(super) fn tokens(&self) -> impl DoubleEndedIterator<Item = &Seen<'a>> {
        let all = self.seen.iter();
        all.filter(|one| one.reading.token_answer.is_some())
    }

    /// Who runs the server that was asked, or which program it is, as far as any of its answers
    /// shows; of a token server, the registry that names it.
    pub(super) fn provider(&self, one: &Seen<'_>) -> Option<&'static str> {
        let named = self.named_by(one).and_then(|named| named.reading.provider);
        let own = one.reading.provider.or(named);
        own.or_else(|| {
            let mut same = self
                .seen
                .iter()
                .filter(|other| other.authority() == one.authority());
            same.find_map(|other| other.reading.provider)
        })
    }

    /// Whether Docker Hub was asked for a repository whose name begins with another registry's.
    pub(super) fn is_misdirected(&self, one: &Seen<'_>) -> bool {
        let name = one.repository().unwrap_or_default();
        let first = name.split_once('/').map(|(first, _)| first);
        first.is_some_and(|first| first.contains('.')) && self.provider(one) == Some("hub")
    }

    /// Whether the blob that an exchange was to bring came to its end later.
    pub(super) fn whole_later(&self, at: usize) -> bool {
        self.is_later(self.asked(at).map(Mark::Whole), at)
    }

    /// Whether a client only tried whether a registry without TLS has it after all.
    pub(super) fn is_probe(&self, one: &Seen<'_>) -> bool {
        self.probes.contains(&one.id())
    }

    /// Whether a token server gave a token later.
    pub(super) fn token_later(&self, server: &str, at: usize) -> bool {
        self.is_later(Some(Mark::Token(server)), at)
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
        let by_tls = self.seen.iter().filter(|one| one.reading.is_by("https"));
        by_tls.filter_map(|one| one.reading.host()).collect()
    }

    /// Notes what an exchange is the latest of so far.
    fn note(&mut self, at: usize) {
        let Some(one) = self.seen.get(at) else {
            return;
        };
        let (is_good, route) = (one.is_good(), one.reading.route());
        let is_served = route.is_some() && (is_good || one.status() == Some(404));
        let is_whole = one.succeeded() && one.is_complete();
        let shows = route.is_some() && one.reading.authorization.is_some();
        let uploads = matches!(
            route,
            Some(Route::UploadStart { .. } | Route::Upload { .. })
        );
        let server = Some(one.authority());
        let (asks, is_given) = (
            one.reading.token_request.is_some(),
            one.reading.token_answer.is_some(),
        );
        let marks = [
            one.url().map(Mark::Asked),
            one.url().filter(|_| is_good).map(Mark::Good),
            one.content().filter(|_| is_good).map(Mark::Had),
            self.asked(at).filter(|_| is_whole).map(Mark::Whole),
            server.filter(|_| is_given).map(Mark::Token),
            asks.then_some(Mark::TokenAsked),
            server.filter(|_| is_served).map(Mark::Served),
            server.filter(|_| shows).map(Mark::Credentials),
            one.repository()
                .filter(|_| is_good && uploads)
                .map(Mark::Uploaded),
        ];
        let marks = marks.into_iter().flatten().map(|mark| (mark, at));
        self.latest.extend(marks);
    }

    fn is_later(&self, mark: Option<Mark<'_>>, at: usize) -> bool {
        let place = mark.and_then(|mark| self.latest.get(&mark));
        place.is_some_and(|place| *place > at)
    }
}

/// An exchange that a rule has something to say of, its place, and what.
pub(super) type Hit<'s, 'a, T> = (usize, &'s Seen<'a>, T);

/// The exchanges that a rule has something to say of.
pub(super) fn hits<'s, 'a, T>(
    all: impl Iterator<Item = (usize, &'s Seen<'a>)>,
    judge: impl Fn(usize, &'s Seen<'a>) -> Option<T>,
) -> Vec<Hit<'s, 'a, T>> {
    all.filter_map(|(at, one)| Some((at, one, judge(at, one)?)))
        .collect()
}

/// What is to be said of those of each host, by its name.
pub(super) fn by_host<'s, 'a, T, F>(
    hits: Vec<Hit<'s, 'a, T>>,
    tell: impl Fn(&[Hit<'s, 'a, T>]) -> Option<F>,
) -> Vec<F> {
    let mut hosts: BTreeMap<&str, Vec<Hit<'s, 'a, T>>> = BTreeMap::new();
    for hit in hits {
        hosts.entry(hit.1.authority()).or_default().push(hit);
    }
    hosts.values().filter_map(|hits| tell(hits)).collect()
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
        self.reading.host().unwrap_or_default()
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.reading.status
    }

    pub(super) fn succeeded(&self) -> bool {
        self.reading.succeeded()
    }

    /// Whether what was asked for came, or where it is to be had.
    pub(super) fn is_good(&self) -> bool {
        self.succeeded() || self.is_redirect()
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

    /// What it is about: a tag, a digest short enough for a sentence, or `-`.
    pub(super) fn named(&self) -> String {
        match self.reference() {
            Some(Reference::Digest(digest)) => digest.short(),
            Some(tag) => tag.to_string(),
            None => "-".to_owned(),
        }
    }

    /// A header field of the request, as text.
    pub(super) fn sent_field(&self, name: &'a str) -> Option<&'a str> {
        self.exchange.request.as_ref()?.head.text(name)
    }

    /// Whether it passed whole.
    pub(super) fn is_complete(&self) -> bool {
        self.exchange.is_complete()
    }

    /// Whether no answer of the server's came.
    pub(super) fn has_failed(&self) -> bool {
        self.exchange.has_failed()
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

    /// What the server said, in its own words: the first error that it reported, or its page.
    pub(super) fn said(&self) -> Option<String> {
        let error = self.reading.errors.first().map(ReportedError::text);
        let said = error.filter(|text| !text.is_empty());
        said.or_else(|| self.reading.page.as_deref().map(str::to_owned))
    }

    /// Whether what the server said has one of these words in it; case does not matter.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let has = |text: &str| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        };
        let mut errors = self.reading.errors.iter();
        errors.any(|e| has(&e.code) || has(&e.message) || e.detail.as_deref().is_some_and(has))
            || self.reading.page.as_deref().is_some_and(has)
    }

    /// Whether the server says that a token or a login is over.
    pub(super) fn says_expired(&self) -> bool {
        let mut challenges = self.reading.challenges.iter();
        let why = challenges.find_map(|c| c.param("error_description"));
        self.says(&["expired"]) || why.is_some_and(|why| why.to_lowercase().contains("expired"))
    }

    /// The token servers that its challenges name.
    pub(super) fn token_servers(&self) -> impl Iterator<Item = Url> + use<'a> {
        let url = self.reading.url.as_ref();
        let challenges = self.reading.challenges.iter();
        challenges.filter_map(move |challenge| challenge.token_server(url?))
    }

    /// The repository that a blob is to be mounted from.
    pub(super) fn mounts_from(&self) -> Option<&'a str> {
        match self.reading.route()? {
            Route::UploadStart {
                mount: Some(_),
                from,
                ..
            } => from.as_deref(),
            _ => None,
        }
    }

    /// Whether a page for people came in the place of what was asked for.
    pub(super) fn is_page(&self) -> bool {
        self.reading.page.is_some() || self.reading.content_type.class() == Class::Html
    }

    /// Who answered in the server's place, when that shows.
    pub(super) fn intermediary(&self) -> Option<Intermediary> {
        let response = self.exchange.response.as_ref()?;
        Intermediary::of(self.reading, &response.head)
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

    /// The media types that a request takes, as they were sent.
    pub(super) fn accepts(&self) -> String {
        let request = self.exchange.request.as_ref();
        let values = request.map(|request| request.head.values("accept"));
        let values = values.into_iter().flatten().map(String::from_utf8_lossy);
        values.collect::<Vec<_>>().join(", ")
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
    let all: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join(" ")
    }
}

/// Whether something happened while a pull went on or soon after.
pub(super) fn is_about(moment: Timestamp, pull: &Pull) -> bool {
    const SOON: std::time::Duration = std::time::Duration::from_secs(60);
    let end = pull.ended.and_then(|ended| ended.checked_add(SOON).ok());
    let late = end.is_some_and(|end| moment > end);
    moment >= pull.started && !late
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
        hosts.extend(reading.host().map(str::to_owned));
        hosts.extend(reading.redirect.as_ref().and_then(|r| host(&r.target)));
        hosts.extend(reading.location.as_deref().and_then(host));
        hosts.extend(reading.challenges.iter().filter_map(|c| host(c.realm()?)));
    }
    hosts
}

/// The host and port of a URL given as text.
pub(super) fn authority_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    url.and_then(|url| authority(&url)).unwrap_or_default()
}
