//! Manifests: of what kind, for which platform, and how they are served.

use std::collections::HashSet;

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::registry::media_type::Class;
use crate::registry::{Digest, Document, Index, Magic, Platform};

/// An index has nothing for the client's platform.
pub(super) fn no_platform(scene: &Scene<'_>) -> Option<Found> {
    if !scene.is_at_rest() {
        return None;
    }
    let asked: HashSet<&Digest> = scene
        .seen
        .iter()
        .filter(|one| one.reading.is_manifest_route())
        .filter_map(|one| one.reading.digests.requested.as_ref())
        .collect();
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
        let mut platforms: Vec<_> = index
            .images()
            .filter_map(|entry| Some(entry.platform.as_ref()?.to_string()))
            .collect();
        platforms.dedup();
        let severity = if is_known {
            Severity::Error
        } else {
            Severity::Warning
        };
        Some(
            Found::new("no-platform", severity)
                .at(one, "index platforms", platforms.join(", "))
                .fact("platform", wanted)
                .fact("platforms", platforms.join(", ")),
        )
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
    let mut served = scene.unexplained().filter(|(_, one)| {
        one.is_get() && matches!(one.reading.document, Some(Document::Schema1(_)))
    });
    let (_, one) = served.next()?;
    Some(
        Found::new("schema1", Severity::Warning)
            .header(one, "Content-Type")
            .fact("host", one.authority()),
    )
}

/// What a manifest's URL serves is no manifest, or of another type than it says.
pub(super) fn manifest_type(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    for one in &scene.seen {
        let is_read = one.is_get() || one.is_head();
        if !one.reading.is_manifest_route() || one.status() != Some(200) || !is_read {
            continue;
        }
        let Some((case, detail)) = wrong_type(one) else {
            continue;
        };
        let served = one.reading.content_type.to_string();
        let next = found.unwrap_or_else(|| {
            Found::new("manifest-type", Severity::Error)
                .fact("case", case)
                .fact("host", one.authority())
                .fact("served", &served)
                .fact("detail", &detail)
        });
        found = Some(next.header(one, "Content-Type").at(one, "body", &detail));
    }
    found
}

/// In what way the type of a served manifest is wrong.
fn wrong_type(one: &Seen<'_>) -> Option<(&'static str, String)> {
    let stated = &one.reading.content_type;
    if stated.class() == Class::Html || one.reading.magic == Some(Magic::Html) {
        return Some(("html", "HTML".to_owned()));
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

/// HEAD of a manifest is not allowed.
pub(super) fn head_405(scene: &Scene<'_>) -> Option<Found> {
    let mut refused = scene.seen.iter().filter(|one| {
        one.is_head() && one.reading.is_manifest_route() && one.status() == Some(405)
    });
    let one = refused.next()?;
    Some(
        Found::new("head-405", Severity::Warning)
            .status(one)
            .header(one, "Allow")
            .fact("host", one.authority()),
    )
}

/// A manifest comes without `Docker-Content-Digest`.
pub(super) fn missing_dcd(scene: &Scene<'_>) -> Option<Found> {
    const FIELD: &str = "Docker-Content-Digest";
    let mut found: Option<Found> = None;
    for (_, one) in scene.unexplained() {
        let is_read = one.is_get() || one.is_head();
        if !one.reading.is_manifest_route()
            || one.status() != Some(200)
            || !is_read
            || one.reading.digests.stated.is_some()
            || one.reading.misstated_digest.is_some()
        {
            continue;
        }
        let next = found.unwrap_or_else(|| {
            Found::new("missing-dcd", Severity::Warning).fact("host", one.authority())
        });
        found = Some(next.at(one, &format!("response header {FIELD}"), "absent"));
    }
    found
}
