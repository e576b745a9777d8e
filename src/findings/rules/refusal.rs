//! What the registry refuses: no access, or no such thing.

use std::collections::HashMap;
use std::sync::LazyLock;

use url::Url;

use crate::base::table;
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::registry::endpoint::Route;
use crate::registry::{Challenge, Credentials, Document, Fingerprint, Reference};

/// Access is denied.
pub(super) fn denied(scene: &Scene<'_>) -> Option<Found> {
    let denials = hits(scene.unexplained(), |at, one| denial(scene, at, one));
    // The answer to a HEAD says nothing, that to the GET after it says why.
    let telling = denials.iter().find(|(_, one, _)| one.said().is_some());
    let (_, one, case) = *telling.or(denials.first())?;
    let registry = scene.named_by(one).unwrap_or(one);
    let own = scene.pull.map(|pull| pull.repository.as_str());
    let repository = one.repository().or(own.filter(|name| !name.is_empty()));
    let found = Found::about(scene, one, "denied", Severity::Error)
        .fact("case", case)
        .fact("fix", remedy(scene, one, case))
        .fact("registry", registry.authority())
        .fact("repository", repository.unwrap_or(one.reading.path()))
        .said(one);
    Some(denials.iter().fold(found, |found, (_, one, _)| {
        found
            .status(one)
            .errors(one)
            .header(one, "WWW-Authenticate")
    }))
}

/// In what way access was denied, if it was.
fn denial(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    let status = one.status().filter(|status| (400..500).contains(status))?;
    if let Some(request) = &one.reading.token_request {
        // With credentials some clients ask by POST first, and by GET where that is not known.
        let asked_again = scene.token_later(one.authority(), at);
        let refused = matches!(status, 401 | 403 | 451) || one.reports("invalid_grant");
        if !refused || asked_again {
            return None;
        }
        let named = request.credentials != Credentials::Anonymous;
        return Some(match by_content(one, status) {
            Some(case) => case,
            None if named && one.says_expired() => "expired",
            None if named => "login",
            None => "token",
        });
    }
    let is_needed = match one.reading.route()? {
        // Where these are refused, clients go on without.
        Route::Referrers { .. } | Route::UploadStart { mount: Some(_), .. } => false,
        _ => !scene.got_over(at),
    };
    if !is_needed {
        return None;
    }
    let sent = one.reading.authorization.as_ref();
    let is_basic = sent.is_some_and(|sent| sent.scheme.eq_ignore_ascii_case("basic"));
    let is_denied = one.reports("DENIED") || matches!(status, 403 | 451);
    if let Some(case) = by_content(one, status).filter(|_| is_denied) {
        return Some(case);
    }
    if is_basic && (is_denied || status == 401) {
        let speaks_of_login = status == 401 || one.says(LOGIN);
        return Some(if one.says_expired() {
            "expired"
        } else if speaks_of_login && is_unasked(scene, at, one) {
            "unasked"
        } else if speaks_of_login {
            "login"
        } else {
            ""
        });
    }
    let is_refused = status == 401 && one.has_bearer();
    if is_denied {
        Some("")
    } else if is_refused && one.challenged_with("insufficient_scope") {
        Some("scope")
    } else if is_refused && one.reading.challenges.iter().all(|c| c.error().is_none()) {
        Some("bearer")
    } else {
        None
    }
}

