//! podman and buildah: a drop-in of containers.conf(5) sets their own environment.

use std::path::{Path, PathBuf};

use super::registries;
use super::trust_dir::{TRUST_DIR, certificate};
use super::variables::variables;
use super::wanted::{SetupError, Wanted};
use crate::clients::plan::{ChangePlan, FileChange, MARK};
use crate::clients::system::{ReadError, System};

/// The drop-in, for the whole machine or for one user.
pub(super) fn plan(system: &System, wanted: &Wanted) -> Result<ChangePlan, SetupError> {
    let machine = Path::new("/etc/containers");
    let mut sources = vec![PathBuf::from("/usr/share/containers/containers.conf")];
    sources.extend(sources_in(system, machine));
    let (home, trust, sudo) = match &wanted.user {
        Some(user) => {
            let home = user.config.join("containers");
            sources.extend(sources_in(system, &home));
            (home, user.trust.clone(), "")
        }
        None => (machine.to_owned(), PathBuf::from(TRUST_DIR), "sudo "),
    };
    let path = home.join("containers.conf.d/zz-pullscope.conf");
    if let Some(text) = system.text(&path)?
        && !text.contains(MARK)
    {
        return Err(SetupError::Blocked(format!(
            "{} is not pullscope's. Move it away, and run this again",
            path.display()
        )));
    }
    sources.retain(|source| *source != path);
    let present = present_environment(system, &sources)?;
    let own = variables(system, wanted, &trust, "", |name| find(&present, name));
    let mut all: Vec<String> = present
        .iter()
        .filter(|(name, _)| !own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    all.extend(own.iter().map(|(name, value)| format!("{name}={value}")));
    let lines: Vec<_> = all
        .iter()
        .map(|entry| format!("  {},\n", toml::Value::from(entry.as_str())))
        .collect();
    let lines = lines.concat();
    let content = format!(
        "# {MARK} podman`. This restores what was here before:\n\
         #   {sudo}pullscope setup podman --undo\n\
         [engine]\n\
         env = [\n{lines}]\n\
         \n\
         # Containers cannot reach a proxy on this machine's loopback: they are not told of it.\n\
         [containers]\n\
         http_proxy = false\n"
    );
    Ok(ChangePlan {
        client: "podman",
        files: vec![
            FileChange::new(certificate(&trust), wanted.ca.as_str()),
            FileChange::new(path, content),
        ],
        restart: Vec::new(),
        undone: Vec::new(),
        notes: [
            vec![
                "it works for podman and buildah. skopeo does not read containers.conf: run it by \
             `pullscope exec -- skopeo …`"
                    .to_owned(),
            ],
            registries::notes(system, "/etc/containers/certs.d", &[], &wanted.ca),
        ]
        .concat(),
    })
}

fn sources_in(system: &System, dir: &Path) -> Vec<PathBuf> {
    let drop_ins = dir.join("containers.conf.d");
    let mut sources = vec![dir.join("containers.conf")];
    let names = system.names(&drop_ins);
    let confs = names
        .into_iter()
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "conf"));
    sources.extend(confs.map(|name| drop_ins.join(name)));
    sources
}

/// What `env` is now: the last file that has one says so.
fn present_environment(
    system: &System,
    sources: &[PathBuf],
) -> Result<Vec<(String, String)>, ReadError> {
    let mut present = Vec::new();
    for source in sources {
        let Some(text) = system.text(source)? else {
            continue;
        };
        let Ok(table) = text.parse::<toml::Table>() else {
            continue;
        };
        let env = table.get("engine").and_then(|engine| engine.get("env"));
        if let Some(env) = env.and_then(toml::Value::as_array) {
            present = env
                .iter()
                .filter_map(|entry| entry.as_str()?.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        }
    }
    Ok(present)
}

fn find<'a>(variables: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = variables.iter().rfind(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}
