//! The secrets of a session, and finding them in a text in time linear in its length.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use super::base64::SEVEN_DIGITS;
use super::kind::SecretSort;
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
#[derive(Clone, Default)]
pub(super) struct Secrets {
    known: BTreeMap<Box<[u8]>, KnownSecret>,
    beginnings: Beginnings,
    /// The same inside base64: what seven digits can be of each beginning.
    encoded: Beginnings,
    bytes: usize,
    clock: u64,
    generation: u64,
}

/// What stands for a secret, and what it is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecretMeaning {
    pub(super) name: Placeholder,
    pub(super) sort: SecretSort,
}

#[derive(Clone)]
struct KnownSecret {
    meaning: SecretMeaning,
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

    /// Adds a secret of at least [`MIN_LENGTH`] bytes, to be replaced by its name.
    pub(super) fn insert(&mut self, secret: &[u8], meaning: SecretMeaning) {
        let secret = secret.get(..MAX_LENGTH).unwrap_or(secret);
        self.clock += 1;
        if let Some(known) = self.known.get_mut(secret) {
            known.seen = self.clock;
            return;
        }
        if secret.len() < MIN_LENGTH {
            return;
        }
        self.generation += 1;
        self.bytes += secret.len();
        let seen = self.clock;
        self.known
            .insert(secret.into(), KnownSecret { meaning, seen });
        if self.encoded.has_room_for(PHASES.len() * self.known.len()) {
            insert_beginning(secret, &mut self.beginnings, &mut self.encoded);
        } else {
            self.renew_beginnings();
        }
        while self.known.len() > MAX_SECRETS || self.bytes > MAX_BYTES {
            self.forget_some();
        }
    }

    /// Finds the secrets in a text, from left to right, the longest at each place. Hits may
    /// overlap: where one secret ends in the middle of another, both have to go. Only when a text
    /// is made of little else than overlaps, the scan goes on behind each hit.
    pub(super) fn scan(&self, text: &[u8], mut hit: impl FnMut(Range<usize>, SecretMeaning)) {
        let mut resume = 0;
        let mut allowance = OVERLAPS * text.len();
        let mut window = 0;
        for (last, byte) in text.iter().enumerate() {
            window = (window << 8 | u64::from(*byte)) & WINDOW;
            let Some(start) = (last + 1).checked_sub(MIN_LENGTH) else {
                continue;
            };
            if start < resume || !self.beginnings.may_hold(window) {
                continue;
            }
            let (before, rest) = text.split_at(start);
            if let Some((length, meaning)) = self.longest(before.last().copied(), rest) {
                match allowance.checked_sub(length) {
                    Some(left) => allowance = left,
                    None => resume = start + length,
                }
                hit(start..start + length, meaning);
            }
        }
    }

    /// Whether the first bytes of a secret may make seven digits of base64, given as the number of
    /// their 42 bits. It may say yes by mistake, but never no.
    pub(super) fn may_begin_in(&self, digits: u64) -> bool {
        self.encoded.may_hold(digits)
    }