/// What an answer shows by itself that no login changes.
fn by_content(one: &Seen<'_>, status: u16) -> Option<&'static str> {
    if status == 451 || one.says(&REGION) {
        Some("region")
    } else if one.is_page() {
        Some("page")
    } else {
        None
    }
}

/// How servers speak of who somebody is.
const LOGIN: &[&str] = &[
    "token",
    "credential",
    "password",
    "authenticat",
    "user name",
    "username",
];

/// How servers say that they serve no addresses of some countries.
static REGION: LazyLock<Vec<&str>> =
    LazyLock::new(|| table::lines(include_str!("region.txt")).collect());

/// Whether user name and password went to a registry that had not asked for them and takes tokens.
fn is_unasked(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    let before = scene.seen.iter().take(at + 1);
    let same = before.filter(|other| other.authority() == one.authority());
    let mut asked = same.flat_map(|other| &other.reading.challenges);
    let takes_tokens = one.reading.challenges.iter().any(Challenge::is_bearer);
    (takes_tokens || one.host() == "public.ecr.aws") && !asked.any(Challenge::is_basic)
}

/// What there is to be done, where the case alone does not say it: each provider has its way to
/// log in.
fn remedy(scene: &Scene<'_>, one: &Seen<'_>, case: &'static str) -> &'static str {
    if matches!(case, "region" | "page" | "unasked") {
        return case;
    }
    if scene.is_misdirected(one) {
        return "host-in-name";
    }
    if let Some(way) = way_to_log_in(scene, one) {
        return way;
    }
    match case {
        "" | "scope" | "bearer" if scene.is_logged_in(one) => "account",
        _ => case,
    }
}

/// The provider's own way to log in, where it has one.
pub(super) fn way_to_log_in(scene: &Scene<'_>, one: &Seen<'_>) -> Option<&'static str> {
    let registry = scene.named_by(one).unwrap_or(one);
    if registry.host() == "public.ecr.aws" {
        return Some("ecr-public");
    }
    let mut known = WAYS_TO_LOG_IN.split(' ');
    scene
        .provider(one)
        .filter(|word| known.any(|one| one == *word))
}

/// The providers that `fix` in the table of texts has a row for.
const WAYS_TO_LOG_IN: &str = "hub gcr ghcr quay ecr acr gitlab harbor artifactory nexus";

/// The registry passes on a refusal of the storage behind it.
pub(super) fn storage_refused(scene: &Scene<'_>) -> Option<Found> {
    let refusals = hits(scene.unexplained(), |at, one| {
        let is_xml = one.reading.content_type.as_str().ends_with("xml");
        let is_refusal = matches!(one.status(), Some(400..=499)) && one.reading.route().is_some();
        let code = &one.reading.errors.first()?.code;
        (is_xml && is_refusal && !scene.got_over(at)).then_some(code)
    });
    let (_, one, code) = *refusals.first()?;
    let words = [
        "authorization",
        "auth mechanism",
        "x-amz-",
        "authentication",
    ];
    let is_about_credentials = one.reading.authorization.is_some() && one.says(&words);
    let found = Found::about(scene, one, "storage-refused", Severity::Error)
        .fact(
            "case",
            if is_about_credentials {
                "credentials"
            } else {
                ""
            },
        )
        .fact("code", code)
        .said(one);
    let all = refusals.iter();
    Some(all.fold(found, |found, (_, one, _)| found.status(one).errors(one)))
}

/// What there is, is of a kind that the request does not take.
pub(super) fn not_accepted(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        let is_so = matches!(one.status(), Some(404 | 406)) && one.says(&["accept header"])
            || one.status() == Some(406);
        if !is_so || !one.reading.is_manifest_route() || scene.had_later(at) {
            return None;
        }
        let accepted = one.accepts();
        let found = Found::about(scene, one, "not-accepted", Severity::Error)
            .at(one, "request header Accept", &accepted)
            .fact(
                "accepted",
                if accepted.is_empty() { "-" } else { &accepted },
            );
        Some(found.status(one).errors(one).said(one))
    })
}

