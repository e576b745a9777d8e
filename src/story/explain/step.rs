//! Which sentences a step gets.

use super::steps as say;
use crate::exchange::{Ending, Failure, Side};
use crate::pulls::{Part, Pull, Why};
use crate::registry::endpoint::Route;
use crate::registry::redirect::authority;
use crate::registry::token::TokenAnswer;
use crate::registry::{
    Challenge, Credentials, Digests, Document, Index, Kind, Manifest, Reading, Reference, Scope,
};
use crate::story::names;
use crate::words::Lang;
use crate::words::Text;
use crate::words::figures::bytes;

/// Everything that is known of one step.
pub(super) struct Scene<'a> {
    pub(super) kind: Kind,
    pub(super) part: Option<Part>,
    pub(super) why: Option<Why>,
    pub(super) reading: &'a Reading,
    pub(super) pull: Option<&'a Pull>,
}

/// The sentences so far.
struct Story<'a> {
    scene: &'a Scene<'a>,
    lang: Lang,
    text: String,
}

/// Characters of what is quoted from the network.
const MAX_QUOTE: usize = 200;

pub(super) fn tell(scene: &Scene<'_>, lang: Lang) -> String {
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
            return self.say_with(failure(*reason), &[("detail", detail)]);
        }
        if reading.status.is_none() {
            return match &reading.ending {
                Some(_) => self.ending(),
                None if reading.method.is_empty() => self.say(say::OPEN_REQUEST),
                None => self.say(say::OPEN_ASKED),
            };
        }
        self.answer();
        self.ending();
    }

    /// What made the client ask, where that is not said anyway.
    fn cause(&mut self) {
        let is_push = self.scene.reading.is_upload();
        let text = match self.scene.why {
            Some(Why::Retry) => say::RETRY,
            Some(Why::Token) => say::WHY_TOKEN,
            Some(Why::Resolve) => say::WHY_RESOLVE,
            Some(Why::Index) if !is_push => say::WHY_INDEX,
            Some(Why::Manifest) if !is_push => say::WHY_MANIFEST,
            _ => return,
        };
        self.say(text);
    }

    /// What the answer means, by what the exchange is for.
    fn answer(&mut self) {
        let reading = self.scene.reading;
        match self.scene.kind {
            Kind::Ping => self.say(say::PING),
            Kind::Challenge => self.challenge(),
            Kind::Token => self.token(),
            Kind::Resolve => self.resolve(),
            Kind::Index | Kind::Manifest => self.manifest(),
            Kind::Exists => {
                let digest = self.asked();
                self.say_with(say::EXISTS, &[("digest", &digest)]);
            }
            Kind::Redirect => self.redirect(),
            Kind::Config | Kind::Layer | Kind::Blob | Kind::Cdn => self.download(),
            Kind::Upload => self.upload(),
            Kind::Publish => {
                let reference = self.asked();
                self.say_with(say::PUBLISH, &[("reference", &reference)]);
            }
            Kind::Delete => {
                let reference = self.asked();
                self.say_with(say::DELETE, &[("reference", &reference)]);
            }
            Kind::Tags => {
                let repository = reading.repository().unwrap_or_default().to_owned();
                self.list(say::TAGS, &[("repository", &repository)]);
            }
            Kind::Referrers => {
                let reference = self.asked();
                self.list(say::REFERRERS, &[("reference", &reference)]);
            }
            Kind::Catalog => self.list(say::CATALOG, &[]),
            Kind::Error => self.error(),
            Kind::Other => self.say(say::OTHER),
        }
    }

    fn challenge(&mut self) {
        let reading = self.scene.reading;
        let sent = reading.authorization.as_ref();
        let bearer = reading.challenges.iter().find(|c| c.is_bearer());
        let error = bearer.and_then(Challenge::error);
        match (bearer, sent) {
            (Some(_), Some(_)) if error.is_some() => {
                let error = error.unwrap_or_default();
                self.say_with(say::CHALLENGE_INSUFFICIENT, &[("error", error)]);
            }
            (Some(_), Some(_)) => self.say(say::CHALLENGE_AGAIN),
            (Some(bearer), None) => {
                let realm = bearer.realm().unwrap_or("?");
                let server = url::Url::parse(realm).ok().and_then(|url| authority(&url));
                let server = server.unwrap_or_else(|| realm.to_owned());
                self.say_with(say::CHALLENGE, &[("realm", &server)]);
                let scopes = bearer.scopes();
                if scopes.is_empty() {
                    self.say(say::CHALLENGE_FIRST);
                } else {
                    self.say_with(say::CHALLENGE_SCOPE, &[("scope", &list(&scopes))]);
                }
            }
            (None, sent) if reading.challenges.iter().any(Challenge::is_basic) => {
                self.say(match sent {
                    Some(_) => say::CHALLENGE_BASIC_AGAIN,
                    None => say::CHALLENGE_BASIC,
                });
            }
            _ => self.say(say::CHALLENGE_MUTE),
        }
    }

    fn token(&mut self) {
        let reading = self.scene.reading;
        let request = reading.token_request.as_deref();
        self.say(match request.map(|request| request.credentials) {
            Some(Credentials::Password) => say::TOKEN_PASSWORD,
            Some(Credentials::RefreshToken) => say::TOKEN_REFRESH,
            Some(Credentials::Other) => say::TOKEN_OTHER,
            Some(Credentials::Anonymous) | None => say::TOKEN_ANONYMOUS,
        });
        let Some(answer) = reading.token_answer.as_deref() else {
            return self.say(say::TOKEN_NONE);
        };
        let asked = request.map_or(&[][..], |request| request.scopes.as_slice());
        self.granted(asked, answer);
        let own = answer.token.jwt().map(|jwt| &jwt.claims);
        let own = own.and_then(|claims| {
            let lifetime = claims.expires?.duration_since(claims.issued_at?);
            u64::try_from(lifetime.as_secs()).ok()
        });
        let stated = answer.expires_in.map(|_| answer.lifetime().as_secs());
        if let Some(lifetime) = stated.or(own) {
            self.say_with(say::TOKEN_LIFETIME, &[("lifetime", &lifetime.to_string())]);
        }
    }

    fn granted(&mut self, asked: &[Scope], answer: &TokenAnswer) {
        if asked.is_empty() {
            return self.say(say::TOKEN_NO_SCOPE);
        }
        let names = list(asked);
        let Some(granted) = answer.granted() else {
            return self.say_with(say::TOKEN_OPAQUE, &[("asked", &names)]);
        };
        let allows = |scope: &Scope| {
            let mut actions = scope.actions.iter();
            granted.iter().any(|g| {
                g.resource == scope.resource
                    && g.name == scope.name
                    && actions.all(|action| g.actions.iter().any(|a| a == action || a == "*"))
            })
        };
        if granted.iter().all(|scope| scope.actions.is_empty()) {
            self.say_with(say::TOKEN_NOTHING, &[("asked", &names)]);
        } else if asked.iter().all(allows) {
            self.say_with(say::TOKEN_AS_ASKED, &[("asked", &names)]);
        } else {
            let facts = [("asked", &*names), ("granted", &list(granted))];
            self.say_with(say::TOKEN_OTHERWISE, &facts);
        }
    }

    fn resolve(&mut self) {
        let reading = self.scene.reading;
        let reference = self.asked();
        let stated = reading.digests.stated.as_ref();
        if reading.digests.requested.is_some() {
            self.say_with(say::RESOLVE_DIGEST, &[("digest", &reference)]);
        } else if let Some(digest) = stated {
            let facts = [("reference", &*reference), ("digest", &digest.short())];
            self.say_with(say::RESOLVE_TAG, &facts);
        } else {
            self.say_with(say::RESOLVE_TAG_MUTE, &[("reference", &reference)]);
        }
    }

    fn manifest(&mut self) {
        match &self.scene.reading.document {
            Some(Document::Index(index)) => self.index(index),
            Some(Document::Manifest(manifest)) => self.image(manifest),
            Some(Document::Schema1(schema1)) => {
                let layers = self.counted(schema1.layers.len(), say::LAYERS_ONE, say::LAYERS);
                self.say_with(say::MANIFEST_SCHEMA1, &[("layers", &layers)]);
            }
            Some(Document::Unreadable { reason }) => {
                self.say_with(say::MANIFEST_UNREADABLE, &[("reason", reason)]);
            }
            None => self.say(say::MANIFEST_UNSEEN),
        }
        self.verdict(&self.scene.reading.digests);
    }

    fn index(&mut self, index: &Index) {
        let (images, entries) = (index.images().count(), index.manifests.len());
        let text = match images {
            0 => say::INDEX_NONE,
            1 => say::INDEX_ONE,
            _ => say::INDEX,
        };
        self.say_with(text, &[("count", &images.to_string())]);
        if entries > images {
            self.say_with(
                say::INDEX_ATTESTATIONS,
                &[("entries", &entries.to_string())],
            );
        }
        match self.scene.pull.and_then(|pull| pull.platform.as_ref()) {
            Some(platform) => {
                self.say_with(say::INDEX_CHOSEN, &[("platform", &platform.to_string())]);
            }
            None => self.say(say::INDEX_UNCHOSEN),
        }
    }

    fn image(&mut self, manifest: &Manifest) {
        let config = manifest.config.as_ref().and_then(|config| config.size);
        let size = manifest
            .layers_size()
            .saturating_add(config.unwrap_or_default());
        let (count, size) = (manifest.layers.len(), bytes(size));
        if let Some(artifact) = manifest.artifact() {
            let blobs = self.counted(count, say::BLOBS_ONE, say::BLOBS);
            let facts = [
                ("layers", &*blobs),
                ("size", &*size),
                ("artifact", artifact),
            ];
            return self.say_with(say::MANIFEST_ARTIFACT, &facts);
        }
        let layers = self.counted(count, say::LAYERS_ONE, say::LAYERS);
        self.say_with(say::MANIFEST, &[("layers", &*layers), ("size", &*size)]);
        let Some(pull) = self.scene.pull else {
            return;
        };
        match (&pull.platform, pull.image.index) {
            (Some(platform), Some(_)) if self.scene.part == Some(Part::Manifest) => {
                self.say_with(
                    say::MANIFEST_PLATFORM,
                    &[("platform", &platform.to_string())],
                );
            }
            (_, None) if self.scene.reading.digests.requested.is_none() => {
                self.say(say::MANIFEST_ONLY);
            }
            _ => {}
        }
    }

    fn redirect(&mut self) {
        let Some(redirect) = &self.scene.reading.redirect else {
            return;
        };
        let what = self.what();
        if redirect.leaves {
            let target = redirect.authority.as_deref().unwrap_or(&redirect.target);
            self.say_with(say::REDIRECT, &[("what", &*what), ("target", target)]);
        } else {
            self.say_with(say::REDIRECT_WITHIN, &[("what", &*what)]);
        }
        if let Some(signed) = &redirect.signed {
            self.say_with(say::REDIRECT_SIGNED, &[("signer", signed.signer.name())]);
            if let Some(expires) = signed.expires {
                self.say_with(say::REDIRECT_EXPIRES, &[("expires", &expires.to_string())]);
            }
        }
        if redirect.downgrade {
            self.say(say::REDIRECT_DOWNGRADE);
        }
    }

    fn download(&mut self) {
        let reading = self.scene.reading;
        let what = capitalised(&self.what(), self.lang);
        if self.scene.kind == Kind::Cdn {
            self.say_with(say::DOWNLOAD_CDN, &[("what", &*what)]);
            match &reading.authorization {
                Some(sent) => self.say_with(say::AUTH_SENT, &[("scheme", &*sent.scheme)]),
                None => self.say(say::AUTH_NONE),
            }
        } else {
            self.say_with(say::DOWNLOAD, &[("what", &*what)]);
        }
        if let Some(range) = &reading.range {
            self.say_with(say::DOWNLOAD_PART, &[("range", range)]);
        }
        if let Some(config) = reading
            .config
            .as_ref()
            .filter(|c| !c.platform.os.is_empty())
        {
            let platform = config.platform.to_string();
            self.say_with(say::CONFIG_SAYS, &[("platform", &platform)]);
        }
        self.verdict(&reading.digests);
    }

    fn verdict(&mut self, digests: &Digests) {
        match digests.agree().or_else(|| self.blob_is_right()) {
            Some(true) => self.say(say::DOWNLOAD_RIGHT),
            Some(false) => self.say(say::DOWNLOAD_WRONG),
            None => {}
        }
    }

    /// Whether a download that does not say itself what it is has the digest of its blob.
    fn blob_is_right(&self) -> Option<bool> {
        let computed = self.scene.reading.digests.computed.as_ref()?;
        let part = self.scene.part?;
        let blobs = &self.scene.pull?.blobs;
        let mut own = blobs.iter().filter(|blob| blob.part == Some(part));
        let digest = own.next()?.digest.as_ref()?;
        (digest.algorithm() == computed.algorithm()).then(|| digest == computed)
    }

    fn upload(&mut self) {
        let reading = self.scene.reading;
        let digest = self.asked();
        let route = reading.endpoint.as_ref().map(|endpoint| &endpoint.route);
        match (reading.method.as_str(), route) {
            (_, Some(Route::UploadStart { mount, from, .. })) if mount.is_some() => {
                let from = from.as_deref().unwrap_or("?");
                let text = match reading.status {
                    Some(201) => say::UPLOAD_MOUNTED,
                    _ => say::UPLOAD_NOT_MOUNTED,
                };
                self.say_with(text, &[("digest", &*digest), ("from", from)]);
            }
            ("POST", Some(Route::UploadStart { digest: None, .. })) => self.say(say::UPLOAD_START),
            ("GET" | "HEAD", _) => self.say(say::UPLOAD_STATUS),
            ("DELETE", _) => self.say(say::UPLOAD_CANCEL),
            ("PUT" | "POST", _) => self.say_with(say::UPLOAD_CLOSE, &[("digest", &digest)]),
            _ => self.say(say::UPLOAD_BYTES),
        }
    }

    fn list(&mut self, text: Text, facts: &[(&str, &str)]) {
        self.say_with(text, facts);
        if self.scene.why == Some(Why::Page) {
            self.say(say::PAGE_LATER);
        }
        let reading = self.scene.reading;
        let listed = reading.listing.as_ref().map(|page| page.count);
        let referring = reading
            .referrers
            .as_ref()
            .map(|index| index.manifests.len());
        if let Some(count) = listed.or(referring) {
            self.say_with(say::LISTED, &[("count", &count.to_string())]);
        }
        if self.scene.reading.next_page.is_some() {
            self.say(say::PAGE_NEXT);
        }
    }

    fn error(&mut self) {
        let reading = self.scene.reading;
        let route = reading.endpoint.as_ref().map(|endpoint| &endpoint.route);
        let is_head = reading.method == "HEAD";
        let pushes = self
            .scene
            .pull
            .is_some_and(|pull| pull.purpose == crate::pulls::Purpose::Push);
        let status = reading.status.unwrap_or_default();
        let text = match (status, route) {
            (401, _) => say::ERROR_UNAUTHORIZED,
            (403, _) => say::ERROR_FORBIDDEN,
            (404, Some(Route::Blob(_))) if is_head => say::ERROR_BLOB_NEW,
            (404, Some(Route::Manifest(_))) if pushes && is_head => say::ERROR_MANIFEST_NEW,
            (404, Some(Route::Referrers { .. })) => say::ERROR_REFERRERS,
            (404, _) => say::ERROR_NOT_FOUND,
            (405, _) => say::ERROR_METHOD,
            (429, _) => say::ERROR_LIMIT,
            (500.., _) => say::ERROR_SERVER,
            _ if reading.is_upload() => say::ERROR_UPLOAD,
            _ => say::ERROR,
        };
        let facts = [
            ("status", status.to_string()),
            ("method", reading.method.clone()),
        ];
        self.say_with(text, &facts.each_ref().map(|(key, value)| (*key, &**value)));
        let first = reading.errors.first();
        let said = first.map(
            |error| match (error.code.as_str(), error.message.as_str()) {
                ("", said) | (said, "") => said.to_owned(),
                (code, message) => format!("{code}: {message}"),
            },
        );
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            self.say_with(say::ERROR_SAYS, &[("message", &said)]);
        }
    }

    /// That it is not over, or was not well.
    fn ending(&mut self) {
        match &self.scene.reading.ending {
            None => self.say(say::OPEN),
            Some(Ending::Aborted { by, .. }) => self.say(match by {
                Side::Client => say::ABORTED_CLIENT,
                Side::Upstream => say::ABORTED_SERVER,
                Side::Shutdown => say::ABORTED_SHUTDOWN,
                Side::Capture => say::ABORTED_CAPTURE,
            }),
            Some(Ending::Complete | Ending::Failed { .. }) => {}
        }
    }

    /// A number of things, in words.
    fn counted(&self, count: usize, one: Text, many: Text) -> String {
        let text = if count == 1 { one } else { many };
        text.fill(self.lang, &[("count", &count.to_string())])
    }

    /// What is asked for: the tag, or a short digest.
    fn asked(&self) -> String {
        let endpoint = self.scene.reading.endpoint.as_ref();
        match endpoint.and_then(|endpoint| endpoint.reference()) {
            Some(Reference::Digest(digest)) => digest.short(),
            Some(reference) => quoted(&reference.to_string()),
            None => "?".to_owned(),
        }
    }

    /// What part of the image it is about.
    fn what(&self) -> String {
        match self.scene.part {
            Some(part) => part.name(self.lang),
            None if self.scene.reading.is_manifest_route() => Part::Manifest.name(self.lang),
            None => names::BLOB.of(self.lang).to_owned(),
        }
    }

    fn say(&mut self, text: Text) {
        self.say_with(text, &[]);
    }

    /// Adds a sentence; the host is known to all of them.
    fn say_with(&mut self, text: Text, facts: &[(&str, &str)]) {
        if self.lang == Lang::En && !self.text.is_empty() {
            self.text.push(' ');
        }
        let host = ("host", self.scene.reading.authority.as_str());
        let facts: Vec<_> = facts
            .iter()
            .chain([&host])
            .map(|(key, value)| (*key, quoted(value)))
            .collect();
        self.text.push_str(&text.fill(self.lang, &facts));
    }
}