    /// The longest secret, or telling part of one, at the beginning of `rest`.
    ///
    /// The neighbours in sorted order share more with `rest` than any other secret does. Each
    /// comparison costs what is shared; when that is long, it is a hit, and the lengths of all
    /// hits are bounded, so that no text and no secrets make a scan slow.
    fn longest(&self, before: Option<u8>, rest: &[u8]) -> Option<(usize, SecretMeaning)> {
        let range = |from, to| self.known.range::<[u8], _>((from, to));
        let below = range(Bound::Unbounded, Bound::Included(rest)).next_back();
        let above = range(Bound::Excluded(rest), Bound::Unbounded).next();
        let mut most = 0;
        let mut best: Option<(usize, SecretMeaning)> = None;
        for (secret, known) in [below, above].into_iter().flatten() {
            let shared = secret.iter().zip(rest).take_while(|(a, b)| a == b).count();
            most = most.max(shared);
            let whole = shared == secret.len();
            let cut_off = shared == rest.len() && shared >= LONG;
            let is_hit = cut_off
                || shared >= TELLING
                || (whole && (shared >= LONG || stands_alone(before, rest, shared)));
            if is_hit && best.is_none_or(|(length, _)| shared > length) {
                best = Some((shared, known.meaning));
            }
        }
        best.or_else(|| {
            (MIN_LENGTH..=most.min(TELLING)).rev().find_map(|length| {
                let known = self.known.get(rest.get(..length)?)?;
                let is_hit = length >= LONG || stands_alone(before, rest, length);
                is_hit.then_some((length, known.meaning))
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
        self.renew_beginnings();
    }

    fn renew_beginnings(&mut self) {
        let count = self.known.len();
        self.beginnings = Beginnings::with_room_for(count);
        self.encoded = Beginnings::with_room_for(PHASES.len() * count);
        for secret in self.known.keys() {
            insert_beginning(secret, &mut self.beginnings, &mut self.encoded);
        }
    }
}

/// Adds the first [`MIN_LENGTH`] bytes, and each seven digits that can be of them in base64.
fn insert_beginning(secret: &[u8], beginnings: &mut Beginnings, encoded: &mut Beginnings) {
    let bytes = secret.iter().take(MIN_LENGTH);
    let number = bytes.fold(0, |number, byte| number << 8 | u64::from(*byte));
    beginnings.insert(number);
    for phase in PHASES {
        encoded.insert(number >> phase & SEVEN_DIGITS);
    }
}

/// The bits of [`MIN_LENGTH`] bytes.
const WINDOW: u64 = (1 << (8 * MIN_LENGTH)) - 1;
/// How many of the 48 bits may stand behind the seven digits: bytes begin at every second bit.
const PHASES: [u32; 3] = [6, 4, 2];

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

/// A set of the secrets' first bytes that may say yes by mistake, but never no. Every byte of every
/// text is looked up here several times, so it is sparse, and small while there are few.
#[derive(Clone)]
struct Beginnings {
    /// The binary logarithm of its bits.
    size: u32,
    words: Vec<u64>,
}

impl Beginnings {
    /// Half a KiB.
    const SMALLEST: u32 = 12;
    /// 128 KiB.
    const LARGEST: u32 = 20;
    /// Bits for each secret, while they last.
    const SPARSE: usize = 256;

    fn with_room_for(secrets: usize) -> Self {
        let bits = secrets.saturating_mul(2 * Self::SPARSE).next_power_of_two();
        let size = bits.ilog2().clamp(Self::SMALLEST, Self::LARGEST);
        Self {
            size,
            words: vec![0; 1 << (size - 6)],
        }
    }

    fn has_room_for(&self, secrets: usize) -> bool {
        self.size == Self::LARGEST || secrets.saturating_mul(Self::SPARSE) <= 1 << self.size
    }

    fn insert(&mut self, beginning: u64) {
        let (word, bit) = self.place(beginning);
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_hold(&self, beginning: u64) -> bool {
        let (word, bit) = self.place(beginning);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Fibonacci hashing: the top bits of a product with 2^64 divided by the golden ratio.
    fn place(&self, beginning: u64) -> (usize, u64) {
        let hash = beginning.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - self.size);
        (
            usize::try_from(hash / 64).unwrap_or_default(),
            1 << (hash % 64),
        )
    }
}

impl Default for Beginnings {
    fn default() -> Self {
        Self::with_room_for(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: SecretMeaning = SecretMeaning {
        name: Placeholder::BARE,
        sort: SecretSort::Token,
    };
    use crate::redact::placeholder::Namer;

    fn secrets(all: &[&str]) -> Secrets {
        let namer = Namer::default();
        let mut secrets = Secrets::default();
        for secret in all {
            let name = namer.name(secret.as_bytes());
            secrets.insert(secret.as_bytes(), SecretMeaning { name, ..BARE });
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
    fn none_is_overlooked_however_many_there_are() {
        let all: Vec<String> = (0..5_000).map(|n| format!("{n:05}-secret-{n}")).collect();
        let mut set = Secrets::default();
        for (number, secret) in all.iter().enumerate() {
            set.insert(secret.as_bytes(), BARE);
            for known in all.iter().take(number + 1).rev().take(3) {
                assert_eq!(found(&set, known), [known]);
            }
        }
        for secret in &all {
            assert_eq!(found(&set, &format!("({secret})")), [secret]);
        }
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
            set.insert(b"always-in-use", BARE);
            set.insert(format!("secret-{number:06}").as_bytes(), BARE);
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
                BARE,
            );
        }
        assert!(set.bytes <= MAX_BYTES && set.len() > 10);
    }

    #[test]
    fn a_hostile_text_is_scanned_in_linear_time() {
        let mut set = Secrets::default();
        for number in 0..500 {
            let secret = format!("{}{number}", "ab".repeat(4_000 + number));
            set.insert(secret.as_bytes(), BARE);
        }
        let text = "ab".repeat(500_000);
        let mut covered = 0;
        set.scan(text.as_bytes(), |range, _| covered += range.len());
        assert!(covered > text.len() && covered < (OVERLAPS + 2) * text.len());
    }
}
