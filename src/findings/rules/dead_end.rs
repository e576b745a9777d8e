//! Authorisation that leads nowhere: a challenge that nobody can answer or nobody did, a token
//! server that gives no token, a token that is refused as invalid.

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits};
use crate::registry::endpoint::Route;
use crate::registry::{Challenge, ChallengeProblem};

/// The client was not let in, and it shows where the way ended.
pub(super) fn auth_dead_end(scene: &Scene<'_>) -> Option<Found> {
    let ends = hits(scene.unexplained(), |at, one| dead_end(scene, at, one));
    let (_, one, case) = *ends.first()?;
    Some(
        ends.iter()
            .fold(told(scene, one, case), |found, (_, one, _)| {
                found
                    .status(one)
                    .header(one, "WWW-Authenticate")
                    .errors(one)
            }),
    )
}

/// What the sentences leave open.
fn told<'a>(scene: &Scene<'a>, one: &Seen<'a>, case: &'static str) -> Found {
    let bearer = bearer(one);
    let latest = scene.tokens().next_back();
    let own = scene.issuer(one);
    let audience = own.and_then(|(_, answer)| answer.token.jwt());
    let audience = audience.map(|jwt| jwt.claims.audience.join(", "));
    let server = own.map(|(issuer, _)| issuer).or(latest);
    let schemes: Vec<_> = one.reading.challenges.iter().map(|c| &*c.scheme).collect();
    let error = bearer.and_then(Challenge::error);
    let named = scene.named_by(one).unwrap_or(one);
    Found::about(scene, one, "auth-dead-end", Severity::Error)
        .fact("case", case)
        .fact("registry", named.authority())
        .fact("realm", bearer.and_then(Challenge::realm).unwrap_or("-"))
        .fact("schemes", schemes.join(", "))
        .fact("error", error.unwrap_or("401"))
        .fact("issuer", server.unwrap_or(one).authority())
        .fact("audience", audience.unwrap_or_default())
        .said(one)
}

/// In what way an exchange is the end of the way, if it is.
fn dead_end(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    if one.reading.token_request.is_some() {
        return no_token(scene, at, one);
    }
    let is_optional = matches!(one.reading.route()?, Route::Referrers { .. });
    if one.status() != Some(401) || is_optional || scene.got_over(at) {
        return None;
    }
    match &one.reading.authorization {
        None => unanswered(scene, at, one),
        Some(sent) if sent.is_bearer() => refused(scene, at, one),
        Some(_) => None,
    }
}

/// A token server that gives none, though it says nothing of a refusal.
fn no_token(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    if scene.token_later(one.authority(), at) || one.reading.token_answer.is_some() {
        return None;
    }
    // A server on its own may be anything; it is a token server where a registry names it.
    let named = scene.named_by(one);
    if one.has_failed() {
        let is_apart = named.is_some_and(|named| named.authority() != one.authority());
        return is_apart.then_some("unreachable");
    }
    if !one.succeeded() || !one.is_complete() {
        return None;
    }
    if one.is_page() {
        Some("page-for-token")
    } else {
        (one.exchange.response_body.is_some() && !one.reading.unseen && named.is_some())
            .then_some("no-token")
    }
}

/// A challenge that nobody can answer, or that the client did not.
fn unanswered(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    if scene.answered_later(at) {
        return None;
    }
    let challenges = &one.reading.challenges;
    let url = one.reading.url.as_ref()?;
    let is_usable = |c: &Challenge| c.is_bearer() && c.token_server(url).is_some();
    if bearer(one).is_some_and(|bearer| !is_usable(bearer)) {
        return Some(match bearer(one).and_then(Challenge::realm) {
            Some(_) => "realm",
            None => "no-realm",
        });
    }
    let can_answer = challenges.iter().any(|c| c.is_basic() || is_usable(c));
    if !can_answer {
        return Some(match (one.is_page(), challenges.is_empty()) {
            (true, false) => "page-schemes",
            (true, true) => "page",
            (false, true) => "mute",
            (false, false) => "schemes",
        });
    }
    // Knocking at `/v2/` is all that some want to do.
    if !scene.settled || scene.is_elsewhere(one) || matches!(one.reading.route(), Some(Route::Ping))
    {
        return None;
    }
    let mut servers: Vec<_> = one.token_servers().collect();
    servers.dedup();
    let commas = [ChallengeProblem::NoComma, ChallengeProblem::OddComma].map(Some);
    Some(if challenges.iter().any(|c| commas.contains(&c.problem)) {
        "commas"
    } else if servers.len() > 1 {
        "several"
    } else if scene.was_open(at) {
        "open"
    } else {
        ""
    })
}

/// A token that is refused as what it is, not for what it allows.
fn refused(scene: &Scene<'_>, at: usize, one: &Seen<'_>) -> Option<&'static str> {
    let error = bearer(one).and_then(Challenge::error)?;
    if error == "insufficient_scope" {
        return None;
    }
    let Some((_, answer)) = scene.issuer(one) else {
        return Some(if error == "malformed_token" {
            "malformed-token"
        } else if scene.had_token(at, one) {
            "other-token"
        } else {
            "unknown-token"
        });
    };
    let claims = answer.token.jwt().map(|jwt| &jwt.claims);
    let is_list = claims.is_some_and(|claims| claims.audience.len() > 1);
    Some(if is_list { "audience" } else { "refused" })
}

fn bearer<'a>(one: &Seen<'a>) -> Option<&'a Challenge> {
    one.reading.challenges.iter().find(|c| c.is_bearer())
}
