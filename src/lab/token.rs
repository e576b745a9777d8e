//! Tokens: issued by the token servers, checked by the registries.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::keys::{KeyError, Keys, RsaKey};
use super::template;

/// A provider's token server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenServer {
    pub(super) host: String,
    pub(super) path: String,
    /// What its challenges ask for where it is no repository's name.
    pub(super) scope: Option<String>,
    /// Seconds for which its tokens are good.
    pub(super) lifetime: i64,
    /// The header of tokens that are JSON Web Tokens; others are opaque.
    header: Option<String>,
    claims: String,
}

/// What a token permits, in the shape of its `access` claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Access {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) actions: Vec<String>,
}

/// A token, and how long it is good for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) token: String,
    pub(super) access: Vec<Access>,
    pub(super) issued: Timestamp,
    /// In seconds.
    pub(super) lifetime: i64,
}

/// Why a token does not open a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It is not a token of this provider, or was tampered with.
    Forged,
    /// It was meant for someone else.
    Audience,
    Expired,
    NotYetValid,
    /// It is good, but not for this.
    Scope,
}

impl Denied {
    /// The `error` of the challenge (RFC 6750 section 3.1).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Scope => "insufficient_scope",
            Self::Forged | Self::Audience | Self::Expired | Self::NotYetValid => "invalid_token",
        }
    }
}

