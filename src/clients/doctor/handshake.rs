//! Asking a client to pull what does not exist: how it fails shows which way it went, and whether
//! it accepted the certificate on the way.

use std::fmt::Display;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::cause::Cause;
use super::check::{Check, good, skipped};
use super::patient::Patient;
use crate::clients::facts;
use crate::clients::refusal::quoted;
use crate::config::ClientName;

/// What became of a handshake with the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandshakeOutcome {
    /// The client accepted the certificate; the proxy then said that there is no such host.
    Accepted,
    /// The client refused the certificate.
    Refused,
    /// The client did not ask the proxy.
    Elsewhere,
    /// It cannot be told.
    Unclear,
}

/// A client that takes its settings from the environment, as it is in this shell.
pub(super) fn by_environment(patient: &Patient<'_>, client: ClientName, well: bool) -> Vec<Check> {
    let name = client.name();
    let probe = &facts::of(client).probe;
    if probe.is_empty() {
        let text = format!(
            "there is no command of {name} to try; `pullscope setup --print {name}` says what it \
             needs"
        );
        return vec![skipped("client", text)];
    }
    let question: Vec<_> = probe.split(' ').collect();
    if !patient.has_program(question.first().copied().unwrap_or_default()) {
        return vec![skipped("client", format!("there is no {name} here"))];
    }
    let mut checks = vec![trust_file(patient, client)];
    if !well {
        checks.push(skipped("handshake", "not tried, with what is wrong above"));
        return checks;
    }
    let told = patient.told(&question);
    let outcome = outcome(&told);
    let told = tail(&told);
    let facts: [(_, &dyn Display); 2] = [("name", &name), ("told", &told)];
    let more = vec![export_trust(client)];
    checks.push(match outcome {
        HandshakeOutcome::Accepted => good(
            "handshake",
            format!("{name} goes through the proxy and accepts its certificate"),
        ),
        HandshakeOutcome::Refused => patient.bad(Cause::ClientDistrust, &facts, more),
        HandshakeOutcome::Elsewhere => patient.bad(Cause::ClientElsewhere, &facts, more),
        HandshakeOutcome::Unclear => skipped(
            "handshake",
            format!("what {name} says tells nothing: {told}"),
        ),
    });
    checks
}

fn export_trust(client: ClientName) -> String {
    let line = "export SSL_CERT_FILE=\"$(pullscope ca bundle)\"";
    match client {
        // curl looks at this one first.
        ClientName::Curl => format!("{line} CURL_CA_BUNDLE=\"$(pullscope ca bundle)\""),
        _ => line.to_owned(),
    }
}

/// `SSL_CERT_FILE`, where it is set, has the CA in it.
fn trust_file(patient: &Patient<'_>, client: ClientName) -> Check {
    let name = "roots";
    let Some(file) = patient.variable("SSL_CERT_FILE") else {
        return skipped(name, "SSL_CERT_FILE is not set in this shell");
    };
    let own = patient.certificate();
    let own = own.and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok());
    let has = CertificateDer::pem_file_iter(Path::new(&file))
        .into_iter()
        .flatten()
        .flatten()
        .any(|root| Some(&root) == own.as_ref());
    if has {
        good(name, format!("SSL_CERT_FILE ({file}) has the CA in it"))
    } else {
        let file = quoted(file.as_ref());
        patient.bad(
            Cause::RootsWithoutCa,
            &[("file", &file)],
            vec![export_trust(client)],
        )
    }
}

/// What a client's own words say about it.
pub(super) fn outcome(told: &str) -> HandshakeOutcome {
    let told = told.to_ascii_lowercase();
    let any = |signs: &[&str]| signs.iter().any(|sign| told.contains(sign));
    // Its certificate, before its answer: a client may print both.
    if any(&["x509:", "certificate", "tls: "]) && !any(&["502", "504", "bad gateway"]) {
        HandshakeOutcome::Refused
    } else if any(&["502", "504", "bad gateway", "gateway time"]) {
        HandshakeOutcome::Accepted
    } else if any(&[
        "no such host",
        "could not resolve",
        "name resolution",
        "server misbehaving",
        "i/o timeout",
        "connection refused",
        "dial tcp",
    ]) {
        HandshakeOutcome::Elsewhere
    } else {
        HandshakeOutcome::Unclear
    }
}

/// The line that tells why, or the last one, at a length that is read.
pub(super) fn tail(told: &str) -> String {
    let telling = |line: &&str| line.contains("rror") || line.contains("certificate");
    let any = |line: &&str| !line.trim().is_empty();
    let mut lines = told.lines();
    let last = lines.clone().find(telling).or_else(|| lines.rfind(any));
    let last = last.unwrap_or("nothing").trim();
    let cut: String = last.chars().take(240).collect();
    if cut.len() < last.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

/// A name that no registry can ever have (RFC 6761 section 6.4).
pub const PROBE_HOST: &str = "pullscope-doctor.invalid";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_say_is_understood() {
        for (told, expected) in [
            (
                "Error response from daemon: Get \"https://pullscope-doctor.invalid/v2/\": x509: certificate signed by unknown authority",
                HandshakeOutcome::Refused,
            ),
            (
                "curl: (60) SSL certificate problem: unable to get local issuer certificate",
                HandshakeOutcome::Refused,
            ),
            (
                "time=\"…\" level=fatal msg=\"Error parsing image name: pinging container registry pullscope-doctor.invalid: received unexpected HTTP status: 502 Bad Gateway\"",
                HandshakeOutcome::Accepted,
            ),
            (
                "dial tcp: lookup pullscope-doctor.invalid on 127.0.0.53:53: no such host",
                HandshakeOutcome::Elsewhere,
            ),
            (
                "curl: (6) Could not resolve host: pullscope-doctor.invalid",
                HandshakeOutcome::Elsewhere,
            ),
            ("permission denied", HandshakeOutcome::Unclear),
        ] {
            assert_eq!(outcome(told), expected, "{told}");
        }
    }
}
