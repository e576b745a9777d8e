//! What sorts of secret there are.

use std::ops::Range;

/// A sort of secret: what of it is replaced, and what of it is worth recognising elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// A token, a signature or a password. Of a JWT only the signature.
    Credential,
    /// The same as the value of a query or form parameter, where `+` may stand for a space.
    Parameter,
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
    /// The value of a cookie.
    Cookie,
    /// The client's address as a registry reports it.
    Address,
    /// Who somebody is; not worth spreading.
    Identity,
}

/// A piece of a text that seems to be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Which bytes.
    pub(super) range: Range<usize>,
    /// As what.
    pub(super) kind: SecretKind,
    /// Where there is a quote like those that it needs, if it stands without.
    pub(super) quote: Option<Range<usize>>,
}

impl Candidate {
    /// A candidate of this kind, which needs no quotes.
    pub(super) fn new(range: Range<usize>, kind: SecretKind) -> Self {
        Self {
            range,
            kind,
            quote: None,
        }
    }
}
