//! The secrets of a session, and finding them in a text in time linear in its length.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use super::lesson::MIN_LENGTH;
use super::placeholder::Placeholder;

/// Most secrets kept at a time; then the quarter not seen for the longest time is forgotten.
const MAX_SECRETS: usize = 20_000;
/// Most bytes of secrets kept at a time.
const MAX_BYTES: usize = 4 << 20;
/// Most bytes kept of one secret.
const MAX_LENGTH: usize = 64 << 10;
/// Secrets shorter than this are found only where no letter or digit adjoins.
const LONG: usize = 16;
/// This much of the beginning of a secret counts as the secret: somebody cut it short.
const TELLING: usize = 48;
/// How many times the length of a text its overlapping hits may be long.
const OVERLAPS: usize = 8;

/// The secrets that were seen.
#[derive(Default)]
pub(super) struct Secrets {
    known: BTreeMap<Box<[u8]>, Known>,
    beginnings: Beginnings,
    bytes: usize,
    clock: u64,
    generation: u64,
}

struct Known {
    name: Placeholder,
    seen: u64,
}

impl Secrets {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Another number after each change of what is known.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Adds a secret of at least [`MIN_LENGTH`] bytes, to be replaced by `name`.
    pub(super) fn insert(&mut self, secret: &[u8], name: Placeholder) {
        let secret = secret.get(..MAX_LENGTH).unwrap_or(secret);
        self.clock += 1;
        if let Some(known) = self.known.get_mut(secret) {
            known.seen = self.clock;
            return;
        }
        let Some(beginning) = secret.first_chunk().copied() else {
            return;
        };
        self.generation += 1;
        self.beginnings.insert(beginning);
        self.bytes += secret.len();
        let seen = self.clock;
        self.known.insert(secret.into(), Known { name, seen });
        while self.known.len() > MAX_SECRETS || self.bytes > MAX_BYTES {
            self.forget_some();
        }
    }

    /// Finds the secrets in a text, from left to right, the longest at each place. Hits may
    /// overlap: where one secret ends in the middle of another, both have to go. Only when a text
    /// is made of little else than overlaps, the scan goes on behind each hit.
    pub(super) fn scan(&self, text: &[u8], mut hit: impl FnMut(Range<usize>, Placeholder)) {
        let mut resume = 0;
        let mut allowance = OVERLAPS * text.len();
        for (start, window) in text.windows(MIN_LENGTH).enumerate() {
            let Some(window) = window.first_chunk().copied().filter(|_| start >= resume) else {
                continue;
            };
            if !self.beginnings.may_hold(window) {
                continue;
            }
            let (before, rest) = text.split_at(start);
            if let Some((length, name)) = self.longest(before.last().copied(), rest) {
                match allowance.checked_sub(length) {
                    Some(left) => allowance = left,
                    None => resume = start + length,
                }
                hit(start..start + length, name);
            }
        }
    }

    /// The longest secret, or telling part of one, at the beginning of `rest`.
    ///
    /// The neighbours in sorted order share more with `rest` than any other secret does. Each
    /// comparison costs what is shared; when that is long, it is a hit, and the lengths of all
    /// hits are bounded, so that no text and no secrets make a scan slow.
    fn longest(&self, before: Option<u8>, rest: &[u8]) -> Option<(usize, Placeholder)> {
        let range = |from, to| self.known.range::<[u8], _>((from, to));
        let below = range(Bound::Unbounded, Bound::Included(rest)).next_back();
        let above = range(Bound::Excluded(rest), Bound::Unbounded).next();
        let mut most = 0;
        let mut best: Option<(usize, Placeholder)> = None;
        for (secret, known) in [below, above].into_iter().flatten() {
            let shared = secret.iter().zip(rest).take_while(|(a, b)| a == b).count();
            most = most.max(shared);
            let whole = shared == secret.len();
            let cut_off = shared == rest.len() && shared >= LONG;
            let is_hit = cut_off
                || shared >= TELLING
                || (whole && (shared >= LONG || stands_alone(before, rest, shared)));
            if is_hit && best.is_none_or(|(length, _)| shared > length) {
                best = Some((shared, known.name));
            }
        }
        best.or_else(|| {
            (MIN_LENGTH..=most.min(TELLING)).rev().find_map(|length| {
                let known = self.known.get(rest.get(..length)?)?;
                let is_hit = length >= LONG || stands_alone(before, rest, length);
                is_hit.then_some((length, known.name))
            })
        })
    }

    /// Forgets the quarter that was not seen for the longest time.
    fn forget_some(&mut self) {
        let mut ages: Vec<u64> = self.known.values().map(|known| known.seen).collect();
        ages.sort_unstable();
        let Some(oldest) = ages.get(ages.len() / 4) else {
            return;
        };
        self.known.retain(|_, known| known.seen > *oldest);
        self.bytes = self.known.keys().map(|secret| secret.len()).sum();
        self.beginnings = Beginnings::default();
        for beginning in self
            .known
            .keys()
            .filter_map(|secret| secret.first_chunk().copied())
        {
            self.beginnings.insert(beginning);
        }
    }
}

