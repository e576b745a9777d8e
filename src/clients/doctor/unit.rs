//! Services of systemd that pull: what they were given, as systemd says.

use std::path::Path;

use super::{Check, Patient, bad, good, no_proxy, skipped};
use crate::clients::environment::merge;
use crate::clients::setup::TRUST_DIR;
use crate::config::ClientName;

/// The unit of a client, and the client's name on the command line.
pub(super) fn of(client: ClientName) -> Option<(&'static str, &'static str)> {
    match client {
        ClientName::Containerd | ClientName::Kubernetes => {
            Some(("containerd.service", "containerd"))
        }
        ClientName::Buildkit => Some(("buildkit.service", "buildkit")),
        ClientName::Crio => Some(("crio.service", "crio")),
        ClientName::K3s => Some(("k3s.service", "k3s")),
        _ => None,
    }
}

pub(super) fn checks(
    patient: &Patient<'_>,
    unit: &'static str,
    client: &'static str,
) -> Vec<Check> {
    let ask = ["systemctl", "show", unit, "--property=Environment"];
    let told = match patient.programs.run(&ask) {
        Ok(ran) if ran.success => ran.out,
        Ok(ran) => {
            let text = format!("systemctl does not know {unit}: {}", ran.err.trim());
            return vec![skipped("service", text)];
        }
        Err(error) => {
            let text = format!("systemctl cannot be asked about {unit}: {error}");
            return vec![skipped("service", text)];
        }
    };
    let told = told.trim().trim_start_matches("Environment=");
    let value = |name: &str| {
        told.split_whitespace()
            .filter_map(|word| word.trim_matches('"').split_once('='))
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.trim_matches('"').to_owned())
            .next_back()
    };
    let fix = vec![patient.setup(client)];
    let proxy = match value("HTTPS_PROXY") {
        Some(proxy) if proxy == patient.proxy => {
            good("service-proxy", format!("{unit} is given {proxy}"))
        }
        other => {
            let has = other.map_or("no proxy".to_owned(), |other| format!("the proxy {other}"));
            bad(
                "service-proxy",
                format!("{unit} is given {has}, not {}", patient.proxy),
                fix.clone(),
            )
        }
    };
    let mut checks = vec![proxy];
    checks.push(trust(patient, unit, value("SSL_CERT_DIR"), fix));
    let mut entries = Vec::new();
    merge(&mut entries, &value("NO_PROXY").unwrap_or_default());
    let caught = no_proxy::caught(&entries);
    if !caught.is_empty() {
        let text = no_proxy::sentence(&format!("NO_PROXY of {unit}"), &caught);
        let fix = no_proxy::edits(patient, unit, client, &caught);
        checks.push(bad("service-no-proxy", text, fix));
    }
    checks
}

fn trust(patient: &Patient<'_>, unit: &str, dirs: Option<String>, fix: Vec<String>) -> Check {
    let name = "service-trust";
    let dirs = dirs.unwrap_or_default();
    let own = patient.certificate().unwrap_or_default();
    let holds = |dir: &str| {
        patient.system.names(Path::new(dir)).iter().any(|file| {
            let path = Path::new(dir).join(file);
            let text = patient.system.text(&path).ok().flatten();
            text.is_some_and(|text| !own.is_empty() && text.contains(own.trim()))
        })
    };
    match dirs.split(':').find(|dir| !dir.is_empty() && holds(dir)) {
        Some(dir) => good(
            name,
            format!("{unit} trusts what is in {dir}, the CA among it"),
        ),
        None => bad(
            name,
            format!(
                "{unit} does not trust the CA: it is in none of the directories of its \
                 SSL_CERT_DIR ({TRUST_DIR} is where setup puts it)"
            ),
            fix,
        ),
    }
}
