//! What a client asks a token server for.

use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};
use url::{Url, form_urlencoded};

use crate::registry::Scope;
use crate::words::worded;

/// A token request, by GET with a query or by POST with a form.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenRequest {
    /// The token server: the URL without its query.
    pub realm: String,
    /// The registry the token is to be for.
    pub service: Option<String>,
    /// What the token is to allow.
    pub scopes: Vec<Scope>,
    /// What else stands in `scope`: words that are no scope of the token specification, such as
    /// `aws`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_scopes: Vec<String>,
    /// The name the client gives itself.
    pub client_id: Option<String>,
    /// Whether a refresh token is asked for as well.
    pub offline: bool,
    /// What the client sent to prove who it is.
    pub credentials: Credentials,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Credentials {
    /// Not at all.
    #[default]
    Anonymous,
    /// By user name and password, in a header or a form.
    Password,
    /// By a refresh token.
    RefreshToken,
    /// By some other header.
    Other,
}

impl TokenRequest {
    /// Reads a request that may be one for a token; `None` when it does not look like one.
    /// The form is the body of a POST, where it is known.
    pub fn read(
        method: &str,
        url: &Url,
        authorization: Option<&str>,
        form: Option<&[u8]>,
    ) -> Option<Self> {
        let mut found = Self {
            credentials: header_credentials(authorization),
            ..Self::default()
        };
        let mut telling = false;
        for (key, value) in url.query_pairs() {
            telling |= found.take(&key, &value);
        }
        if method == "POST" {
            for (key, value) in form.into_iter().flat_map(form_urlencoded::parse) {
                telling |= found.take(&key, &value);
            }
            telling |= form.is_none_or(<[u8]>::is_empty) && is_token_path(url);
        } else if method != "GET" {
            return None;
        }
        if !telling && !is_token_path(url) {
            return None;
        }
        let mut realm = url.clone();
        realm.set_query(None);
        realm.set_fragment(None);
        found.realm = realm.into();
        Some(found)
    }

    /// Takes one parameter; whether it is one that only token requests have.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "service" => self.service = Some(value.to_owned()),
            "scope" => {
                for word in value.split_whitespace() {
                    match Scope::read(word) {
                        Some(scope) => self.scopes.push(scope),
                        None => self.other_scopes.push(word.to_owned()),
                    }
                }
            }
            "client_id" => self.client_id = Some(value.to_owned()),
            "offline_token" => self.offline |= value == "true" || value == "1",
            "access_type" => self.offline |= value == "offline",
            "grant_type" if value == "refresh_token" => {
                self.credentials = Credentials::RefreshToken;
            }
            "grant_type" if value == "password" => self.credentials = Credentials::Password,
            _ => {}
        }
        matches!(key, "service" | "grant_type") || (key == "scope" && !self.scopes.is_empty())
    }

    /// Everything that was asked for, as it was sent.
    pub fn asked(&self) -> Vec<String> {
        let scopes = self.scopes.iter().map(Scope::to_string);
        scopes.chain(self.other_scopes.iter().cloned()).collect()
    }

    /// The scope that names what the token is for: in a push with mounts the one to push to.
    pub fn main_scope(&self) -> Option<&Scope> {
        let mut scopes = self.scopes.iter().filter(|scope| scope.is_repository());
        let first = scopes.clone().next();
        scopes
            .find(|scope| scope.actions.iter().any(|action| action == "push"))
            .or(first)
    }
}

fn header_credentials(authorization: Option<&str>) -> Credentials {
    match authorization.and_then(|text| text.split_whitespace().next()) {
        None => Credentials::Anonymous,
        Some(scheme) if scheme.eq_ignore_ascii_case("basic") => Credentials::Password,
        Some(_) => Credentials::Other,
    }
}

/// Whether the path ends as those of token servers do.
fn is_token_path(url: &Url) -> bool {
    let last = url.path().trim_end_matches('/').rsplit('/').next();
    last.is_some_and(|last| matches!(last, "token" | "auth"))
}

worded! {
    Credentials: "credentials" [name], "credentials.told";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        method: &str,
        url: &str,
        auth: Option<&str>,
        form: Option<&[u8]>,
    ) -> Option<TokenRequest> {
        TokenRequest::read(method, &Url::parse(url).unwrap(), auth, form)
    }

    #[test]
    fn by_get_with_repeated_scopes() {
        let request = read(
            "GET",
            "https://t.example/token?service=r&scope=repository:a:pull&scope=repository:b:pull,push",
            Some("Basic dTpw"),
            None,
        )
        .unwrap();
        assert_eq!(request.realm, "https://t.example/token");
        assert_eq!(request.scopes.len(), 2);
        assert_eq!(request.main_scope().unwrap().name, "b");
        assert_eq!(request.credentials, Credentials::Password);
    }

    #[test]
    fn by_post_with_one_joined_scope() {
        let request = read(
            "POST",
            "https://t.example/oauth2/token",
            None,
            Some(b"grant_type=refresh_token&service=r&scope=repository%3Aa%3Apull+repository%3Ab%3Apull&access_type=offline"),
        )
        .unwrap();
        assert_eq!(request.credentials, Credentials::RefreshToken);
        assert_eq!(request.scopes.len(), 2);
        assert!(request.offline);
    }

    #[test]
    fn a_scope_of_another_form_is_kept_as_it_is() {
        let url = "https://public.ecr.example/token/?scope=aws&service=s";
        let request = read("GET", url, None, None).unwrap();
        assert_eq!(
            (request.scopes.len(), request.asked()),
            (0, vec!["aws".to_owned()])
        );
    }

    #[test]
    fn other_requests_are_none() {
        assert_eq!(
            read("GET", "https://cdn.example/x?sp=r&sv=1", None, None),
            None
        );
        assert_eq!(read("PUT", "https://t.example/token", None, None), None);
        assert_eq!(
            read("GET", "https://api.example/x?scope=email", None, None),
            None
        );
        assert_eq!(
            read("POST", "https://x.example/form", None, Some(b"a=b")),
            None
        );
    }
}
