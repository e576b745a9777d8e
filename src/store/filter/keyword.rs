//! The table of keywords.

use super::field::{MessageSide, NumberField, TextField};
use crate::exchange::Phase;
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

    /// What it compares.
    pub fn about(&self, lang: Lang) -> &'static str {
        row("keyword", self.name).of(lang)
    }

    /// The value of the example.
    pub(super) fn example_value(&self) -> &'static str {
        let (_, value) = self.example.split_once(':').unwrap_or_default();
        value
    }
}

macro_rules! keywords {
    ($($name:literal [$($alias:literal)*] $tilde:literal $field:expr, $value:literal,
        $example:literal;)*) => {
        &[$(Keyword {
            name: $name,
            aliases: &[$($alias),*],
            tilde: $tilde,
            value: $value,
            example: $example,
            field: $field,
        }),*]
    };
}

/// Every keyword, in the order of the documentation.
pub const KEYWORDS: &[Keyword] = keywords! {
    "kind" ["k" "step"] "" Facet::Kind, "a kind", "kind:layer,config";
    "status" ["code" "status-code"] "c" Facet::Number(NumberField::Status), "a status", "status:4xx";
    "method" ["m"] "m" Facet::Text(TextField::Method), "a method", "method:HEAD";
    "host" ["domain"] "d" Facet::Text(TextField::Host), "a text", "host:*.r2.*";
    "url" ["u"] "u" Facet::Text(TextField::Url), "a text", "url:/blobs/";
    "path" [] "" Facet::Text(TextField::Path), "a text", "path:/v2/*";
    "scheme" [] "" Facet::Text(TextField::Scheme), "http or https", "scheme:http";
    "repo" ["repository"] "" Facet::Text(TextField::Repository), "a text", "repo:library/alpine";
    "tag" [] "" Facet::Text(TextField::Tag), "a tag", "tag:3.20";
    "digest" ["sha"] "" Facet::Text(TextField::Digest), "a text", "digest:9c36";
    "image" ["name"] "" Facet::Text(TextField::Image), "a text", "image:alpine";
    "registry" [] "" Facet::Text(TextField::Registry), "a text", "registry:quay.io";
    "provider" [] "" Facet::Text(TextField::Provider), "a provider", "provider:hub";
    "platform" ["arch"] "" Facet::Text(TextField::Platform), "a text", "platform:linux/arm64";
    "pull" [] "" Facet::Number(NumberField::Pull), "a number", "pull:2";
    "id" ["exchange"] "" Facet::Number(NumberField::Id), "a number", "id:3..7";
    "layer" [] "" Facet::Number(NumberField::Layer), "a number", "layer:1";
    "purpose" ["operation"] "" Facet::Text(TextField::Purpose), "a purpose", "purpose:push";
    "state" ["verdict"] "" Facet::Text(TextField::State), "a state", "state:failed";
    "client" ["agent" "user-agent"] "" Facet::Text(TextField::Client), "a text", "client:skopeo";
    "size" ["larger-than"] "" Facet::Number(NumberField::Size), "a size", "size:>1MB";
    "sent" [] "" Facet::Number(NumberField::Sent), "a size", "sent:>0";
    "time" ["duration" "took"] "" Facet::Number(NumberField::Time), "a duration", "time:>500ms";
    "wait" ["ttfb"] "" Facet::Number(NumberField::Took(Phase::Wait)), "a duration", "wait:>200ms";
    "receive" ["download"] "" Facet::Number(NumberField::Took(Phase::Receive)), "a duration", "receive:>2s";
    "dns" [] "" Facet::Number(NumberField::Took(Phase::Dns)), "a duration", "dns:>50ms";
    "connect" [] "" Facet::Number(NumberField::Took(Phase::Connect)), "a duration", "connect:>100ms";
    "tls" ["ssl"] "" Facet::Number(NumberField::Took(Phase::Ssl)), "a duration", "tls:>50ms";
    "type" ["content-type" "mime-type" "mime"] "t" Facet::Text(TextField::ContentType), "a text", "type:json";
    "request-type" [] "tq" Facet::Text(TextField::RequestType), "a text", "request-type:form";
    "encoding" ["content-encoding"] "" Facet::Text(TextField::Encoding), "a text", "encoding:gzip";
    "header" ["has-header"] "h" Facet::Header(MessageSide::Either), "a name, or name:text", "header:server:nginx";
    "request-header" [] "hq" Facet::Header(MessageSide::Request), "a name, or name:text", "request-header:range";
    "response-header" ["has-response-header"] "hs" Facet::Header(MessageSide::Response), "a name, or name:text", "response-header:docker-content-digest";
    "body" [] "b" Facet::Body(MessageSide::Either), "a text", "body:errors";
    "request-body" [] "bq" Facet::Body(MessageSide::Request), "a text", "request-body:grant_type";
    "response-body" [] "bs" Facet::Body(MessageSide::Response), "a text", "response-body:errors";
    "location" ["redirect"] "" Facet::Text(TextField::Location), "a text", "location:*.r2.*";
    "scope" [] "" Facet::Text(TextField::Scope), "a text", "scope:push";
    "auth" ["authorization"] "" Facet::Text(TextField::Authorization), "a text", "auth:bearer";
    "ip" ["address" "server"] "dst" Facet::Text(TextField::Address), "a text", "ip:127.0.0.1";
    "error" [] "" Facet::Text(TextField::Error), "a text", "error:MANIFEST_UNKNOWN";
    "finding" ["rule"] "" Facet::Text(TextField::Rule), "a rule", "finding:digest-*";
    "severity" [] "" Facet::Text(TextField::Severity), "info, warning or error", "severity:error,warning";
    "is" [] "" Facet::Is, "a property", "is:aborted";
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
