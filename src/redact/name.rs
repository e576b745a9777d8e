//! What a name says about its value: the one rule for header fields, parameters, members, elements,
//! parts of forms and variables.
//!
//! Names are made up freely, but they end alike: `X-Consul-Token`, `registryPassword`, `wsSecret`,
//! `temp_url_sig`. So a name is taken apart into words, and its ending decides. A few names end so
//! and are innocent, such as the token of a next page.

use std::ops::Range;
use std::sync::LazyLock;

use super::base64;
use super::kind::{Candidate, SecretKind, SecretSort};
use crate::base::fast::{HashMap, HashSet};
use crate::base::table::rows;

/// Where a name and its value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamePlace {
    /// A parameter of a URL or a form.
    Query,
    /// A header field.
    Field,
    /// A member of JSON, an element of XML, a part of a form, or a pair of a name and a value.
    Member,
    /// `name=value` or `name: value` in a text of any sort: a line, a command, a variable.
    Prose,
}

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NameMeaning {
    /// As what the value is to be taken.
    pub(super) kind: SecretKind,
    /// What it is counted as.
    pub(super) sort: SecretSort,
    /// Whether the name is no longer than the ending that betrays it.
    pub(super) is_plain: bool,
    /// What of the value is innocent.
    shape: ValueShape,
}

/// How the secret stands in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ValueShape {
    /// The value is the secret.
    Whole,
    /// `<scheme> <credentials>`, or the credentials alone.
    Credentials,
    /// It may begin with an expiry time, as Cloudflare's `verify` does.
    Stamped,
    /// The value is the secret, unless it is a folder: the working directory has the same name.
    Folder,
    /// `exp=…~acl=…~hmac=<secret>`, as Akamai's tokens are.
    Akamai,
}

/// What the name says at this place, or `None` where it says nothing of a secret.
pub(super) fn meaning(name: &[u8], place: NamePlace) -> Option<NameMeaning> {
    let known = |kind, sort| NameMeaning {
        kind,
        sort,
        is_plain: true,
        shape: ValueShape::Whole,
    };
    if place == NamePlace::Query && name == b"_state" {
        return Some(known(SecretKind::Parameter, SecretSort::Session));
    }
    // Of the object stores' parameters any may be a secret: `x-oss-…`.
    let first = name.iter().find(|b| b.is_ascii_alphanumeric());
    let may_be_oss = place == NamePlace::Query && matches!(first, Some(b'x' | b'X'));
    if !may_be_oss && !NAMES.may_have(name) {
        return None;
    }
    let words = Words::of(name)?;
    let mut exact = NAMES.exact.iter();
    let exact = exact.find(|exact| exact.name == words.letters() && exact.places.holds(place));
    if let Some(exact) = exact {
        return Some(NameMeaning {
            shape: match exact.name {
                b"verify" => ValueShape::Stamped,
                _ => ValueShape::Whole,
            },
            ..known(exact.kind, exact.sort)
        });
    }
    if let Some(rest) = words.letters().strip_prefix(b"xoss")
        && place == NamePlace::Query
    {
        return match rest {
            b"expires" | b"date" | b"signatureversion" => None,
            _ => by_ending(&words, place)
                .or_else(|| Some(known(SecretKind::Parameter, SecretSort::Signature))),
        };
    }
    by_ending(&words, place)
}

/// What the last words of a name say.
fn by_ending(words: &Words, place: NamePlace) -> Option<NameMeaning> {
    let mut words = *words;
    loop {
        let letters = words.letters();
        let endings = NAMES.endings.get(&last_two(letters.iter().rev().copied()));
        let found = endings.into_iter().flatten().find(|ending| {
            ending.places.holds(place)
                && ends_with(letters, ending.name)
                && (ending.joins || words.begin_a_word(ending.name))
        });
        if let Some(ending) = found {
            let mut innocent = NAMES.innocent.iter();
            if innocent.any(|ending| ends_with(letters, ending)) {
                return None;
            }
            let kind = match (ending.kind, place) {
                (SecretKind::Credential, NamePlace::Query) => SecretKind::Parameter,
                (kind, _) => kind,
            };
            return Some(NameMeaning {
                kind,
                sort: ending.sort,
                is_plain: letters.len() == ending.name.len(),
                shape: match ending.name {
                    b"authorization" | b"auth" => ValueShape::Credentials,
                    b"pwd" => ValueShape::Folder,
                    b"hdnts" | b"hdnea" | b"hdntl" | b"token" => ValueShape::Akamai,
                    _ => ValueShape::Whole,
                },
            });
        }
        let trailer = NAMES
            .trailers
            .iter()
            .find(|word| ends_with(letters, word) && words.begin_a_word(word))?;
        words.length -= trailer.len();
    }
}

