//! The table of keywords.

use super::field::{MessageSide, NumberField, TextField};
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
    pub(super) field: Facet,
}

/// What a keyword looks at, and so how its value is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Facet {
    Text(TextField),
    Number(NumberField),
    Kind,
    Is,
    Header(MessageSide),
    Body(MessageSide),
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
    "kind" ["k" "step"] "" Facet::Kind, "a kind", "kind:layer,config",
        "what the exchange is for in its pull; `layer` and `config` also find the redirects to them and \
         the downloads these led to";
    "status" ["code" "status-code"] "c" Facet::Number(NumberField::Status), "a status",
        "status:4xx", "the answer's status";
    "method" ["m"] "m" Facet::Text(TextField::Method), "a method", "method:HEAD",
        "the request's method";
    "host" ["domain"] "d" Facet::Text(TextField::Host), "a text", "host:*.r2.*",
        "the host, and the port where it is not the scheme's own";
    "url" ["u"] "u" Facet::Text(TextField::Url), "a text", "url:/blobs/",
        "the request's whole URL";
    "path" [] "" Facet::Text(TextField::Path), "a text", "path:/v2/*",
        "the URL's path";
    "scheme" [] "" Facet::Text(TextField::Scheme), "http or https", "scheme:http",
        "the URL's scheme";
    "repo" ["repository"] "" Facet::Text(TextField::Repository), "a text", "repo:library/alpine",
        "the repository, also of what a redirect led to";
    "tag" [] "" Facet::Text(TextField::Tag), "a tag", "tag:3.20",
        "the tag that was asked for, also of the rest of its pull";
    "digest" ["sha"] "" Facet::Text(TextField::Digest), "a text", "digest:9c36",
        "a digest that was asked for, stated or computed";
    "image" ["name"] "" Facet::Text(TextField::Image), "a text", "image:alpine",
        "the image's name as one types it";
    "registry" [] "" Facet::Text(TextField::Registry), "a text", "registry:quay.io",
        "the registry the image is pulled from, or a mirror of it";
    "provider" [] "" Facet::Text(TextField::Provider), "a provider", "provider:hub",
        "who runs the registry, its token server or its CDN";
    "platform" ["arch"] "" Facet::Text(TextField::Platform), "a text", "platform:linux/arm64",
        "the platform the client chose";
    "pull" [] "" Facet::Number(NumberField::Pull), "a number", "pull:2",
        "the number of the pull";
    "id" ["exchange"] "" Facet::Number(NumberField::Id), "a number", "id:3..7",
        "the number of the exchange";
    "layer" [] "" Facet::Number(NumberField::Layer), "a number", "layer:1",
        "the number of the layer, from 1 at the bottom";
    "purpose" ["operation"] "" Facet::Text(TextField::Purpose), "a purpose", "purpose:push",
        "what the client was up to: pull, push, inspect, list or delete";
    "client" ["agent" "user-agent"] "" Facet::Text(TextField::Client), "a text", "client:skopeo",
        "the client's name and version, by its own words";
    "size" ["larger-than"] "" Facet::Number(NumberField::Size), "a size", "size:>1MB",
        "bytes of the answer's content that passed";
    "sent" [] "" Facet::Number(NumberField::Sent), "a size", "sent:>0",
        "bytes of the request's content that passed";
    "time" ["duration" "took"] "" Facet::Number(NumberField::Time), "a duration", "time:>500ms",
        "from the request to the last byte, once it ended";
    "wait" ["ttfb"] "" Facet::Number(NumberField::Took(Phase::Wait)), "a duration", "wait:>200ms",
        "from the request to the first byte of the answer";
    "receive" ["download"] "" Facet::Number(NumberField::Took(Phase::Receive)), "a duration", "receive:>2s",
        "from the first to the last byte of the answer";
    "dns" [] "" Facet::Number(NumberField::Took(Phase::Dns)), "a duration", "dns:>50ms",
        "resolving the name";
    "connect" [] "" Facet::Number(NumberField::Took(Phase::Connect)), "a duration", "connect:>100ms",
        "opening the connection, TLS included";
    "tls" ["ssl"] "" Facet::Number(NumberField::Took(Phase::Ssl)), "a duration", "tls:>50ms",
        "the TLS handshake";
    "type" ["content-type" "mime-type" "mime"] "t" Facet::Text(TextField::ContentType), "a text",
        "type:json", "the answer's Content-Type";
    "request-type" [] "tq" Facet::Text(TextField::RequestType), "a text", "request-type:form",
        "the request's Content-Type";
    "encoding" ["content-encoding"] "" Facet::Text(TextField::Encoding), "a text", "encoding:gzip",
        "the answer's Content-Encoding";
    "header" ["has-header"] "h" Facet::Header(MessageSide::Either), "a name, or name:text",
        "header:server:nginx", "a header field of either message";
    "request-header" [] "hq" Facet::Header(MessageSide::Request), "a name, or name:text",
        "request-header:range", "a header field of the request";
    "response-header" ["has-response-header"] "hs" Facet::Header(MessageSide::Response),
        "a name, or name:text", "response-header:docker-content-digest",
        "a header field of the answer";
    "body" [] "b" Facet::Body(MessageSide::Either), "a text", "body:errors",
        "the content of either message, as far as it was kept in memory";
    "request-body" [] "bq" Facet::Body(MessageSide::Request), "a text", "request-body:grant_type",
        "the request's content";
    "response-body" [] "bs" Facet::Body(MessageSide::Response), "a text", "response-body:errors",
        "the answer's content";
    "location" ["redirect"] "" Facet::Text(TextField::Location), "a text", "location:*.r2.*",
        "where the answer leads";
    "scope" [] "" Facet::Text(TextField::Scope), "a text", "scope:push",
        "a scope that a challenge names or a token is asked for";
    "auth" ["authorization"] "" Facet::Text(TextField::Authorization), "a text", "auth:bearer",
        "the scheme of the request's credentials, or none";
    "ip" ["address" "server"] "dst" Facet::Text(TextField::Address), "a text", "ip:127.0.0.1",
        "the address and port that were dialled";
    "error" [] "" Facet::Text(TextField::Error), "a text", "error:MANIFEST_UNKNOWN",
        "an error the server reported, or what cut the transfer off";
    "finding" ["rule"] "" Facet::Text(TextField::Rule), "a rule", "finding:digest-*",
        "a finding that the exchange is evidence of";
    "severity" [] "" Facet::Text(TextField::Severity), "info, warning or error",
        "severity:error,warning", "how grave a finding is that the exchange is evidence of";
    "is" [] "" Facet::Is, "a property", "is:aborted",
        "a property, see below";
};