fn failure(reason: Failure) -> Text {
    match reason {
        Failure::BadRequest => say::FAILED_REQUEST,
        Failure::HeadTooLarge => say::FAILED_HEAD,
        Failure::Misdirected => say::FAILED_MISDIRECTED,
        Failure::RequestTimeout => say::FAILED_REQUEST_TIMEOUT,
        Failure::Loop => say::FAILED_LOOP,
        Failure::Forbidden => say::FAILED_FORBIDDEN,
        Failure::Overload => say::FAILED_OVERLOAD,
        Failure::Dns => say::FAILED_DNS,
        Failure::Connect => say::FAILED_CONNECT,
        Failure::UpstreamProxy => say::FAILED_PROXY,
        Failure::Tls => say::FAILED_TLS,
        Failure::Timeout => say::FAILED_TIMEOUT,
        Failure::BadResponse => say::FAILED_RESPONSE,
        Failure::NoResponse => say::FAILED_NO_RESPONSE,
        Failure::Internal => say::FAILED_INTERNAL,
    }
}

fn list(scopes: &[Scope]) -> String {
    let all: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    all.join(" ")
}

/// With a capital letter, as the first word of an English sentence.
fn capitalised(text: &str, lang: Lang) -> String {
    let mut rest = text.chars();
    match (lang, rest.next()) {
        (Lang::En, Some(first)) => first.to_uppercase().chain(rest).collect(),
        _ => text.to_owned(),
    }
}

/// What is quoted, cut where it is too long for a sentence.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
