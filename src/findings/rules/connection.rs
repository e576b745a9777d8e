//! Servers that could not be reached, or closed without an answer.

use std::collections::BTreeMap;

use crate::exchange::{Ending, Obstacle};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen};
use crate::registry::redirect::is_inside_name;

/// No answer came from a server.
pub(super) fn unreachable(scene: &Scene<'_>) -> Vec<Found> {
    let mut by_host: BTreeMap<&str, (Found, bool)> = BTreeMap::new();
    for (at, one) in scene.unexplained() {
        let Some((obstacle, detail)) = obstacle(one) else {
            continue;
        };
        if is_probe(scene, at, one) || is_named_elsewhere(scene, one) {
            continue;
        }
        let (found, recovered) = by_host.remove(one.authority()).unwrap_or_else(|| {
            let upstream = one.exchange.upstream.as_ref();
            let via = upstream.and_then(|upstream| upstream.via.as_deref());
            let from = scene.redirects_to(at).next();
            let (case, fix) = match obstacle {
                Obstacle::Name if is_inside_name(one.host()) => {
                    ("name-inside", from.map_or("name-inside", |_| "redirect"))
                }
                other => (other.word(), other.word()),
            };
            let proxy = via.map_or("PROXY:PORT", |via| via.trim_start_matches("http://"));
            let found = Found::new("unreachable", Severity::Error)
                .fact("case", case)
                .fact("fix", fix)
                .fact("host", one.authority())
                .fact("registry", from.map_or("-", |from| from.authority()))
                .fact("proxy", proxy)
                .fact("detail", detail);
            (found, true)
        });
        let got_over = scene.got_over(at) || scene.token_later(one.authority(), at);
        let found = found.at(one, "failure", detail);
        by_host.insert(one.authority(), (found, recovered && got_over));
    }
    let graded = by_host.into_values();
    graded
        .map(|(found, recovered)| found.severity(Severity::error_if(!recovered)))
        .collect()
}

/// What stood between a request and its answer.
fn obstacle<'a>(one: &Seen<'a>) -> Option<(Obstacle, &'a str)> {
    match &one.exchange.ended {
        Some((_, Ending::Failed { reason, detail })) => {
            Some((Obstacle::of(*reason, detail)?, detail))
        }
        _ => None,
    }
}

/// Whether a client only tried whether a registry without TLS has it after all: it asked the same
/// server by plain HTTP afterwards, and was answered.
fn is_probe(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> bool {
    one.reading.is_by("https") && scene.plain_later(one.authority(), at)
}

/// Whether it is a token server that another registry names: that it leads nowhere is told with it.
fn is_named_elsewhere(scene: &Scene<'_>, one: &Seen<'_>) -> bool {
    let named = scene.named_by(one).map(Seen::authority);
    one.reading.token_request.is_some() && named.is_some_and(|named| named != one.authority())
}
