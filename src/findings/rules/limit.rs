//! Limits on how often one may ask, and what else registries say in header fields.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};

/// The limit is reached.
pub(super) fn rate_limited(scene: &Scene<'_>) -> Option<Found> {
    let refusals = hits(scene.unexplained(), |_, one| {
        // GitHub refuses with 403 whoever asks too often.
        let is_refusal =
            one.status() == Some(403) && one.says(&["rate limit", "too many requests"]);
        (is_refusal || one.status() == Some(429)).then_some(())
    });
    let (_, one, ()) = *refusals.first()?;
    let fails = refusals.iter().any(|(at, ..)| !scene.recovered(*at));
    let stated = one.reading.rate_limit.as_deref();
    let (limit, window) = stated.map_or((None, None), |stated| (stated.limit, stated.window));
    let case = limit.and(window).map_or("bare", |_| "");
    let found = Found::about(scene, one, "rate-limited", Severity::error_if(fails))
        .fact("case", case)
        .fact("fix", remedy(scene, one))
        .fact("limit", limit.unwrap_or_default())
        .fact("window", window.unwrap_or_default());
    Some(refusals.iter().fold(found, |found, (_, one, ())| {
        let found = found.said(one).status(one);
        let fields = [
            "ratelimit-limit",
            "ratelimit-remaining",
            "docker-ratelimit-source",
            "retry-after",
        ];
        fields
            .iter()
            .fold(found, |found, name| found.header(one, name))
    }))
}

/// Whether logging in may help: not where the client did, and not against a limit on pushes.
fn remedy(scene: &Scene<'_>, one: &Seen<'_>) -> &'static str {
    if scene.is_push() || one.reading.is_upload() {
        "push"
    } else if scene.is_logged_in(one) {
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
        Found::about(scene, one, "rate-low", Severity::Warning)
            .at(one, "rate limit", format!("{remaining} of {limit} left"))
            .fact("case", if all.window.is_some() { "" } else { "bare" })
            .fact("remaining", remaining)
            .fact("limit", limit)
            .fact("window", all.window.unwrap_or_default()),
    )
}

/// The registry has something to say.
pub(super) fn registry_warning(scene: &Scene<'_>) -> Option<Found> {
    let seen = scene.seen.iter();
    let all = seen.flat_map(|one| {
        one.reading
            .warnings
            .iter()
            .map(move |said| (one, &said.text, said.code))
    });
    let told: Vec<_> = all.filter(|(.., code)| *code == 299).collect();
    let (one, text, _) = *told.first()?;
    let found = Found::about(scene, one, "registry-warning", Severity::Info).fact("text", text);
    let field = "response header Warning";
    Some(
        told.iter()
            .fold(found, |found, (one, text, _)| found.at(one, field, text)),
    )
}
