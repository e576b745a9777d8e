//! Repository names, tags and digests as they stand in URLs (OCI distribution-spec, "Pulling
//! manifests").

use std::fmt;

use serde::Serialize;

use super::Digest;

/// What a manifest or blob is asked for by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A tag.
    Tag(String),
    /// A digest.
    Digest(Digest),
    /// Something that is neither.
    Malformed {
        /// The text as it was sent, percent-encoding undone.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Reference {
    /// Reads a tag or a digest.
    pub fn read(text: &str) -> Self {
        if text.contains(':') {
            Self::read_digest(text)
        } else if is_tag(text) {
            Self::Tag(text.to_owned())
        } else {
            Self::malformed(text, "a tag has 1 to 128 letters, digits, '_', '.' or '-'")
        }
    }

    /// Reads a reference where only a digest may stand.
    pub fn read_digest(text: &str) -> Self {
        match text.parse() {
            Ok(digest) => Self::Digest(digest),
            Err(problem) => Self::malformed(text, &problem.to_string()),
        }
    }

    /// The digest, if it is one.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Tag(_) | Self::Malformed { .. } => None,
        }
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) | Self::Malformed { .. } => None,
        }
    }

    /// Whether this tag points at something about an image instead of an image: the referrers
    /// fallback tag `sha256-<hex>` and what signing tools append to it (`.sig`, `.att`, `.sbom`).
    pub fn is_auxiliary(&self) -> bool {
        self.tag().is_some_and(|tag| {
            let Some(rest) = tag.strip_prefix("sha256-") else {
                return false;
            };
            let hex = rest.split('.').next().unwrap_or_default();
            Digest::from_sha256_hex(hex).is_some()
        })
    }

    fn malformed(text: &str, reason: &str) -> Self {
        Self::Malformed {
            text: text.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(text) | Self::Malformed { text, .. } => f.write_str(text),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// Whether a text is a repository name: lower-case path components that begin and end with a
/// letter or digit, separated inside by `.`, `_`, `__` or dashes.
pub(crate) fn is_repository(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_component)
}

fn is_component(component: &str) -> bool {
    let bytes = component.as_bytes();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = bytes.first().is_some_and(|&b| plain(b)) && bytes.last().is_some_and(|&b| plain(b));
    let separators_fit = component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-'));
    ends && separators_fit
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(word)
        && bytes.all(|b| word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_are_told_apart() {
        assert_eq!(Reference::read("3.20"), Reference::Tag("3.20".into()));
        let digest = format!("sha256:{:064x}", 7);
        assert_eq!(Reference::read(&digest).to_string(), digest);
        assert!(matches!(Reference::read(".x"), Reference::Malformed { .. }));
        assert!(matches!(
            Reference::read("sha256:zz"),
            Reference::Malformed { .. }
        ));
    }

    #[test]
    fn signature_tags_are_auxiliary() {
        let tag = |suffix: &str| Reference::read(&format!("sha256-{:064x}{suffix}", 1));
        assert!(tag("").is_auxiliary() && tag(".sig").is_auxiliary());
        assert!(!Reference::read("sha256-nightly").is_auxiliary());
        assert!(!Reference::read("latest").is_auxiliary());
    }

    #[test]
    fn names_follow_the_grammar_of_the_spec() {
        for good in ["alpine", "library/alpine", "a__b/c-d.e", "a--b", "0/1"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in ["", "/a", "a/", "A", "a..b", "a___b", "-a", "a b", "a//b"] {
            assert!(!is_repository(bad), "{bad}");
        }
    }
}
