//! Services of systemd: one drop-in gives them the proxy, and a directory with the CA.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::registries;
use super::trust_dir::{TRUST_DIR, certificate};
use super::variables::variables;
use super::wanted::{SetupError, Wanted};
use crate::clients::facts;
use crate::clients::plan::{ChangePlan, FileChange, MARK, command};
use crate::clients::system::{ReadError, Runner, System};
use crate::clients::systemd::{self, ServiceSettings, assignment};
use crate::config::ClientName;

/// dockerd: also looks at `daemon.json`, and at containers that a restart would stop.
pub(super) fn docker(
    system: &System,
    programs: &dyn Runner,
    wanted: &Wanted,
) -> Result<ChangePlan, SetupError> {
    let json = daemon_json(system)?.unwrap_or_default();
    let proxies = json.get("proxies").and_then(Value::as_object);
    if proxies.is_some_and(|proxies| !proxies.is_empty()) {
        return Err(SetupError::Blocked(format!(
            "{DAEMON_JSON} sets \"proxies\", which win over the environment that a drop-in sets \
             (from Docker 23.0 on), so dockerd would not use pullscope. Take \"proxies\" out of \
             it, or set its \"http-proxy\" and \"https-proxy\" to {}, and run this again",
            wanted.proxy
        )));
    }
    let mut plan = service(ClientName::Docker, system, wanted)?;
    plan.notes.extend(of_docker(system, &wanted.ca)?);
    plan.notes.extend(restart_note(programs));
    Ok(plan)
}

/// What pullscope must be told of the registries that dockerd knows.
pub(in crate::clients) fn of_docker(system: &System, own: &str) -> Result<Vec<String>, ReadError> {
    let json = daemon_json(system)?.unwrap_or_default();
    let insecure = json.get("insecure-registries").and_then(Value::as_array);
    let insecure = insecure.into_iter().flatten().filter_map(Value::as_str);
    // Ranges of addresses are for hosts that are not known here.
    let insecure = insecure
        .filter(|host| !host.contains('/'))
        .map(str::to_owned);
    let folder = &facts::of(ClientName::Docker).certs;
    Ok(registries::notes(
        system,
        folder,
        &insecure.collect::<Vec<_>>(),
        own,
    ))
}

/// The variable that one of a service's environment files sets, of those that the drop-in sets,
/// and the file with its value: it would win over the drop-in.
pub(in crate::clients) fn set_by_file(
    service: &ServiceSettings,
) -> Option<(&String, &(PathBuf, String))> {
    let mut files = service.from_files.iter();
    files.find(|(name, _)| OWN_VARIABLES.contains(&name.to_ascii_uppercase().as_str()))
}

/// The drop-in for the service of a client.
pub(super) fn service(
    client: ClientName,
    system: &System,
    wanted: &Wanted,
) -> Result<ChangePlan, SetupError> {
    let (known, client) = (facts::of(client), client.name());
    if !system.has_systemd() {
        return Err(SetupError::NoSystemd(client));
    }
    let unit = known.unit(system);
    let service = systemd::read(system, unit, MARK)?;
    if service.unit.is_none() {
        let absent = &known.absent;
        return Err(SetupError::Blocked(format!(
            "there is no {unit} on this machine. {absent}"
        )));
    }
    if let Some((name, (file, _))) = set_by_file(&service) {
        return Err(SetupError::Blocked(format!(
            "{} sets {name}, and systemd lets such a file win over drop-ins. Take {name} out of \
             it, and run this again",
            file.display()
        )));
    }
    let dir = PathBuf::from(format!("/etc/systemd/system/{unit}.d"));
    let path = dir.join(name_after(&service.drop_ins));
    let mut content = system.text(&path)?.unwrap_or_default();
    if content.contains(MARK) {
        content.clear();
    } else if !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
    let _ = write!(
        content,
        "# {MARK} {client}`. This restores what was here before:\n\
         #   sudo pullscope setup {client} --undo\n\
         [Service]\n"
    );
    for (name, value) in variables(
        system,
        wanted,
        Path::new(TRUST_DIR),
        known.except(),
        |name| service.variable(name),
    ) {
        content.push_str(&assignment(name, &value));
    }
    let restart = vec![
        command("systemctl daemon-reload"),
        command(&format!("systemctl restart {unit}")),
    ];
    Ok(ChangePlan {
        client,
        files: vec![
            FileChange::new(certificate(Path::new(TRUST_DIR)), wanted.ca.as_str()),
            FileChange::new(path, content),
        ],
        undone: restart.clone(),
        restart,
        notes: chain_note(client, &service, wanted).into_iter().collect(),
    })
}

/// A drop-in's name that is read after all others: the last assignment wins.
fn name_after(drop_ins: &[PathBuf]) -> String {
    let mut name = "zz-pullscope.conf".to_owned();
    let others: Vec<_> = drop_ins
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .filter(|other| !other.ends_with("z-pullscope.conf"))
        .collect();
    while others.iter().any(|other| **other > *name) && name.len() < 64 {
        name.insert(0, 'z');
    }
    name
}

/// A service that went through a proxy now goes through ours, which must then use that one.
fn chain_note(client: &str, service: &ServiceSettings, wanted: &Wanted) -> Option<String> {
    let before = ["HTTPS_PROXY", "https_proxy"]
        .iter()
        .find_map(|name| service.variable(name))?;
    if before.is_empty() || before == wanted.proxy {
        return None;
    }
    // Its credentials are nobody's business but the drop-in's.
    let shown = match before.rsplit_once('@') {
        Some((_, host)) => format!("http://USER:PASSWORD@{host}"),
        None => before.to_owned(),
    };
    Some(format!(
        "{client} goes through {shown} now. Start pullscope with --upstream-proxy {shown}, so \
         that it does too"
    ))
}

fn restart_note(programs: &dyn Runner) -> Option<String> {
    let running = programs.run(&["docker", "ps", "--quiet"]).ok()?;
    let count = running.out.lines().count();
    if !running.success || count == 0 {
        return None;
    }
    let live = programs.run(&["docker", "info", "--format", "{{.LiveRestoreEnabled}}"]);
    if live.is_ok_and(|live| live.out.trim() == "true") {
        return None;
    }
    let s = if count == 1 { "" } else { "s" };
    Some(format!(
        "restarting dockerd stops the {count} running container{s}: live-restore is off in \
         {DAEMON_JSON}. Those with a restart policy start again"
    ))
}

/// What dockerd's configuration says; `None` when there is none, or it is no JSON.
pub(in crate::clients) fn daemon_json(system: &System) -> Result<Option<Value>, ReadError> {
    let text = system.read(Path::new(DAEMON_JSON))?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// dockerd's configuration.
pub(in crate::clients) const DAEMON_JSON: &str = "/etc/docker/daemon.json";
/// The variables that the drop-in sets.
pub(in crate::clients) const OWN_VARIABLES: [&str; 4] =
    ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_DIR"];
