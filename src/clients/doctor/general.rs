//! What concerns every client: the CA, the clock, the proxy.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::cause::Cause;
use super::check::{Check, bad, good, skipped};
use super::no_proxy as traps;
use super::patient::Patient;
use crate::clients::environment::exceptions;
use crate::clients::peer;
use crate::clients::refusal::quoted;

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
    let shown = |path: &Path| quoted(path.as_os_str());
    if let Ok(folder) = std::fs::metadata(dir)
        && folder.mode() & 0o022 != 0
    {
        let text = format!(
            "others may write to {}, and so replace the CA's key (mode {:o})",
            dir.display(),
            folder.mode() & 0o777
        );
        let fix = format!("chmod 700 {}", shown(dir));
        return bad(Cause::FolderOpen, text, vec![fix]);
    }
    if meta.is_symlink() {
        let text = format!(
            "{} is a symbolic link, which is not followed",
            key.display()
        );
        let fix = format!("rm {} && pullscope ca regenerate", shown(&key));
        return bad(Cause::KeyLinked, text, vec![fix]);
    }
    if meta.mode() & 0o077 != 0 {
        let text = format!(
            "others may read the CA's key {} (mode {:o}): whoever has it can pose as every \
             registry to clients that trust the CA",
            key.display(),
            meta.mode() & 0o777
        );
        let fix = format!("chmod 600 {}", shown(&key));
        return bad(Cause::KeyOpen, text, vec![fix]);
    }
    if meta.uid() != patient.owner {
        let text = format!(
            "{} belongs to user {}, not to user {}, and is not used",
            key.display(),
            meta.uid(),
            patient.owner
        );
        let fix = format!("sudo chown -R {} {}", patient.owner, shown(dir));
        return bad(Cause::KeyForeign, text, vec![fix]);
    }
    good(name, format!("{} is yours alone", key.display()))
}

/// The CA is valid by this machine's clock.
fn validity(patient: &Patient<'_>) -> Option<Check> {
    let name = "clock";
    let pem = patient.certificate()?;
    let fix = || vec!["pullscope ca regenerate".to_owned()];
    let Some((from, until)) = period(&pem) else {
        let text = format!("{}/ca.pem is no certificate", patient.data.display());
        return Some(bad(Cause::NoCertificate, text, fix()));
    };
    let now = patient.now;
    Some(if now < from {
        let text = format!(
            "the clock says {now:.0}, and the CA is valid from {from:.0} on: either the clock is \
             slow (set it), or it was fast when the CA was made (make a new one)"
        );
        bad(Cause::NotYetValid, text, fix())
    } else if now > until {
        let text = format!("the CA expired on {until:.0}");
        bad(Cause::Expired, text, fix())
    } else {
        let days = until.duration_since(now).as_hours() / 24;
        let text = format!("the CA is valid by this clock, for {days} more days");
        good(name, text)
    })
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
    let name = "proxy";
    let address = patient.address;
    let record = format!("pullscope record -o pulls.har --listen {address}");
    let own = patient.certificate();
    let is_own = |ca: &str| own.as_ref().is_some_and(|own| own.trim() == ca.trim());
    match ask(patient) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => bad(
            Cause::NothingListens,
            format!("nothing listens on {address}: clients that are set up to use it cannot pull"),
            vec![record],
        ),
        Err(error) => {
            let text = format!("what listens on {address} does not answer as pullscope: {error}");
            occupied(patient, Cause::NoAnswer, text)
        }
        Ok(None) => {
            let text = format!("what listens on {address} is not pullscope");
            occupied(patient, Cause::Occupied, text)
        }
        Ok(Some(ca)) if is_own(&ca) => good(name, format!("pullscope listens on {address}")),
        Ok(Some(_)) => bad(
            Cause::OtherCa,
            format!(
                "the pullscope on {address} uses another CA than the one in {}: it was started \
                 before the CA was made anew, or by another user. Stop it, then start it again",
                patient.data.display()
            ),
            vec![record],
        ),
    }
}

fn occupied(patient: &Patient<'_>, cause: Cause, mut text: String) -> Check {
    if let Some(process) = peer::process(patient.address, None) {
        let (name, pid) = (process.name, process.pid);
        text = format!("{text} but {name} (process {pid})");
    }
    text.push_str(". Stop it, or use another port");
    let other = free_port(patient.address);
    bad(
        cause,
        text,
        vec![
            format!("pullscope record -o pulls.har --listen {other}"),
            format!("pullscope doctor --proxy http://{other}"),
        ],
    )
}

/// The next port that nothing listens on, as far as can be seen.
fn free_port(taken: SocketAddr) -> SocketAddr {
    let next = |step| Some(SocketAddr::new(taken.ip(), taken.port().checked_add(step)?));
    let mut candidates = (1..=100).filter_map(next);
    let free = candidates.find(|address| TcpListener::bind(address).is_ok());
    free.unwrap_or(SocketAddr::new(taken.ip(), DEFAULT_PORT))
}

/// The CA's certificate as a pullscope serves it; `None` when it is no pullscope.
fn ask(patient: &Patient<'_>) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect_timeout(&patient.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let address = patient.address;
    let request = format!("GET /ca.pem HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(body.contains("BEGIN CERTIFICATE").then(|| body.to_owned()))
}

/// The shell's own `NO_PROXY`, which programs that are started from it obey.
pub(super) fn no_proxy(patient: &Patient<'_>) -> Option<Check> {
    let name = "no-proxy";
    let entries = exceptions(&patient.environment);
    if entries.is_empty() {
        return None;
    }
    let caught = traps::caught(&entries);
    if caught.is_empty() {
        let text = "NO_PROXY keeps no public registry from the proxy";
        return Some(good(name, text));
    }
    let rest: Vec<_> = entries
        .iter()
        .filter(|entry| !caught.iter().any(|(by, _)| by == *entry))
        .cloned()
        .collect();
    let rest = quoted(rest.join(",").as_ref());
    Some(bad(
        Cause::ShellExceptions,
        traps::sentence("NO_PROXY in this shell", &caught),
        vec![format!("export NO_PROXY={rest} no_proxy={rest}")],
    ))
}

const DEFAULT_PORT: u16 = 8642;
const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST: u64 = 64 * 1024;
