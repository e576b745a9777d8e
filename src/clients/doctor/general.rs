//! What concerns every client: the CA, the clock, the proxy.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt as _;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::cause::Cause;
use super::check::{Check, good, skipped};
use super::no_proxy as traps;
use super::patient::{Patient, same};
use crate::clients::environment::of_shell;
use crate::clients::peer;

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    let files = files(patient);
    let mut checks = vec![files];
    checks.extend(validity(patient));
    checks.push(proxy(patient));
    checks
}

/// The CA's files are the user's alone.
fn files(patient: &Patient<'_>) -> Check {
    let name = "ca-files";
    let (dir, key) = (&patient.data, patient.data.join("ca.key"));
    let Ok(meta) = std::fs::symlink_metadata(&key) else {
        return skipped(name, "there is no CA yet; it is made on first use");
    };
    let folder = std::fs::metadata(dir).map_or(0, |folder| folder.mode() & 0o777);
    let (mode, user, owner) = (meta.mode() & 0o777, meta.uid(), patient.owner);
    let (cause, mode) = if folder & 0o022 != 0 {
        (Cause::FolderOpen, folder)
    } else if meta.is_symlink() {
        (Cause::KeyLinked, mode)
    } else if mode & 0o077 != 0 {
        (Cause::KeyOpen, mode)
    } else if user != owner {
        (Cause::KeyForeign, mode)
    } else {
        return good(name, format!("{} is yours alone", key.display()));
    };
    let (key, mode) = (key.display(), format!("{mode:o}"));
    patient.bad(
        cause,
        &[("key", &key), ("mode", &mode), ("user", &user)],
        Vec::new(),
    )
}

/// The CA is valid by this machine's clock.
fn validity(patient: &Patient<'_>) -> Option<Check> {
    let pem = patient.certificate()?;
    let now = patient.now;
    let (cause, at) = match period(&pem) {
        None => (Cause::NoCertificate, now),
        Some((from, _)) if now < from => (Cause::NotYetValid, from),
        Some((_, until)) if now > until => (Cause::Expired, until),
        Some((_, until)) => {
            let days = until.duration_since(now).as_hours() / 24;
            let text = format!("the CA is valid by this clock, for {days} more days");
            return Some(good("clock", text));
        }
    };
    let (now, at) = (format!("{now:.0}"), format!("{at:.0}"));
    Some(patient.bad(cause, &[("now", &now), ("at", &at)], Vec::new()))
}

fn period(pem: &str) -> Option<(Timestamp, Timestamp)> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    let validity = certificate.validity();
    let at = |seconds| Timestamp::from_second(seconds).ok();
    Some((
        at(validity.not_before.timestamp())?,
        at(validity.not_after.timestamp())?,
    ))
}

/// pullscope listens where clients are to look for it, with the CA that they are to trust.
fn proxy(patient: &Patient<'_>) -> Check {
    let address = patient.address;
    let own = patient.certificate();
    let is_own = |ca: &str| own.as_ref().is_some_and(|own| same(own, ca));
    let (cause, error) = match patient.served() {
        Ok(Some(ca)) if is_own(ca) => {
            return good("proxy", format!("pullscope listens on {address}"));
        }
        Ok(Some(_)) => (Cause::OtherCa, String::new()),
        Ok(None) => (Cause::Occupied, String::new()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            (Cause::NothingListens, String::new())
        }
        Err(error) => (Cause::NoAnswer, error.to_string()),
    };
    let but = peer::process(address, None).map_or_else(String::new, |process| {
        format!(" but {} (process {})", process.name, process.pid)
    });
    let other = free_port(address);
    patient.bad(
        cause,
        &[("error", &error), ("but", &but), ("other", &other)],
        Vec::new(),
    )
}

/// The next port that nothing listens on, as far as can be seen.
fn free_port(taken: SocketAddr) -> SocketAddr {
    let next = |step| Some(SocketAddr::new(taken.ip(), taken.port().checked_add(step)?));
    let mut candidates = (1..=100).filter_map(next);
    let free = candidates.find(|address| TcpListener::bind(address).is_ok());
    free.unwrap_or(SocketAddr::new(taken.ip(), DEFAULT_PORT))
}

/// The shell's own `NO_PROXY`, which programs that are started from it obey.
pub(super) fn no_proxy(patient: &Patient<'_>) -> Option<Check> {
    let entries = of_shell(patient.environment);
    if entries.is_empty() {
        return None;
    }
    let caught = traps::caught(&entries);
    if caught.is_empty() {
        let text = "NO_PROXY keeps no public registry from the proxy";
        return Some(good("no-proxy", text));
    }
    let mut rest = entries;
    rest.retain(|entry| !caught.iter().any(|(by, _)| by == entry));
    let (caught, rest) = (traps::listed(&caught), rest.join(","));
    Some(patient.bad(
        Cause::ShellExceptions,
        &[("caught", &caught), ("rest", &rest)],
        Vec::new(),
    ))
}

const DEFAULT_PORT: u16 = 8642;
