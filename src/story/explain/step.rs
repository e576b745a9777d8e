//! Which sentences a step gets.

use crate::base::text::first;
use crate::exchange::Ending;
use crate::pulls::{Part, Pull, Purpose, Why};
use crate::registry::endpoint::Route;
use crate::registry::redirect::authority;
use crate::registry::token::TokenAnswer;
use crate::registry::{
    Authorization, Challenge, Credentials, Descriptor, Digests, Document, Index, Kind, Manifest,
    Reading, Reference, ReportedError, Scope, TokenRequest,
};
use crate::words::figures::bytes;
use crate::words::{Lang, Phrase, phrase, row, say};

/// Everything that is known of one step.
pub(super) struct StepScene<'a> {
    pub(super) kind: Kind,
    pub(super) part: Option<Part>,
    pub(super) why: Option<Why>,
    /// What an index says of the manifest that it is, or that names the blob.
    pub(super) entry: Option<&'a Descriptor>,
    pub(super) reading: &'a Reading,
    pub(super) pull: Option<&'a Pull>,
}

/// The sentences so far.
struct Story<'a> {
    scene: &'a StepScene<'a>,
    lang: Lang,
    text: String,
}

/// Characters of what is quoted from the network.
const MAX_QUOTE: usize = 200;

pub(super) fn tell(scene: &StepScene<'_>, lang: Lang) -> String {
    let mut story = Story {
        scene,
        lang,
        text: String::new(),
    };
    story.tell();
    story.text
}

