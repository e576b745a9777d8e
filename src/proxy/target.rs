//! Reading where a client wants to go.

use std::net::{Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::base::host_pattern::is_domain;
use crate::exchange::Authority;

/// Why an authority was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// It holds user information.
    #[error("user information is not allowed in it")]
    UserInfo,
    /// It has no port where one must stand.
    #[error("it has no port; a CONNECT target is host:port")]
    NoPort,
    /// Its port is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// Its host is neither a DNS name nor an IP address.
    #[error("its host is neither a DNS name nor an IP address")]
    Host,
}

/// Reads `host:port`; without a port the default is taken, where there is one.
///
/// The host becomes lower-case without a trailing dot, an IPv6 address loses its brackets.
///
/// # Errors
/// When the text is anything but a host and a port (RFC 9110 section 9.3.6).
pub fn authority(text: &str, default_port: Option<u16>) -> Result<Authority, TargetError> {
    if text.contains('@') {
        return Err(TargetError::UserInfo);
    }
    let (host, port) = split(text)?;
    let port = match (port, default_port) {
        (Some(port), _) => parse_port(port)?,
        (None, Some(port)) => port,
        (None, None) => return Err(TargetError::NoPort),
    };
    Ok(Authority {
        host: normalise_host(host)?,
        port,
    })
}

/// A host in the form in which hosts are compared: lower-case, no trailing dot, no brackets.
///
/// # Errors
/// When it is neither a DNS name nor an IP address.
pub(crate) fn normalise_host(host: &str) -> Result<String, TargetError> {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let address: Ipv6Addr = inner.parse().map_err(|_| TargetError::Host)?;
        return Ok(address.to_string());
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(address.to_string());
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if !is_domain(name) {
        return Err(TargetError::Host);
    }
    Ok(name.to_ascii_lowercase())
}

fn split(text: &str) -> Result<(&str, Option<&str>), TargetError> {
    if text.starts_with('[') {
        let (inside, rest) = text.split_once(']').ok_or(TargetError::Host)?;
        let host = text.get(..inside.len() + 1).ok_or(TargetError::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(TargetError::Host),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, TargetError> {
    let digits = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ => Err(TargetError::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, TargetError> {
        authority(text, None).map(|authority| authority.to_string())
    }

    #[test]
    fn targets_are_normalised() {
        assert_eq!(
            read("Registry-1.Docker.IO.:443").unwrap(),
            "registry-1.docker.io:443"
        );
        assert_eq!(read("127.0.0.1:5000").unwrap(), "127.0.0.1:5000");
        assert_eq!(read("[0:0::1]:443").unwrap(), "[::1]:443");
        assert_eq!(authority("r.example", Some(80)).unwrap().port, 80);
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, why) in [
            ("r.example", TargetError::NoPort),
            ("r.example:", TargetError::Port),
            ("r.example:0", TargetError::Port),
            ("r.example:65536", TargetError::Port),
            ("r.example:+80", TargetError::Port),
            ("r.example:443:1", TargetError::Port),
            ("r.example:443/x", TargetError::Port),
            ("u@r.example:443", TargetError::UserInfo),
            (":443", TargetError::Host),
            ("a..b:443", TargetError::Host),
            ("a b:443", TargetError::Host),
            ("[::1:443", TargetError::Host),
            ("[::1]x:443", TargetError::Host),
            ("[127.0.0.1]:443", TargetError::Host),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }
}