/// Compared from the end, where most names differ at once: every name of every head is looked up.
fn ends_with(letters: &[u8], ending: &[u8]) -> bool {
    let same = letters.iter().rev().zip(ending.iter().rev());
    letters.len() >= ending.len() && same.into_iter().all(|(a, b)| a == b)
}

impl NameMeaning {
    /// The secret of a value, or `None` where the value is plainly none.
    pub(super) fn candidate(
        self,
        text: &[u8],
        range: Range<usize>,
        place: NamePlace,
    ) -> Option<Candidate> {
        let value = text.get(range.clone())?;
        let trimmed = value.trim_ascii();
        if says_nothing(trimmed) || (place == NamePlace::Prose && self.is_doubtful(trimmed)) {
            return None;
        }
        let kind = match self.kind {
            SecretKind::Credential if place == NamePlace::Prose && !self.is_plain => {
                SecretKind::Supposed
            }
            kind => kind,
        };
        let skip = match self.shape {
            ValueShape::Whole | ValueShape::Folder => 0,
            ValueShape::Credentials => scheme(value),
            ValueShape::Stamped => timestamp(value),
            ValueShape::Akamai => hmac(value),
        };
        let is_basic = self.shape == ValueShape::Credentials
            && value
                .get(..6)
                .is_some_and(|s| s.eq_ignore_ascii_case(b"basic "));
        // `auth` is a common word: it means credentials only where it holds some.
        if kind == SecretKind::Basic && base64::user_and_password(trimmed).is_none() {
            return None;
        }
        let kind = if is_basic { SecretKind::Basic } else { kind };
        Some(Candidate::new(range.start + skip..range.end, kind).of_sort(self.sort))
    }

    /// Whether a value in prose is rather a word of it.
    fn is_doubtful(self, value: &[u8]) -> bool {
        let reference = match *value {
            [b'$', b'{' | b'(', ..] | [b'%' | b'<' | b'*' | b'{', ..] => true,
            [b'$', ref rest @ ..] => rest.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_'),
            [b'/', ..] => self.shape == ValueShape::Folder,
            _ => false,
        };
        let short = value.len() < SHORTEST && !self.is_plain;
        reference || (short && self.kind != SecretKind::CredentialScope)
    }
}

/// Whether a value stands for none, whatever its name.
fn says_nothing(value: &[u8]) -> bool {
    let word = |word: &&[u8]| value.eq_ignore_ascii_case(word);
    let words: [&[u8]; 6] = [b"true", b"false", b"null", b"none", b"nil", b"undefined"];
    words.iter().any(word)
}

/// The length of a scheme and the space after it (RFC 9110 section 11.4), where credentials follow.
fn scheme(value: &[u8]) -> usize {
    let space = value.iter().position(|b| *b == b' ');
    let (name, rest) = value.split_at(space.unwrap_or(value.len()));
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    let mut known = [&b"basic"[..], b"bearer", b"token", b"digest", b"negotiate"].into_iter();
    let is_known = known.any(|known| name.eq_ignore_ascii_case(known));
    if is_known && spaces < rest.len() {
        name.len() + spaces
    } else {
        0
    }
}

/// The length of `<seconds since 1970>-` at the beginning.
fn timestamp(value: &[u8]) -> usize {
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    match value.get(digits) {
        Some(b'-') if (9..=12).contains(&digits) => digits + 1,
        _ => 0,
    }
}

/// The length of all before an Akamai token's `hmac`, which is its only secret.
fn hmac(value: &[u8]) -> usize {
    let fields = value.starts_with(b"exp=") || value.starts_with(b"st=");
    let at = memchr::memmem::rfind(value, b"~hmac=").filter(|_| fields);
    at.map_or(0, |at| at + b"~hmac=".len())
}

/// Shorter values in prose are no secrets but of the plainest names.
const SHORTEST: usize = 6;

/// A name in lower case without what stands between its words.
#[derive(Clone, Copy)]
struct Words {
    bytes: [u8; LONGEST],
    length: usize,
    /// A bit for each letter that begins a word.
    begins: u64,
}

/// No name of interest is longer.
pub(super) const LONGEST: usize = 64;

impl Words {
    /// Takes a name apart; `None` when it is too long. Digits at its end are left out.
    fn of(name: &[u8]) -> Option<Self> {
        let mut words = Self {
            bytes: [0; LONGEST],
            length: 0,
            begins: 0,
        };
        if name.len() > LONGEST {
            return None;
        }
        let mut before = b'-';
        for (at, &byte) in name.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                let next = name.get(at + 1).copied().unwrap_or(b'-');
                let begins = !before.is_ascii_alphanumeric()
                    || byte.is_ascii_uppercase()
                        && (!before.is_ascii_uppercase() || next.is_ascii_lowercase())
                    || byte.is_ascii_digit() && !before.is_ascii_digit();
                words.begins |= u64::from(begins) << words.length;
                *words.bytes.get_mut(words.length)? = byte.to_ascii_lowercase();
                words.length += 1;
            }
            before = byte;
        }
        while words.letters().last().is_some_and(u8::is_ascii_digit) {
            words.length -= 1;
        }
        Some(words)
    }

    fn letters(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Whether a word begins where this ending does.
    fn begin_a_word(&self, ending: &[u8]) -> bool {
        let start = self.length.saturating_sub(ending.len());
        self.begins >> start & 1 == 1
    }
}

