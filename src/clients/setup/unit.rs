//! Services of systemd: one drop-in gives them the proxy, and a directory with the CA.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::trust_dir::{TRUST_DIR, certificate, certificate_dirs};
use super::wanted::{SetupError, Wanted};
use crate::clients::environment::merge;
use crate::clients::plan::{ChangePlan, FileChange, MARK, command};
use crate::clients::system::{ReadError, Runner, System};
use crate::clients::systemd::{self, ServiceSettings, assignment};

/// A service that pulls images.
pub(super) struct ServiceUnit {
    /// The client's name on the command line.
    client: &'static str,
    service: &'static str,
    /// What must not go through a proxy for the service to work.
    except: &'static str,
    /// What to say when there is no such unit.
    absent: &'static str,
}

const DOCKER: ServiceUnit = ServiceUnit {
    client: "docker",
    service: "docker.service",
    except: "",
    absent: "Is Docker installed, or is it rootless, or a snap? Then start dockerd with the lines \
             that `pullscope setup --print docker` prints",
};
pub(super) const CONTAINERD: ServiceUnit = ServiceUnit {
    client: "containerd",
    service: "containerd.service",
    except: "",
    absent: "Is containerd installed? `pullscope setup --print containerd` prints the lines to \
             start it with",
};
pub(super) const BUILDKIT: ServiceUnit = ServiceUnit {
    client: "buildkit",
    service: "buildkit.service",
    except: "",
    absent: "BuildKit inside dockerd is set up by `pullscope setup docker`; for the container \
             driver see `pullscope setup --print buildkit`",
};
pub(super) const CRIO: ServiceUnit = ServiceUnit {
    client: "crio",
    service: "crio.service",
    except: IN_CLUSTER,
    absent: "Is CRI-O installed? `pullscope setup --print crio` prints the lines to start it with",
};
const K3S: ServiceUnit = ServiceUnit {
    client: "k3s",
    service: "k3s.service",
    except: IN_CLUSTER,
    absent: "Is k3s installed on this node? See `pullscope setup --print k3s`",
};
const K3S_AGENT: ServiceUnit = ServiceUnit {
    service: "k3s-agent.service",
    ..K3S
};
/// What a node reaches without a proxy: itself, pods, services, private networks.
pub(super) const IN_CLUSTER: &str =
    "localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,.svc,.cluster.local";

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
    let mut plan = service(&DOCKER, system, wanted)?;
    plan.notes.extend(restart_note(programs));
    Ok(plan)
}

/// k3s: the server's unit, or the agent's.
pub(super) fn k3s(system: &System, wanted: &Wanted) -> Result<ChangePlan, SetupError> {
    let agent = k3s_unit(system) == K3S_AGENT.service;
    service(if agent { &K3S_AGENT } else { &K3S }, system, wanted)
}

/// The unit that k3s runs as on this node: the agent's where there is one.
pub(in crate::clients) fn k3s_unit(system: &System) -> &'static str {
    if systemd::exists(system, K3S_AGENT.service) {
        K3S_AGENT.service
    } else {
        K3S.service
    }
}

/// The variable that one of a service's environment files sets, of those that the drop-in sets,
/// and the file with its value: it would win over the drop-in.
pub(in crate::clients) fn set_by_file(
    service: &ServiceSettings,
) -> Option<(&String, &(PathBuf, String))> {
    let mut files = service.from_files.iter();
    files.find(|(name, _)| OWN_VARIABLES.contains(&name.to_ascii_uppercase().as_str()))
}

/// The drop-in for a service.
pub(super) fn service(
    unit: &ServiceUnit,
    system: &System,
    wanted: &Wanted,
) -> Result<ChangePlan, SetupError> {
    if !system.has_systemd() {
        return Err(SetupError::NoSystemd(unit.client));
    }
    let service = systemd::read(system, unit.service, MARK)?;
    if service.unit.is_none() {
        return Err(SetupError::Blocked(format!(
            "there is no {} on this machine. {}",
            unit.service, unit.absent
        )));
    }
    if let Some((name, (file, _))) = set_by_file(&service) {
        return Err(SetupError::Blocked(format!(
            "{} sets {name}, and systemd lets such a file win over drop-ins. Take {name} out of \
             it, and run this again",
            file.display()
        )));
    }
    let dir = PathBuf::from(format!("/etc/systemd/system/{}.d", unit.service));
    let path = dir.join(name_after(&service.drop_ins));
    let before = system.text(&path)?;
    let before = before.filter(|text| !text.contains(MARK));
    let content = drop_in(unit, system, &service, wanted, before.as_deref());
    let restart = vec![
        command("systemctl daemon-reload"),
        command(&format!("systemctl restart {}", unit.service)),
    ];
    Ok(ChangePlan {
        client: unit.client,
        files: vec![
            FileChange::new(certificate(Path::new(TRUST_DIR)), wanted.ca.as_str()),
            FileChange::new(path, content),
        ],
        undone: restart.clone(),
        restart,
        notes: chain_note(unit, &service, wanted).into_iter().collect(),
    })
}

fn drop_in(
    unit: &ServiceUnit,
    system: &System,
    service: &ServiceSettings,
    wanted: &Wanted,
    before: Option<&str>,
) -> String {
    let mut except = Vec::new();
    for name in ["NO_PROXY", "no_proxy"] {
        merge(&mut except, service.variable(name).unwrap_or_default());
    }
    merge(&mut except, unit.except);
    let dirs = certificate_dirs(
        system,
        service.variable("SSL_CERT_DIR"),
        Path::new(TRUST_DIR),
    );
    let mut text = String::new();
    if let Some(before) = before {
        text.push_str(before);
        if !before.ends_with('\n') {
            text.push('\n');
        }
    }
    let _ = write!(
        text,
        "# {MARK} {client}`. This restores what was here before:\n\
         #   sudo pullscope setup {client} --undo\n\
         [Service]\n",
        client = unit.client
    );
    text.push_str(&assignment("HTTPS_PROXY", &wanted.proxy));
    text.push_str(&assignment("HTTP_PROXY", &wanted.proxy));
    if !except.is_empty() {
        text.push_str(&assignment("NO_PROXY", &except.join(",")));
    }
    text.push_str(&assignment("SSL_CERT_DIR", &dirs));
    text
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
fn chain_note(unit: &ServiceUnit, service: &ServiceSettings, wanted: &Wanted) -> Option<String> {
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
        "{} goes through {shown} now. Start pullscope with --upstream-proxy {shown}, so that it \
         does too",
        unit.client
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
