//! Host patterns, as `--passthrough`, `--intercept` and their like take them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A host name in which `*` stands for any run of characters; compared without regard to case.
///
/// `example.org` matches that host alone, `*.example.org` every host below it, `*` every host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern(String);

/// Why a text is no host pattern.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "invalid host pattern {0:?}: give a host name such as registry.example.org or *.example.org, without scheme, port or path"
)]
pub struct HostPatternError(String);

impl HostPattern {
    /// Whether the pattern matches this host (a DNS name or an IP address without brackets).
    pub fn matches(&self, host: &str) -> bool {
        glob(self.0.as_bytes(), host.as_bytes())
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text
            .trim()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim_end_matches('.');
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | ':');
        let is_address = bare.parse::<std::net::IpAddr>().is_ok();
        let strange = bare.contains(':') && !is_address || bare.contains("**");
        if bare.is_empty() || !bare.chars().all(allowed) || strange {
            return Err(HostPatternError(text.to_owned()));
        }
        Ok(Self(bare.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Greedy matching with one remembered star: linear in practice, never exponential.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted.eq_ignore_ascii_case(byte) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(host)
    }

    #[test]
    fn stars_match_any_run() {
        assert!(matches("*", "anything"));
        assert!(matches("*.docker.io", "registry-1.docker.io"));
        assert!(!matches("*.docker.io", "docker.io"));
        assert!(matches("cdn0*.quay.io", "cdn02.quay.io"));
        assert!(matches("Registry.Example", "registry.example"));
        assert!(!matches("registry.example", "registry.example.org"));
        assert!(matches("::1", "::1"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in ["", "https://a", "a/b", "a:443", "a b", "**"] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }
}
