//! What is not as HAR has it in a file, and what was made of it.

use std::collections::BTreeMap;

use strum::{IntoStaticStr, VariantNames};

use crate::words::{Lang, phrase, row, worded};

/// Something that a program writes otherwise than HAR says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum Oddity {
    /// The file is packed with gzip.
    Gzip,
    /// The text is UTF-16.
    Utf16,
    /// NUL bytes stand between or behind the values.
    Nuls,
    /// The file ends in the middle.
    CutOff,
    /// `NaN` or `Infinity` in the place of a number.
    NoNumber,
    /// Several HARs stand one behind the other.
    Joined,
    /// Characters in strings that JSON does not allow, or that are none.
    Characters,
    /// Times are numbers: seconds or less since 1970.
    EpochTime,
    /// Times have no zone.
    ZonelessTime,
    /// Times are of another form than RFC 3339.
    OtherTime,
    /// Times are missing, or cannot be read.
    NoTime,
    /// Fields of a head are an object instead of a list.
    Headers,
    /// Fields of a head are of a form that cannot be read.
    NoHeaders,
    /// The URL is missing, or says of no server.
    Url,
    /// The status is text.
    StatusText,
    /// The status is no number of three digits.
    NoStatus,
    /// There is no answer in the file.
    NoAnswer,
}

/// An oddity and how often it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OddityCount {
    /// What.
    pub oddity: Oddity,
    /// The number of entries it was met in, or that were read all the same.
    pub entries: u64,
}

/// The oddities of a file so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Oddities(BTreeMap<Oddity, u64>);

impl Oddities {
    /// One more entry that has it.
    pub(super) fn count(&mut self, oddity: Oddity) {
        *self.0.entry(oddity).or_default() += 1;
    }

    /// The file has it, in so many entries.
    pub(super) fn note(&mut self, oddity: Oddity, entries: u64) {
        *self.0.entry(oddity).or_default() += entries;
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<OddityCount> {
        let counts = self.0.iter();
        counts
            .map(|(oddity, entries)| OddityCount {
                oddity: *oddity,
                entries: *entries,
            })
            .collect()
    }
}

impl OddityCount {
    /// What is not as it should be, and what was made of it.
    pub fn told(&self, lang: Lang) -> String {
        let key = if self.entries == 1 {
            "reading.entry"
        } else {
            "reading.entries"
        };
        let entries = phrase(key).with(lang, self.entries.to_string());
        row("oddity", self.oddity.word()).fill(lang, &[("entries", entries)])
    }
}

worded! { Oddity: "oddity"; }
