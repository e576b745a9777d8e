//! dockerd, as it reports itself.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cause::Cause;
use super::check::{Check, good, skipped};
use super::handshake::{HandshakeOutcome, outcome, tail};
use super::patient::Patient;
use super::{no_proxy, unit};
use crate::clients::docker_host;
use crate::clients::environment::is_local;
use crate::clients::facts;
use crate::clients::plan::MARK;
use crate::clients::setup::{DAEMON_JSON, daemon_json, of_docker};
use crate::clients::undo::Record;
use crate::config::ClientName;

pub(super) fn checks(patient: &Patient<'_>, well: bool, checks: &mut Vec<Check>) {
    let home = (patient.environment)("HOME").unwrap_or_default();
    let host = docker_host::elsewhere(Path::new(&home), patient.environment);
    let info = match info(patient, host.as_deref()) {
        Ok(info) => info,
        Err(check) => return checks.push(check),
    };
    checks.push(good(
        "docker-daemon",
        format!("dockerd {} answers", text(&info, "ServerVersion")),
    ));
    let before = checks.len();
    if let Some(host) = host {
        // The files of this machine say nothing of it, and are not for it.
        let has = text(&info, "HttpsProxy");
        let told = format!("dockerd at {host} says it uses the proxy {has:?}");
        if has != patient.proxy {
            let how =
                "`pullscope setup --print docker-rootless` says how a rootless one is led here";
            return checks.push(skipped("docker-proxy", format!("{told}; {how}")));
        }
        checks.push(good("docker-proxy", told));
    } else {
        checks.extend(overridden(patient));
        let env_file = unit::env_file(patient, SERVICE, "docker", Cause::DockerEnvFile);
        checks.extend(env_file);
        checks.push(proxy(patient, &info));
        checks.extend(left_behind(patient));
        let (except, cause) = (text(&info, "NoProxy"), Cause::DockerExceptions);
        checks.extend(no_proxy::check(patient, except, cause, SERVICE, "docker"));
        checks.extend(mirrors(patient, &info));
        let own = patient.certificate().unwrap_or_default();
        let notes = of_docker(patient.system, &own).unwrap_or_default();
        checks.extend(notes.into_iter().map(|note| skipped("registries", note)));
    }
    let uses = checks.iter().skip(before).all(|check| !check.is_bad());
    checks.push(if well && uses {
        trust(patient)
    } else {
        skipped("docker-trust", "not tried, with what is wrong above")
    });
}

fn info(patient: &Patient<'_>, host: Option<&str>) -> Result<Value, Check> {
    let name = "docker-daemon";
    let asked = patient
        .programs
        .run(&["docker", "info", "--format", "{{json .}}"]);
    let ran = asked
        .map_err(|error| skipped(name, format!("the docker command cannot be run: {error}")))?;
    let info: Option<Value> = serde_json::from_str(ran.out.trim()).ok();
    match info {
        Some(info) if !text(&info, "ServerVersion").is_empty() => Ok(info),
        info => {
            // The docker command says in JSON, too, what went wrong.
            let info = info.unwrap_or_default();
            let said = info.pointer("/ServerErrors/0").and_then(Value::as_str);
            let said = said.unwrap_or(&ran.err);
            let denied = said.contains("permission denied");
            let why = tail(said);
            Err(if let Some(host) = host {
                skipped(name, format!("dockerd at {host} does not answer: {why}"))
            } else if denied {
                let ask = patient.with_proxy("sudo pullscope doctor docker".to_owned());
                patient.bad(Cause::DockerDenied, &[("why", &why)], vec![ask])
            } else {
                patient.bad(Cause::DockerSilent, &[("why", &why)], Vec::new())
            })
        }
    }
}

/// `proxies` in daemon.json win over the environment.
fn overridden(patient: &Patient<'_>) -> Option<Check> {
    let mut json = daemon_json(patient.system).ok().flatten()?;
    let proxies = json.get("proxies")?.as_object()?;
    let same = |key: &str| {
        let value = proxies.get(key).and_then(Value::as_str);
        value.is_some_and(|value| value == patient.proxy)
    };
    if proxies.is_empty() || same("https-proxy") {
        return None;
    }
    json.as_object_mut()?.shift_remove("proxies");
    Some(patient.bad(Cause::DockerJson, &[], rewritten(&json, "restart")))
}

