//! Manifests: of what kind, for which platform, and how they are served.

use std::collections::HashSet;

use crate::base::text::first;
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::registry::media_type::Class;
use crate::registry::{Digest, Document, Index, Magic, Platform};

/// An index has nothing for the client's platform.
pub(super) fn no_platform(scene: &Scene<'_>) -> Option<Found> {
    if !scene.is_at_rest() {
        return None;
    }
    let manifests = scene
        .seen
        .iter()
        .filter(|one| one.reading.is_manifest_route());
    let asked = manifests.filter_map(|one| one.reading.digests.requested.as_ref());
    let asked: HashSet<&Digest> = asked.collect();
    scene.seen.iter().find_map(|one| {
        let Some(Document::Index(index)) = one.reading.document.as_ref().filter(|_| one.is_get())
        else {
            return None;
        };
        let stated = one.reading.client.platform.clone();
        let is_known = stated.is_some();
        // A client that does not say runs, as a rule, where its connection comes from.
        let local = one.exchange.connection.client.ip().is_loopback();
        let wanted = stated.or_else(|| local.then(Platform::of_this_machine))?;
        let mut digests = index.manifests.iter().filter_map(|m| m.digest.as_ref());
        if !lacks(index, &wanted) || digests.any(|digest| asked.contains(digest)) {
            return None;
        }
        let offered = index.images().filter_map(|entry| entry.platform.as_ref());
        let mut platforms: Vec<_> = offered.map(ToString::to_string).collect();
        platforms.dedup();
        let platforms = platforms.join(", ");
        let found = Found::about(scene, one, "no-platform", Severity::error_if(is_known)).at(
            one,
            "index platforms",
            &platforms,
        );
        Some(found.fact("platform", wanted).fact("platforms", platforms))
    })
}

/// Whether an index of images has none for a platform.
fn lacks(index: &Index, wanted: &Platform) -> bool {
    let mut platforms = index
        .images()
        .map(|entry| entry.platform.as_ref())
        .peekable();
    // What names no platform suits all, and may be no image.
    platforms.peek().is_some()
        && platforms.all(|offered| offered.is_some_and(|offered| !runs(offered, wanted)))
}

/// Whether something for one platform runs on another: 64-bit processors also run what is for
/// their 32-bit predecessors.
fn runs(offered: &Platform, wanted: &Platform) -> bool {
    let older = match wanted.architecture.as_str() {
        "amd64" => "386",
        "arm64" => "arm",
        _ => "",
    };
    offered.suits(wanted) || (offered.os == wanted.os && offered.architecture == older)
}

/// The manifest format of 2014.
pub(super) fn schema1(scene: &Scene<'_>) -> Option<Found> {
    let mut served = scene.unexplained();
    let (_, one) = served.find(|(_, one)| one.reading.is_schema1())?;
    let accept = one.accepts();
    let case = asked_types(&accept);
    let accepted = if accept.is_empty() { "-" } else { &accept };
    let found = Found::about(scene, one, "schema1", Severity::Warning)
        .header(one, "Content-Type")
        .fact("case", case)
        .fact("accept", accepted);
    Some(match case {
        "" => found,
        _ => found.at(one, "request header Accept", &accept),
    })
}

/// Whether what a client accepts is why it got the oldest format: registries make one for those who
/// ask for nothing newer.
fn asked_types(accept: &str) -> &'static str {
    let names = |parts: &[&str]| parts.iter().any(|part| accept.contains(part));
    match names(&["docker.distribution.manifest.v2", "manifest.list.v2"]) {
        // A file may leave fields out.
        _ if accept.is_empty() || names(&["vnd.oci.image"]) => "",
        true => "accept-docker",
        false => "accept",
    }
}

/// What a manifest's URL serves is no manifest, or of another type than it says.
pub(super) fn manifest_type(scene: &Scene<'_>) -> Option<Found> {
    let wrong = hits(scene.unexplained(), |_, one| {
        wrong_type(one).filter(|_| is_served(one))
    });
    let (_, one, (case, detail)) = wrong.first()?;
    let served = one.reading.content_type.to_string();
    let found = Found::about(scene, one, "manifest-type", Severity::Error)
        .fact("case", case)
        .fact("served", if served.is_empty() { "-" } else { &served })
        .fact("detail", detail);
    Some(wrong.iter().fold(found, |found, (_, one, (case, detail))| {
        let found = found.header(one, "Content-Type").at(one, "body", detail);
        // What HEAD said of the same URL is of the same page.
        let heads = scene.seen.iter().filter(|head| {
            let own = head.reading.url.as_ref();
            !case.is_empty() && head.is_head() && own.is_some() && own == one.reading.url.as_ref()
        });
        heads.fold(found, Found::status)
    }))
}

