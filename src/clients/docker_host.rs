//! Which daemon the docker command asks (docs.docker.com/engine/manage-resources/contexts).

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use crate::base::hex;

/// Where the docker command finds its daemon, unless that is this machine's `docker.service`: by
/// `DOCKER_HOST`, by `DOCKER_CONTEXT`, or by the context that the user has chosen.
pub fn elsewhere(home: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let variable =
        |name| Some(variable(name)?.to_string_lossy().into_owned()).filter(|v| !v.is_empty());
    let read = |path: &Path| serde_json::from_slice::<Value>(&std::fs::read(path).ok()?).ok();
    let dir = variable("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), Into::into);
    let chosen = || {
        let config = read(&dir.join("config.json"))?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    };
    let by_context = || {
        let name = variable("DOCKER_CONTEXT").or_else(chosen)?;
        let meta = format!("contexts/meta/{}/meta.json", hex::sha256(name.as_bytes()));
        let host = read(&dir.join(meta))?;
        Some(host.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned())
    };
    let host = variable("DOCKER_HOST").or_else(by_context)?;
    let own = ["unix:///var/run/docker.sock", "unix:///run/docker.sock"];
    (!own.contains(&host.as_str())).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_contexts_lead_to_other_daemons() {
        let home = tempfile::tempdir().unwrap();
        let with = |set: &[(&str, &str)]| {
            elsewhere(home.path(), |name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        assert_eq!(with(&[]), None);
        assert_eq!(
            with(&[("DOCKER_HOST", "unix:///var/run/docker.sock")]),
            None
        );
        let rootless = "unix:///run/user/1000/docker.sock";
        assert_eq!(
            with(&[("DOCKER_HOST", rootless)]).as_deref(),
            Some(rootless)
        );
        let write = |path: &str, text: &str| {
            let path = home.path().join(".docker").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let meta = format!("contexts/meta/{}/meta.json", hex::sha256(b"far"));
        write(
            &meta,
            r#"{"Name": "far", "Endpoints": {"docker": {"Host": "ssh://u@far"}}}"#,
        );
        assert_eq!(
            with(&[("DOCKER_CONTEXT", "far")]).as_deref(),
            Some("ssh://u@far")
        );
        assert_eq!(with(&[]), None);
        write("config.json", r#"{"currentContext": "far"}"#);
        assert_eq!(with(&[]).as_deref(), Some("ssh://u@far"));
        assert_eq!(with(&[("DOCKER_CONTEXT", "default")]), None);
    }
}
