//! Servers that fail, and requests that they find wrong.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::registry::IntermediaryRole;
use crate::registry::endpoint::Route;

/// A server could not do what it was asked for: 5xx.
pub(super) fn server_error(scene: &Scene<'_>) -> Option<Found> {
    first(scene, "server-error", |at, one| {
        let is_ours = one.is_registry() || scene.is_blob(at);
        (is_ours && matches!(one.status(), Some(500..=599))).then(|| trouble(one))
    })
}

/// What of a server's failure can be told from its answer.
fn trouble(one: &Seen<'_>) -> &'static str {
    let is_storage = one.says(&["drivername", "s3aws", "slowdown", "storage driver"]);
    let gateway = one.gateway().is_some() || one.is_page();
    if matches!(one.reading.route(), Some(Route::Manifest(tag)) if tag.is_auxiliary()) {
        return "referrers";
    }
    match one.status() {
        _ if is_storage => "storage",
        Some(504) => "gateway-timeout",
        Some(502) => "bad-gateway",
        Some(503) => "unavailable",
        _ if gateway => "page",
        _ => "",
    }
}

/// A request to read or to delete was refused for what it asks: 4xx.
pub(super) fn bad_request(scene: &Scene<'_>) -> Option<Found> {
    first(scene, "bad-request", |at, one| {
        if !matches!(&*one.reading.method, "GET" | "HEAD" | "DELETE") {
            return None;
        }
        match one.reading.route() {
            // What is not there is a question answered, and many registries have no referrers.
            Some(Route::Referrers { .. } | Route::Upload { .. } | Route::UploadStart { .. }) => {
                None
            }
            Some(route) => mistake(one, route),
            None if one.reading.token_request.is_some() => None,
            None => (scene.is_blob(at) && is_refused_by_storage(one)).then_some("storage"),
        }
    })
}

/// In what way a request of the API is wrong, if an answer says that it is.
fn mistake(one: &Seen<'_>, route: &Route) -> Option<&'static str> {
    let status = one.status().filter(|status| (400..500).contains(status))?;
    let repository = one.repository().unwrap_or_default();
    let has_capitals = repository.chars().any(|c| c.is_ascii_uppercase());
    let is_delete = one.reading.method == "DELETE";
    if one.says(&["no required ssl certificate", "ssl certificate error"]) {
        return Some("client-certificate");
    }
    if one.says(&[
        "plain http request was sent to https port",
        "http request to an https server",
    ]) {
        return Some("tls-port");
    }
    if one.reports("NAME_INVALID") {
        return Some(if has_capitals { "upper-case" } else { "name" });
    }
    if is_delete && (status == 405 || one.reports("UNSUPPORTED")) {
        return Some("delete");
    }
    if status == 412 || one.says(&["policyviolation", "policy"]) && status != 403 {
        return Some("policy");
    }
    match status {
        // Others say these; and a client that has it all asks for the rest, which is nothing.
        401 | 403 | 404 | 416 | 429 => None,
        // HEAD is asked again as GET.
        405 if one.is_head() => None,
        _ if matches!(route, Route::Ping) && one.is_head() => None,
        _ => Some(""),
    }
}

/// Whether a store that the registry redirected to does not serve what it was asked for.
fn is_refused_by_storage(one: &Seen<'_>) -> bool {
    // These are told as what they are: a wrong signature, credentials that were sent along.
    let is_told = one.reports("SignatureDoesNotMatch") || one.reading.authorization.is_some();
    let is_end_of_file = one.status() == Some(416) && one.reading.range_start() > Some(0);
    matches!(one.status(), Some(400..=403 | 405..=428)) && !is_told && !is_end_of_file
}

/// The first exchange that a rule has something to say of, with what is common to these rules:
/// who answered, what it said, and whether the client got over it.
fn first(
    scene: &Scene<'_>,
    rule: &'static str,
    judge: impl Fn(usize, &Seen<'_>) -> Option<&'static str>,
) -> Option<Found> {
    let hits = hits(scene.unexplained(), |at, one| {
        // A look for a signature or for referrers that fails stops nobody, unless the tag that stands
        // in for the list fails, too.
        let is_aside = match one.reading.route() {
            Some(Route::Referrers { .. }) => true,
            Some(Route::Manifest(reference)) => {
                let mut routes = scene.seen.iter().filter_map(|other| other.reading.route());
                reference.is_auxiliary() && !routes.any(|route| route.falls_back_on(reference))
            }
            _ => false,
        };
        judge(at, one).filter(|_| !one.has_failed() && !is_aside)
    });
    let (at, one, case) = *hits.first()?;
    let fails = hits
        .iter()
        .any(|(at, one, _)| !is_got_over(scene, *at, one));
    let asked = scene.redirects_to(at).last().unwrap_or(one);
    let repository = asked.repository().unwrap_or("-");
    let found = Found::about(scene, one, rule, Severity::error_if(fails))
        .fact("case", case)
        .fact("fix", remedy(one, case))
        .fact("registry", asked.authority())
        .fact("repository", repository)
        .fact("lower", repository.to_ascii_lowercase())
        .fact("whose", one.whose());
    // The answer to HEAD says nothing, that to GET says the same for both.
    Some(hits.iter().fold(found, |found, (_, one, _)| {
        found
            .said(one)
            .status(one)
            .errors(one)
            .header(one, "Server")
    }))
}

/// Whether what was asked for was to be had later, or a push went on without it.
fn is_got_over(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    let token = one.reading.token_request.is_some() && scene.token_later(one.authority(), at);
    token || scene.whole_later(at) || scene.got_over(at) || scene.pushed_later(at)
}

/// Which remedy fits best: that of the case, or the place where a provider tells of its troubles.
fn remedy(one: &Seen<'_>, case: &'static str) -> &'static str {
    match one.reading.provider {
        Some(provider @ ("hub" | "ghcr" | "quay" | "gitlab"))
            if matches!(one.status(), Some(500..=599)) =>
        {
            provider
        }
        _ => case,
    }
}

impl Seen<'_> {
    /// The gateway that answered in the registry's place, when it says so.
    pub(super) fn gateway(&self) -> Option<&'static str> {
        let who = self.intermediary()?;
        (who.role == IntermediaryRole::Gateway).then_some(who.name)
    }

    /// The same, to be put after what it is: ` (nginx)`, or nothing.
    pub(super) fn whose(&self) -> String {
        self.gateway()
            .map_or_else(String::new, |who| format!(" ({who})"))
    }
}
