//! Which checks a client needs.

use super::check::{Check, skipped};
use super::patient::Patient;
use super::{docker, general, handshake, unit};
use crate::clients::facts;
use crate::config::ClientName;

/// All checks that concern a client, or what is there when none is named.
pub fn examine(patient: &Patient<'_>, client: Option<ClientName>) -> Vec<Check> {
    let mut checks = general::checks(patient);
    let well = checks.iter().all(|check| !check.is_bad());
    match client {
        None => {
            checks.extend(general::no_proxy(patient));
            if patient.has_program("docker") {
                docker::checks(patient, well, &mut checks);
            } else {
                checks.push(skipped("docker-daemon", "there is no docker command here"));
            }
        }
        Some(ClientName::Docker | ClientName::DockerDesktop) => {
            docker::checks(patient, well, &mut checks);
        }
        Some(client) => {
            let known = facts::of(client).examined();
            let unit = known.unit(patient.system);
            if unit.is_empty() {
                checks.extend(general::no_proxy(patient));
                checks.extend(handshake::by_environment(patient, client, well));
            } else {
                let name = unit.split(['.', '-']).next().unwrap_or_default();
                checks.extend(unit::checks(patient, unit, name));
            }
        }
    }
    checks
}
