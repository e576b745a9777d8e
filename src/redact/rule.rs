//! How the value of a header field is to be read, by the field's name.

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
        let name = name.trim_ascii().to_ascii_lowercase();
        match name.as_slice() {
            b"authorization"
            | b"proxy-authorization"
            | b"x-serverless-authorization"
            | b"x-forwarded-authorization" => Self::Credentials,
            b"cookie" => Self::Cookies,
            b"set-cookie" => Self::SetCookie,
            b"x-registry-auth" | b"x-registry-config" => Self::DockerConfig,
            b"x-amz-security-token"
            | b"x-oss-security-token"
            | b"x-cos-security-token"
            | b"authentication-info"
            | b"proxy-authentication-info"
            | b"x-auth-token"
            | b"x-docker-token"
            | b"x-api-key"
            | b"x-vault-token"
            | b"x-jfrog-art-api"
            | b"x-csrf-token"
            | b"x-harbor-csrf-token"
            | b"private-token"
            | b"job-token"
            | b"deploy-token"
            | b"cf-access-token"
            | b"cf-access-client-secret"
            | b"cf-access-jwt-assertion"
            | b"x-goog-iap-jwt-assertion" => Self::Opaque,
            b"docker-ratelimit-source" => Self::Address,
            b"www-authenticate" | b"proxy-authenticate" => Self::Challenge,
            b"location" | b"content-location" | b"referer" => Self::Url,
            _ => Self::Plain,
        }
    }

    /// Whether nothing but this rule applies to the value.
    pub(super) fn is_all_there_is(self) -> bool {
        !matches!(self, Self::Challenge | Self::Url | Self::Plain)
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
