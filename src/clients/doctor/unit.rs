//! Services of systemd that pull: what they were given, as systemd says.

use std::collections::BTreeSet;
use std::path::Path;

use super::cause::Cause;
use super::check::{Check, good, skipped};
use super::no_proxy;
use super::patient::Patient;
use crate::clients::plan::MARK;
use crate::clients::refusal::quoted;
use crate::clients::setup::{OWN_VARIABLES, set_by_file};
use crate::clients::systemd::{self, words};

pub(super) fn checks(patient: &Patient<'_>, unit: &str, client: &str) -> Vec<Check> {
    let environment = match environment(patient, unit, client) {
        Ok(environment) => environment,
        Err(text) => return vec![skipped("service", text)],
    };
    // systemd does not tell what files of variables hold.
    let files = systemd::read(patient.system, unit, MARK).unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = environment.iter().filter_map(|word| word.split_once('='));
        let told = pairs.rfind(|(known, _)| *known == name);
        let file = files.from_files.get(name).map(|(_, value)| value.clone());
        file.or(told.map(|(_, value)| value.to_owned()))
    };
    let fix = set_up(patient, unit, client);
    let mut checks: Vec<_> = env_file(patient, unit, client, Cause::ServiceEnvFile)
        .into_iter()
        .collect();
    checks.push(match value("HTTPS_PROXY") {
        Some(proxy) if proxy == patient.proxy => {
            good("service-proxy", format!("{unit} is given {proxy}"))
        }
        other => {
            let has = other.map_or("no proxy".to_owned(), |other| format!("the proxy {other}"));
            patient.bad(
                Cause::ServiceElsewhere,
                &[("unit", &unit), ("has", &has)],
                fix.clone(),
            )
        }
    });
    checks.push(trust(patient, unit, value("SSL_CERT_DIR"), fix));
    let except = value("NO_PROXY").unwrap_or_default();
    let cause = Cause::ServiceExceptions;
    checks.extend(no_proxy::check(patient, &except, cause, unit, client));
    checks
}

/// The variables that systemd says it gives a unit; otherwise why it cannot be told.
fn environment(patient: &Patient<'_>, unit: &str, client: &str) -> Result<Vec<String>, String> {
    let properties = "--property=LoadState,Environment";
    let asked = ["systemctl", "show", unit, properties];
    let ran = patient.programs.run(&asked);
    let ran = ran.map_err(|error| format!("systemctl cannot be asked about {unit}: {error}"))?;
    if !ran.success {
        return Err(format!(
            "systemctl does not know {unit}: {}",
            ran.err.trim()
        ));
    }
    if ran.out.lines().any(|line| line == "LoadState=not-found") {
        return Err(format!(
            "there is no {unit} on this machine; `pullscope setup --print {client}` says what \
             {client} needs"
        ));
    }
    let mut lines = ran.out.lines();
    let environment = lines.find_map(|line| line.strip_prefix("Environment="));
    Ok(words(environment.unwrap_or_default()))
}

/// A file of `EnvironmentFile=` that sets what setup would, and wins.
pub(super) fn env_file(
    patient: &Patient<'_>,
    unit: &str,
    client: &str,
    cause: Cause,
) -> Option<Check> {
    let service = match systemd::read(patient.system, unit, MARK) {
        Ok(service) => service,
        Err(error) => {
            let text = format!("only root can tell: {error}");
            return Some(skipped(cause.check(), text));
        }
    };
    if service.variable("HTTPS_PROXY") == Some(&patient.proxy) {
        // Somebody has set it up by hand.
        return None;
    }
    let (name, (file, _)) = set_by_file(&service)?;
    let file = file.display();
    Some(patient.bad(
        cause,
        &[("file", &file), ("name", &name), ("unit", &unit)],
        set_up(patient, unit, client),
    ))
}

/// Lines that set a client up, and before that take out what would win over setup's drop-in.
pub(super) fn set_up(patient: &Patient<'_>, unit: &str, client: &str) -> Vec<String> {
    let mut fix = Vec::new();
    let service = systemd::read(patient.system, unit, MARK).unwrap_or_default();
    if set_by_file(&service).is_some() {
        let files: BTreeSet<_> = service.from_files.values().map(|(path, _)| path).collect();
        let files: Vec<_> = files.iter().map(|file| quoted(file.as_os_str())).collect();
        fix.push(format!(
            "sudo sed -i -E 's/^[[:space:]]*({})[[:space:]]*=/# &/I' {}",
            OWN_VARIABLES.join("|"),
            files.join(" ")
        ));
    }
    fix.push(patient.setup(client));
    fix
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
        None => patient.bad(Cause::ServiceDistrust, &[("unit", &unit)], fix),
    }
}
