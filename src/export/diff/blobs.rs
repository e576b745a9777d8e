//! The blobs of two pulls, lined up by digest.

use super::sides::Pair;
use crate::pulls::{Blob, Part, Pull};
use crate::registry::Digest;

/// A blob of the one pull and the same in the other.
#[derive(Clone, Debug, PartialEq)]
pub struct BlobPair<'a> {
    /// Which part of the image it is.
    pub part: Option<Part>,
    /// Its digest.
    pub digest: Option<&'a Digest>,
    /// Its size in bytes, as the manifest says, else as it came.
    pub size: Option<u64>,
    /// What became of it.
    pub blobs: Pair<&'a Blob>,
}

/// The blobs of the first in the manifest's order, then those that only the second has. Blobs of
/// which the digest is not known are like no others.
pub(super) fn align<'a>(a: &'a Pull, b: &'a Pull) -> Vec<BlobPair<'a>> {
    let same = |pull: &'a Pull, blob: &Blob| {
        let mut blobs = pull.blobs.iter();
        blobs.find(|other| blob.digest.is_some() && other.digest == blob.digest)
    };
    let of_a = a.blobs.iter().map(|blob| Pair {
        a: Some(blob),
        b: same(b, blob),
    });
    let only_b = b.blobs.iter().filter(|blob| same(a, blob).is_none());
    let only_b = only_b.map(|blob| Pair {
        a: None,
        b: Some(blob),
    });
    of_a.chain(only_b).filter_map(pair).collect()
}

fn pair(blobs: Pair<&Blob>) -> Option<BlobPair<'_>> {
    let blob = *blobs.any()?;
    let mut known = [blobs.a, blobs.b].into_iter().flatten();
    Some(BlobPair {
        part: blob.part,
        digest: blob.digest.as_ref(),
        size: known.find_map(|blob| blob.size),
        blobs,
    })
}