/// Whether no letter or digit of the text adjoins one of the secret.
fn stands_alone(before: Option<u8>, rest: &[u8], length: usize) -> bool {
    let joins = |a: Option<&u8>, b: Option<&u8>| {
        let is_word = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        is_word(a) && is_word(b)
    };
    !joins(before.as_ref(), rest.first())
        && !joins(
            length.checked_sub(1).and_then(|last| rest.get(last)),
            rest.get(length),
        )
}

/// A set of the secrets' first bytes that may say yes by mistake, but never no.
struct Beginnings(Vec<u64>);

impl Beginnings {
    const BITS: u32 = 20;

    fn insert(&mut self, beginning: [u8; MIN_LENGTH]) {
        let (word, bit) = Self::place(beginning);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_hold(&self, beginning: [u8; MIN_LENGTH]) -> bool {
        let (word, bit) = Self::place(beginning);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Fibonacci hashing: the top bits of a product with 2^64 divided by the golden ratio.
    fn place(beginning: [u8; MIN_LENGTH]) -> (usize, u64) {
        let number = beginning.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let hash = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - Self::BITS);
        (
            usize::try_from(hash / 64).unwrap_or_default(),
            1 << (hash % 64),
        )
    }
}

impl Default for Beginnings {
    fn default() -> Self {
        Self(vec![0; 1 << (Self::BITS - 6)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::placeholder::Namer;

    fn secrets(all: &[&str]) -> Secrets {
        let namer = Namer::new();
        let mut secrets = Secrets::default();
        for secret in all {
            secrets.insert(secret.as_bytes(), namer.name(secret.as_bytes()));
        }
        secrets
    }

    fn found<'a>(secrets: &Secrets, text: &'a str) -> Vec<&'a str> {
        let mut out = Vec::new();
        secrets.scan(text.as_bytes(), |range, _| {
            out.push(text.get(range).unwrap());
        });
        out
    }

    #[test]
    fn the_longest_secret_wins() {
        let set = secrets(&[
            "abcdefgh",
            "abcdefgh-ijkl",
            "abcdefgh-ijkl-mnopqrst",
            "zzzyyy",
        ]);
        assert_eq!(
            found(&set, "abcdefgh abcdefgh-ijk abcdefgh-ijkl-mno "),
            ["abcdefgh", "abcdefgh", "abcdefgh-ijkl"]
        );
        assert_eq!(
            found(&set, "abcdefgh-ijkl-mnopqrstuvw zzzyyy"),
            ["abcdefgh-ijkl-mnopqrst", "zzzyyy"]
        );
    }

    #[test]
    fn secrets_may_overlap() {
        let set = secrets(&["end: 0123456789-abc", "abcdefghijklmnop"]);
        assert_eq!(
            found(&set, "end: 0123456789-abcdefghijklmnop"),
            ["end: 0123456789-abc", "abcdefghijklmnop"]
        );
    }

    #[test]
    fn a_short_secret_must_stand_alone() {
        let set = secrets(&["hunter2", "pass-wd!"]);
        assert_eq!(found(&set, "hunter2, \"hunter2\" (hunter2)").len(), 3);
        assert!(found(&set, "xhunter2 hunter23 hunter").is_empty());
        assert_eq!(found(&set, "pass-wd!x"), ["pass-wd!"]);
    }

    #[test]
    fn a_long_secret_is_found_anywhere_and_cut_short() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let set = secrets(&[long]);
        assert_eq!(found(&set, &format!("x{long}y")), [long]);
        assert_eq!(
            found(&set, "0123456789abcdefghij"),
            ["0123456789abcdefghij"]
        );
        assert!(found(&set, "0123456789abcdefghij…").is_empty());
        let told = long.get(..50).unwrap();
        assert_eq!(found(&set, &format!("{told}…")), [told]);
    }

    #[test]
    fn old_secrets_are_forgotten_and_used_ones_are_not() {
        let mut set = Secrets::default();
        for number in 0..2 * MAX_SECRETS {
            set.insert(b"always-in-use", Placeholder::BARE);
            set.insert(format!("secret-{number:06}").as_bytes(), Placeholder::BARE);
        }
        assert!(set.len() <= MAX_SECRETS && set.len() > MAX_SECRETS / 2);
        assert_eq!(found(&set, "always-in-use"), ["always-in-use"]);
        assert_eq!(found(&set, "secret-039999"), ["secret-039999"]);
        assert!(found(&set, "secret-000000").is_empty());
    }

    #[test]
    fn the_bytes_kept_are_bounded() {
        let mut set = Secrets::default();
        for number in 0..200 {
            set.insert(
                &format!("{number:06}{}", "x".repeat(MAX_LENGTH)).into_bytes(),
                Placeholder::BARE,
            );
        }
        assert!(set.bytes <= MAX_BYTES && set.len() > 10);
    }

    #[test]
    fn a_hostile_text_is_scanned_in_linear_time() {
        let mut set = Secrets::default();
        for number in 0..500 {
            let secret = format!("{}{number}", "ab".repeat(4_000 + number));
            set.insert(secret.as_bytes(), Placeholder::BARE);
        }
        let text = "ab".repeat(500_000);
        let mut covered = 0;
        set.scan(text.as_bytes(), |range, _| covered += range.len());
        assert!(covered > text.len() && covered < (OVERLAPS + 2) * text.len());
    }
}