/// Where a name counts.
#[derive(Clone, Copy, strum::EnumString)]
enum Places {
    /// Everywhere.
    All,
    /// Where names and values are told apart by more than `=` or `:`.
    Apart,
    /// In URLs, forms and prose.
    Parameters,
    /// In URLs and forms alone: elsewhere it is a common word.
    Queries,
    /// In JSON, XML and their like.
    Members,
}

impl Places {
    fn holds(self, place: NamePlace) -> bool {
        match self {
            Self::All => true,
            Self::Apart => place != NamePlace::Prose,
            Self::Parameters => matches!(place, NamePlace::Query | NamePlace::Prose),
            Self::Queries => place == NamePlace::Query,
            Self::Members => place == NamePlace::Member,
        }
    }
}

/// What a row of the table says of a name.
struct NameRow {
    name: &'static [u8],
    /// Whether letters before it may belong to the same word.
    joins: bool,
    places: Places,
    kind: SecretKind,
    sort: SecretSort,
}

/// The rows of the table, by what they are compared with.
#[derive(Default)]
struct NameRows {
    /// Names that mean what they say as a whole.
    exact: Vec<NameRow>,
    /// How the names of secrets end, by their last two letters: most names end like none of them.
    endings: HashMap<[u8; 2], Vec<NameRow>>,
    innocent: Vec<&'static [u8]>,
    trailers: Vec<&'static [u8]>,
    /// The last two letters of all but the innocent.
    lasts: HashSet<[u8; 2]>,
}

static NAMES: LazyLock<NameRows> = LazyLock::new(|| {
    let mut names = NameRows::default();
    for row @ [name, which, ..] in rows::<5>(include_str!("names.txt")) {
        let name = name.as_bytes();
        let last = last_two(name.iter().rev().copied());
        match which {
            "innocent" => names.innocent.push(name),
            "trailer" => names.trailers.push(name),
            "exact" => names.exact.extend(NameRow::read(row)),
            _ => names
                .endings
                .entry(last)
                .or_default()
                .extend(NameRow::read(row)),
        }
        names.lasts.insert(last);
    }
    names
});

/// The last two letters of a name that is read from its end; 0 where there is none.
fn last_two(mut letters: impl Iterator<Item = u8>) -> [u8; 2] {
    let last = letters.next().unwrap_or_default();
    [letters.next().unwrap_or_default(), last]
}

impl NameRows {
    /// Whether a name ends like any of these; most do not, and need not be taken apart.
    fn may_have(&self, name: &[u8]) -> bool {
        let letters = name.iter().rev().filter(|b| b.is_ascii_alphanumeric());
        let letters = letters.skip_while(|b| b.is_ascii_digit());
        let last = last_two(letters.map(u8::to_ascii_lowercase));
        let [_, end] = last;
        let are_letters = last.iter().all(u8::is_ascii_lowercase);
        !are_letters || self.lasts.contains(&last) || self.lasts.contains(&[0, end])
    }
}

impl NameRow {
    fn read([name, which, places, kind, sort]: [&'static str; 5]) -> Option<Self> {
        Some(Self {
            name: name.as_bytes(),
            joins: which == "joined",
            places: places.parse().ok()?,
            kind: kind.parse().ok()?,
            sort: sort.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let rows = rows::<5>(include_str!("names.txt"));
        for row @ [name, which, ..] in rows.clone() {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
            match which {
                "innocent" | "trailer" => assert_eq!(row[2], "", "{name}"),
                "exact" | "word" | "joined" => assert!(NameRow::read(row).is_some(), "{name}"),
                _ => panic!("{name}: {which}"),
            }
            assert!(
                which == "innocent" || NAMES.may_have(name.as_bytes()),
                "{name}"
            );
        }
        let endings: usize = NAMES.endings.values().map(Vec::len).sum();
        let others = NAMES.exact.len() + NAMES.innocent.len() + NAMES.trailers.len();
        assert_eq!(endings + others, rows.count());
    }

    #[test]
    fn most_names_need_not_be_taken_apart() {
        for name in ["Location", "expires_in", "mediaType2", "digest", "X-Cache"] {
            assert_eq!(meaning(name.as_bytes(), NamePlace::Member), None, "{name}");
        }
        for name in ["mediaTypo", "layers_max", "X-Proxy_Info2"] {
            assert!(!NAMES.may_have(name.as_bytes()), "{name}");
        }
        assert!(NAMES.may_have(b"API_TOKEN_2") && NAMES.may_have(b"x") && NAMES.may_have(b"7"));
    }
}