/// Fresh tokens are refused, one after the other.
pub(super) fn auth_loop(scene: &Scene<'_>) -> Option<Found> {
    let mut refused: HashMap<&str, Vec<(Fingerprint, &Seen<'_>)>> = HashMap::new();
    for (_, one) in scene.unexplained() {
        let Some(url) = one.reading.url.as_deref().map(Url::as_str) else {
            continue;
        };
        let sent = one
            .reading
            .authorization
            .as_ref()
            .filter(|sent| sent.is_bearer());
        if one.is_good() {
            refused.remove(url);
        } else if let Some(sent) = sent
            && one.status() == Some(401)
            && !one.challenged_with("insufficient_scope")
        {
            let all = refused.entry(url).or_default();
            if all.iter().all(|(token, _)| *token != sent.fingerprint) {
                all.push((sent.fingerprint, one));
            }
        }
    }
    let loops = refused.into_values().filter(|all| all.len() > 1);
    let longest = loops.max_by_key(|all| (all.len(), all.first().map(|(_, one)| one.id())))?;
    let (_, last) = longest.last()?;
    let found =
        Found::about(scene, last, "auth-loop", Severity::Error).fact("count", longest.len());
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
    let absent = hits(scene.unexplained(), |at, one| absence(scene, at, one));
    let (at, one, case) = *absent.first()?;
    let found = told(scene, at, one, case);
    let all = absent.iter();
    Some(all.fold(found, |found, (_, one, _)| {
        found.said(one).status(one).errors(one)
    }))
}

/// What the sentences leave open.
fn told(scene: &Scene<'_>, at: usize, one: &Seen<'_>, case: &'static str) -> Found {
    // A download's own URL does not say which repository it is from.
    let asked = scene.redirects_to(at).last().unwrap_or(one);
    let repository = asked.repository().unwrap_or("-");
    // Only for a copy of Docker Hub is a name without an owner short for another.
    let others = ["gcr", "ghcr", "quay", "ecr", "acr", "mcr", "gitlab"];
    let is_other = scene
        .provider(asked)
        .is_some_and(|word| others.contains(&word));
    let is_short = matches!(case, "" | "name") && !repository.contains('/') && !is_other;
    let fix = match case {
        "" | "name" if scene.is_misdirected(asked) => "host-in-name",
        _ if is_short => "library",
        _ => case,
    };
    Found::about(scene, one, "not-found", Severity::Error)
        .fact("case", case)
        .fact("fix", fix)
        .fact("asked", asked.authority())
        .fact("repository", repository)
        .fact("reference", asked.named())
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
    let mut redirects = scene.redirects_to(at);
    let has_left = redirects.any(|from| from.authority() != one.authority());
    match &endpoint.route {
        // Signing tools ask whether there is a signature; mostly there is none.
        Route::Manifest(reference) if reference.is_auxiliary() => None,
        Route::Manifest(_) | Route::Tags(_) if one.is_page() && one.reading.errors.is_empty() => {
            Some("page")
        }
        Route::Manifest(_) if has_left => Some("redirected"),
        Route::Manifest(_) | Route::Tags(_) if one.reports("NAME_UNKNOWN") => Some("name"),
        Route::Manifest(_) if is_named(scene, at) => Some("child"),
        Route::Manifest(reference) if is_converted(scene, reference) => Some("converted"),
        Route::Manifest(reference) if reference.digest().is_some() => Some("digest"),
        Route::Manifest(_) => Some(""),
        Route::Blob(_) if one.is_get() && is_named(scene, at) => Some("blob"),
        _ => None,
    }
}

/// Whether a digest is that of a manifest of schema 1: registries make those on demand, and keep
/// none of them.
fn is_converted(scene: &Scene<'_>, asked: &Reference) -> bool {
    let Some(digest) = asked.digest() else {
        return false;
    };
    scene.seen.iter().any(|one| {
        matches!(one.reading.document, Some(Document::Schema1(_)))
            && one.reading.digests.stated.as_ref() == Some(digest)
    })
}

/// Whether a manifest names what is asked for. containerd asks for other things, too: for what it
/// has got in the place of a manifest, for one.
fn is_named(scene: &Scene<'_>, at: usize) -> bool {
    let asked = scene.asked(at);
    asked.is_some_and(|digest| scene.stated_size(digest).is_some())
}
