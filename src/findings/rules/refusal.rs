//! What the registry refuses: no access, or no such thing.

use std::collections::HashMap;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::registry::endpoint::Route;
use crate::registry::{Credentials, Fingerprint, Reference};

/// Access is denied.
pub(super) fn denied(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    for (at, one) in scene.unexplained() {
        let Some(case) = denial(scene, at, one) else {
            continue;
        };
        let next = found.unwrap_or_else(|| {
            Found::new("denied", Severity::Error)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("repository", one.repository().unwrap_or("-"))
                .fact("status", one.status().unwrap_or_default())
        });
        found = Some(next.status(one).errors(one).header(one, "WWW-Authenticate"));
    }
    found
}

/// In what way access was denied, if it was.
fn denial(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    let status = one.status().filter(|status| (400..500).contains(status))?;
    if let Some(request) = &one.reading.token_request {
        // With credentials some clients ask by POST first, and by GET where that is not known.
        let asked_again = scene.token_later(one.authority(), at);
        let refused = matches!(status, 401 | 403) || one.reports("invalid_grant");
        let named = request.credentials != Credentials::Anonymous;
        return (refused && !asked_again).then_some(if named { "login" } else { "token" });
    }
    let is_needed = match one.reading.route()? {
        // Where these are refused, clients go on without.
        Route::Referrers { .. } | Route::UploadStart { mount: Some(_), .. } => false,
        _ => !scene.recovered(at),
    };
    if !is_needed {
        return None;
    }
    let scheme = one.reading.authorization.as_ref().map(|sent| &*sent.scheme);
    let is_basic = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if one.reports("DENIED") || status == 403 {
        Some("")
    } else if status == 401 && is_basic {
        Some("login")
    } else if status == 401 && one.has_bearer() && one.challenged_with("insufficient_scope") {
        Some("scope")
    } else {
        None
    }
}

/// Fresh tokens are refused, one after the other.
pub(super) fn auth_loop(scene: &Scene<'_>) -> Option<Found> {
    let mut refused: HashMap<&str, Vec<(Fingerprint, &Seen<'_>)>> = HashMap::new();
    for (_, one) in scene.unexplained() {
        let Some(url) = &one.reading.url else {
            continue;
        };
        if one.status() != Some(401) {
            if one.succeeded() || one.is_redirect() {
                refused.remove(url.as_str());
            }
            continue;
        }
        let Some(sent) = one.reading.authorization.as_ref().filter(|s| s.is_bearer()) else {
            continue;
        };
        let all = refused.entry(url.as_str()).or_default();
        if !all.iter().any(|(token, _)| *token == sent.fingerprint) {
            all.push((sent.fingerprint, one));
        }
    }
    let loops = refused.into_values().filter(|all| all.len() > 1);
    let longest = loops.max_by_key(|all| (all.len(), all.first().map(|(_, one)| one.id())))?;
    let (_, last) = longest.last()?;
    let found = Found::new("auth-loop", Severity::Error)
        .fact("host", last.authority())
        .fact("count", longest.len());
    let found = longest.iter().fold(found, |found, (_, one)| {
        found.status(one).header(one, "WWW-Authenticate")
    });
    Some(found)
}

/// What was asked for does not exist.
pub(super) fn not_found(scene: &Scene<'_>) -> Option<Found> {
    if scene.is_push() {
        return None;
    }
    let mut found: Option<Found> = None;
    for (at, one) in scene.unexplained() {
        let Some(case) = absence(scene, at, one) else {
            continue;
        };
        let next = found.unwrap_or_else(|| {
            // A download's own URL does not say which repository it is from.
            let asked = scene.redirects_to(at).last().unwrap_or(one);
            Found::new("not-found", Severity::Error)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("repository", asked.repository().unwrap_or("-"))
                .fact("reference", asked.reference().map_or("-".to_owned(), name))
        });
        found = Some(next.status(one).errors(one));
    }
    found
}

/// A tag, or a digest short enough for a sentence.
fn name(reference: &Reference) -> String {
    match reference.digest() {
        Some(digest) => digest.short(),
        None => reference.to_string(),
    }
}

/// What does not exist, if that is what an answer says.
fn absence(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    if one.status() != Some(404) {
        return None;
    }
    let Some(endpoint) = &one.reading.endpoint else {
        return (one.is_get() && scene.is_blob(at) && is_named(scene, at)).then_some("blob");
    };
    if scene.had_later(at) {
        return None;
    }
    match &endpoint.route {
        // Signing tools ask whether there is a signature; mostly there is none.
        Route::Manifest(reference) if reference.is_auxiliary() => None,
        Route::Manifest(_) | Route::Tags(_) if one.reports("NAME_UNKNOWN") => Some("name"),
        Route::Manifest(_) => Some(""),
        Route::Blob(_) if one.is_get() && is_named(scene, at) => Some("blob"),
        _ => None,
    }
}

/// Whether a manifest names what is asked for. containerd asks for other things, too: for what it
/// has got in the place of a manifest, for one.
fn is_named(scene: &Scene<'_>, at: usize) -> bool {
    let asked = scene.asked(at);
    asked.is_some_and(|digest| scene.stated_size(digest).is_some())
}