impl Access {
    /// Reads a scope such as `repository:library/alpine:pull,push`: the type stands left of the
    /// first colon, the actions right of the last, since a name may hold colons.
    pub(super) fn parse(scope: &str) -> Option<Self> {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            actions: actions.split(',').map(str::to_owned).collect(),
        })
    }

    /// The scope in text.
    pub(super) fn scope(&self) -> String {
        format!("{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

impl TokenServer {
    /// Issues a token of the provider's make.
    pub(super) fn issue(
        &self,
        keys: &Keys,
        service: &str,
        access: Vec<Access>,
        now: Timestamp,
    ) -> Result<Grant, KeyError> {
        let exp = now.as_second() + self.lifetime;
        let roots: serde_json::Map<_, _> = access
            .iter()
            .map(|access| (access.name.clone(), json!("$disabled")))
            .collect();
        let key = match self.header {
            Some(_) => Some(keys.rsa()?),
            None => None,
        };
        let fact = |name: &str| match name {
            "access" => Some(json!(access).to_string()),
            "service" => Some(service.to_owned()),
            "exp" => Some(exp.to_string()),
            "roots" => Some(json!(roots).to_string()),
            "certificate" => Some(key?.certificate().to_owned()),
            "key" => Some(key?.id()),
            _ => template::general(name, now),
        };
        let fill = |text| template::fill(text, &fact).ok_or(KeyError);
        let claims = fill(&self.claims)?;
        let token = match (&self.header, key) {
            (Some(header), Some(key)) => jwt(key, &fill(header)?, &claims)?,
            // Padded, so that the token tells nothing by its length.
            _ => BASE64.encode(&keys.seal(format!("{claims:OPAQUE_LENGTH$}").as_bytes())?),
        };
        Ok(Grant {
            token,
            access,
            issued: now,
            lifetime: self.lifetime,
        })
    }

    /// Checks a token of the provider's, and that it permits `action` in `repository` if one is
    /// given.
    pub(super) fn check(
        &self,
        keys: &Keys,
        service: &str,
        token: &str,
        wanted: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let is_signed = self.header.is_some();
        let claims = if is_signed {
            read_jwt(keys.rsa(), token)
        } else {
            let sealed = BASE64.decode(token.as_bytes()).ok();
            let text = sealed.and_then(|sealed| keys.open(&sealed));
            text.and_then(|text| serde_json::from_slice(&text).ok())
        };
        let claims: AccessClaims = claims.ok_or(Denied::Forged)?;
        let now = now.as_second();
        if claims.aud != service {
            Err(Denied::Audience)
        } else if claims.exp + LEEWAY < now {
            Err(Denied::Expired)
        } else if claims.nbf > now + LEEWAY {
            Err(Denied::NotYetValid)
        } else if wanted.is_some_and(|(name, action)| !claims.permit(name, action)) {
            Err(Denied::Scope)
        } else {
            Ok(())
        }
    }
}

#[derive(Deserialize)]
struct AccessClaims {
    access: Vec<Access>,
    aud: String,
    exp: i64,
    nbf: i64,
}

impl AccessClaims {
    fn permit(&self, repository: &str, wanted: &str) -> bool {
        self.access.iter().any(|access| {
            access.kind == "repository"
                && access.name == repository
                && access.actions.iter().any(|action| action == wanted)
        })
    }
}

/// A signed JSON Web Token (RFC 7519) in its compact form.
fn jwt(key: &RsaKey, header: &str, claims: &str) -> Result<String, KeyError> {
    let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
    let text = format!("{header}.{claims}");
    let signature = BASE64URL_NOPAD.encode(&key.sign(text.as_bytes())?);
    Ok(format!("{text}.{signature}"))
}

/// The claims of a token that this key signed. The header is not asked: there is one key and one
/// algorithm.
fn read_jwt(key: Result<&RsaKey, KeyError>, token: &str) -> Option<AccessClaims> {
    let (text, signature) = token.rsplit_once('.')?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    if !key.ok()?.verify(text.as_bytes(), &signature) {
        return None;
    }
    let (_, claims) = text.split_once('.')?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()
}

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;

/// Bytes in an opaque token, before encryption adds 28.
const OPAQUE_LENGTH: usize = 286;

#[cfg(test)]
mod tests {
    use super::super::Provider;
    use super::super::clock::after;
    use super::*;

    fn issue(keys: &Keys, provider: Provider, access: Vec<Access>) -> Grant {
        let profile = provider.profile();
        let server = profile.tokens.as_ref().unwrap();
        server
            .issue(keys, &profile.service, access, start())
            .unwrap()
    }

    fn check_token(
        provider: Provider,
        keys: &Keys,
        token: &str,
        wanted: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let profile = provider.profile();
        let server = profile.tokens.as_ref().unwrap();
        server.check(keys, &profile.service, token, wanted, now)
    }

    fn access(name: &str) -> Vec<Access> {
        vec![Access::parse(&format!("repository:{name}:pull")).unwrap()]
    }

    fn start() -> Timestamp {
        Timestamp::from_second(1_597_904_262).unwrap()
    }

    #[test]
    fn a_scope_reads_back() {
        let scope = "repository:localhost:5000/a/b:pull,push";
        let access = Access::parse(scope).unwrap();
        assert_eq!(access.name, "localhost:5000/a/b");
        assert_eq!(access.actions, ["pull", "push"]);
        assert_eq!(access.scope(), scope);
        assert_eq!(Access::parse("repository"), None);
        assert_eq!(Access::parse("repository:pull"), None);
    }

    #[test]
    fn a_token_opens_its_own_repository_while_it_lasts() {
        let keys = Keys::new().unwrap();
        for (provider, lifetime) in [
            (Provider::Hub, 300),
            (Provider::Gcr, 43_200),
            (Provider::Quay, 3_600),
        ] {
            let grant = issue(&keys, provider, access("a/b"));
            assert_eq!(grant.lifetime, lifetime);
            let check = |repository: Option<&str>, seconds| {
                let wanted = repository.map(|name| (name, "pull"));
                let now = after(start(), seconds);
                check_token(provider, &keys, &grant.token, wanted, now)
            };
            assert_eq!(check(Some("a/b"), 0), Ok(()));
            assert_eq!(check(None, lifetime), Ok(()));
            assert_eq!(check(Some("a/c"), 0), Err(Denied::Scope));
            assert_eq!(check(Some("a/b"), lifetime + 61), Err(Denied::Expired));
            assert_eq!(check(Some("a/b"), -3_600), Err(Denied::NotYetValid));
        }
    }

    #[test]
    fn a_token_of_another_make_opens_nothing() {
        let keys = Keys::new().unwrap();
        let providers = [Provider::Hub, Provider::Gcr, Provider::Quay];
        let check_at =
            |provider: Provider, token: &str| check_token(provider, &keys, token, None, start());
        for provider in providers {
            let grant = issue(&keys, provider, access("a/b"));
            for other in providers.into_iter().filter(|other| *other != provider) {
                assert!(
                    check_at(other, &grant.token).is_err(),
                    "{provider} at {other}"
                );
            }
            let foreign = Keys::new().unwrap();
            let foreign = issue(&foreign, provider, access("a/b"));
            assert_eq!(check_at(provider, &foreign.token), Err(Denied::Forged));
            let middle = grant.token.len() / 2;
            let mut forged = grant.token.into_bytes();
            forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(check_at(provider, &forged), Err(Denied::Forged));
        }
        for garbage in ["", ".", "..", "a.b.c", "e30.e30.", "\u{fffd}"] {
            for provider in providers {
                assert_eq!(check_at(provider, garbage), Err(Denied::Forged));
            }
        }
    }

    #[test]
    fn an_unsigned_token_opens_nothing() {
        let keys = Keys::new().unwrap();
        let claims = json!({ "access": access("a/b"), "aud": "registry.docker.io",
            "exp": i64::MAX, "nbf": 0 });
        let [header, claims] = [json!({ "alg": "none" }), claims]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let token = format!("{header}.{claims}.");
        let wanted = Some(("a/b", "pull"));
        let result = check_token(Provider::Hub, &keys, &token, wanted, start());
        assert_eq!(result, Err(Denied::Forged));
    }
}
