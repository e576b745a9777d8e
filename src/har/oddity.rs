//! What is not as HAR has it in a file, and what was made of it.

use std::collections::BTreeMap;
use std::fmt;

/// Something that a program writes otherwise than HAR says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The status is text.
    StatusText,
    /// The status is no number.
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

impl fmt::Display for OddityCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = match self.entries {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        match self.oddity {
            Oddity::Gzip => f.write_str("it is packed with gzip; it was unpacked"),
            Oddity::Utf16 => f.write_str("it is UTF-16 text instead of UTF-8; it was converted"),
            Oddity::Nuls => f.write_str(
                "NUL bytes stand between or behind its values; they were passed over, and nothing \
                 else is missing",
            ),
            Oddity::CutOff => write!(
                f,
                "it is cut off in the middle: {entries} before that were read, whatever followed \
                 is not in the file"
            ),
            Oddity::NoNumber => write!(
                f,
                "NaN or Infinity stands for a number in {entries}; these figures are taken as not \
                 known"
            ),
            Oddity::Characters => write!(
                f,
                "{entries} have characters that JSON does not allow, or broken ones; they were \
                 escaped or replaced by U+FFFD"
            ),
            Oddity::EpochTime => write!(
                f,
                "startedDateTime is a number in {entries}; it was taken as the time since 1970"
            ),
            Oddity::ZonelessTime => write!(
                f,
                "startedDateTime has no time zone in {entries}; it was taken as UTC"
            ),
            Oddity::OtherTime => write!(
                f,
                "startedDateTime is not written as HAR has it in {entries}; it was read all the \
                 same"
            ),
            Oddity::NoTime => write!(
                f,
                "startedDateTime is missing or cannot be read in {entries}; their place is that \
                 in the file, by the servers' Date where there is one, and nothing is said of \
                 clocks"
            ),
            Oddity::Headers => write!(
                f,
                "the header fields are an object instead of a list in {entries}; their order may \
                 not be that on the wire, and repeated fields may be missing"
            ),
            Oddity::StatusText => write!(
                f,
                "the status is text in {entries}; it was read as the number it shows"
            ),
            Oddity::NoStatus => write!(
                f,
                "the status is no number in {entries}; what was answered is not known"
            ),
            Oddity::NoAnswer => write!(
                f,
                "{entries} have no answer in the file; what was answered is not known"
            ),
        }
    }
}
