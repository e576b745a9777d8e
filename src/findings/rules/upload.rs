//! Pushes: what a registry does not take, and where it leaves a client without an address.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::registry::endpoint::Route;
use crate::words::figures::bytes;

/// A push was refused, or cannot go on.
pub(super) fn push_refused(scene: &Scene<'_>) -> Option<Found> {
    let refused = hits(scene.unexplained(), |at, one| {
        let case = refusal(scene, at, one)?;
        let got_over = is_got_over(scene, at, one);
        // Part of the protocol, where the client finds its way: a mount that is not done, a range
        // that the registry does not expect.
        let is_usual = matches!(case, "" | "range" | "no-address" | "short");
        (!got_over || !is_usual).then_some((case, got_over))
    });
    let (_, one, (case, _)) = *refused.first()?;
    let fails = refused.iter().any(|(.., (_, got_over))| !got_over);
    let found = Found::about(scene, one, "push-refused", Severity::error_if(fails))
        .fact("case", case)
        .fact("fix", remedy(one, case))
        .fact("type", one.sent_field("content-type").unwrap_or("-"))
        .fact("whose", one.whose())
        .fact("sent", bytes(sent(one)))
        .fact("held", bytes(held(one).unwrap_or_default()));
    let all = refused.iter();
    Some(all.fold(found, |found, (_, one, (case, _))| {
        evidence(found, one, case)
    }))
}

fn evidence(found: Found, one: &Seen<'_>, case: &str) -> Found {
    let found = found.said(one).status(one).errors(one);
    match case {
        "no-address" => found.absent(one, "Location"),
        "short" => found.header(one, "Range").at(one, "bytes sent", sent(one)),
        "too-large" => found.header(one, "Server").at(one, "bytes sent", sent(one)),
        _ => found.header(one, "Server"),
    }
}

/// In what way a registry refuses what is pushed, if it does.
fn refusal(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    let route = one.reading.route()?;
    // Where a blob is not to be had from another repository, clients upload it.
    let is_mount = matches!(route, Route::UploadStart { mount: Some(_), .. });
    if !writes(one) || is_mount || one.has_failed() {
        return None;
    }
    let status = one.status()?;
    if status == 202 {
        return unfit_address(one, route);
    }
    if status < 400 {
        return None;
    }
    let is_manifest = matches!(route, Route::Manifest(_));
    // Words come first: registries differ in the status and the code that they put to them.
    if status == 413 || one.reports("SIZE_INVALID") {
        return Some("too-large");
    }
    if status == 507 || one.says(&["quota", "configured upper limit", "insufficient storage"]) {
        return Some("quota");
    }
    let tags = is_manifest && status != 401;
    if tags && one.says(&["immutable", "cannot be overwritten", "already exists"]) {
        return Some("immutable");
    }
    if one.says(READ_ONLY) {
        return Some("read-only");
    }
    // Whose access is missing, who asks too often, and who is out of order, others say.
    if matches!(status, 401 | 403 | 429 | 500..) || one.reports("DENIED") {
        return None;
    }
    if status == 405 || one.reports("UNSUPPORTED") {
        let case = if is_manifest {
            "unsupported"
        } else {
            "read-only"
        };
        return Some(case);
    }
    Some(match () {
        () if one.reports("NAME_UNKNOWN") || says_no_repository(one) => "repository",
        () if one.reports("MANIFEST_BLOB_UNKNOWN") => "blob-missing",
        () if is_manifest && one.reports("BLOB_UNKNOWN") => "blob-missing",
        () if is_manifest && one.reports("MANIFEST_UNKNOWN") => "manifest-missing",
        () if is_manifest && status == 415 => "manifest",
        () if one.reports("MANIFEST_INVALID") || one.reports("MANIFEST_UNVERIFIED") => "manifest",
        () if one.reports("TAG_INVALID") => "tag",
        () if one.reports("NAME_INVALID") => "name",
        () if one.reports("DIGEST_INVALID") => "digest",
        () if one.reports("BLOB_UNKNOWN") && is_single(scene, at, one) => "single",
        () if one.reports("BLOB_UPLOAD_UNKNOWN") || !is_manifest && status == 404 => "session",
        () if status == 416 => "range",
        () => "",
    })
}

