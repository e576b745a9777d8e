//! The table of keywords.

use super::field::{Number, Text};
use super::term::Side;
use crate::exchange::Phase;

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
    /// What it compares.
    pub about: &'static str,
    /// An example that reads.
    pub example: &'static str,
    pub(super) field: Field,
}

/// What a keyword looks at, and so how its value is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field {
    Text(Text),
    Number(Number),
    Kind,
    Is,
    Header(Side),
    Body(Side),
}

impl Keyword {
    /// The keyword with this name or alias.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        KEYWORDS
            .iter()
            .find(|keyword| keyword.name == word || keyword.aliases.contains(&word))
    }

    /// The value of the example.
    pub(super) fn example_value(&self) -> &'static str {
        let (_, value) = self.example.split_once(':').unwrap_or_default();
        value
    }
}

macro_rules! keywords {
    ($($name:literal [$($alias:literal)*] $tilde:literal $field:expr, $value:literal,
        $example:literal, $about:literal;)*) => {
        &[$(Keyword {
            name: $name,
            aliases: &[$($alias),*],
            tilde: $tilde,
            value: $value,
            about: $about,
            example: $example,
            field: $field,
        }),*]
    };
}

/// Every keyword, in the order of the documentation.
pub const KEYWORDS: &[Keyword] = keywords! {
    "kind" ["k" "step"] "" Field::Kind, "a kind", "kind:layer,config",
        "what the exchange is for in its pull; `layer` and `config` also find the redirects to them and \
         the downloads these led to";
    "status" ["code" "status-code"] "c" Field::Number(Number::Status), "a status",
        "status:4xx", "the answer's status";
    "method" ["m"] "m" Field::Text(Text::Method), "a method", "method:HEAD",
        "the request's method";
    "host" ["domain"] "d" Field::Text(Text::Host), "a text", "host:*.r2.*",
        "the host, and the port where it is not the scheme's own";
    "url" ["u"] "u" Field::Text(Text::Url), "a text", "url:/blobs/",
        "the request's whole URL";
    "path" [] "" Field::Text(Text::Path), "a text", "path:/v2/*",
        "the URL's path";
    "scheme" [] "" Field::Text(Text::Scheme), "http or https", "scheme:http",
        "the URL's scheme";
    "repo" ["repository"] "" Field::Text(Text::Repository), "a text", "repo:library/alpine",
        "the repository, also of what a redirect led to";
    "tag" [] "" Field::Text(Text::Tag), "a tag", "tag:3.20",
        "the tag that was asked for, also of the rest of its pull";
    "digest" ["sha"] "" Field::Text(Text::Digest), "a text", "digest:9c36",
        "a digest that was asked for, stated or computed";
    "image" ["name"] "" Field::Text(Text::Image), "a text", "image:alpine",
        "the image's name as one types it";
    "registry" [] "" Field::Text(Text::Registry), "a text", "registry:quay.io",
        "the registry the image is pulled from, or a mirror of it";
    "provider" [] "" Field::Text(Text::Provider), "a provider", "provider:hub",
        "who runs the registry, its token server or its CDN";
    "platform" ["arch"] "" Field::Text(Text::Platform), "a text", "platform:linux/arm64",
        "the platform the client chose";
    "pull" [] "" Field::Number(Number::Pull), "a number", "pull:2",
        "the number of the pull";
    "id" ["exchange"] "" Field::Number(Number::Id), "a number", "id:3..7",
        "the number of the exchange";
    "layer" [] "" Field::Number(Number::Layer), "a number", "layer:1",
        "the number of the layer, from 1 at the bottom";
    "purpose" ["operation"] "" Field::Text(Text::Purpose), "a purpose", "purpose:push",
        "what the client was up to: pull, push, inspect, list or delete";
    "client" ["agent" "user-agent"] "" Field::Text(Text::Client), "a text", "client:skopeo",
        "the client's name and version, by its own words";
    "size" ["larger-than"] "" Field::Number(Number::Size), "a size", "size:>1MB",
        "bytes of the answer's content that passed";
    "sent" [] "" Field::Number(Number::Sent), "a size", "sent:>0",
        "bytes of the request's content that passed";
    "time" ["duration" "took"] "" Field::Number(Number::Time), "a duration", "time:>500ms",
        "from the request to the last byte, once it ended";
    "wait" ["ttfb"] "" Field::Number(Number::Took(Phase::Wait)), "a duration", "wait:>200ms",
        "from the request to the first byte of the answer";
    "receive" ["download"] "" Field::Number(Number::Took(Phase::Receive)), "a duration", "receive:>2s",
        "from the first to the last byte of the answer";
    "dns" [] "" Field::Number(Number::Took(Phase::Dns)), "a duration", "dns:>50ms",
        "resolving the name";
    "connect" [] "" Field::Number(Number::Took(Phase::Connect)), "a duration", "connect:>100ms",
        "opening the connection, TLS included";
    "tls" ["ssl"] "" Field::Number(Number::Took(Phase::Ssl)), "a duration", "tls:>50ms",
        "the TLS handshake";
    "type" ["content-type" "mime-type" "mime"] "t" Field::Text(Text::ContentType), "a text",
        "type:json", "the answer's Content-Type";
    "request-type" [] "tq" Field::Text(Text::RequestType), "a text", "request-type:form",
        "the request's Content-Type";
    "encoding" ["content-encoding"] "" Field::Text(Text::Encoding), "a text", "encoding:gzip",
        "the answer's Content-Encoding";
    "header" ["has-header"] "h" Field::Header(Side::Either), "a name, or name:text",
        "header:server:nginx", "a header field of either message";
    "request-header" [] "hq" Field::Header(Side::Request), "a name, or name:text",
        "request-header:range", "a header field of the request";
    "response-header" ["has-response-header"] "hs" Field::Header(Side::Response),
        "a name, or name:text", "response-header:docker-content-digest",
        "a header field of the answer";
    "body" [] "b" Field::Body(Side::Either), "a text", "body:errors",
        "the content of either message, as far as it was kept in memory";
    "request-body" [] "bq" Field::Body(Side::Request), "a text", "request-body:grant_type",
        "the request's content";
    "response-body" [] "bs" Field::Body(Side::Response), "a text", "response-body:errors",
        "the answer's content";
    "location" ["redirect"] "" Field::Text(Text::Location), "a text", "location:*.r2.*",
        "where the answer leads";
    "scope" [] "" Field::Text(Text::Scope), "a text", "scope:push",
        "a scope that a challenge names or a token is asked for";
    "auth" ["authorization"] "" Field::Text(Text::Authorization), "a text", "auth:bearer",
        "the scheme of the request's credentials, or none";
    "ip" ["address" "server"] "dst" Field::Text(Text::Address), "a text", "ip:127.0.0.1",
        "the address and port that were dialled";
    "error" [] "" Field::Text(Text::Error), "a text", "error:MANIFEST_UNKNOWN",
        "an error the server reported, or what cut the transfer off";
    "finding" ["rule"] "" Field::Text(Text::Rule), "a rule", "finding:digest-*",
        "a finding that the exchange is evidence of";
    "severity" [] "" Field::Text(Text::Severity), "info, warning or error",
        "severity:error,warning", "how grave a finding is that the exchange is evidence of";
    "is" [] "" Field::Is, "a property", "is:aborted",
        "a property, see below";
};
