//! Short names of long things: by meaning, never cut blindly.

use crate::base::text::middle;
use crate::pulls::{Part, Pull};
use crate::registry::{Kind, Platform, Reading, Reference, Route, Scope};
use crate::store::Entry;

/// `alpine:3.20`, `quay.io/a/b@9c36…a1f0`.
pub(super) fn pull(pull: &Pull) -> String {
    match &pull.reference {
        Some(Reference::Digest(digest)) => {
            let name = pull.name();
            let familiar = name.split('@').next().unwrap_or(&name);
            format!("{familiar}@{}", digest.short())
        }
        _ => pull.name(),
    }
}

/// A host in `room` columns; what tells it from others stays.
pub(super) fn host(authority: &str, room: usize) -> String {
    if authority.chars().count() <= room {
        return authority.to_owned();
    }
    // `production.cloudflare.docker.com` → its ends.
    let trimmed = authority.trim_end_matches(".com").trim_end_matches(".io");
    if trimmed.chars().count() <= room {
        trimmed.to_owned()
    } else {
        middle(trimmed, room)
    }
}

/// The first word of a host name, as in `registry-1→cdn`.
pub(super) fn host_word(authority: &str) -> &str {
    authority.split(['.', ':']).next().unwrap_or(authority)
}

/// `linux/arm64/v8`.
pub(super) fn platform(platform: Option<&Platform>) -> String {
    platform.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// A part of an image: `layer 1/7`.
pub(super) fn part(part: Option<Part>) -> String {
    match part {
        Some(Part::Index) => "index".to_owned(),
        Some(Part::Manifest) => "manifest".to_owned(),
        Some(Part::Config) => "config".to_owned(),
        Some(Part::Layer { number, count }) => format!("layer {number}/{count}"),
        None => "blob".to_owned(),
    }
}

/// What an exchange is for, in the words of the list: the part it is about, where it is.
pub(super) fn kind(entry: &Entry, part_of: Option<Part>, merged: bool) -> String {
    match (entry.kind, part_of) {
        (Kind::Redirect | Kind::Cdn, Some(place)) if merged => part(Some(place)),
        (Kind::Cdn, Some(place)) => format!("cdn {}", part(Some(place))),
        (Kind::Layer, Some(place)) => part(Some(place)),
        (kind, _) => kind.word().to_owned(),
    }
}

/// What an exchange is about: a repository and a reference, a scope, or a path.
pub(super) fn subject(reading: &Reading, in_pull: bool) -> String {
    if let Some(request) = &reading.token_request {
        return request
            .main_scope()
            .map_or_else(|| "no scope".to_owned(), |asked| scope(asked, in_pull));
    }
    let Some(endpoint) = &reading.endpoint else {
        return reading
            .url
            .as_ref()
            .map_or_else(String::new, |url| short_path(url.path()));
    };
    let repository = endpoint.repository.as_deref().unwrap_or_default();
    let repository = repository.strip_prefix("library/").unwrap_or(repository);
    match (&endpoint.route, endpoint.reference()) {
        (Route::Ping, _) => "/v2/".to_owned(),
        (Route::Tags(_), _) => format!("tags of {repository}"),
        (Route::Catalog(_), _) => "_catalog".to_owned(),
        (Route::UploadStart { .. }, _) => format!("begin upload to {repository}"),
        (Route::Upload { .. }, _) => format!("upload to {repository}"),
        (_, Some(Reference::Digest(digest))) if in_pull => digest.short(),
        (_, Some(Reference::Digest(digest))) => format!("{repository}@{}", digest.short()),
        (_, Some(reference)) if in_pull => format!("{}:{reference}", last(repository)),
        (_, Some(reference)) => format!("{repository}:{reference}"),
        _ => repository.to_owned(),
    }
}

/// The last part of a repository's name.
fn last(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

fn scope(scope: &Scope, in_pull: bool) -> String {
    let name = scope.name.strip_prefix("library/").unwrap_or(&scope.name);
    let name = if in_pull { last(name) } else { name };
    format!("{name}:{}", scope.actions.join(","))
}

/// A path by its ends, long runs of hexadecimal digits in their middle.
pub(super) fn short_path(path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(short_hex).collect();
    let whole = parts.join("/");
    match parts.as_slice() {
        [_, first, .., before, last] if whole.chars().count() > 40 && parts.len() > 4 => {
            format!("/{first}/…/{before}/{last}")
        }
        _ => whole,
    }
}

fn short_hex(part: &str) -> String {
    let hex = part.rsplit(':').next().unwrap_or(part);
    let ends = hex.get(..4).zip(hex.get(hex.len().saturating_sub(4)..));
    match ends {
        Some((start, end)) if hex.len() >= 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            part.replace(hex, &format!("{start}…{end}"))
        }
        _ => part.to_owned(),
    }
}
