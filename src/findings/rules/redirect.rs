//! Where redirects lead, and what goes along.

use url::Url;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, authority_of};
use crate::registry::redirect::{is_inside_name, is_private, literal_address};
use crate::registry::signed_url::SignedUrl;

/// From https to http.
pub(super) fn redirect_downgrade(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    for one in &scene.seen {
        let Some((case, target)) = downgrade(one) else {
            continue;
        };
        let next = found.unwrap_or_else(|| {
            Found::new("redirect-downgrade", Severity::Error)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("target", authority_of(target))
        });
        found = Some(next.at(one, "response header Location", target));
    }
    found
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
        Some(
            Found::new("redirect-private", Severity::Warning)
                .at(one, "response header Location", &redirect.target)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("target", authority_of(&redirect.target)),
        )
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
        let refused = one.status() == Some(400) && {
            let mut errors = one.reading.errors.iter();
            errors.any(|error| error.message.contains("Only one auth mechanism allowed"))
        };
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
    let mut found: Option<Found> = None;
    for (at, one) in scene.seen.iter().enumerate() {
        if one.reading.endpoint.is_some() || !matches!(one.status(), Some(400..=499)) {
            continue;
        }
        let signed = one.reading.url.as_deref().and_then(SignedUrl::read);
        let now = one.moment();
        let expires = signed.as_ref().and_then(|signed| signed.expires);
        let past = expires.filter(|expires| now.is_some_and(|now| *expires < now));
        if past.is_none() && !says_expired(one) {
            continue;
        }
        let from = scene.redirects_to(at).next();
        let stale = from.is_some_and(|from| {
            let given = from.moment();
            past.is_some_and(|past| given.is_some_and(|given| past < given))
        });
        let case = match (stale, past) {
            (true, _) => "stale",
            (false, Some(_)) => "",
            (false, None) => "unstated",
        };
        let next = found.unwrap_or_else(|| {
            Found::new("signed-url-expired", Severity::Error)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("registry", from.map_or("-", |from| from.authority()))
                .fact("expired", expires.map_or("-".to_owned(), |e| e.to_string()))
                .fact("status", one.status().unwrap_or_default())
        });
        let next = next.status(one).errors(one);
        found = Some(match expires {
            Some(expires) => next.at(one, "request URL expiry", expires),
            None => next,
        });
    }
    found
}

fn says_expired(one: &Seen<'_>) -> bool {
    let mut errors = one.reading.errors.iter();
    errors.any(|error| {
        let message = error.message.to_ascii_lowercase();
        error.code == "ExpiredToken"
            || message.contains("request has expired")
            || message.contains("not valid in the specified time frame")
    })
}

/// The signature of a URL does not fit.
pub(super) fn signed_url_bad(scene: &Scene<'_>) -> Option<Found> {
    let bad = scene
        .unexplained()
        .find(|(_, one)| one.reading.endpoint.is_none() && one.reports("SignatureDoesNotMatch"));
    let (at, one) = bad?;
    let from = scene.redirects_to(at).next();
    Some(
        Found::new("signed-url-bad", Severity::Error)
            .status(one)
            .errors(one)
            .fact("host", one.authority())
            .fact("registry", from.map_or("-", |from| from.authority())),
    )
}
