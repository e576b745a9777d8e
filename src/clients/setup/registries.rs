//! What a client knows of registries by itself, and pullscope must be told as well.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Value;

use crate::clients::system::System;

/// What pullscope must be started with, for registries with a CA of their own or without valid TLS
/// to be reached through it. `insecure` are those that the client's own settings name; in the folder
/// each registry has one, with certificates and hosts.toml (containerd, and Docker from 29 on).
pub(super) fn notes(system: &System, folder: &str, insecure: &[String], own: &str) -> Vec<String> {
    let mut insecure: BTreeSet<String> = insecure.iter().cloned().collect();
    let mut roots = BTreeSet::new();
    let folder = Path::new(folder);
    let known = folder.is_absolute().then(|| system.names(folder));
    for registry in known.into_iter().flatten() {
        let place = folder.join(&registry);
        let text = |path: &Path| system.text(path).ok().flatten();
        let certificates = system
            .names(&place)
            .into_iter()
            .map(|name| place.join(name));
        roots.extend(certificates.filter(|path| path.extension().is_some_and(|end| end == "crt")));
        let hosts = text(&place.join("hosts.toml")).and_then(|text| text.parse().ok());
        for (key, value) in hosts.iter().flat_map(pairs) {
            match (key, value) {
                ("ca", Value::String(file)) => _ = roots.insert(place.join(file)),
                ("ca", Value::Array(files)) => {
                    roots.extend(
                        files
                            .iter()
                            .filter_map(Value::as_str)
                            .map(|file| place.join(file)),
                    );
                }
                ("skip_verify", Value::Boolean(true)) => _ = insecure.insert(registry.clone()),
                _ => {}
            }
        }
    }
    roots.retain(|path| {
        system
            .text(path)
            .is_ok_and(|text| text.is_some_and(|text| text.trim() != own.trim()))
    });
    let mut notes = Vec::new();
    if !roots.is_empty() {
        let flags: Vec<_> = roots
            .iter()
            .map(|path| format!("--upstream-ca {}", path.display()))
            .collect();
        notes.push(format!(
            "registries here have a CA of their own. Start pullscope with {}, or it refuses their \
             certificates",
            flags.join(" ")
        ));
    }
    for registry in insecure {
        let host = registry
            .rsplit_once(':')
            .map_or(registry.as_str(), |(host, _)| host);
        notes.push(format!(
            "{registry} may have no valid certificate, or no TLS at all. Start pullscope with \
             --insecure-upstream {host} for the first, and with --passthrough {host} where it has no \
             TLS on port 443"
        ));
    }
    notes
}

/// The keys and values of a table, and of the tables in it.
fn pairs(table: &toml::Table) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    let mut open = vec![table];
    while let Some(table) = open.pop() {
        for (key, value) in table {
            open.extend(value.as_table());
            found.push((key.as_str(), value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pullscope_must_be_told_is_read_where_clients_have_it() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("etc/certs.d/reg.corp:5443/ca.crt", "CORP");
        write("etc/certs.d/docker.io/ca.crt", "OURS\n");
        write("etc/certs.d/reg.corp:5443/client.key", "KEY");
        write(
            "etc/certs.d/mirror.corp/hosts.toml",
            "server = \"https://mirror.corp\"\n[host.\"https://one.corp\"]\nca = [\"/pki/one.pem\", \"two.pem\"]\n\
             [host.\"https://two.corp\"]\nskip_verify = true\n",
        );
        write("pki/one.pem", "ONE");
        write("etc/certs.d/mirror.corp/two.pem", "TWO");
        let system = System::at(root.path());
        let insecure = ["plain.local:5000".to_owned()];
        let told = notes(&system, "/etc/certs.d", &insecure, "OURS");
        assert_eq!(
            told[0].split(", or").next().unwrap(),
            "registries here have a CA of their own. Start pullscope with --upstream-ca \
             /etc/certs.d/mirror.corp/two.pem --upstream-ca /etc/certs.d/reg.corp:5443/ca.crt \
             --upstream-ca /pki/one.pem"
        );
        assert!(
            told[1].starts_with("mirror.corp may") && told[1].contains("--passthrough mirror.corp")
        );
        assert!(told[2].starts_with("plain.local:5000 may"));
        assert!(
            told[2].contains("--insecure-upstream plain.local "),
            "{}",
            told[2]
        );
        assert_eq!(told.len(), 3);
        assert!(notes(&system, "/none", &[], "OURS").is_empty());
        assert!(notes(&system, "", &[], "OURS").is_empty());
    }
}
