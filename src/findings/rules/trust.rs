//! Who trusts whose certificate.

use std::collections::{BTreeMap, BTreeSet};

use crate::exchange::{HandshakeFailed, Rejection, Verification};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, handshake_host};
use crate::pulls::Pull;
use crate::registry::{Client, Intermediary};
use crate::words::Lang;

/// The client does not accept our certificate, nowhere.
pub(super) fn ca_rejected(scene: &Scene<'_>) -> Option<Found> {
    if !scene.trusted_hosts().is_empty() {
        return None;
    }
    refusal("ca-rejected", scene.pull, &distrusted(scene))
}

/// The client accepts our certificate for some hosts of a pull and not for others.
pub(super) fn ca_partial(scene: &Scene<'_>) -> Option<Found> {
    let trusted = scene.trusted_hosts();
    if trusted.is_empty() {
        return None;
    }
    let found = refusal("ca-partial", scene.pull, &distrusted(scene))?;
    let trusted: BTreeSet<_> = trusted.into_iter().collect();
    Some(found.fact("trusted", join(trusted.iter())))
}

/// Our own verification of a server fails.
pub(super) fn upstream_cert(scene: &Scene<'_>) -> Vec<Found> {
    let mut by_host: BTreeMap<&str, Found> = BTreeMap::new();
    for one in &scene.seen {
        let upstream = one.exchange.upstream.as_ref();
        let leaf = upstream.and_then(|upstream| upstream.certificates.first());
        let filter = leaf.and_then(|leaf| Intermediary::issuing(leaf));
        let (case, severity, reason) = match upstream.and_then(|u| u.verification.as_ref()) {
            Some(Verification::Rejected { reason }) if filter.is_some() => {
                ("filter", Severity::Error, reason)
            }
            Some(Verification::Rejected { reason }) => ("", Severity::Error, reason),
            Some(Verification::Overridden { reason }) => ("overridden", Severity::Warning, reason),
            Some(Verification::Verified) | None => continue,
        };
        by_host.entry(one.authority()).or_insert_with(|| {
            Found::new("upstream-cert", severity)
                .at(one, "upstream certificate", reason)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("who", filter.as_ref().map_or("-", |(who, _)| who.name))
                .fact("issuer", filter.as_ref().map_or("-", |(_, issuer)| issuer))
                .fact("reason", reason)
        });
    }
    by_host.into_values().collect()
}

/// What one refused handshake says by itself, when it says that the CA is not trusted.
pub(in crate::findings) fn of_handshake(handshake: &HandshakeFailed) -> Option<Found> {
    if !handshake.rejection.is_distrust() {
        return None;
    }
    refusal("ca-rejected", None, &[handshake])
}

fn distrusted<'a>(scene: &Scene<'a>) -> Vec<&'a HandshakeFailed> {
    let trusted = scene.trusted_hosts();
    let refused = scene.handshakes.iter().copied();
    refused
        .filter(|handshake| match handshake.rejection {
            // Clients also close connections that they no longer need.
            Rejection::Closed => !trusted.contains(handshake_host(handshake).as_str()),
            _ => handshake.rejection.is_distrust(),
        })
        .collect()
}

fn refusal(rule: &'static str, pull: Option<&Pull>, refused: &[&HandshakeFailed]) -> Option<Found> {
    let first = refused.first()?;
    let user_agent = user_agent(first);
    let client = match (pull, first.earlier.as_deref()) {
        (Some(pull), _) => pull.client.clone(),
        (None, Some(earlier)) if tells_nothing(first) => Client::read(earlier),
        (None, _) => Client::read(user_agent),
    };
    let process = refused.iter().find_map(|one| one.process.as_deref());
    let name = match (client.name.as_str(), user_agent) {
        ("", _) if process.is_some() => process.unwrap_or_default().to_owned(),
        ("", "") => first.connection.client.ip().to_string(),
        ("", user_agent) => format!("{user_agent} ({})", first.connection.client.ip()),
        _ => client.label(),
    };
    let alert = refused
        .iter()
        .find_map(|handshake| match &handshake.rejection {
            Rejection::Alert { code, name, .. } => Some(format!("{code} {name}")),
            _ => None,
        });
    let hosts: BTreeSet<_> = refused.iter().map(|h| handshake_host(h)).collect();
    let mut found = Found::new(rule, Severity::Error);
    for handshake in refused {
        let field = format!("TLS handshake for {}", handshake_host(handshake));
        found = found.apart(&field, &handshake.rejection.told(Lang::En));
    }
    Some(
        found
            .fact("case", if alert.is_some() { "" } else { "closed" })
            .fact("client", name)
            .fact("hosts", join(hosts.iter()))
            .fact("alert", alert.unwrap_or_default())
            .fact("fix", recipe(&client.name, user_agent, process)),
    )
}

/// Neither the CONNECT nor the machine says which program it was: what its address said before may.
fn tells_nothing(handshake: &HandshakeFailed) -> bool {
    let user_agent = user_agent(handshake);
    let is_library = user_agent.is_empty() || user_agent.starts_with("Go-http-client");
    is_library && handshake.process.is_none()
}

fn user_agent(handshake: &HandshakeFailed) -> &str {
    let head = handshake.connection.connect_head.as_ref();
    head.and_then(|head| head.text("user-agent"))
        .unwrap_or_default()
}

/// Which of the fixes is the one for this client.
fn recipe(name: &str, user_agent: &str, process: Option<&str>) -> &'static str {
    let name = name.to_ascii_lowercase();
    match (name.as_str(), process) {
        // Most say no more of themselves on a CONNECT than what they are written in.
        ("", Some(process)) => recipe_of_program(process, user_agent),
        _ => recipe_of_client(&name, user_agent),
    }
}

/// By the name of the program, as the kernel has it: the daemon and the command differ.
fn recipe_of_program(process: &str, user_agent: &str) -> &'static str {
    match process {
        "dockerd" => "dockerd",
        "docker" | "regctl" | "syft" | "trivy" | "cosign" | "docker-buildx" => "crane",
        "ctr" | "nerdctl" => "containerd",
        "buildkitd" => "buildkit",
        "crio" => "containers",
        other if other.starts_with("k3s") || other.starts_with("rke2") => "containerd",
        other => recipe_of_client(other, user_agent),
    }
}

fn recipe_of_client(name: &str, user_agent: &str) -> &'static str {
    match name {
        "docker" => "dockerd",
        "containerd" => "containerd",
        "containers/image" | "skopeo" | "podman" | "buildah" | "libpod" | "cri-o" => "containers",
        "buildkit" => "buildkit",
        "crane" | "go-containerregistry" | "ggcr" | "oras" | "oras-go" | "helm" => "crane",
        "curl" | "wget" => "curl",
        _ if user_agent.starts_with("Go-http-client") => "go",
        _ => "",
    }
}

fn join(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<_> = names.map(|name| name.to_string()).collect();
    names.join(", ")
}