impl Story<'_> {
    fn tell(&mut self) {
        let reading = self.scene.reading;
        self.cause();
        if let Some(Ending::Failed { reason, detail }) = &reading.ending {
            let phrase = row("failure.told", reason.word());
            return self.add(phrase, &[("detail", detail)]);
        }
        if reading.status.is_none() {
            return match &reading.ending {
                Some(_) => self.ending(),
                None if reading.method.is_empty() => self.say("step.open-request"),
                None => self.say("step.open-asked"),
            };
        }
        self.answer();
        self.ending();
    }

    /// What made the client ask, where that is not said anyway.
    fn cause(&mut self) {
        let is_push = self.scene.reading.is_upload();
        let text = match self.scene.why {
            Some(Why::Retry) => "step.retry",
            Some(Why::Token) => "step.why-token",
            Some(Why::Resolve) if self.scene.reading.digests.requested.is_none() => "step.why-head",
            Some(Why::Resolve) => "step.why-resolve",
            Some(Why::Index) if !is_push => "step.why-index",
            Some(Why::Manifest) if !is_push => "step.why-manifest",
            _ => return,
        };
        self.say(text);
    }

    /// What the answer means, by what the exchange is for.
    fn answer(&mut self) {
        let reading = self.scene.reading;
        match self.scene.kind {
            Kind::Challenge => self.challenge(),
            _ if matches!(reading.status, Some(400..)) => self.error(),
            Kind::Ping => self.say("step.ping"),
            Kind::Token => self.token(),
            Kind::Resolve => self.resolve(),
            Kind::Index | Kind::Manifest => self.manifest(),
            Kind::Exists if self.pushes() => {
                self.say_with("step.exists", &[("digest", &self.asked())]);
            }
            Kind::Exists => self.say_with("step.exists-here", &[("digest", &self.asked())]),
            Kind::Redirect => self.redirect(),
            Kind::Config | Kind::Layer | Kind::Blob | Kind::Cdn => self.download(),
            Kind::Upload => self.upload(),
            Kind::Publish => self.say_with("step.publish", &[("reference", &self.asked())]),
            Kind::Delete => self.say_with("step.delete", &[("reference", &self.asked())]),
            Kind::Tags => {
                let repository = reading.repository().unwrap_or_default().to_owned();
                self.list("step.tags", &[("repository", &repository)]);
            }
            Kind::Referrers => self.list("step.referrers", &[("reference", &self.asked())]),
            Kind::Catalog => self.list("step.catalog", &[]),
            Kind::Error => self.error(),
            Kind::Other => self.say("step.other"),
        }
    }

    fn challenge(&mut self) {
        let reading = self.scene.reading;
        let bearer = reading.challenges.iter().find(|c| c.is_bearer());
        let has_basic = reading.challenges.iter().any(Challenge::is_basic);
        match (bearer, &reading.authorization) {
            (Some(bearer), Some(sent)) => self.challenged_again(bearer, sent),
            (Some(bearer), None) => self.challenged(bearer),
            (None, Some(_)) if has_basic => self.say("step.challenge-basic-again"),
            (None, None) if has_basic => self.say("step.challenge-basic"),
            _ if !reading.challenges.is_empty() => {
                let schemes: Vec<_> = reading.challenges.iter().map(|c| &*c.scheme).collect();
                self.say_with("step.challenge-other", &[("schemes", &schemes.join(", "))]);
            }
            _ => self.say("step.challenge-mute"),
        }
        if bearer.is_none() && !has_basic {
            self.page();
        }
    }

    /// A token is wanted of a client that sent nothing.
    fn challenged(&mut self, bearer: &Challenge) {
        let url = self.scene.reading.url.as_ref();
        let server = url.and_then(|url| bearer.token_server(url));
        let Some(server) = server.as_ref().and_then(authority) else {
            let realm = bearer.realm().unwrap_or("-");
            self.say_with("step.challenge-nowhere", &[("realm", realm)]);
            if let Some(error) = bearer.error() {
                self.say_with("step.challenge-error", &[("error", error)]);
            }
            return;
        };
        self.say_with("step.challenge", &[("realm", &server)]);
        match bearer
            .param("scope")
            .filter(|scope| !scope.trim().is_empty())
        {
            Some(scope) => self.say_with("step.challenge-scope", &[("scope", scope)]),
            None => self.say("step.challenge-first"),
        }
    }

    /// A token is wanted of a client that sent something.
    fn challenged_again(&mut self, bearer: &Challenge, sent: &Authorization) {
        let facts = |error| [("error", error), ("scheme", &*sent.scheme)];
        match bearer.error() {
            _ if !sent.is_bearer() => self.say_with("step.challenge-scheme", &facts("")),
            Some(error @ "insufficient_scope") => {
                self.say_with("step.challenge-insufficient", &facts(error));
            }
            Some(error) => self.say_with("step.challenge-invalid", &facts(error)),
            None => self.say("step.challenge-again"),
        }
    }

    /// What the web page says that came instead.
    fn page(&mut self) {
        if let Some(page) = &self.scene.reading.page {
            self.say_with("step.page-says", &[("message", page)]);
        }
    }

    fn token(&mut self) {
        let reading = self.scene.reading;
        let request = reading.token_request.as_deref();
        let credentials = request.map_or_else(Credentials::default, |it| it.credentials);
        self.add(row("credentials.told", credentials.word()), &[]);
        let Some(answer) = reading.token_answer.as_deref() else {
            return match (&reading.page, reading.unseen) {
                (Some(_), _) => {
                    self.say("step.token-page");
                    self.page();
                }
                (None, true) => self.say("step.token-unseen"),
                (None, false) => self.say("step.token-none"),
            };
        };
        self.granted(request, answer);
        let own = answer.token.jwt().map(|jwt| &jwt.claims);
        let own = own.and_then(|claims| {
            let lifetime = claims.expires?.duration_since(claims.issued_at?);
            u64::try_from(lifetime.as_secs()).ok()
        });
        let stated = answer.expires_in.map(|_| answer.lifetime().as_secs());
        if let Some(lifetime) = stated.or(own) {
            self.say_with(
                "step.token-lifetime",
                &[("lifetime", &lifetime.to_string())],
            );
        }
    }

    fn granted(&mut self, request: Option<&TokenRequest>, answer: &TokenAnswer) {
        let names = request.map(TokenRequest::asked).unwrap_or_default();
        if names.is_empty() {
            return self.say("step.token-no-scope");
        }
        let names = names.join(" ");
        let asked = request.map_or(&[][..], |request| request.scopes.as_slice());
        let Some(granted) = answer.granted() else {
            return self.say_with("step.token-opaque", &[("asked", &names)]);
        };
        let allows = |scope: &Scope| scope.is_granted_by(granted);
        if granted.iter().all(|scope| scope.actions.is_empty()) {
            self.say_with("step.token-nothing", &[("asked", &names)]);
        } else if asked.iter().all(allows) {
            self.say_with("step.token-as-asked", &[("asked", &names)]);
        } else {
            let facts = [("asked", &*names), ("granted", &list(granted))];
            self.say_with("step.token-otherwise", &facts);
        }
    }

    fn resolve(&mut self) {
        let reading = self.scene.reading;
        let reference = self.asked();
        let stated = reading.digests.stated.as_ref();
        if reading.digests.requested.is_some() {
            self.say_with("step.resolve-digest", &[("digest", &reference)]);
        } else if let Some(digest) = stated {
            let facts = [("reference", &*reference), ("digest", &digest.short())];
            self.say_with("step.resolve-tag", &facts);
        } else {
            self.say_with("step.resolve-tag-mute", &[("reference", &reference)]);
        }
    }

    fn manifest(&mut self) {
        match &self.scene.reading.document {
            Some(Document::Index(index)) => self.index(index),
            Some(Document::Manifest(manifest)) => self.image(manifest),
            Some(Document::Schema1(schema1)) => {
                let layers = self.counted(schema1.layers.len(), "count.layers-one", "count.layers");
                self.say_with("step.manifest-schema1", &[("layers", &layers)]);
            }
            Some(Document::Unreadable { reason }) => {
                self.say_with("step.manifest-unreadable", &[("reason", reason)]);
            }
            None if self.scene.reading.status == Some(304) => self.say("step.manifest-unchanged"),
            None => self.say("step.manifest-unseen"),
        }
        self.verdict(&self.scene.reading.digests);
    }

    fn index(&mut self, index: &Index) {
        let (images, entries) = (index.images().count(), index.manifests.len());
        let text = match images {
            0 => "step.index-none",
            1 => "step.index-one",
            _ => "step.index",
        };
        self.say_with(text, &[("count", &images.to_string())]);
        if entries > images {
            self.say_with(
                "step.index-attestations",
                &[("entries", &entries.to_string())],
            );
        }
        match self.scene.pull.and_then(|pull| pull.platform.as_ref()) {
            Some(platform) => {
                self.say_with("step.index-chosen", &[("platform", &platform.to_string())]);
            }
            None => match self.taken() {
                0 => self.say("step.index-unchosen"),
                n => self.say_with("step.index-taken", &[("count", &n.to_string())]),
            },
        }
    }

    /// How many of the manifests that indexes name were asked for.
    fn taken(&self) -> usize {
        let steps = self.scene.pull.into_iter().flat_map(|pull| &pull.steps);
        let manifests = steps.filter(|step| step.kind == Kind::Manifest);
        let entries = manifests.filter_map(|step| step.entry.as_ref()?.digest.as_ref());
        entries.collect::<std::collections::HashSet<_>>().len()
    }

    fn image(&mut self, manifest: &Manifest) {
        let config = manifest.config.as_ref().and_then(|config| config.size);
        let size = manifest
            .layers_size()
            .saturating_add(config.unwrap_or_default());
        let (count, size) = (manifest.layers.len(), bytes(size));
        if let Some(entry) = self.scene.entry.filter(|entry| entry.is_attestation()) {
            let blobs = self.counted(count, "count.blobs-one", "count.blobs");
            let about = entry
                .attests()
                .map_or("?".to_owned(), |digest| digest.short());
            let facts = [("layers", &*blobs), ("size", &*size), ("image", &*about)];
            return self.say_with("step.manifest-attestation", &facts);
        }
        if let Some(artifact) = manifest.artifact() {
            let blobs = self.counted(count, "count.blobs-one", "count.blobs");
            let facts = [("layers", &*blobs), ("size", &size), ("artifact", artifact)];
            return self.say_with("step.manifest-artifact", &facts);
        }
        let layers = self.counted(count, "count.layers-one", "count.layers");
        self.say_with("step.manifest", &[("layers", &*layers), ("size", &*size)]);
        let Some(pull) = self.scene.pull else {
            return;
        };
        let platform = self.scene.entry.and_then(|entry| entry.platform.as_ref());
        match (platform, pull.image.index) {
            (Some(platform), Some(_)) => {
                self.say_with(
                    "step.manifest-platform",
                    &[("platform", &platform.to_string())],
                );
            }
            (_, None) if self.scene.reading.digests.requested.is_none() => {
                self.say("step.manifest-only");
            }
            _ => {}
        }
    }

    fn redirect(&mut self) {
        let Some(redirect) = &self.scene.reading.redirect else {
            return;
        };
        let what = self.what();
        let reading = self.scene.reading;
        let target = url::Url::parse(&redirect.target).ok();
        let same_host = reading.host() == target.as_ref().and_then(url::Url::host_str);
        if reading.is_by("http") && same_host && redirect.target.starts_with("https://") {
            return self.say("step.redirect-tls");
        }
        if matches!(reading.route(), Some(Route::Ping)) {
            self.say_with("step.redirect-api", &[("target", &*redirect.target)]);
        } else if redirect.leaves {
            let target = redirect.authority.as_deref().unwrap_or(&redirect.target);
            self.say_with("step.redirect", &[("what", &*what), ("target", target)]);
        } else {
            self.say_with("step.redirect-within", &[("what", &*what)]);
        }
        if let Some(signed) = &redirect.signed {
            self.say_with("step.redirect-signed", &[("signer", signed.signer.name())]);
            if let Some(expires) = signed.expires {
                self.say_with(
                    "step.redirect-expires",
                    &[("expires", &expires.to_string())],
                );
            }
        }
        if redirect.downgrade {
            self.say("step.redirect-downgrade");
        }
    }

    fn download(&mut self) {
        let reading = self.scene.reading;
        let what = capitalised(&self.what(), self.lang);
        if self.scene.kind == Kind::Cdn {
            self.say_with("step.download-cdn", &[("what", &*what)]);
            match &reading.authorization {
                Some(sent) => self.say_with("step.auth-sent", &[("scheme", &*sent.scheme)]),
                None => self.say("step.auth-none"),
            }
        } else {
            self.say_with("step.download", &[("what", &*what)]);
        }
        if let Some(range) = &reading.range {
            self.say_with("step.download-part", &[("range", range)]);
        }
        let config = reading.config.as_ref();
        if let Some(config) = config.filter(|c| !c.platform.os.is_empty()) {
            let platform = config.platform.to_string();
            self.say_with("step.config-says", &[("platform", &platform)]);
        }
        self.verdict(&reading.digests);
    }

    fn verdict(&mut self, digests: &Digests) {
        match digests.agree().or_else(|| self.blob_is_right()) {
            Some(true) if self.scene.reading.status == Some(206) => self.say("step.parts-right"),
            Some(true) => self.say("step.download-right"),
            Some(false) if self.scene.reading.status == Some(206) => self.say("step.parts-wrong"),
            Some(false) => self.say("step.download-wrong"),
            None => {}
        }
    }

    /// Whether a download that does not say itself what it is has the digest of its blob.
    fn blob_is_right(&self) -> Option<bool> {
        let computed = self.scene.reading.digests.computed.as_ref()?;
        let part = self.scene.part?;
        // An image and its attestation both have a first layer.
        let own = self
            .scene
            .pull?
            .blobs
            .iter()
            .filter(|blob| blob.part == Some(part));
        let digests = own.filter_map(|blob| blob.digest.as_ref());
        let mut same = digests.filter(|digest| digest.algorithm() == computed.algorithm());
        same.next()
            .map(|first| first == computed || same.any(|digest| digest == computed))
    }

    fn upload(&mut self) {
        let reading = self.scene.reading;
        let digest = self.asked();
        match (&*reading.method, reading.route()) {
            (_, Some(Route::UploadStart { mount, from, .. })) if mount.is_some() => {
                let from = from.as_deref().unwrap_or("?");
                let text = match reading.status {
                    Some(201) => "step.upload-mounted",
                    _ => "step.upload-not-mounted",
                };
                self.say_with(text, &[("digest", &*digest), ("from", from)]);
            }
            ("POST", Some(Route::UploadStart { digest: None, .. })) => {
                self.say(match reading.location {
                    Some(_) => "step.upload-start",
                    None => "step.upload-nowhere",
                });
            }
            ("GET" | "HEAD", _) => self.say("step.upload-status"),
            ("DELETE", _) => self.say("step.upload-cancel"),
            ("PUT" | "POST", _) => self.say_with("step.upload-close", &[("digest", &digest)]),
            _ => self.say("step.upload-bytes"),
        }
        let next = reading.location.as_deref();
        let next = next.filter(|_| reading.status == Some(202) && reading.is_by("https"));
        if next.is_some_and(|next| next.starts_with("http://")) {
            self.say("step.upload-downgrade");
        }
    }

    fn list(&mut self, text: &'static str, facts: &[(&str, &str)]) {
        self.say_with(text, facts);
        if self.scene.why == Some(Why::Page) {
            self.say("step.page-later");
        }
        let reading = self.scene.reading;
        let listed = reading.listing.as_ref().map(|page| page.count);
        let referring = reading.referrers.as_ref().map(|all| all.manifests.len());
        if let Some(count) = listed.or(referring) {
            self.say_with("step.listed", &[("count", &count.to_string())]);
        }
        if self.scene.reading.next_page.is_some() {
            self.say("step.page-next");
        }
    }

    fn error(&mut self) {
        let reading = self.scene.reading;
        let route = reading.route();
        let is_head = reading.method == "HEAD";
        let pushes = self.pushes();
        let status = reading.status.unwrap_or_default();
        let text = match (status, route) {
            (401 | 403, None) if self.is_anonymous() => "step.error-no-token",
            (401, _) => "step.error-unauthorized",
            (403, _) => "step.error-forbidden",
            (404, Some(Route::Blob(_))) if is_head => "step.error-blob-new",
            (404, Some(Route::Manifest(_))) if pushes && is_head => "step.error-manifest-new",
            (404, Some(Route::Referrers { .. })) => "step.error-referrers",
            (404, _) => "step.error-not-found",
            (405, _) => "step.error-method",
            (429, _) => "step.error-limit",
            (413, _) if reading.is_upload() => "step.error-large",
            (400 | 416 | 501, _) if is_part(reading, ',') => "step.error-ranges",
            (400 | 416 | 501, _) if is_part(reading, '-') => "step.error-range",
            (501, _) => "step.error-unable",
            (500.., _) => "step.error-server",
            _ if reading.is_upload() => "step.error-upload",
            _ => "step.error",
        };
        let range = reading.range.as_deref().unwrap_or_default();
        let (status, method) = (status.to_string(), &*reading.method);
        let facts = [("status", &*status), ("method", method), ("range", range)];
        self.say_with(text, &facts);
        let said = reading.errors.first().map(ReportedError::text);
        match said.filter(|said| !said.is_empty()) {
            Some(said) => self.say_with("step.error-says", &[("message", &said)]),
            None => self.page(),
        }
    }

    fn pushes(&self) -> bool {
        let pull = self.scene.pull;
        pull.is_some_and(|pull| pull.purpose == Purpose::Push)
    }

    /// Whether a token was asked for without logging in.
    fn is_anonymous(&self) -> bool {
        let request = self.scene.reading.token_request.as_deref();
        request.is_some_and(|request| request.credentials == Credentials::Anonymous)
    }

    /// That it is not over, or was not well.
    fn ending(&mut self) {
        match &self.scene.reading.ending {
            None => self.say("step.open"),
            Some(Ending::Aborted { by, detail }) => {
                self.add(row("side.told", by.word()), &[("detail", detail)]);
            }
            Some(Ending::Complete | Ending::Failed { .. }) => {}
        }
    }

    /// A number of things, in words.
    fn counted(&self, count: usize, one: &'static str, many: &'static str) -> String {
        let text = phrase(if count == 1 { one } else { many });
        text.fill(self.lang, &[("count", &count.to_string())])
    }

    /// What is asked for: the tag, or a short digest.
    fn asked(&self) -> String {
        let endpoint = self.scene.reading.endpoint.as_ref();
        match endpoint.and_then(|endpoint| endpoint.reference()) {
            Some(Reference::Digest(digest)) => digest.short(),
            Some(reference) => first(&reference.to_string(), MAX_QUOTE),
            None => "?".to_owned(),
        }
    }

    /// What part of the image it is about.
    fn what(&self) -> String {
        match self.scene.part {
            Some(part @ (Part::Config | Part::Layer { .. }))
                if self.scene.entry.is_some_and(Descriptor::is_attestation) =>
            {
                let facts = [("what", part.name(self.lang))];
                phrase("label.of-attestation").fill(self.lang, &facts)
            }
            Some(part) => part.name(self.lang),
            None if self.scene.reading.is_manifest_route() => Part::Manifest.name(self.lang),
            None => say("label.the-blob", self.lang).to_owned(),
        }
    }

    fn say(&mut self, key: &'static str) {
        self.say_with(key, &[]);
    }

    fn say_with(&mut self, key: &'static str, facts: &[(&str, &str)]) {
        self.add(phrase(key), facts);
    }

    /// Adds a sentence; the host is known to all of them.
    fn add(&mut self, text: Phrase, facts: &[(&str, &str)]) {
        if self.lang == Lang::En && !self.text.is_empty() {
            self.text.push(' ');
        }
        let host = ("host", &*self.scene.reading.authority);
        let facts = facts.iter().chain([&host]);
        let facts: Vec<_> = facts
            .map(|(key, value)| (*key, first(value, MAX_QUOTE)))
            .collect();
        self.text.push_str(&text.fill(self.lang, &facts));
    }
}

fn list(scopes: &[Scope]) -> String {
    let all: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    all.join(" ")
}

/// Whether a part was asked for, of this form: several have a comma between them.
fn is_part(reading: &Reading, sign: char) -> bool {
    let range = reading.range.as_ref();
    range.is_some_and(|range| range.contains(sign))
}

/// With a capital letter, as the first word of an English sentence.
fn capitalised(text: &str, lang: Lang) -> String {
    let mut rest = text.chars();
    match (lang, rest.next()) {
        (Lang::En, Some(first)) => first.to_uppercase().chain(rest).collect(),
        _ => text.to_owned(),
    }
}