/// Whether a manifest was asked for, and something came.
fn is_served(one: &Seen<'_>) -> bool {
    let is_read = one.is_get() || one.is_head();
    one.reading.is_manifest_route() && one.status() == Some(200) && is_read
}

/// In what way the type of a served manifest is wrong.
fn wrong_type(one: &Seen<'_>) -> Option<(&'static str, String)> {
    let stated = &one.reading.content_type;
    if stated.class() == Class::Html || one.reading.magic == Some(Magic::Html) {
        return Some(match &one.reading.page {
            Some(page) => ("page", shortened(page)),
            None => ("html", "HTML".to_owned()),
        });
    }
    let body = one.exchange.response_body.as_ref();
    if one.is_get()
        && body.is_some_and(|body| body.size == 0 && body.complete)
        && one.reading.content_length.is_none_or(|length| length == 0)
    {
        return Some(("empty", "0 B".to_owned()));
    }
    match one
        .reading
        .document
        .as_ref()
        .filter(|_| one.is_complete())?
    {
        Document::Unreadable { reason } => Some(("unreadable", reason.clone())),
        document => {
            let own = document.stated_type()?;
            let differ = !stated.is_empty() && own != stated;
            differ.then(|| ("", own.to_string()))
        }
    }
}

/// How a page begins: whose it is, mostly.
fn shortened(page: &str) -> String {
    const MOST: usize = 120;
    // What is not UTF-8 says nothing here.
    let words = page.split(' ').filter(|word| !word.contains('\u{fffd}'));
    let page = words.collect::<Vec<_>>().join(" ");
    first(&page, MOST)
}

/// The answer to HEAD of a manifest lacks what clients read from it.
pub(super) fn head_fields(scene: &Scene<'_>) -> Option<Found> {
    let mut heads = scene
        .unexplained()
        .filter(|(_, one)| one.is_head() && is_served(one));
    heads.find_map(|(at, one)| {
        let length = one.field("content-length").is_some();
        let kind = one.field("content-type").is_some();
        // A file that leaves fields out leaves out all of them.
        let is_told = length || kind || one.field("docker-content-digest").is_some();
        let missing = match (length, kind) {
            (true, true) => return None,
            (false, true) => "Content-Length",
            (true, false) => "Content-Type",
            (false, false) => "Content-Length, Content-Type",
        };
        if !is_told {
            return None;
        }
        let goes_on = scene
            .after(at)
            .any(|later| later.reading.is_manifest_route());
        let is_docker = one.reading.client.name == "docker";
        let stopped = is_docker && !goes_on;
        let found = Found::about(scene, one, "head-fields", Severity::error_if(stopped))
            .fact("case", if stopped { "stopped" } else { "" })
            .fact("missing", missing);
        let found = missing
            .split(", ")
            .fold(found, |found, name| found.absent(one, name));
        Some(found.header(one, "Server"))
    })
}

/// HEAD of a manifest is not allowed.
pub(super) fn head_405(scene: &Scene<'_>) -> Option<Found> {
    let mut refused = scene.seen.iter().filter(|one| {
        one.is_head() && one.reading.is_manifest_route() && one.status() == Some(405)
    });
    let one = refused.next()?;
    let found = Found::about(scene, one, "head-405", Severity::Warning);
    Some(found.status(one).header(one, "Allow"))
}

/// A manifest comes without `Docker-Content-Digest`.
pub(super) fn missing_dcd(scene: &Scene<'_>) -> Option<Found> {
    let lacking = hits(scene.unexplained(), |_, one| {
        let digests = &one.reading.digests;
        let is_stated = digests.stated.is_some() || one.reading.misstated_digest.is_some();
        (is_served(one) && !is_stated).then_some(())
    });
    let (_, one, ()) = *lacking.first()?;
    let found = Found::about(scene, one, "missing-dcd", Severity::Warning);
    let all = lacking.iter();
    Some(all.fold(found, |found, (_, one, ())| {
        found.absent(one, "Docker-Content-Digest")
    }))
}
