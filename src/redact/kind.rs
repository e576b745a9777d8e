//! What sorts of secret there are.

use std::ops::Range;

use strum::{Display, EnumString};

/// A sort of secret: what of it is replaced, and what of it is worth recognising elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString)]
pub(super) enum SecretKind {
    /// A token, a signature or a password. Of a JWT only the signature.
    Credential,
    /// The same as the value of a query or form parameter, where `+` may stand for a space.
    Parameter,
    /// The same where the name alone says so, and it may be wrong: it is replaced where it stands,
    /// and recognised elsewhere only when it looks random.
    Supposed,
    /// A credential without exceptions: also a JWT goes as a whole.
    Opaque,
    /// `<access key id>/<date>/<region>/…` of a signed request.
    CredentialScope,
    /// Base64 of `user:password` (RFC 7617).
    Basic,
    /// `user:password` before the host of a URL (RFC 3986 section 3.2.1).
    UserInfo,
    /// Base64 of JSON with user names and passwords, as clients send it to a Docker daemon.
    DockerConfig,
    /// Base64 of a secret, as Kubernetes holds it.
    Encoded,
    /// The value of a cookie.
    Cookie,
    /// The client's address as a registry reports it.
    Address,
    /// Who somebody is; not worth spreading.
    Identity,
}

/// What a secret is to people, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumString, Display)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub(super) enum SecretSort {
    /// Gives access to whoever shows it.
    Token,
    /// What a person or a program knows.
    Password,
    /// A user with a password.
    Login,
    /// Made of a message and a key.
    Signature,
    /// What signs, opens or counts.
    Key,
    /// A client's place at a server.
    Session,
    /// A cookie's value.
    Cookie,
    /// A client's address.
    #[strum(serialize = "address", to_string = "client address")]
    Address,
    /// Who somebody is.
    #[strum(serialize = "account", to_string = "account name")]
    Account,
}

/// A piece of a text that seems to be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Which bytes.
    pub(super) range: Range<usize>,
    /// As what.
    pub(super) kind: SecretKind,
    /// What it is counted as.
    pub(super) sort: SecretSort,
    /// Where there is a quote like those that it needs, if it stands without.
    pub(super) quote: Option<Range<usize>>,
}

impl SecretKind {
    /// What a secret of this kind is, where its name says no more.
    pub(super) fn sort(self) -> SecretSort {
        match self {
            Self::Credential | Self::Parameter | Self::Supposed | Self::Opaque => SecretSort::Token,
            Self::CredentialScope => SecretSort::Key,
            Self::Basic | Self::UserInfo | Self::DockerConfig => SecretSort::Login,
            Self::Encoded => SecretSort::Password,
            Self::Cookie => SecretSort::Cookie,
            Self::Address => SecretSort::Address,
            Self::Identity => SecretSort::Account,
        }
    }
}

impl Candidate {
    /// A candidate of this kind, which needs no quotes.
    pub(super) fn new(range: Range<usize>, kind: SecretKind) -> Self {
        Self {
            range,
            kind,
            sort: kind.sort(),
            quote: None,
        }
    }

    /// The same, counted as this.
    pub(super) fn of_sort(self, sort: SecretSort) -> Self {
        Self { sort, ..self }
    }
}

/// What the tests of all finders need.
#[cfg(test)]
pub(super) mod tests_of_finders {
    use super::Candidate;

    /// The texts that a finder gives.
    pub(in crate::redact) fn found(
        find: impl Fn(&[u8], &mut Vec<Candidate>),
        text: &str,
    ) -> Vec<&str> {
        let mut out = Vec::new();
        find(text.as_bytes(), &mut out);
        let ranges = out.iter().map(|candidate| candidate.range.clone());
        ranges.map(|range| text.get(range).unwrap()).collect()
    }
}