fn proxy(patient: &Patient<'_>, info: &Value) -> Check {
    let name = "docker-proxy";
    let has = text(info, "HttpsProxy");
    if has == patient.proxy {
        return good(name, format!("dockerd says it uses {has}"));
    }
    let has = if has.is_empty() {
        "no proxy for HTTPS".to_owned()
    } else {
        format!("the proxy {has}")
    };
    patient.bad(Cause::DockerElsewhere, &[("has", &has)], set_up(patient))
}

/// Drop-ins of pullscope that no `--undo` knows of.
fn left_behind(patient: &Patient<'_>) -> Option<Check> {
    let dir = Path::new("/etc/systemd/system/docker.service.d");
    // Root's record is one that only root reads.
    let record = patient.records.load("docker", patient.system).ok()?;
    let known = record.iter().flat_map(Record::before);
    let known: Vec<PathBuf> = known.map(|(path, _)| path).collect();
    let stray = patient.system.names(dir).into_iter().find_map(|name| {
        let path = dir.join(&name);
        let text = patient.system.text(&path).ok().flatten()?;
        let ours = text.contains(MARK) || name.contains("pullscope");
        (ours && !known.contains(&path)).then_some(path)
    })?;
    let more = vec![patient.setup("docker")];
    Some(patient.bad(Cause::DockerDropIn, &[("path", &stray.display())], more))
}

fn set_up(patient: &Patient<'_>) -> Vec<String> {
    unit::set_up(patient, SERVICE, "docker")
}

/// Mirrors that go past the proxy: by plain HTTP without `HTTP_PROXY`, or on this machine.
fn mirrors(patient: &Patient<'_>, info: &Value) -> Vec<Check> {
    let listed = info.pointer("/RegistryConfig/Mirrors");
    let listed = listed.and_then(Value::as_array).into_iter().flatten();
    let mirrors: Vec<&str> = listed.filter_map(Value::as_str).collect();
    let mut checks = Vec::new();
    if let Some(plain) = mirrors.iter().find(|mirror| mirror.starts_with("http://"))
        && text(info, "HttpProxy").is_empty()
    {
        checks.push(patient.bad(
            Cause::DockerMirrorPlain,
            &[("mirror", plain)],
            set_up(patient),
        ));
    }
    let local = mirrors.iter().find_map(|mirror| {
        let (_, rest) = mirror.split_once("://")?;
        let authority = rest.split('/').next()?;
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        is_local(host).then_some((*mirror, host))
    });
    if let Some((mirror, host)) = local {
        let mut fix = Vec::new();
        if let Ok(Some(mut json)) = daemon_json(patient.system)
            && let Some(list) = json
                .get_mut("registry-mirrors")
                .and_then(Value::as_array_mut)
        {
            for entry in list {
                if let Some(text) = entry.as_str()
                    && text.contains(&format!("//{host}"))
                {
                    *entry = text.replacen(host, ALIAS, 1).into();
                }
            }
            // Mirrors are read anew without a restart.
            fix.extend(rewritten(&json, "reload"));
        }
        checks.push(patient.bad(
            Cause::DockerMirrorLocal,
            &[("mirror", &mirror), ("host", &host)],
            fix,
        ));
    }
    checks
}

/// Asks dockerd to pull what cannot exist.
fn trust(patient: &Patient<'_>) -> Check {
    let name = "docker-trust";
    let probe = &facts::of(ClientName::Docker).probe;
    let told = patient.told(&probe.split(' ').collect::<Vec<_>>());
    match outcome(&told) {
        HandshakeOutcome::Accepted => good(name, "dockerd accepted a certificate of the CA"),
        HandshakeOutcome::Refused => patient.bad(
            Cause::DockerDistrust,
            &[("told", &tail(&told))],
            set_up(patient),
        ),
        HandshakeOutcome::Elsewhere | HandshakeOutcome::Unclear => {
            let text = format!("what dockerd says tells nothing: {}", tail(&told));
            skipped(name, text)
        }
    }
}

/// Lines that write a new daemon.json and have dockerd read it.
fn rewritten(json: &Value, verb: &str) -> Vec<String> {
    let text = serde_json::to_string_pretty(json).unwrap_or_default();
    vec![
        format!("sudo tee {DAEMON_JSON} > /dev/null <<'EOF'\n{text}\nEOF"),
        format!("sudo systemctl {verb} docker.service"),
    ]
}

fn text<'a>(info: &'a Value, name: &str) -> &'a str {
    // The API and the docker command write some names differently.
    let mut members = info.as_object().into_iter().flatten();
    let found = members.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default()
}

const SERVICE: &str = "docker.service";
/// Another name for this machine.
const ALIAS: &str = "mirror.pullscope.test";
