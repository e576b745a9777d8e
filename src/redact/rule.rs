//! How the value of a header field is to be read, by the field's name.

use super::name::{self, NameMeaning, NamePlace};

/// How a field's value is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FieldRule {
    /// `<scheme> <credentials>` (RFC 9110 section 11.6.2): the scheme's name stays.
    Credentials,
    /// `name=value; name=value` (RFC 6265 section 4.2): the names stay.
    Cookies,
    /// `name=value; attribute…` (RFC 6265 section 4.1): name and attributes stay.
    SetCookie,
    /// Base64 of JSON with user names and passwords.
    DockerConfig,
    /// A secret as a whole.
    Opaque,
    /// What the field's name says.
    Named(NameMeaning),
    /// A host, with a user before it where somebody put one there.
    Authority,
    /// The client's address.
    Address,
    /// A challenge: it is the story, and holds no credentials.
    Challenge,
    /// A URL and nothing else.
    Url,
    /// Anything else.
    Plain,
}

impl FieldRule {
    /// The rule for fields of this name, in any case.
    pub(super) fn of(name: &[u8]) -> Self {
        let cased = name.trim_ascii();
        let name = cased.to_ascii_lowercase();
        match name.as_slice() {
            b"cookie" => Self::Cookies,
            b"set-cookie" => Self::SetCookie,
            b"x-registry-auth" | b"x-registry-config" => Self::DockerConfig,
            b"authentication-info" | b"proxy-authentication-info" | b"x-jfrog-art-api" => {
                Self::Opaque
            }
            b"host" | b"x-forwarded-host" | b"x-original-host" => Self::Authority,
            b"docker-ratelimit-source" => Self::Address,
            b"www-authenticate" | b"proxy-authenticate" => Self::Challenge,
            b"location" | b"content-location" | b"referer" => Self::Url,
            _ if name.ends_with(b"authorization") => Self::Credentials,
            _ => name::meaning(cased, NamePlace::Field).map_or(Self::Plain, Self::Named),
        }
    }

    /// Whether nothing but this rule applies to the value.
    pub(super) fn is_all_there_is(self) -> bool {
        !matches!(
            self,
            Self::Challenge | Self::Url | Self::Authority | Self::Plain
        )
    }

    /// The rule for a line that continues a value (RFC 9112 section 5.2).
    pub(super) fn continued(self) -> Self {
        if self.is_all_there_is() {
            Self::Opaque
        } else {
            self
        }
    }
}
