//! The table of keywords.

use Facet::{Body, Header, Is, Kind, Number, Text};
use MessageSide::{Either, Request, Response};
use Style::{Part, Whole};
use Unit::{Bytes, Count, Status, Time};

use super::compare::{Unit, nanos};
use super::field::{
    address, client, digest, error, image, layer, of_pull, request_type, scope, tag, url,
};
use super::pattern::{Pattern, Style};
use crate::findings::Finding;
use crate::registry::provider;
use crate::store::{Entry, Store};
use crate::words::{Lang, row};

/// One keyword: what stands before the colon of `kind:layer`.
#[derive(Clone, Copy, Debug)]
pub struct Keyword {
    /// The keyword.
    pub name: &'static str,
    /// Other spellings, as other tools have them.
    pub aliases: &'static [&'static str],
    /// mitmproxy's letters, behind a tilde; empty where it has none.
    pub tilde: &'static str,
    /// What its value is, in a few words.
    pub value: &'static str,
    /// An example that reads.
    pub example: &'static str,
    pub(super) facet: Facet,
}

/// What a keyword looks at, and so how its value is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Facet {
    /// Texts, of which an exchange may have several, or none; and what a plain value stands for.
    Text(Style, fn(&Pattern, &Entry, &Store) -> bool),
    /// A number, if an exchange has it.
    Number(Unit, fn(&Entry, &Store) -> Option<u64>),
    /// A word of the findings that an exchange shows.
    Finding(fn(&Finding) -> &'static str),
    Kind,
    Is,
    Header(MessageSide),
    Body(MessageSide),
}

/// Which message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum MessageSide {
    Request,
    Response,
    Either,
}

impl Keyword {
    /// The keyword with this name or alias.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        KEYWORDS
            .iter()
            .find(|keyword| keyword.name == word || keyword.aliases.contains(&word))
    }

    /// What it compares.
    pub fn about(&self, lang: Lang) -> &'static str {
        row("keyword", self.name).of(lang)
    }

    /// Whose heads or bodies it looks at.
    pub(super) fn side(&self) -> MessageSide {
        match self.facet {
            Facet::Header(side) | Facet::Body(side) => side,
            _ => MessageSide::Either,
        }
    }

    /// The value of the example.
    pub(super) fn example_value(&self) -> &'static str {
        let (_, value) = self.example.split_once(':').unwrap_or_default();
        value
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

macro_rules! keywords {
    ($($name:literal [$($alias:literal)*] $tilde:literal $value:literal $example:literal
        $facet:expr;)*) => {
        &[$(Keyword {
            name: $name,
            aliases: &[$($alias),*],
            tilde: $tilde,
            value: $value,
            example: $example,
            facet: $facet,
        }),*]
    };
}

