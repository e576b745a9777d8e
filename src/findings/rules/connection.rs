//! Servers that could not be reached, or closed without an answer.

use crate::exchange::{Ending, Obstacle};
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, by_host, hits};
use crate::registry::redirect::is_inside_name;

/// No answer came from a server.
pub(super) fn unreachable(scene: &Scene<'_>) -> Vec<Found> {
    let failures = hits(scene.unexplained(), |_, one| {
        let is_told = scene.is_probe(one) || is_named_elsewhere(scene, one);
        obstacle(one).filter(|_| !is_told)
    });
    by_host(failures, |failures| {
        let (at, one, (obstacle, detail)) = *failures.first()?;
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
        let is_over =
            |at, one: &Seen<'_>| scene.got_over(at) || scene.token_later(one.authority(), at);
        let fails = failures.iter().any(|(at, one, _)| !is_over(*at, one));
        let found = Found::about(scene, one, "unreachable", Severity::error_if(fails))
            .fact("case", case)
            .fact("fix", fix)
            .fact("registry", from.map_or("-", |from| from.authority()))
            .fact("proxy", proxy)
            .fact("detail", detail);
        let all = failures.iter();
        Some(all.fold(found, |found, (_, one, (_, detail))| {
            found.at(one, "failure", detail)
        }))
    })
}

/// What stood between a request and its answer.
fn obstacle<'a>(one: &Seen<'a>) -> Option<(Obstacle, &'a str)> {
    let Some((_, Ending::Failed { reason, detail })) = &one.exchange.ended else {
        return None;
    };
    Some((Obstacle::of(*reason, detail)?, detail))
}

/// Whether it is a token server that another registry names: that it leads nowhere is told with it.
fn is_named_elsewhere(scene: &Scene<'_>, one: &Seen<'_>) -> bool {
    let named = scene.named_by(one).map(Seen::authority);
    one.reading.token_request.is_some() && named.is_some_and(|named| named != one.authority())
}
