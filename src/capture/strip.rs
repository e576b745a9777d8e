//! Content that comes in parts: its digest over the parts put together.
//!
//! What comes in order is hashed as it comes; what comes before its turn is held, up to [`HELD`]
//! bytes in all. Beyond that the parts that were longest without news are let go: what they belong
//! to cannot be verified.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;

/// Where the bytes of a body stand in what they are a part of.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// What they are a part of: who asks, and the digest or the URL that is asked for.
    pub(super) name: Arc<str>,
    /// How many bytes stand before them.
    pub(super) from: u64,
    /// The size of all of it in bytes; `None` where nothing says it yet.
    pub(super) total: Option<u64>,
}

impl Place {
    /// Which content a client asks for: by the digest in the URL, since each request may be sent
    /// to another signed URL, else by the URL.
    pub(super) fn name(client: impl std::fmt::Display, url: &str) -> Arc<str> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let mut runs = path.split(|c: char| !matches!(c, '0'..='9' | 'a'..='f'));
        let digest = runs.rfind(|run| run.len() == 64);
        format!("{client} {}", digest.unwrap_or(url)).into()
    }
}

/// All content of which parts pass, the longest without news first.
#[derive(Default)]
pub(super) struct Strips {
    strips: Vec<Strip>,
    /// Bytes that wait for those before them.
    held: usize,
}

struct Strip {
    name: Arc<str>,
    total: Option<u64>,
    /// Of all bytes before `next`; `None` until the first of them came.
    digest: Option<Context>,
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    /// Whether bytes came twice: then nobody knows which of them the client took.
    overlaps: bool,
}

impl Strips {
    /// Takes the first `size` bytes, by their digest. Gives the sha256 of all, as [`Self::extend`].
    pub(super) fn begin(&mut self, place: &Place, digest: Context, size: u64) -> Option<String> {
        let mut strip = self.take(place);
        strip.overlaps |= strip.digest.is_some() && !strip.waiting.is_empty();
        (strip.digest, strip.next) = (Some(digest), size);
        self.settle(strip)
    }

    /// Takes the bytes that stand at `at`. Gives the sha256 of all, lower-case hex, once the last
    /// that was missing is there, unless it might not be of what the client took.
    pub(super) fn extend(&mut self, place: &Place, at: u64, bytes: &[u8]) -> Option<String> {
        let mut strip = self.take(place);
        if at == 0 {
            strip.digest.get_or_insert_with(|| Context::new(&SHA256));
        }
        if strip.digest.is_some() && at <= strip.next {
            strip.add(at, bytes);
        } else {
            strip.overlaps |= strip.waiting.contains_key(&at);
            self.held += bytes.len();
            let replaced = strip.waiting.insert(at, bytes.to_vec());
            self.held -= replaced.map_or(0, |replaced| replaced.len());
        }
        self.settle(strip)
    }

    fn take(&mut self, place: &Place) -> Strip {
        let known = self.strips.iter().position(|s| s.name == place.name);
        let known = known.map(|at| self.strips.remove(at));
        let fits = |strip: &Strip| {
            strip
                .total
                .is_none_or(|all| place.total.is_none_or(|t| t == all))
        };
        let mut strip = match known {
            Some(strip) if fits(&strip) => strip,
            other => {
                self.held -= other.map_or(0, |other| other.held());
                Strip {
                    name: Arc::clone(&place.name),
                    total: None,
                    digest: None,
                    next: 0,
                    waiting: BTreeMap::new(),
                    overlaps: false,
                }
            }
        };
        strip.total = strip.total.or(place.total);
        strip
    }

    /// Hashes what has its turn now, and keeps the strip unless that was all.
    fn settle(&mut self, mut strip: Strip) -> Option<String> {
        while strip.digest.is_some()
            && let Some(first) = strip.waiting.first_entry()
            && *first.key() <= strip.next
        {
            let (at, bytes) = first.remove_entry();
            self.held -= bytes.len();
            strip.add(at, &bytes);
        }
        if strip.total == Some(strip.next)
            && let Some(digest) = strip.digest.take()
        {
            self.held -= strip.held();
            let sha256 = HEXLOWER.encode(digest.finish().as_ref());
            return (!strip.overlaps || strip.name.ends_with(&sha256)).then_some(sha256);
        }
        self.strips.push(strip);
        while self.held > HELD || self.strips.len() > MOST {
            let full = self.held > HELD;
            let mut strips = self.strips.iter();
            let Some(at) = strips.position(|strip| !full || !strip.waiting.is_empty()) else {
                break;
            };
            self.held -= self.strips.remove(at).held();
        }
        None
    }
}

