//! Whether two pulls got the same image, and which of them an older one.

use jiff::Timestamp;
use serde::Serialize;

use super::sides::ComparedPull;
use crate::pulls::{Pull, State};
use crate::registry::{Digest, Reference};

/// What became of the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum Verdict {
    /// Both got the same image.
    Same {
        /// Its digest.
        digest: Digest,
    },
    /// The same tag stood for different images.
    TagDiffers {
        /// What the first got.
        a: Digest,
        /// What the second got.
        b: Digest,
        /// What that means, where both configurations say when they were made.
        age: Option<Age>,
    },
    /// They asked for different images, or by different references, and got different ones.
    Other,
    /// One of them, or both, got none: it failed, or was stopped.
    NoImage {
        /// Whether the first got one.
        a: bool,
        /// Whether the second did.
        b: bool,
    },
    /// Of one of them it is not known what it got.
    Unknown,
}

/// Which image of two is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Age {
    /// Whether the older one is the first pull's.
    pub older_is_a: bool,
    /// By how many seconds it was made earlier.
    pub seconds: u64,
    /// Whether the newer one was made, or even pulled, before the older one was pulled: whoever
    /// answered is behind. Otherwise the tag was moved in between.
    pub stale: bool,
}

impl Verdict {
    pub(super) fn of(a: ComparedPull<'_>, b: ComparedPull<'_>) -> Self {
        let sides = [a.pull, b.pull];
        let [got_a, got_b] = sides.map(|p| !matches!(p.state, State::Failed | State::Stopped));
        if !(got_a && got_b) {
            return Self::NoImage { a: got_a, b: got_b };
        }
        let (Some(digest_a), Some(digest_b)) = (&a.pull.digest, &b.pull.digest) else {
            return Self::Unknown;
        };
        if digest_a == digest_b {
            let whole = sides.iter().all(|pull| pull.state == State::Complete);
            let digest = digest_a.clone();
            return if whole {
                Self::Same { digest }
            } else {
                Self::Unknown
            };
        }
        match (&a.pull.reference, &b.pull.reference) {
            (Some(Reference::Tag(tag_a)), Some(Reference::Tag(tag_b)))
                if tag_a == tag_b && same_repository(a.pull, b.pull) =>
            {
                Self::TagDiffers {
                    a: digest_a.clone(),
                    b: digest_b.clone(),
                    age: age(a, b),
                }
            }
            _ => Self::Other,
        }
    }
}

/// Whether both are of the same repository. A mirror may have it under a longer path:
/// `docker.io/library/alpine` for `library/alpine`.
pub fn same_repository(a: &Pull, b: &Pull) -> bool {
    let ends = |long: &str, short: &str| {
        let before = long.strip_suffix(short).filter(|_| !short.is_empty());
        before.is_some_and(|before| before.ends_with('/'))
    };
    let (a, b) = (a.repository.as_str(), b.repository.as_str());
    a == b || ends(a, b) || ends(b, a)
}

fn age(a: ComparedPull<'_>, b: ComparedPull<'_>) -> Option<Age> {
    let (created_a, created_b) = (created(a)?, created(b)?);
    if created_a == created_b {
        return None;
    }
    let older_is_a = created_a < created_b;
    let (older, newer) = if older_is_a { (a, b) } else { (b, a) };
    let pulled = older.pull.started;
    Some(Age {
        older_is_a,
        seconds: created_a.duration_since(created_b).unsigned_abs().as_secs(),
        stale: pulled >= newer.pull.started || pulled >= created_a.max(created_b),
    })
}

/// When the image was made, as its configuration says.
fn created(side: ComparedPull<'_>) -> Option<Timestamp> {
    let config = side
        .entry(side.pull.image.config?)?
        .reading
        .config
        .as_ref()?;
    // Builds that are to be reproducible state the epoch.
    config.created.filter(|created| created.as_second() > 0)
}
