//! The rules, one in a row: which word, how grave, where it is written how things should be, and
//! the function that looks. Their sentences are in the table of texts.

mod connection;
mod content;
mod dead_end;
mod failed;
mod limit;
mod manifest;
mod middlebox;
mod mirror;
mod range;
mod redirect;
mod refusal;
mod server;
mod token;
mod transfer;
mod trust;
mod upload;

pub(super) use trust::{is_another, of_handshake};

use super::scene::Scene;
use crate::findings::found::Found;
use crate::findings::{Finding, Severity};

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its word, as findings and filters have it.
    pub id: &'static str,
    /// How grave what it finds is, as a rule.
    pub severity: Severity,
    /// The section of the specification, or the documentation, that says how it should be.
    pub link: &'static str,
    /// Whether what it finds is a cause: rules after it do not report the same exchanges as
    /// symptoms.
    pub(super) is_cause: bool,
    pub(super) check: Judgement,
}

/// How a rule looks at what happened: it finds one thing, or one for each host.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judgement {
    Once(fn(&Scene<'_>) -> Option<Found>),
    PerHost(fn(&Scene<'_>) -> Vec<Found>),
}

impl Judgement {
    pub(super) fn findings(self, scene: &Scene<'_>) -> Vec<Finding> {
        match self {
            Self::Once(check) => check(scene).map(Found::done).into_iter().collect(),
            Self::PerHost(check) => check(scene).into_iter().map(Found::done).collect(),
        }
    }
}

impl Rule {
    /// Every rule, causes before their symptoms.
    pub const ALL: &[Self] = RULES;

    /// The rule of this word.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id)
    }
}

const fn cause(id: &'static str, severity: Severity, link: &'static str, check: Judgement) -> Rule {
    Rule {
        id,
        severity,
        link,
        is_cause: true,
        check,
    }
}

const fn remark(
    id: &'static str,
    severity: Severity,
    link: &'static str,
    check: Judgement,
) -> Rule {
    Rule {
        is_cause: false,
        ..cause(id, severity, link, check)
    }
}

macro_rules! link {
    (spec $anchor:literal) => {
        link!(
            "github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#",
            $anchor
        )
    };
    (image $page:literal) => {
        link!("github.com/opencontainers/image-spec/blob/v1.1.0/", $page)
    };
    (token $page:literal) => {
        link!("distribution.github.io/distribution/spec/auth/", $page)
    };
    (rfc $section:literal) => {
        link!("www.rfc-editor.org/rfc/rfc", $section)
    };
    ($site:literal, $page:literal) => {
        concat!("https://", $site, $page)
    };
}

use Judgement::{Once, PerHost};
use Severity::{Error, Info, Warning};

#[rustfmt::skip]
const RULES: &[Rule] = &[
    cause("ca-partial", Error, link!(rfc "8446#section-6.2"), Once(trust::ca_partial)),
    cause("ca-rejected", Error, link!(rfc "8446#section-6.2"), Once(trust::ca_rejected)),
    remark("ca-silent", Warning, link!(rfc "8446#section-6.2"), Once(trust::ca_silent)),
    cause("upstream-cert", Error, link!(rfc "5280#section-6"), PerHost(trust::upstream_cert)),
    cause("mirror-fallthrough", Warning, "https://docs.docker.com/docker-hub/image-library/mirror/", Once(mirror::mirror_fallthrough)),
    cause("unreachable", Error, link!(rfc "9110#section-15.6.3"), PerHost(connection::unreachable)),
    cause("middlebox", Error, link!(rfc "6585#section-6"), PerHost(middlebox::middlebox)),
    cause("push-refused", Error, link!(spec "pushing-blobs"), Once(upload::push_refused)),
    cause("clock-skew", Warning, link!(rfc "7519#section-4.1.5"), Once(token::clock_skew)),
    cause("token-expired", Error, link!(rfc "7519#section-4.1.4"), Once(token::token_expired)),
    cause("aud-mismatch", Warning, link!(rfc "7519#section-4.1.3"), Once(token::aud_mismatch)),
    cause("scope-mismatch", Error, link!(token "scope/"), Once(token::scope_mismatch)),
    remark("short-token", Warning, link!(token "token/"), Once(token::short_token)),
    cause("rate-limited", Error, "https://docs.docker.com/docker-hub/usage/", Once(limit::rate_limited)),
    cause("storage-refused", Error, link!(spec "pulling-blobs"), Once(refusal::storage_refused)),
    cause("auth-loop", Error, link!(token "token/"), Once(refusal::auth_loop)),
    cause("denied", Error, link!(spec "error-codes"), Once(refusal::denied)),
    cause("auth-dead-end", Error, link!(rfc "9110#section-11.6.1"), Once(dead_end::auth_dead_end)),
    remark("rate-low", Warning, "https://docs.docker.com/docker-hub/usage/", Once(limit::rate_low)),
    cause("not-accepted", Error, link!(rfc "9110#section-12.5.1"), Once(refusal::not_accepted)),
    cause("not-found", Error, link!(spec "pulling-manifests"), Once(refusal::not_found)),
    cause("manifest-type", Error, link!(spec "pulling-manifests"), Once(manifest::manifest_type)),
    remark("no-platform", Error, link!(image "image-index.md"), Once(manifest::no_platform)),
    remark("redirect-downgrade", Error, link!(rfc "9110#section-17.9"), Once(redirect::redirect_downgrade)),
    remark("redirect-private", Warning, link!(rfc "9110#section-15.4"), Once(redirect::redirect_private)),
    remark("auth-leak", Warning, link!(rfc "9110#section-15.4"), Once(redirect::auth_leak)),
    cause("signed-url-expired", Error, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html", Once(redirect::signed_url_expired)),
    remark("signed-url-bad", Error, "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html", Once(redirect::signed_url_bad)),
    cause("multi-range-refused", Error, link!(rfc "9110#section-14.2"), Once(range::multi_range_refused)),
    cause("resume-refused", Error, link!(rfc "9110#section-14.2"), Once(range::resume_refused)),
    cause("server-error", Error, link!(rfc "9110#section-15.6"), Once(server::server_error)),
    cause("bad-request", Error, link!(spec "error-codes"), Once(server::bad_request)),
    cause("truncated", Error, link!(rfc "9112#section-8"), Once(content::truncated)),
    cause("size-mismatch", Error, link!(image "descriptor.md#properties"), Once(content::size_mismatch)),
    remark("blob-encoding", Warning, link!(spec "pulling-blobs"), Once(content::blob_encoding)),
    remark("digest-mismatch", Error, link!(image "descriptor.md#verification"), Once(content::digest_mismatch)),
    remark("dcd-mismatch", Error, link!(spec "pulling-manifests"), Once(content::dcd_mismatch)),
    remark("resumed", Info, link!(rfc "9110#section-14.2"), Once(transfer::resumed)),
    remark("chunked-fetch", Info, link!(rfc "9110#section-14.2"), Once(transfer::chunked_fetch)),
    remark("lazy-pull", Info, link!(rfc "9110#section-14.2"), Once(transfer::lazy_pull)),
    remark("over-fetch", Info, link!(rfc "9110#section-14.2"), Once(transfer::over_fetch)),
    remark("range-ignored", Warning, link!(rfc "9110#section-14.2"), Once(transfer::range_ignored)),
    remark("slow-blob", Warning, link!(spec "pulling-blobs"), Once(transfer::slow_blob)),
    remark("proxy-bypass", Warning, "https://pkg.go.dev/net/http#ProxyFromEnvironment", Once(transfer::proxy_bypass)),
    remark("schema1", Warning, "https://docs.docker.com/engine/deprecated/#pushing-and-pulling-with-image-manifest-v2-schema-1", Once(manifest::schema1)),
    remark("head-405", Warning, link!(spec "checking-if-content-exists-in-the-registry"), Once(manifest::head_405)),
    remark("head-fields", Warning, link!(spec "checking-if-content-exists-in-the-registry"), Once(manifest::head_fields)),
    remark("missing-dcd", Warning, link!(spec "pulling-manifests"), Once(manifest::missing_dcd)),
    remark("duplicate", Warning, link!(spec "pulling-blobs"), Once(transfer::duplicate)),
    cause("failed", Error, link!(spec "error-codes"), Once(failed::failed)),
    remark("registry-warning", Info, link!(spec "warnings"), Once(limit::registry_warning)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::FindingText;

    #[test]
    fn every_rule_has_its_texts_and_every_text_its_rule() {
        let rules: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id).collect();
        let texts: BTreeSet<_> = FindingText::rules().collect();
        assert_eq!(rules, texts);
        assert!(rules.len() >= 35, "a rule is gone");
        for texts in rules.into_iter().filter_map(FindingText::find) {
            assert_eq!(texts.sentences[0].0, "", "{texts:?}");
            assert_eq!(texts.fixes[0].0, "", "{texts:?}");
        }
    }
}