/// Every keyword, in the order of the documentation.
pub const KEYWORDS: &[Keyword] = keywords! {
    "kind" ["k" "step"] "" "a kind" "kind:layer,config" Kind;
    "status" ["code" "status-code"] "c" "a status" "status:4xx" Number(Status, |e, _| e.reading.status.map(u64::from));
    "method" ["m"] "m" "a method" "method:HEAD" Text(Whole, |p, e, _| p.fits(&e.reading.method));
    "host" ["domain"] "d" "a text" "host:*.r2.*" Text(Part, |p, e, _| p.fits(&e.reading.authority));
    "url" ["u"] "u" "a text" "url:/blobs/" Text(Part, |p, e, _| p.fits_some(url(&e.exchange)));
    "path" [] "" "a text" "path:/v2/*" Text(Part, |p, e, _| p.fits_some(e.reading.url.as_ref().map(|url| url.path())));
    "scheme" [] "" "http or https" "scheme:http" Text(Whole, |p, e, _| p.fits_some(e.reading.url.as_ref().map(|url| url.scheme())));
    "repo" ["repository"] "" "a text" "repo:library/alpine" Text(Part, |p, e, s| {
        p.fits_some(e.reading.repository()) || of_pull(e, s, |pull| p.fits(&pull.repository))
    });
    "tag" [] "" "a tag" "tag:3.20" Text(Whole, tag);
    "digest" ["sha"] "" "a text" "digest:9c36" Text(Part, digest);
    "image" ["name"] "" "a text" "image:alpine" Text(Part, image);
    "registry" [] "" "a text" "registry:quay.io" Text(Part, |p, e, s| {
        of_pull(e, s, |pull| p.fits(&pull.registry) || pull.mirrors.iter().any(|m| p.fits(m)))
    });
    "provider" [] "" "a provider" "provider:hub" Text(Whole, |p, e, s| {
        p.fits_some(e.reading.provider)
            || of_pull(e, s, |pull| p.fits_some(provider::of(&pull.registry)))
    });
    "platform" ["arch"] "" "a text" "platform:linux/arm64" Text(Part, |p, e, s| {
        of_pull(e, s, |pull| pull.platform.as_ref().is_some_and(|one| p.fits(&one.to_string())))
    });
    "pull" [] "" "a number" "pull:2" Number(Count, |e, _| e.pull.map(|pull| pull.0));
    "id" ["exchange"] "" "a number" "id:3..7" Number(Count, |e, _| Some(e.exchange.id.0));
    "layer" [] "" "a number" "layer:1" Number(Count, layer);
    "purpose" ["operation"] "" "a purpose" "purpose:push" Text(Whole, |p, e, s| of_pull(e, s, |pull| p.fits(pull.purpose.word())));
    "state" ["verdict"] "" "a state" "state:failed" Text(Whole, |p, e, s| of_pull(e, s, |pull| p.fits(pull.state.word())));
    "client" ["agent" "user-agent"] "" "a text" "client:skopeo" Text(Part, |p, e, _| client(p, e));
    "size" ["larger-than"] "" "a size" "size:>1MB" Number(Bytes, |e, _| Some(e.exchange.received));
    "sent" [] "" "a size" "sent:>0" Number(Bytes, |e, _| Some(e.exchange.sent));
    "time" ["duration" "took"] "" "a duration" "time:>500ms" Number(Time, |e, _| e.exchange.ended.as_ref().map(|_| nanos(e.exchange.took())));
    "wait" ["ttfb"] "" "a duration" "wait:>200ms" Number(Time, |e, _| e.exchange.timings.wait.map(nanos));
    "receive" ["download"] "" "a duration" "receive:>2s" Number(Time, |e, _| e.exchange.timings.receive.map(nanos));
    "dns" [] "" "a duration" "dns:>50ms" Number(Time, |e, _| e.exchange.timings.dns.map(nanos));
    "connect" [] "" "a duration" "connect:>100ms" Number(Time, |e, _| e.exchange.timings.connect.map(nanos));
    "tls" ["ssl"] "" "a duration" "tls:>50ms" Number(Time, |e, _| e.exchange.timings.ssl.map(nanos));
    "type" ["content-type" "mime-type" "mime"] "t" "a text" "type:json" Text(Part, |p, e, _| p.fits(e.reading.content_type.as_str()));
    "request-type" [] "tq" "a text" "request-type:form" Text(Part, |p, e, _| p.fits_some(request_type(&e.exchange)));
    "encoding" ["content-encoding"] "" "a text" "encoding:gzip" Text(Part, |p, e, _| p.fits_some(e.reading.content_encoding.as_deref()));
    "header" ["has-header"] "h" "a name, or name:text" "header:server:nginx" Header(Either);
    "request-header" [] "hq" "a name, or name:text" "request-header:range" Header(Request);
    "response-header" ["has-response-header"] "hs" "a name, or name:text" "response-header:docker-content-digest" Header(Response);
    "body" [] "b" "a text" "body:errors" Body(Either);
    "request-body" [] "bq" "a text" "request-body:grant_type" Body(Request);
    "response-body" [] "bs" "a text" "response-body:errors" Body(Response);
    "location" ["redirect"] "" "a text" "location:*.r2.*" Text(Part, |p, e, _| p.fits_some(e.reading.location.as_deref()));
    "scope" [] "" "a text" "scope:push" Text(Part, |p, e, _| scope(p, e));
    "auth" ["authorization"] "" "a text" "auth:bearer" Text(Part, |p, e, _| p.fits(e.reading.authorization.as_ref().map_or("none", |a| &a.scheme)));
    "ip" ["address" "server"] "dst" "a text" "ip:127.0.0.1" Text(Part, |p, e, _| address(e).is_some_and(|address| p.fits(&address.to_string())));
    "error" [] "" "a text" "error:MANIFEST_UNKNOWN" Text(Part, |p, e, _| error(p, e));
    "finding" ["rule"] "" "a rule" "finding:digest-*" Facet::Finding(|finding| finding.rule);
    "severity" [] "" "info, warning or error" "severity:error,warning" Facet::Finding(|finding| finding.severity.word());
    "is" [] "" "a property" "is:aborted" Is;
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_described() {
        let names: Vec<_> = KEYWORDS.iter().map(|keyword| keyword.name).collect();
        crate::words::assert_rows("keyword", &names);
    }
}
