//! Where to go for a host: straight, by an override, or through another proxy.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use thiserror::Error;

use crate::exchange::Authority;
use crate::proxy::target;

/// What a client wants to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// How to speak to it.
    pub(crate) protocol: Protocol,
    /// Host and port as the client gave them: the name for TLS, and what is looked up unless an
    /// override says otherwise.
    pub(crate) authority: Authority,
}

/// What is spoken on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Whatever the client sends, over TCP.
    Opaque,
}

/// `HOST:PORT:ADDR:PORT`, as curl's option of the same name takes it: connections to the first
/// pair go to the second. An empty or `*` host or port stands for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    host: Option<String>,
    port: Option<u16>,
    to_host: Option<String>,
    to_port: Option<u16>,
}

/// Why a text is no `--connect-to`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid connect-to {0:?}: give HOST:PORT:ADDR:PORT, such as '*:443:127.0.0.1:5443'")]
pub struct ConnectToError(String);

/// Which upstream proxy to use: none, one for everything, or what the environment says.
#[derive(Default)]
pub struct UpstreamProxy(Option<Box<Matcher>>);

/// Why a text is no upstream proxy.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid upstream proxy {0}: give http://[user:password@]host:port")]
pub struct UpstreamProxyError(String);

/// On a connection to an upstream proxy that forwards plain HTTP: what requests need.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForwardProxy {
    /// The value of `Proxy-Authorization`.
    pub(crate) credentials: Option<http::HeaderValue>,
}

/// An upstream proxy to go through.
pub(crate) struct Via {
    pub(crate) authority: Authority,
    /// The value of `Proxy-Authorization`.
    pub(crate) credentials: Option<http::HeaderValue>,
}

impl ConnectTo {
    /// Where to dial for this authority, when this override speaks of it.
    pub(crate) fn apply(&self, authority: &Authority) -> Option<Authority> {
        let host = self
            .host
            .as_deref()
            .is_none_or(|host| host == authority.host);
        let port = self.port.is_none_or(|port| port == authority.port);
        (host && port).then(|| Authority {
            host: self
                .to_host
                .clone()
                .unwrap_or_else(|| authority.host.clone()),
            port: self.to_port.unwrap_or(authority.port),
        })
    }
}

impl FromStr for ConnectTo {
    type Err = ConnectToError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_connect_to(text).ok_or_else(|| ConnectToError(text.to_owned()))
    }
}

fn parse_connect_to(text: &str) -> Option<ConnectTo> {
    let (host, rest) = take_host(text)?;
    let (port, rest) = rest.split_once(':')?;
    let (to_host, to_port) = take_host(rest)?;
    let name = |text: &str| target::normalise_host(text).ok();
    let number = |text: &str| text.parse().ok().filter(|port| *port > 0);
    Some(ConnectTo {
        host: unless_any(host, name)?,
        port: unless_any(port, number)?,
        to_host: unless_any(to_host, name)?,
        to_port: unless_any(to_port, number)?,
    })
}

/// Splits at the colon after a host, which may be an address in brackets.
fn take_host(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('[') {
        let end = text.find(']')? + 1;
        let (host, rest) = text.split_at_checked(end)?;
        return Some((host, rest.strip_prefix(':')?));
    }
    text.split_once(':')
}

/// What a part says, where `None` stands for anything; nothing when it says nothing sensible.
#[expect(
    clippy::option_option,
    reason = "wrong and absent are different things"
)]
fn unless_any<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        "" | "*" => Some(None),
        text => read(text).map(Some),
    }
}

impl UpstreamProxy {
    /// One proxy for everything but the hosts of `no_proxy` (the form of `NO_PROXY`).
    ///
    /// # Errors
    /// When the text is no `http://` URL with a host.
    pub fn url(text: &str, no_proxy: &str) -> Result<Self, UpstreamProxyError> {
        let shown = || UpstreamProxyError(without_credentials(text));
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = with_scheme.parse().map_err(|_| shown())?;
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(shown());
        }
        let matcher = Matcher::builder()
            .all(with_scheme)
            .no(no_proxy.to_owned())
            .build();
        Ok(Self(Some(Box::new(matcher))))
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    pub fn from_env() -> Self {
        Self(Some(Box::new(Matcher::from_env())))
    }

