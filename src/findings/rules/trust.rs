//! Who trusts whose certificate.

use std::collections::BTreeSet;

use crate::base::table::rows;
use crate::exchange::{HandshakeFailed, Rejection, Verification};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, by_host, handshake_host, hits};
use crate::pulls::Pull;
use crate::registry::{Client, Intermediary};
use crate::words::Lang;

/// The client does not accept our certificate, nowhere.
pub(super) fn ca_rejected(scene: &Scene<'_>) -> Option<Found> {
    if !scene.trusted_hosts().is_empty() {
        return None;
    }
    refusal(
        "ca-rejected",
        Severity::Error,
        scene.pull,
        &distrusted(scene),
    )
}

/// The client accepts our certificate for some hosts of a pull and not for others.
pub(super) fn ca_partial(scene: &Scene<'_>) -> Option<Found> {
    let trusted = scene.trusted_hosts();
    if trusted.is_empty() {
        return None;
    }
    let refused = distrusted(scene);
    let found = refusal("ca-partial", Severity::Error, scene.pull, &refused)?;
    let trusted: BTreeSet<_> = trusted.into_iter().collect();
    Some(found.fact("trusted", join(trusted.iter())))
}

/// The client finishes TLS, and goes without a word.
pub(super) fn ca_silent(scene: &Scene<'_>) -> Option<Found> {
    let all = scene.handshakes.iter().copied();
    let left: Vec<_> = all.filter(|one| one.rejection == Rejection::Left).collect();
    refusal("ca-silent", Severity::Warning, None, &left)
}

/// Our own verification of a server fails.
pub(super) fn upstream_cert(scene: &Scene<'_>) -> Vec<Found> {
    let judged = hits(scene.seen.iter().enumerate(), |_, one| {
        let upstream = one.exchange.upstream.as_ref()?;
        let verdict = upstream.verification.as_ref()?;
        (*verdict != Verification::Verified).then_some((upstream, verdict))
    });
    by_host(judged, |judged| {
        let (_, one, (upstream, verdict)) = *judged.first()?;
        let leaf = upstream.certificates.first();
        let filter = leaf.and_then(|leaf| Intermediary::issuing(leaf));
        let (case, severity, reason) = match verdict {
            Verification::Verified => return None,
            Verification::Overridden { reason } => ("overridden", Severity::Warning, reason),
            Verification::Rejected { reason } => {
                let case = filter.as_ref().map_or("", |_| "filter");
                (case, Severity::Error, reason)
            }
        };
        let found = Found::about(scene, one, "upstream-cert", severity)
            .at(one, "upstream certificate", reason)
            .fact("case", case)
            .fact("who", filter.as_ref().map_or("-", |(who, _)| who.name));
        let issuer = filter.as_ref().map_or("-", |(_, issuer)| issuer);
        Some(found.fact("issuer", issuer).fact("reason", reason))
    })
}

/// What one refused handshake says by itself, when it says that the CA is not trusted.
pub(in crate::findings) fn of_handshake(handshake: &HandshakeFailed) -> Option<Found> {
    if !handshake.rejection.is_distrust() {
        return None;
    }
    match handshake.rejection {
        Rejection::Left => refusal("ca-silent", Severity::Warning, None, &[handshake]),
        _ => refusal("ca-rejected", Severity::Error, None, &[handshake]),
    }
}

fn distrusted<'a>(scene: &Scene<'a>) -> Vec<&'a HandshakeFailed> {
    let trusted = scene.trusted_hosts();
    let refused = scene.handshakes.iter().copied();
    refused
        .filter(|handshake| match handshake.rejection {
            // Clients also close connections that they no longer need.
            Rejection::Closed => !trusted.contains(handshake_host(handshake).as_str()),
            Rejection::Left => false,
            _ => handshake.rejection.is_distrust(),
        })
        .collect()
}

fn refusal(
    rule: &'static str,
    severity: Severity,
    pull: Option<&Pull>,
    refused: &[&HandshakeFailed],
) -> Option<Found> {
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
    let mut found = Found::new(rule, severity);
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

/// Which of the fixes is the one for this client. Most say no more of themselves on a CONNECT than
/// what they are written in; then it goes by the program, as the kernel has it.
fn recipe(client: &str, user_agent: &str, process: Option<&str>) -> &'static str {
    let program = process.filter(|_| client.is_empty());
    let name = program.map_or_else(|| client.to_ascii_lowercase(), str::to_owned);
    match row(&name, program.is_some()) {
        Some(fix) => fix,
        None if user_agent.starts_with("Go-http-client") => "go",
        None => "",
    }
}

fn row(name: &str, is_program: bool) -> Option<&'static str> {
    let find = |name: &str| rows(RECIPES).find(|[known, _, _]| *known == name);
    let [_, fix, own] = find(name).or_else(|| find(name.split('-').next()?))?;
    Some(if is_program && !own.is_empty() {
        own
    } else {
        fix
    })
}

/// Whether a program is known to be another one than a client, by what each calls itself.
pub(in crate::findings) fn is_another(process: &str, client: &Client) -> bool {
    // BuildKit is a part of dockerd, too.
    let kind = |fix| if fix == "buildkit" { "dockerd" } else { fix };
    let both = row(process, true).zip(row(&client.name.to_ascii_lowercase(), false));
    both.is_some_and(|(program, client)| kind(program) != kind(client))
}

const RECIPES: &str = include_str!("recipes.txt");

fn join(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<_> = names.map(|name| name.to_string()).collect();
    names.join(", ")
}
