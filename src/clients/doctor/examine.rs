//! Which checks a client needs.

use super::check::{Check, skipped};
use super::patient::Patient;
use super::{docker, general, handshake, unit};
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
            if let Some((unit, name)) = unit::of(client, patient.system) {
                checks.extend(unit::checks(patient, unit, name));
            } else {
                checks.extend(general::no_proxy(patient));
                checks.extend(handshake::by_environment(patient, client, well));
            }
        }
    }
    checks
}
