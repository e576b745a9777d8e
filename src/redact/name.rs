//! What a name says about its value: the one rule for header fields, parameters, members, elements,
//! parts of forms and variables.
//!
//! Names are made up freely, but they end alike: `X-Consul-Token`, `registryPassword`, `wsSecret`,
//! `temp_url_sig`. So a name is taken apart into words, and its ending decides. A few names end so
//! and are innocent, such as the token of a next page.

use std::ops::Range;
use std::sync::LazyLock;

use super::basic;
use super::kind::{Candidate, SecretKind, SecretSort};

/// Where a name and its value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
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
pub(super) fn meaning(name: &[u8], place: Place) -> Option<NameMeaning> {
    let words = Words::of(name)?;
    let known = |kind, sort| NameMeaning {
        kind,
        sort,
        is_plain: true,
        shape: ValueShape::Whole,
    };
    let exact = EXACT
        .iter()
        .find(|exact| exact.places.holds(place) && exact.name == words.letters());
    if let Some(exact) = exact {
        return Some(NameMeaning {
            shape: match exact.name {
                b"verify" => ValueShape::Stamped,
                _ => ValueShape::Whole,
            },
            ..known(exact.kind, exact.sort)
        });
    }
    if place == Place::Query {
        if name == b"_state" {
            return Some(known(SecretKind::Parameter, SecretSort::Session));
        }
        if let Some(rest) = words.letters().strip_prefix(b"xoss") {
            return match rest {
                b"expires" | b"date" | b"signatureversion" => None,
                _ => by_ending(&words, place)
                    .or_else(|| Some(known(SecretKind::Parameter, SecretSort::Signature))),
            };
        }
    }
    by_ending(&words, place)
}

