//! Which changes each client needs.

use super::wanted::{SetupError, Wanted};
use super::{podman, registries, unit};
use crate::clients::facts;
use crate::clients::plan::ChangePlan;
use crate::clients::system::{Runner, System};
use crate::config::ClientName;

/// What is to be changed for a client to use the proxy and trust the CA.
///
/// # Errors
/// When that cannot be done here; the error says what to do instead.
pub fn plan(
    client: ClientName,
    system: &System,
    programs: &dyn Runner,
    wanted: &Wanted,
) -> Result<ChangePlan, SetupError> {
    match client {
        ClientName::Docker => unit::docker(system, programs, wanted),
        ClientName::Podman => podman::plan(system, wanted),
        other if facts::of(other).units.is_empty() => Err(SetupError::ByEnvironment(other.name())),
        other => {
            let mut plan = unit::service(other, system, wanted)?;
            let folder = &facts::of(other).certs;
            plan.notes
                .extend(registries::notes(system, folder, &[], &wanted.ca));
            Ok(plan)
        }
    }
}
