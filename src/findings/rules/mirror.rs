//! Mirrors that do not help.

use jiff::SignedDuration;

use crate::exchange::Ending;
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};

/// A mirror fails and the client asks elsewhere, mostly without a word.
pub(super) fn mirror_fallthrough(scene: &Scene<'_>) -> Option<Found> {
    const SOON: SignedDuration = SignedDuration::from_secs(30);
    let pull = scene.pull.filter(|pull| !pull.mirrors.is_empty())?;
    let failures = hits(scene.seen.iter().enumerate(), |at, one| {
        // A download that fails is the failure of the mirror that redirected to it.
        let asked = scene.redirects_to(at).last().unwrap_or(one);
        let mut mirrors = pull.mirrors.iter();
        let is_mirror = mirrors.any(|mirror| mirror == asked.authority());
        if !is_mirror || !fails(one) || scene.recovered(at) {
            return None;
        }
        let (ended, ending) = one.exchange.ended.as_ref()?;
        let fallback = scene.after(at).find(|later| {
            later.reading.endpoint.is_some()
                && later.authority() != asked.authority()
                && (later.repository() == Some(&*pull.repository) || later.repository().is_none())
                && later.exchange.started.duration_since(*ended) <= SOON
        });
        Some((
            asked.authority(),
            fallback?.authority(),
            problem(one, ending),
        ))
    });
    let (_, one, (mirror, registry, problem)) = failures.first()?;
    let found = Found::about(scene, one, "mirror-fallthrough", Severity::Warning)
        .fact("mirror", mirror)
        .fact("registry", registry)
        .fact("problem", problem);
    Some(
        failures
            .iter()
            .fold(found, |found, (_, one, (.., problem))| match one.status() {
                Some(_) if !one.has_failed() => found.status(one).errors(one),
                _ => found.at(one, "failure", problem),
            }),
    )
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