/// How servers say that they take nothing.
const READ_ONLY: &[&str] = &[
    "read-only",
    "read only",
    "readonly",
    "pull-through",
    "pull through",
];

/// Whether a request brings the registry something.
fn writes(one: &Seen<'_>) -> bool {
    one.reading.is_upload() && matches!(&*one.reading.method, "POST" | "PUT" | "PATCH")
}

/// Whether the answer to an upload that goes on leaves the client without an address, or says that
/// less arrived than was sent.
fn unfit_address(one: &Seen<'_>, route: &Route) -> Option<&'static str> {
    if one.reading.location.is_none() {
        return Some("no-address");
    }
    let is_patch = one.reading.method == "PATCH" && matches!(route, Route::Upload { .. });
    let is_short = is_patch && held(one)? < sent(one);
    is_short.then_some("short")
}

/// How many bytes of an upload the registry says that it has: `Range` of its answer, which names
/// the last one. Some answer `0-0` or `0--1` where there is none yet.
fn held(one: &Seen<'_>) -> Option<u64> {
    let range = one.field("range")?;
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    let last: u64 = last.trim().parse().ok()?;
    (first.trim() == "0" && last > 0).then(|| last.saturating_add(1))
}

/// How many bytes came with the request; what was not counted it announced.
fn sent(one: &Seen<'_>) -> u64 {
    let announced = one
        .sent_field("content-length")
        .and_then(|length| length.parse().ok());
    let body = one.exchange.request_body.as_ref();
    let counted = one.exchange.sent.max(body.map_or(0, |body| body.size));
    counted.max(announced.unwrap_or_default())
}

/// Whether the whole blob was to be taken in one request, without a PATCH before it.
fn is_single(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    let path = one.reading.path();
    let mut earlier = scene.seen.iter().take(at);
    let is_closing = matches!(&*one.reading.method, "PUT" | "POST") && sent(one) > 0;
    is_closing
        && !earlier.any(|other| other.reading.method == "PATCH" && other.reading.path() == path)
}

fn says_no_repository(one: &Seen<'_>) -> bool {
    one.status() == Some(404)
        && one.says(&["repository"])
        && one.says(&["does not exist", "not found", "not exist"])
}

/// Whether the client got over a refusal: the same was taken later, or a manifest was.
fn is_got_over(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    let reference = one.reference();
    let is_manifest = one.reading.is_manifest_route();
    let same = |later: &Seen<'_>| {
        let closes = later.status() == Some(201) && later.reference() == reference;
        let goes_on = later.reading.path() == one.reading.path();
        writes(later) && later.succeeded() && (goes_on || closes)
    };
    let is_named = reference.is_some() || matches!(one.reading.route(), Some(Route::Upload { .. }));
    let mut later = scene.after(at);
    let taken = is_named && later.any(same);
    taken || !is_manifest && scene.pushed_later(at)
}

/// Which remedy fits best: the provider's own, or that of the case.
fn remedy(one: &Seen<'_>, case: &'static str) -> &'static str {
    let who = one.gateway().unwrap_or_default();
    let sent = one.sent_field("content-type");
    let is_oci = sent.is_some_and(|sent| sent.contains("vnd.oci."));
    match (case, one.reading.provider) {
        ("repository", Some("ecr")) => "repository-ecr",
        ("repository", Some("gcr")) => "repository-gcr",
        ("repository", Some("harbor")) => "repository-harbor",
        ("immutable", Some("ecr")) => "immutable-ecr",
        ("too-large", _) if who.starts_with("nginx") => "too-large-nginx",
        ("too-large", _) if who == "Cloudflare" => "too-large-cloudflare",
        ("manifest", _) if is_oci => "manifest-oci",
        _ => case,
    }
}