/// What the last words of a name say.
fn by_ending(words: &Words, place: Place) -> Option<NameMeaning> {
    let mut words = *words;
    loop {
        let letters = words.letters();
        let last = usize::from(letters.last()?.checked_sub(b'a')?);
        let found = BY_LAST_LETTER.get(last)?.iter().find(|ending| {
            ending.places.holds(place)
                && ends_with(letters, ending.name)
                && (ending.joins || words.begin_a_word(ending.name))
        });
        if let Some(ending) = found {
            if INNOCENT.iter().any(|ending| ends_with(letters, ending)) {
                return None;
            }
            let kind = match (ending.kind, place) {
                (SecretKind::Credential, Place::Query) => SecretKind::Parameter,
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
        let trailer = TRAILERS
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
        place: Place,
    ) -> Option<Candidate> {
        let value = text.get(range.clone())?;
        let trimmed = value.trim_ascii();
        if says_nothing(trimmed) || (place == Place::Prose && self.is_doubtful(trimmed)) {
            return None;
        }
        let kind = match self.kind {
            SecretKind::Credential if place == Place::Prose && !self.is_plain => {
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
        if kind == SecretKind::Basic && basic::user_and_password(trimmed).is_none() {
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
    let name = value
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-');
    let name = name.count();
    let rest = value.get(name..).unwrap_or_default();
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    let known = [&b"basic"[..], b"bearer", b"token", b"digest", b"negotiate"];
    let is_known = value
        .get(..name)
        .is_some_and(|name| known.iter().any(|k| name.eq_ignore_ascii_case(k)));
    if is_known && spaces > 0 && spaces < rest.len() {
        name + spaces
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
#[derive(Clone, Copy)]
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
    fn holds(self, place: Place) -> bool {
        match self {
            Self::All => true,
            Self::Apart => place != Place::Prose,
            Self::Parameters => matches!(place, Place::Query | Place::Prose),
            Self::Queries => place == Place::Query,
            Self::Members => place == Place::Member,
        }
    }
}

struct NameEnding {
    name: &'static [u8],
    /// Whether letters before it may belong to the same word.
    joins: bool,
    places: Places,
    kind: SecretKind,
    sort: SecretSort,
}

struct ExactName {
    name: &'static [u8],
    places: Places,
    kind: SecretKind,
    sort: SecretSort,
}

const fn exact(
    name: &'static [u8],
    places: Places,
    kind: SecretKind,
    sort: SecretSort,
) -> ExactName {
    ExactName {
        name,
        places,
        kind,
        sort,
    }
}

/// Names that mean what they say as a whole.
const EXACT: &[ExactName] = {
    use Places::{All, Members, Parameters, Queries};
    use SecretKind::{Credential, Identity, Parameter};
    use SecretSort::{Account, Key, Signature, Token};
    &[
        exact(b"awsaccesskeyid", All, Credential, Key),
        exact(b"ossaccesskeyid", All, Credential, Key),
        exact(b"googleaccessid", Parameters, Parameter, Key),
        exact(b"keypairid", Parameters, Parameter, Key),
        exact(b"qak", Parameters, Parameter, Key),
        exact(b"skoid", Parameters, Parameter, Account),
        exact(b"sktid", Parameters, Parameter, Account),
        exact(b"policy", Queries, Parameter, Signature),
        exact(b"verify", Queries, Parameter, Signature),
        exact(b"code", Queries, Parameter, Token),
        exact(b"codeverifier", Queries, Parameter, Token),
        exact(b"devicecode", Queries, Parameter, Token),
        exact(b"account", Queries, Identity, Account),
        exact(b"username", Queries, Identity, Account),
        exact(b"username", Members, Identity, Account),
        // Hex dumps of what was signed, with the session token in it.
        exact(b"canonicalrequestbytes", Members, Identity, Signature),
        exact(b"stringtosignbytes", Members, Identity, Signature),
    ]
};

const fn ending(
    name: &'static [u8],
    joins: bool,
    places: Places,
    kind: SecretKind,
    sort: SecretSort,
) -> NameEnding {
    NameEnding {
        name,
        joins,
        places,
        kind,
        sort,
    }
}

/// How the names of secrets end.
const ENDINGS: &[NameEnding] = {
    use Places::{All, Apart, Members};
    use SecretKind::{Basic, Credential, CredentialScope, DockerConfig, Supposed};
    use SecretSort::{Cookie, Key, Login, Password, Session, Signature, Token};
    const WORD: bool = false;
    const JOINED: bool = true;
    &[
        ending(b"token", JOINED, All, Credential, Token),
        ending(b"tokens", JOINED, Members, Credential, Token),
        ending(b"tok", WORD, Apart, Supposed, Token),
        ending(b"ordtok", WORD, Apart, Supposed, Token),
        ending(b"jwt", WORD, Apart, Credential, Token),
        ending(b"bearer", WORD, Apart, Supposed, Token),
        ending(b"assertion", JOINED, All, Credential, Token),
        ending(b"ticket", WORD, Apart, Supposed, Token),
        ending(b"csrf", WORD, Apart, Supposed, Token),
        ending(b"xsrf", WORD, Apart, Supposed, Token),
        ending(b"otp", WORD, Apart, Supposed, Token),
        ending(b"dpop", WORD, Apart, Credential, Token),
        ending(b"authorization", JOINED, Apart, Credential, Token),
        ending(b"auth", WORD, Members, Basic, Login),
        ending(b"auth", WORD, Apart, Supposed, Token),
        ending(b"artapi", WORD, Apart, Credential, Token),
        ending(b"secret", JOINED, All, Credential, Password),
        ending(b"secrets", JOINED, Members, Credential, Password),
        ending(b"password", JOINED, All, Credential, Password),
        ending(b"passwords", JOINED, Members, Credential, Password),
        ending(b"passwd", JOINED, All, Credential, Password),
        ending(b"passphrase", JOINED, All, Credential, Password),
        ending(b"passcode", JOINED, Apart, Credential, Password),
        ending(b"pwd", JOINED, All, Credential, Password),
        ending(b"pass", WORD, All, Supposed, Password),
        ending(b"pw", WORD, Apart, Supposed, Password),
        ending(b"credential", JOINED, All, CredentialScope, Key),
        ending(b"credentials", JOINED, Apart, Supposed, Password),
        ending(b"dockerconfigjson", JOINED, Apart, DockerConfig, Login),
        ending(b"dockercfg", WORD, Apart, DockerConfig, Login),
        ending(b"signature", JOINED, All, Credential, Signature),
        ending(b"sig", WORD, Apart, Supposed, Signature),
        ending(b"sign", WORD, Apart, Supposed, Signature),
        ending(b"hmac", WORD, All, Credential, Signature),
        ending(b"hdnts", WORD, All, Credential, Signature),
        ending(b"hdnea", WORD, All, Credential, Signature),
        ending(b"hdntl", WORD, All, Credential, Signature),
        ending(b"signatureprovided", JOINED, Members, Credential, Signature),
        ending(b"session", WORD, Apart, Supposed, Session),
        ending(b"sessionid", JOINED, Apart, Supposed, Session),
        ending(b"sessid", JOINED, Apart, Supposed, Session),
        ending(b"cookie", WORD, Apart, Supposed, Cookie),
        ending(b"apikey", JOINED, All, Credential, Key),
        ending(b"authkey", JOINED, All, Credential, Key),
        ending(b"accesskey", JOINED, All, Credential, Key),
        ending(b"accesskeyid", JOINED, Members, Credential, Key),
        ending(b"secretkey", JOINED, All, Credential, Key),
        ending(b"privatekey", JOINED, All, Credential, Key),
        ending(b"sharedkey", JOINED, All, Credential, Key),
        ending(b"accountkey", JOINED, All, Credential, Key),
        ending(b"storagekey", JOINED, All, Credential, Key),
        ending(b"masterkey", JOINED, All, Credential, Key),
        ending(b"signingkey", JOINED, All, Credential, Key),
        ending(b"encryptionkey", JOINED, All, Credential, Key),
        ending(b"sessionkey", JOINED, All, Credential, Key),
        ending(b"customerkey", JOINED, Apart, Credential, Key),
        ending(b"subscriptionkey", JOINED, All, Credential, Key),
        ending(b"functionskey", JOINED, All, Credential, Key),
        ending(b"licensekey", JOINED, All, Credential, Key),
        ending(b"deploykey", JOINED, Apart, Credential, Key),
        ending(b"clientkeydata", JOINED, All, Credential, Key),
    ]
};

static BY_LAST_LETTER: LazyLock<[Vec<&NameEnding>; 26]> = LazyLock::new(|| {
    let mut buckets: [Vec<&NameEnding>; 26] = Default::default();
    for ending in ENDINGS {
        let last = ending.name.last().and_then(|last| last.checked_sub(b'a'));
        if let Some(bucket) = last.and_then(|last| buckets.get_mut(usize::from(last))) {
            bucket.push(ending);
        }
    }
    buckets
});

/// Endings that look like those and are none: places in a list, and names given to requests.
const INNOCENT: &[&[u8]] = &[
    b"pagetoken",
    b"nexttoken",
    b"continuationtoken",
    b"paginationtoken",
    b"synctoken",
    b"clientrequesttoken",
    b"idempotencytoken",
    b"allowcredentials",
];

/// Last words that say in what form the value is, and nothing of what it is.
const TRAILERS: &[&[u8]] = &[
    b"value",
    b"string",
    b"raw",
    b"base",
    b"b",
    b"plain",
    b"plaintext",
    b"encoded",
    b"hash",
];
