//! What stands between the client and the servers, and looks at what they say to each other.

use std::collections::BTreeMap;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::registry::endpoint::Route;
use crate::registry::{Intermediary, IntermediaryRole};

/// A filter, a challenge for browsers or a portal answered in a server's place, or a filter issued
/// a server's certificate.
pub(super) fn middlebox(scene: &Scene<'_>) -> Vec<Found> {
    let mut by_host: BTreeMap<&str, Found> = BTreeMap::new();
    for (at, one) in scene.unexplained() {
        let Some((case, who)) = in_between(one) else {
            continue;
        };
        let severity = Severity::error_if(!scene.got_over(at));
        let found = by_host.remove(one.authority()).unwrap_or_else(|| {
            Found::new("middlebox", severity)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("who", who)
                .fact("issuer", "-")
                .fact("target", one.reading.location.as_deref().unwrap_or("-"))
                .fact("status", one.status().unwrap_or_default())
                .said(one)
        });
        let found = found
            .status(one)
            .header(one, "Server")
            .header(one, "Location");
        by_host.insert(one.authority(), found.errors(one));
    }
    if by_host.is_empty() {
        return inspected(scene).into_iter().collect();
    }
    by_host.into_values().collect()
}

/// Who answered in the place of the server that was asked, and how that shows.
fn in_between(one: &Seen<'_>) -> Option<(&'static str, &'static str)> {
    // What was asked for came, so nobody took its place.
    if matches!(one.status(), Some(200..300)) && !one.is_page() {
        return None;
    }
    let is_challenge = one.field("cf-mitigated") == Some("challenge")
        || one.is_page() && one.says(&["just a moment...", "attention required! | cloudflare"]);
    if is_challenge {
        return Some(("challenge", "Cloudflare"));
    }
    if is_portal(one) {
        return Some(("portal", "-"));
    }
    let who = one
        .intermediary()
        .filter(|who| who.role == IntermediaryRole::Filter)?;
    let is_page = one.is_page() || matches!(one.status(), Some(400..));
    is_page.then_some(("", who.name))
}

/// Whether a network wants its users to log in before it lets them through (RFC 6585 section 6).
fn is_portal(one: &Seen<'_>) -> bool {
    if one.status() == Some(511) {
        return true;
    }
    let is_asked = matches!(one.reading.route(), Some(Route::Ping | Route::Manifest(_)));
    let Some(redirect) = one
        .reading
        .redirect
        .as_ref()
        .filter(|to| is_asked && to.leaves)
    else {
        return false;
    };
    let target = redirect.target.to_ascii_lowercase();
    let words = ["captive", "portal", "hotspot", "guestlogin"];
    !target.contains("/v2/") && words.iter().any(|word| target.contains(word))
}

/// A filter issued the certificate of a server, and was trusted: all that is said passes through it.
fn inspected(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().find_map(|one| {
        let upstream = one
            .exchange
            .upstream
            .as_ref()
            .filter(|_| !one.has_failed())?;
        let (filter, issuer) = Intermediary::issuing(upstream.certificates.first()?)?;
        Some(
            Found::new("middlebox", Severity::Info)
                .apart(
                    &format!("certificate issuer of {}", one.authority()),
                    &issuer,
                )
                .fact("case", "certificate")
                .fact("host", one.authority())
                .fact("who", filter.name)
                .fact("issuer", issuer)
                .fact("target", "-")
                .fact("status", "-"),
        )
    })
}
