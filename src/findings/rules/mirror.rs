//! Mirrors that do not help.

use jiff::SignedDuration;

use crate::exchange::Ending;
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};

/// A mirror fails and the client asks elsewhere, mostly without a word.
pub(super) fn mirror_fallthrough(scene: &Scene<'_>) -> Option<Found> {
    const SOON: SignedDuration = SignedDuration::from_secs(30);
    let pull = scene.pull.filter(|pull| !pull.mirrors.is_empty())?;
    let mut found: Option<Found> = None;
    for (at, one) in scene.seen.iter().enumerate() {
        // A download that fails is the failure of the mirror that redirected to it.
        let asked = scene.redirects_to(at).last().unwrap_or(one);
        let is_mirror = pull
            .mirrors
            .iter()
            .any(|mirror| mirror == asked.authority());
        if !is_mirror || !fails(one) || scene.recovered(at) {
            continue;
        }
        let Some((ended, ending)) = &one.exchange.ended else {
            continue;
        };
        let fallback = scene.after(at).find(|later| {
            later.reading.endpoint.is_some()
                && later.authority() != asked.authority()
                && (later.repository() == Some(&*pull.repository) || later.repository().is_none())
                && later.exchange.started.duration_since(*ended) <= SOON
        });
        let Some(fallback) = fallback else {
            continue;
        };
        let problem = problem(one, ending);
        let next = found.unwrap_or_else(|| {
            Found::new("mirror-fallthrough", Severity::Warning)
                .fact("client", scene.client())
                .fact("mirror", asked.authority())
                .fact("registry", fallback.authority())
                .fact("problem", &problem)
        });
        found = Some(match one.status() {
            Some(_) if !one.has_failed() => next.status(one).errors(one),
            _ => next.at(one, "failure", &problem),
        });
    }
    found
}

/// Whether a mirror failed here. That it wants a token first is no failure.
fn fails(one: &Seen<'_>) -> bool {
    match one.status() {
        _ if one.has_failed() => true,
        Some(401) => one.reading.authorization.is_some(),
        Some(status) => status >= 400,
        None => false,
    }
}

/// What went wrong, as the server or the proxy says it.
fn problem(one: &Seen<'_>, ending: &Ending) -> String {
    if let Ending::Failed { detail, .. } = ending {
        return detail.clone();
    }
    let status = one.status().unwrap_or_default();
    match one.reading.errors.first() {
        Some(error) if !error.code.is_empty() => format!("{status} {}", error.code),
        Some(error) => format!("{status} {}", error.message),
        None => status.to_string(),
    }
}