    /// Whether it is what listens at this address.
    pub fn leads_to(&self, own: SocketAddr) -> bool {
        [Protocol::Http, Protocol::Https]
            .into_iter()
            .any(|protocol| {
                let authority = Authority {
                    host: "registry.example".into(),
                    port: 443,
                };
                let via = self.for_target(&Target {
                    protocol,
                    authority,
                });
                let via = via.ok().flatten().map(|via| via.authority);
                via.is_some_and(|via| {
                    let host = via.host.replace("localhost", "127.0.0.1");
                    via.port == own.port() && host.parse() == Ok(own.ip())
                })
            })
    }

    /// The proxy to go through for a target.
    pub(crate) fn for_target(&self, to: &Target) -> Result<Option<Via>, UpstreamProxyError> {
        let Some(matcher) = &self.0 else {
            return Ok(None);
        };
        let scheme = to.protocol.as_str();
        let Ok(uri) = format!("{scheme}://{}/", to.authority).parse::<Uri>() else {
            return Ok(None);
        };
        let Some(found) = matcher.intercept(&uri) else {
            return Ok(None);
        };
        let via = found.uri();
        let shown = || UpstreamProxyError(without_credentials(&via.to_string()));
        if via.scheme_str() != Some("http") {
            return Err(shown());
        }
        let text = via
            .authority()
            .map(http::uri::Authority::as_str)
            .unwrap_or_default();
        let bare = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let authority = target::authority(bare, Some(80)).map_err(|_| shown())?;
        Ok(Some(Via {
            authority,
            credentials: found.basic_auth().cloned(),
        }))
    }
}

impl fmt::Debug for UpstreamProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rules may hold passwords.
        f.write_str(if self.0.is_some() {
            "UpstreamProxy(..)"
        } else {
            "UpstreamProxy"
        })
    }
}

impl Protocol {
    /// The URL of a request target on this protocol and authority.
    pub(crate) fn url(self, authority: &Authority, target: &str) -> String {
        let scheme = self.as_str();
        format!("{scheme}://{}{target}", authority.in_url(scheme))
    }

    /// As it stands in a URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https | Self::Opaque => "https",
        }
    }
}

/// A URL with whatever stands before an `@` left out.
fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Authority {
        target::authority(text, None).unwrap()
    }

    fn map(rule: &str, text: &str) -> Option<String> {
        let rule: ConnectTo = rule.parse().unwrap();
        rule.apply(&authority(text))
            .map(|authority| authority.to_string())
    }

    #[test]
    fn overrides_are_read_as_curl_reads_them() {
        let any = "*:443:127.0.0.1:5443";
        assert_eq!(map(any, "a.example:443").as_deref(), Some("127.0.0.1:5443"));
        assert_eq!(map(any, "a.example:80"), None);
        assert_eq!(
            map("A.example:443:[::1]:1", "a.example:443").as_deref(),
            Some("[::1]:1")
        );
        assert_eq!(
            map("::b.example:", "a.example:8").as_deref(),
            Some("b.example:8")
        );
        assert_eq!(map("[::1]:1:c:2", "[::1]:1").as_deref(), Some("c:2"));
        for bad in ["", "a:1:b", "a:x:b:1", "a:1:b:0", "a b:1:c:2", "a:1:b:2:3"] {
            assert!(bad.parse::<ConnectTo>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proxy_url_is_used_but_for_excluded_hosts() {
        let proxy = UpstreamProxy::url("http://u:p@proxy.example:3128", "skip.example").unwrap();
        let target = |text| Target {
            protocol: Protocol::Https,
            authority: authority(text),
        };
        let via = proxy.for_target(&target("r.example:443")).unwrap().unwrap();
        assert_eq!(via.authority.to_string(), "proxy.example:3128");
        assert_eq!(via.credentials.unwrap(), "Basic dTpw");
        assert!(
            proxy
                .for_target(&target("skip.example:443"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_refused_proxy_url_is_shown_without_its_password() {
        let error = UpstreamProxy::url("socks5://u:hunter2@p.example:1", "")
            .err()
            .unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
