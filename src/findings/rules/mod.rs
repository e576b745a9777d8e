//! The rules, one in a row: which word, how grave, where it is written how things should be, and
//! the function that looks. Their sentences are in the table of texts.

mod content;
mod limit;
mod manifest;
mod mirror;
mod redirect;
mod refusal;
mod token;
mod transfer;
mod trust;

pub(super) use trust::of_handshake;

use super::scene::Scene;
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
    pub(super) look: fn(&Scene<'_>) -> Vec<Finding>,
}

impl Rule {
    /// Every rule, causes before their symptoms.
    pub const ALL: &[Self] = RULES;

    /// The rule of this word.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id)
    }
}

const fn cause(
    id: &'static str,
    severity: Severity,
    link: &'static str,
    look: fn(&Scene<'_>) -> Vec<Finding>,
) -> Rule {
    Rule {
        id,
        severity,
        link,
        is_cause: true,
        look,
    }
}

const fn remark(
    id: &'static str,
    severity: Severity,
    link: &'static str,
    look: fn(&Scene<'_>) -> Vec<Finding>,
) -> Rule {
    Rule {
        is_cause: false,
        ..cause(id, severity, link, look)
    }
}

macro_rules! spec {
    ($anchor:literal) => {
        concat!(
            "https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#",
            $anchor
        )
    };
}

macro_rules! token_spec {
    ($page:literal) => {
        concat!(
            "https://distribution.github.io/distribution/spec/auth/",
            $page
        )
    };
}

macro_rules! rfc {
    ($section:literal) => {
        concat!("https://www.rfc-editor.org/rfc/", $section)
    };
}

use Severity::{Error, Info, Warning};

#[rustfmt::skip]
const RULES: &[Rule] = &[
    cause("ca-partial", Error, rfc!("rfc8446#section-6.2"), trust::ca_partial),
    cause("ca-rejected", Error, rfc!("rfc8446#section-6.2"), trust::ca_rejected),
    cause("upstream-cert", Error, rfc!("rfc5280#section-6"), trust::upstream_cert),
    cause("mirror-fallthrough", Warning, "https://docs.docker.com/docker-hub/image-library/mirror/", mirror::mirror_fallthrough),
    cause("clock-skew", Warning, rfc!("rfc7519#section-4.1.5"), token::clock_skew),
    cause("token-expired", Error, rfc!("rfc7519#section-4.1.4"), token::token_expired),
    cause("aud-mismatch", Warning, rfc!("rfc7519#section-4.1.3"), token::aud_mismatch),
    cause("scope-mismatch", Error, token_spec!("scope/"), token::scope_mismatch),
    remark("short-token", Warning, token_spec!("token/"), token::short_token),
    cause("denied", Error, spec!("error-codes"), refusal::denied),
    cause("auth-loop", Error, token_spec!("token/"), refusal::auth_loop),
    cause("rate-limited", Error, "https://docs.docker.com/docker-hub/usage/", limit::rate_limited),
    remark("rate-low", Warning, "https://docs.docker.com/docker-hub/usage/", limit::rate_low),
    cause("not-found", Error, spec!("pulling-manifests"), refusal::not_found),
    cause("manifest-type", Error, spec!("pulling-manifests"), manifest::manifest_type),
    remark("no-platform", Error, "https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md", manifest::no_platform),
    remark("redirect-downgrade", Error, rfc!("rfc9110#section-17.9"), redirect::redirect_downgrade),
    remark("redirect-private", Warning, rfc!("rfc9110#section-15.4"), redirect::redirect_private),
    remark("auth-leak", Warning, rfc!("rfc9110#section-15.4"), redirect::auth_leak),
    cause("signed-url-expired", Error, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html", redirect::signed_url_expired),
    remark("signed-url-bad", Error, "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html", redirect::signed_url_bad),
    cause("truncated", Error, rfc!("rfc9112#section-8"), content::truncated),
    cause("size-mismatch", Error, "https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#properties", content::size_mismatch),
    remark("blob-encoding", Warning, spec!("pulling-blobs"), content::blob_encoding),
    remark("digest-mismatch", Error, "https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#verification", content::digest_mismatch),
    remark("dcd-mismatch", Error, spec!("pulling-manifests"), content::dcd_mismatch),
    remark("resumed", Info, rfc!("rfc9110#section-14.2"), transfer::resumed),
    remark("range-ignored", Warning, rfc!("rfc9110#section-14.2"), transfer::range_ignored),
    remark("slow-blob", Warning, spec!("pulling-blobs"), transfer::slow_blob),
    remark("proxy-bypass", Warning, "https://pkg.go.dev/net/http#ProxyFromEnvironment", transfer::proxy_bypass),
    remark("schema1", Warning, "https://docs.docker.com/engine/deprecated/#pushing-and-pulling-with-image-manifest-v2-schema-1", manifest::schema1),
    remark("head-405", Warning, spec!("checking-if-content-exists-in-the-registry"), manifest::head_405),
    remark("missing-dcd", Warning, spec!("pulling-manifests"), manifest::missing_dcd),
    remark("duplicate", Warning, spec!("pulling-blobs"), transfer::duplicate),
    remark("registry-warning", Info, spec!("warnings"), limit::registry_warning),
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
        assert_eq!((Rule::ALL.len(), texts.len()), (35, 35));
        for texts in rules.into_iter().filter_map(FindingText::find) {
            assert_eq!(texts.sentences[0].0, "", "{texts:?}");
            assert_eq!(texts.fixes[0].0, "", "{texts:?}");
        }
    }
}
