//! Entries of `NO_PROXY` that keep public registries from the proxy.

use std::collections::BTreeSet;

use super::cause::Cause;
use super::check::Check;
use super::patient::Patient;
use crate::base::host_pattern::HostPattern;
use crate::clients::environment::exceptions;
use crate::clients::plan::MARK;
use crate::clients::refusal::quoted;
use crate::clients::setup::set_by_file;
use crate::clients::systemd;

/// Hosts that a pull from a public registry goes to.
const REGISTRIES: &str = "registry-1.docker.io auth.docker.io production.cloudflare.docker.com \
    ghcr.io quay.io gcr.io registry.k8s.io public.ecr.aws mcr.microsoft.com";

/// The entries that match a public registry, each with the first one that it matches.
pub(super) fn caught(entries: &[String]) -> Vec<(String, &'static str)> {
    let hit = |entry: &String| {
        let host = REGISTRIES.split(' ').find(|host| matches(entry, host))?;
        Some((entry.clone(), host))
    };
    entries.iter().filter_map(hit).collect()
}

/// They as a list, each with what it matches.
pub(super) fn listed(caught: &[(String, &'static str)]) -> String {
    let each = caught
        .iter()
        .map(|(entry, host)| format!("{entry} (such as {host})"));
    each.collect::<Vec<_>>().join(", ")
}

/// Whether a list that a service is given has such entries.
pub(super) fn check(
    patient: &Patient<'_>,
    list: &str,
    cause: Cause,
    unit: &str,
    client: &str,
) -> Option<Check> {
    let caught = caught(&exceptions(list, |_| String::new()));
    let more = edits(patient, unit, client, &caught);
    let (is_clear, caught) = (caught.is_empty(), listed(&caught));
    (!is_clear).then(|| patient.bad(cause, &[("caught", &caught), ("unit", &unit)], more))
}

/// Lines that take them out of the drop-ins of a service, all but the one that setup writes.
fn edits(
    patient: &Patient<'_>,
    service_unit: &str,
    client: &str,
    caught: &[(String, &'static str)],
) -> Vec<String> {
    let mut fix = vec![format!("sudo pullscope setup {client} --undo")];
    let service = systemd::read(patient.system, service_unit, MARK).unwrap_or_default();
    let files: BTreeSet<_> = service.from_files.values().map(|(path, _)| path).collect();
    for path in service.unit.iter().chain(&service.drop_ins).chain(files) {
        let text = patient.system.text(path).ok().flatten();
        let text = text.unwrap_or_default().to_ascii_lowercase();
        let set: Vec<_> = caught
            .iter()
            .map(|(entry, _)| entry.to_ascii_lowercase())
            .filter(|entry| {
                let mut lines = text.lines();
                lines.any(|line| line.contains("no_proxy") && line.contains(entry.as_str()))
            })
            .map(|entry| {
                entry
                    .replace('.', r"\.")
                    .replace('*', r"\*")
                    .replace('/', r"\/")
            })
            .collect();
        if !set.is_empty() {
            fix.push(format!(
                "sudo sed -i -E '{}' {}",
                without(&set.join("|")),
                quoted(path.as_os_str())
            ));
        }
    }
    if set_by_file(&service).is_some() {
        // By hand it was set up, and so it stays.
        fix.push(format!("sudo systemctl restart {service_unit}"));
    } else {
        fix.push(patient.setup(client));
    }
    fix
}

/// A script for sed that takes entries out of the lists that `NO_PROXY` is set to, and leaves
/// everything else on those lines alone.
fn without(entries: &str) -> String {
    let start = r#"no_proxy=["\x27]?"#;
    let (inside, end) = (r#"[^"\x27[:space:]]*"#, r#"(["\x27[:space:]]|$)"#);
    format!(
        "/no_proxy=/I {{ :again; s/({start}({inside},)?)({entries}),/\\1/I; t again; \
         s/({start}{inside}),({entries}){end}/\\1\\3/I; t again; \
         s/({start})({entries}){end}/\\1\\3/I }}"
    )
}

/// As Go reads it (golang.org/x/net/http/httpproxy), which knows ports besides names.
fn matches(entry: &str, host: &str) -> bool {
    let name = match entry.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => entry,
    };
    let pattern = name.parse::<HostPattern>();
    pattern.is_ok_and(|pattern| pattern.matches(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_match_public_registries_are_found() {
        let entries = |list: &str| -> Vec<String> { list.split(',').map(str::to_owned).collect() };
        for trap in [
            "*",
            "docker.io",
            ".docker.io",
            "*.docker.io",
            "GHCR.io:443",
            "io",
        ] {
            assert_eq!(caught(&entries(trap)).len(), 1, "{trap}");
        }
        for harmless in [
            "localhost",
            ".corp.test",
            "10.0.0.0/8",
            "mydocker.io.test",
            "",
        ] {
            assert!(caught(&entries(harmless)).is_empty(), "{harmless}");
        }
        let found = caught(&entries("localhost,quay.io,docker.com"));
        assert_eq!(
            found,
            [
                ("quay.io".to_owned(), "quay.io"),
                ("docker.com".to_owned(), "production.cloudflare.docker.com")
            ]
        );
    }
}
