//! Limits on how often one may ask, and what else registries say in header fields.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::registry::Credentials;

/// The limit is reached.
pub(super) fn rate_limited(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    let mut recovered = true;
    for (at, one) in scene.unexplained() {
        // GitHub refuses with 403 whoever asks too often.
        let is_refusal =
            one.status() == Some(403) && one.says(&["rate limit", "too many requests"]);
        if one.status() != Some(429) && !is_refusal {
            continue;
        }
        recovered &= scene.recovered(at);
        let stated = one.reading.rate_limit.as_deref();
        let next = found.unwrap_or_else(|| {
            let limit = stated.and_then(|stated| stated.limit);
            let window = stated.and_then(|stated| stated.window);
            let case = match (limit, window) {
                (Some(_), Some(_)) => "",
                _ => "bare",
            };
            Found::new("rate-limited", Severity::Error)
                .fact("case", case)
                .fact("fix", remedy(scene, one))
                .fact("status", one.status().unwrap_or_default())
                .fact("host", one.authority())
                .fact("limit", limit.unwrap_or_default())
                .fact("window", window.unwrap_or_default())
        });
        found = Some(
            next.said(one)
                .status(one)
                .header(one, "ratelimit-limit")
                .header(one, "ratelimit-remaining")
                .header(one, "docker-ratelimit-source")
                .header(one, "retry-after"),
        );
    }
    let severity = Severity::error_if(!recovered);
    found.map(|found| found.severity(severity))
}

/// Whether logging in may help: not where the client did, and not against a limit on pushes.
fn remedy(scene: &Scene<'_>, one: &Seen<'_>) -> &'static str {
    let issuer = scene.issuer(one).map(|(issuer, _)| issuer);
    let request = issuer.and_then(|issuer| issuer.reading.token_request.as_deref());
    let is_named = request.is_some_and(|request| request.credentials != Credentials::Anonymous);
    let is_basic = one.reading.authorization.is_some() && !one.has_bearer();
    if scene.is_push() || one.reading.is_upload() {
        "push"
    } else if is_named || is_basic {
        "account"
    } else {
        ""
    }
}

/// The limit is near.
pub(super) fn rate_low(scene: &Scene<'_>) -> Option<Found> {
    if scene.seen.iter().any(|one| one.status() == Some(429)) {
        return None;
    }
    let mut stated = scene.seen.iter().rev().filter_map(|one| {
        let limit = one.reading.rate_limit.as_deref()?;
        Some((one, limit.limit?, limit.remaining?, limit))
    });
    let (one, limit, remaining, all) = stated.next().filter(|(.., all)| all.is_low())?;
    Some(
        Found::new("rate-low", Severity::Warning)
            .at(one, "rate limit", format!("{remaining} of {limit} left"))
            .fact("case", if all.window.is_some() { "" } else { "bare" })
            .fact("host", one.authority())
            .fact("remaining", remaining)
            .fact("limit", limit)
            .fact("window", all.window.unwrap_or_default()),
    )
}

/// The registry has something to say.
pub(super) fn registry_warning(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    for one in &scene.seen {
        for warning in &one.reading.warnings {
            if warning.code != 299 {
                continue;
            }
            let next = found.unwrap_or_else(|| {
                Found::new("registry-warning", Severity::Info)
                    .fact("host", one.authority())
                    .fact("text", &warning.text)
            });
            found = Some(next.at(one, "response header Warning", &warning.text));
        }
    }
    found
}
