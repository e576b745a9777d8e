//! Short names of long things: by meaning, never cut blindly.

use crate::base::text::{middle, size};
use crate::exchange::{Exchange, ExchangeId};
use crate::pulls::{Part, Pull};
use crate::registry::{Kind, Reading, Reference, Route, Scope};
use crate::store::Entry;
use crate::story::shorten;
use crate::words::{Lang, phrase, say};

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

/// The place of an exchange in its pull, from 1.
pub(super) fn place(pull: &Pull, id: ExchangeId) -> usize {
    let at = pull.steps.iter().position(|step| step.exchange == id);
    at.map_or(0, |at| at + 1)
}

/// The path that was asked for, digests in it shortened.
pub(super) fn path(reading: &Reading) -> String {
    let url = reading.url.as_ref();
    url.map_or_else(String::new, |url| shorten(url.path()))
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

/// A part of an image, short enough for a column: `layer 1/7`.
pub(super) fn part(part: Option<Part>, lang: Lang) -> String {
    let key = match part {
        Some(Part::Index) => "kind.index",
        Some(Part::Manifest) => "kind.manifest",
        Some(Part::Config) => "image.config",
        Some(Part::Layer { number, count }) => {
            return format!("{} {number}/{count}", say("image.layer", lang));
        }
        None => "kind.blob",
    };
    say(key, lang).to_owned()
}

/// A kind, short enough for a column: in English the word that filters have.
pub(super) fn kind_word(kind: Kind, lang: Lang) -> &'static str {
    match lang {
        Lang::En => kind.word(),
        Lang::Zh => kind.name(lang),
    }
}

/// What an exchange is for, in the words of the list: the part it is about, where it is.
pub(super) fn kind(entry: &Entry, part_of: Option<Part>, merged: bool, lang: Lang) -> String {
    match (entry.kind, part_of) {
        (Kind::Redirect | Kind::Cdn, Some(place)) if merged => part(Some(place), lang),
        (Kind::Cdn, Some(place)) => format!("CDN {}", part(Some(place), lang)),
        (Kind::Layer, Some(place)) => part(Some(place), lang),
        (kind, _) => kind_word(kind, lang).to_owned(),
    }
}

/// The bytes that an exchange moved, where it moved any.
pub(super) fn moved(exchange: &Exchange) -> String {
    match exchange.received.max(exchange.sent) {
        0 => "-".to_owned(),
        moved => size(moved),
    }
}

/// A number with its noun, by the keys of the noun for one and for many.
pub(super) fn count(number: usize, [one, many]: [&'static str; 2], lang: Lang) -> String {
    let key = if number == 1 { one } else { many };
    phrase(key).with(lang, number.to_string())
}

/// The keys of the nouns that are counted.
pub(super) const EXCHANGES: [&str; 2] = ["label.one-exchange", "label.exchanges"];
/// The same of pulls.
pub(super) const PULLS: [&str; 2] = ["number.pull", "number.pulls"];
/// The same of layers.
pub(super) const LAYERS: [&str; 2] = ["number.layer", "number.layers"];
/// The same of platforms.
pub(super) const PLATFORMS: [&str; 2] = ["number.platform", "number.platforms"];
/// The same of findings.
pub(super) const FINDINGS: [&str; 2] = ["number.finding", "number.findings"];

/// What an exchange is about: a repository and a reference, a scope, or a path.
pub(super) fn subject(reading: &Reading, in_pull: bool, lang: Lang) -> String {
    if let Some(request) = &reading.token_request {
        return request.main_scope().map_or_else(
            || say("screen.no-scope", lang).to_owned(),
            |asked| scope(asked, in_pull),
        );
    }
    let Some(endpoint) = &reading.endpoint else {
        return path(reading);
    };
    let repository = endpoint.repository.as_deref().unwrap_or_default();
    let repository = repository.strip_prefix("library/").unwrap_or(repository);
    match (&endpoint.route, endpoint.reference()) {
        (Route::Ping, _) => "/v2/".to_owned(),
        (Route::Tags(_), _) => phrase("screen.tags-of").with(lang, repository),
        (Route::Catalog(_), _) => "_catalog".to_owned(),
        (Route::UploadStart { .. }, _) => phrase("screen.begin-upload-to").with(lang, repository),
        (Route::Upload { .. }, _) => phrase("screen.upload-to").with(lang, repository),
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
