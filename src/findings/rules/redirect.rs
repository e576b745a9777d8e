//! Where redirects lead, and what goes along.

use url::Url;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, authority_of, hits};
use crate::registry::redirect::{is_inside_name, is_private, literal_address};
use crate::registry::signed_url::SignedUrl;

/// From https to http.
pub(super) fn redirect_downgrade(scene: &Scene<'_>) -> Option<Found> {
    let given_up = hits(scene.seen.iter().enumerate(), |_, one| downgrade(one));
    let (_, one, (case, target)) = *given_up.first()?;
    let found = Found::about(scene, one, "redirect-downgrade", Severity::Error)
        .fact("case", case)
        .fact("target", authority_of(target));
    let field = "response header Location";
    Some(given_up.iter().fold(found, |found, (_, one, (_, target))| {
        found.at(one, field, target)
    }))
}

/// Where an answer leads that gives up TLS: a redirect, or the address of an upload.
fn downgrade<'a>(one: &Seen<'a>) -> Option<(&'static str, &'a str)> {
    if let Some(redirect) = &one.reading.redirect {
        return redirect.downgrade.then_some(("", &*redirect.target));
    }
    let target = one.reading.location.as_deref()?;
    let goes_on = one.status() == Some(202) && one.reading.is_upload();
    (one.reading.is_by("https") && goes_on && target.starts_with("http://"))
        .then_some(("upload", target))
}

/// From a public host to an address that is reachable only from nearby, or to a name that is known
/// only there.
pub(super) fn redirect_private(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().find_map(|one| {
        let redirect = one.reading.redirect.as_ref()?;
        let target = Url::parse(&redirect.target).ok()?;
        let case = match literal_address(&target) {
            Some(address) if is_private(address) => "",
            None if target.host_str().is_some_and(is_inside_name) => "name",
            _ => return None,
        };
        if !redirect.leaves || !is_public(one) {
            return None;
        }
        let found = Found::about(scene, one, "redirect-private", Severity::Warning)
            .at(one, "response header Location", &redirect.target)
            .fact("case", case);
        Some(found.fact("target", authority_of(&redirect.target)))
    })
}

/// Whether a server is reachable by everybody, as far as it shows.
fn is_public(one: &Seen<'_>) -> bool {
    let url = one.reading.url.as_deref();
    let named_private = url.and_then(literal_address).is_some_and(is_private);
    let upstream = one.exchange.upstream.as_ref();
    let dialled = upstream
        .filter(|up| up.via.is_none())
        .and_then(|up| up.address);
    let local = is_inside_name(one.host());
    !named_private && !local && dialled.is_none_or(|address| !is_private(address.ip()))
}

/// Credentials are sent on to another server.
pub(super) fn auth_leak(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().enumerate().find_map(|(at, one)| {
        let (Some(sent), Some(from)) = (&one.reading.authorization, scene.redirects_to(at).next())
        else {
            return None;
        };
        if one.authority() == from.authority() {
            return None;
        }
        let refused = one.status() == Some(400) && one.says(&["only one auth mechanism allowed"]);
        // Go's client sends credentials on to subdomains, which belong to the same owner.
        let same_site = one.host().ends_with(&format!(".{}", from.host()));
        if same_site && !refused {
            return None;
        }
        let found = Found::new("auth-leak", Severity::Warning)
            .at(from, "response header Location", one.authority())
            .at(one, "request header Authorization", &sent.scheme)
            .fact("case", if refused { "refused" } else { "" })
            .fact("from", from.authority())
            .fact("to", one.authority())
            .fact("scheme", &sent.scheme);
        Some(if refused {
            found.status(one).errors(one).severity(Severity::Error)
        } else {
            found
        })
    })
}

/// A signed URL no longer holds.
pub(super) fn signed_url_expired(scene: &Scene<'_>) -> Option<Found> {
    let over = hits(scene.seen.iter().enumerate(), |_, one| {
        if one.reading.endpoint.is_some() || !matches!(one.status(), Some(400..=499)) {
            return None;
        }
        let signed = one.reading.url.as_deref().and_then(SignedUrl::read);
        let expires = signed.and_then(|signed| signed.expires);
        let is_past = expires
            .zip(one.moment())
            .is_some_and(|(end, now)| end < now);
        (is_past || says_expired(one)).then_some((expires, is_past))
    });
    let (at, one, (expires, is_past)) = *over.first()?;
    let from = scene.redirects_to(at).next();
    let given = expires.zip(from.and_then(Seen::moment));
    let case = match is_past {
        true if given.is_some_and(|(end, given)| end < given) => "stale",
        true => "",
        false => "unstated",
    };
    let found = Found::about(scene, one, "signed-url-expired", Severity::Error)
        .fact("case", case)
        .fact("registry", from.map_or("-", |from| from.authority()))
        .fact("expired", expires.map_or("-".to_owned(), |e| e.to_string()));
    Some(over.iter().fold(found, |found, (_, one, (expires, _))| {
        let found = found.status(one).errors(one);
        expires
            .iter()
            .fold(found, |found, end| found.at(one, "request URL expiry", end))
    }))
}

fn says_expired(one: &Seen<'_>) -> bool {
    one.reports("ExpiredToken")
        || one.says(&[
            "request has expired",
            "not valid in the specified time frame",
        ])
}

/// The signature of a URL does not fit.
pub(super) fn signed_url_bad(scene: &Scene<'_>) -> Option<Found> {
    let bad = scene
        .unexplained()
        .find(|(_, one)| one.reading.endpoint.is_none() && one.reports("SignatureDoesNotMatch"));
    let (at, one) = bad?;
    let from = scene.redirects_to(at).next();
    let found = Found::about(scene, one, "signed-url-bad", Severity::Error)
        .fact("registry", from.map_or("-", |from| from.authority()));
    Some(found.status(one).errors(one))
}