impl Strip {
    /// Adds bytes that begin at or before `next`.
    fn add(&mut self, at: u64, bytes: &[u8]) {
        let known = usize::try_from(self.next.saturating_sub(at)).unwrap_or(usize::MAX);
        self.overlaps |= known > 0;
        if let (Some(new), Some(digest)) = (bytes.get(known..), &mut self.digest) {
            digest.update(new);
            self.next += new.len() as u64;
        }
    }

    fn held(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }
}

/// Bytes that wait for those before them, of all strips together.
const HELD: usize = 32 * 1024 * 1024;
/// Strips that are known at once.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::SHA256;

    use super::*;

    const WHOLE: &[u8] = b"0123456789";

    fn place(total: usize) -> Place {
        let url = format!(
            "https://r.example/{}?sig=x",
            crate::base::hex::sha256(WHOLE)
        );
        Place {
            name: Place::name("192.0.2.1", &url),
            from: 0,
            total: Some(total as u64),
        }
    }

    fn begun(bytes: &[u8]) -> Context {
        let mut digest = Context::new(&SHA256);
        digest.update(bytes);
        digest
    }

    #[test]
    fn parts_in_any_order_make_the_whole_once() {
        let expected = Some(crate::base::hex::sha256(WHOLE));
        let place = place(10);
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [2, 1, 0],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
        ] {
            let mut strips = Strips::default();
            let given = order.map(|part| match part {
                0 => strips.begin(&place, begun(&WHOLE[..3]), 3),
                1 => strips.extend(&place, 3, &WHOLE[3..7]),
                _ => strips.extend(&place, 7, &WHOLE[7..]),
            });
            let [first, second, last] = given;
            assert_eq!(
                (first, second, last),
                (None, None, expected.clone()),
                "{order:?}"
            );
            assert_eq!((strips.held, strips.strips.len()), (0, 0));
        }
    }

    #[test]
    fn wrong_bytes_are_told_unless_others_came_in_their_place() {
        let place = place(10);
        let mut strips = Strips::default();
        assert_eq!(strips.begin(&place, begun(b"012x"), 4), None);
        let given = strips.extend(&place, 4, &WHOLE[4..]);
        assert_eq!(given, Some(crate::base::hex::sha256(b"012x456789")));
        // Of bytes that came twice nobody knows which the client took.
        assert_eq!(strips.begin(&place, begun(b"012x"), 4), None);
        assert_eq!(strips.extend(&place, 3, &WHOLE[3..]), None);
        assert_eq!(strips.strips.len(), 0);
        // What has the right digest is right all the same.
        assert_eq!(strips.begin(&place, begun(&WHOLE[..4]), 4), None);
        let given = strips.extend(&place, 3, &WHOLE[3..]);
        assert_eq!(given, Some(crate::base::hex::sha256(WHOLE)));
    }

    #[test]
    fn clients_and_sizes_are_kept_apart() {
        let url = "https://r.example/blob?sig=x";
        assert_ne!(Place::name("192.0.2.1", url), Place::name("192.0.2.2", url));
        assert!(Place::name("192.0.2.1", url).ends_with("?sig=x"));
        let mut strips = Strips::default();
        strips.begin(&place(10), begun(&WHOLE[..4]), 4);
        assert_eq!(strips.extend(&place(11), 4, &WHOLE[4..]), None);
        assert_eq!((strips.held, strips.strips.len()), (6, 1));
    }

    #[test]
    fn what_waits_is_bounded_and_the_oldest_goes_first() {
        let mut strips = Strips::default();
        let piece = vec![7; HELD / 8];
        let named = |name: &str| Place {
            name: name.into(),
            from: 1,
            total: Some(u64::MAX),
        };
        for at in 0..100_u64 {
            strips.extend(&named("lazy"), 1 + at * HELD as u64, &piece);
            let held: usize = strips.strips.iter().map(Strip::held).sum();
            assert_eq!(strips.held, held);
            assert!(held <= HELD);
        }
        strips.extend(&named("other"), 1, &piece);
        for at in 1..8_u64 {
            strips.extend(&named("third"), 1 + at * HELD as u64, &piece);
        }
        let left: Vec<_> = strips.strips.iter().map(|strip| &*strip.name).collect();
        assert_eq!(left, ["other", "third"]);
        for at in 0..10 * MOST {
            strips.begin(&named(&at.to_string()), begun(b"a"), 1);
        }
        assert_eq!((strips.strips.len(), strips.held), (MOST, 0));
    }
}
