//! What stands between the client and the servers, and looks at what they say to each other.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, by_host, hits};
use crate::registry::endpoint::Route;
use crate::registry::{Intermediary, IntermediaryRole};

/// A filter, a challenge for browsers or a portal answered in a server's place, or a filter issued
/// a server's certificate.
pub(super) fn middlebox(scene: &Scene<'_>) -> Vec<Found> {
    let between = hits(scene.unexplained(), |_, one| in_between(one));
    if between.is_empty() {
        return inspected(scene).into_iter().collect();
    }
    by_host(between, |between| {
        let (at, one, (case, who)) = *between.first()?;
        let severity = Severity::error_if(!scene.got_over(at));
        let found = Found::about(scene, one, "middlebox", severity)
            .fact("case", case)
            .fact("who", who)
            .fact("issuer", "-")
            .fact("target", one.reading.location.as_deref().unwrap_or("-"))
            .said(one);
        Some(between.iter().fold(found, |found, (_, one, _)| {
            let found = found.status(one).header(one, "Server");
            found.header(one, "Location").errors(one)
        }))
    })
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
    let redirect = one.reading.redirect.as_ref();
    let Some(redirect) = redirect.filter(|to| is_asked && to.leaves) else {
        return false;
    };
    let target = redirect.target.to_ascii_lowercase();
    let words = ["captive", "portal", "hotspot", "guestlogin"];
    !target.contains("/v2/") && words.iter().any(|word| target.contains(word))
}

/// A filter issued the certificate of a server, and was trusted: all that is said passes through it.
fn inspected(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().find_map(|one| {
        let upstream = one.exchange.upstream.as_ref();
        let upstream = upstream.filter(|_| !one.has_failed())?;
        let (filter, issuer) = Intermediary::issuing(upstream.certificates.first()?)?;
        let field = format!("certificate issuer of {}", one.authority());
        let found = Found::about(scene, one, "middlebox", Severity::Info)
            .apart(&field, &issuer)
            .fact("case", "certificate")
            .fact("who", filter.name);
        Some(found.fact("issuer", issuer).fact("target", "-"))
    })
}
