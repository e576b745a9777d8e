//! Hosts that a user names: one meaning for every flag and for `ca regenerate --only`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;
use wildmatch::WildMatch;

/// A pattern for host names and addresses.
///
/// `docker.io` is that name and all below it, `*.docker.io` (or `.docker.io`) only what is below,
/// `=docker.io` that name alone. A `*` elsewhere stands for any run of characters, as in
/// `cdn0*.quay.io`; alone it is every host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern(String);

/// A text that is no host pattern.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "invalid host pattern {0:?}: give an address or a host name such as docker.io, which covers \
     all names below it; *.docker.io covers those alone, =docker.io that name alone. No scheme, \
     port or path"
)]
pub struct HostPatternError(String);

impl HostPattern {
    /// Whether a host (a name in lower case, or an address) is one of these.
    pub fn matches(&self, host: &str) -> bool {
        let text = self.0.as_str();
        if let Some(exact) = text.strip_prefix('=') {
            host == exact
        } else if text.contains('*') {
            WildMatch::new(text).matches(host)
        } else {
            let front = host.strip_suffix(text);
            front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
        }
    }

    /// The pattern, in lower case and without what it can do without.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || HostPatternError(text.to_owned());
        let bare = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let exact = bare.strip_prefix('=');
        let name = exact.unwrap_or(&bare);
        if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self(address.to_string()));
        }
        let below = name.strip_prefix('.').map(|name| format!("*.{name}"));
        let name = below.as_deref().unwrap_or(name);
        let stars = name.contains("**") || (exact.is_some() && name.contains('*'));
        if stars || !is_domain(&name.replace('*', "x")) {
            return Err(wrong());
        }
        let sign = if exact.is_some() { "=" } else { "" };
        Ok(Self(format!("{sign}{name}")))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text can be a name in DNS, as hosts are named in practice (RFC 1035 section 2.3.1,
/// and underscores).
pub fn is_domain(name: &str) -> bool {
    let is_in_label = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_in_label);
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(host)
    }

    #[test]
    fn a_name_covers_what_is_below_it_and_a_star_any_run() {
        for (pattern, host, covered) in [
            ("*", "anything", true),
            ("docker.io", "docker.io", true),
            ("docker.io", "registry-1.docker.io", true),
            ("docker.io", "a.b.docker.io", true),
            ("docker.io", "notdocker.io", false),
            ("docker.io", "docker.io.evil.test", false),
            ("*.docker.io", "registry-1.docker.io", true),
            ("*.docker.io", "docker.io", false),
            (".docker.io", "registry-1.docker.io", true),
            (".docker.io", "docker.io", false),
            ("=docker.io", "docker.io", true),
            ("=docker.io", "registry-1.docker.io", false),
            ("cdn0*.quay.io", "cdn02.quay.io", true),
            ("cdn0*.quay.io", "quay.io", false),
            ("Registry.Example.", "registry.example", true),
            ("registry.example", "registry.example.org", false),
            ("::1", "::1", true),
            ("[::1]", "::1", true),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
        ] {
            assert_eq!(matches(pattern, host), covered, "{pattern} {host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            "https://a",
            "a/b",
            "a:443",
            "a b",
            "**",
            "=*.a",
            "=",
            ".",
            "a..b",
            "\u{e9}.test",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }
}
