//! Tokens: what they allow, for whom, and how long.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::refusal;
use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, hits, scopes};
use crate::registry::token::{DEFAULT_LIFETIME, TokenAnswer};
use crate::registry::{Challenge, Credentials, Scope};

/// Clocks that differ by less are as good as clocks get.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// A clock that is further off lets no certificate verify: what has such a date was recorded
/// once and is played back.
const REPLAYED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A token does not allow what is then refused.
pub(super) fn scope_mismatch(scene: &Scene<'_>) -> Option<Found> {
    let refusals = hits(scene.unexplained(), |at, one| {
        let is_refused = matches!(one.status(), Some(401 | 403)) && one.reading.endpoint.is_some();
        let (issuer, answer) = scene.issuer(one).filter(|_| is_refused)?;
        let lack = lacking(one, issuer, answer).filter(|_| !scene.got_over(at))?;
        Some((lack, issuer, answer))
    });
    let (_, one, (lack, issuer, answer)) = refusals.first()?;
    let granted = answer.granted().map_or("-".to_owned(), scopes);
    let found = Found::about(scene, one, "scope-mismatch", Severity::Error)
        .at(issuer, "token request scope", issuer.asked_scopes())
        .at(issuer, "token access", &granted)
        .fact("case", lack.case)
        .fact("fix", remedy(scene, one, lack, answer))
        .fact("registry", one.authority())
        .fact("issuer", issuer.authority())
        .fact("repository", &lack.repository)
        .fact("action", &lack.action)
        .fact("granted", granted)
        .fact("asked", issuer.asked_scopes());
    Some(refusals.iter().fold(found, |found, (_, one, _)| {
        found.status(one).header(one, "WWW-Authenticate").said(one)
    }))
}

/// What there is to be done, where it is more than the case says.
fn remedy(scene: &Scene<'_>, one: &Seen<'_>, lack: &Lack, answer: &TokenAnswer) -> &'static str {
    if scene.is_misdirected(one) {
        return "host-in-name";
    }
    // Who is granted something else has met a fault of the token server.
    let mut granted = answer.granted().unwrap_or_default().iter();
    let is_shut_out = lack.case == "anonymous" && granted.all(|scope| scope.actions.is_empty());
    let way = is_shut_out
        .then(|| refusal::way_to_log_in(scene, one))
        .flatten();
    way.unwrap_or(lack.case)
}

/// What a token does not allow, and in which way it came so.
struct Lack {
    case: &'static str,
    repository: String,
    action: String,
}

/// What the token that was sent does not allow of what a request needs.
fn lacking(one: &Seen<'_>, issuer: &Seen<'_>, answer: &TokenAnswer) -> Option<Lack> {
    let request = issuer.reading.token_request.as_deref();
    let asked = request.map_or(&[][..], |request| request.scopes.as_slice());
    let allows = |scopes: &[Scope], repository: &str, action: &str| {
        let mut scopes = scopes.iter();
        scopes.any(|scope| scope.allows(repository, action))
    };
    let lack = |case, repository: &str, action: &str| {
        let (repository, action) = (repository.to_owned(), action.to_owned());
        Some(Lack {
            case,
            repository,
            action,
        })
    };
    let (repository, action) = (one.repository()?, one.action());
    if let Some(granted) = answer.granted()
        && !allows(granted, repository, action)
    {
        let anonymous = request.is_none_or(|r| r.credentials == Credentials::Anonymous);
        return lack(if anonymous { "anonymous" } else { "" }, repository, action);
    }
    // What a token of no readable form allows, shows by what was asked for at most.
    let held = answer.granted().unwrap_or(asked);
    if let Some(from) = one.mounts_from()
        && !allows(held, from, "pull")
    {
        let was_asked = allows(asked, from, "pull");
        let case = if was_asked { "mount-refused" } else { "mount" };
        return lack(case, from, "pull");
    }
    if !one.challenged_with("insufficient_scope") || asked.is_empty() {
        return None;
    }
    let challenges = one.reading.challenges.iter();
    let wanted: Vec<_> = challenges.flat_map(Challenge::scopes).collect();
    let repositories = wanted.iter().filter(|scope| scope.is_repository());
    let mut needs =
        repositories.flat_map(|scope| scope.actions.iter().map(|action| (&scope.name, action)));
    let (name, action) = needs.find(|(name, action)| !allows(held, name, action))?;
    let was_asked = allows(asked, name, action);
    lack(if was_asked { "" } else { "unasked" }, name, action)
}

/// A token is for another service than it was asked for.
pub(super) fn aud_mismatch(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().enumerate().find_map(|(at, issuer)| {
        let request = issuer.reading.token_request.as_deref();
        let service = request.and_then(|request| request.service.as_deref())?;
        let answer = issuer.reading.token_answer.as_deref();
        let claims = answer.and_then(|a| a.token.jwt()).map(|jwt| &jwt.claims)?;
        if claims.audience.is_empty() || claims.audience.iter().any(|aud| aud == service) {
            return None;
        }
        let audience = claims.audience.join(", ");
        let refused = uses(scene, at, issuer)
            .find(|one| one.status() == Some(401) && !one.challenged_with("insufficient_scope"));
        let accepted = uses(scene, at, issuer).find(|one| one.succeeded() || one.is_redirect());
        let (case, severity) = match (refused, accepted) {
            (Some(_), _) => ("", Severity::Error),
            (None, Some(_)) => ("accepted", Severity::Info),
            (None, None) => ("", Severity::Warning),
        };
        let found = Found::about(scene, issuer, "aud-mismatch", severity)
            .at(issuer, "token request service", service)
            .at(issuer, "token claim aud", &audience)
            .fact("case", case)
            .fact("service", service)
            .fact("audience", &audience)
            .fact("issuer", issuer.authority())
            .fact("host", accepted.map_or("-", Seen::authority));
        Some(refused.iter().copied().fold(found, Found::status))
    })
}

/// The requests that carried a token of this issuer, after it was given.
fn uses<'s, 'a>(
    scene: &'s Scene<'a>,
    at: usize,
    issuer: &'s Seen<'_>,
) -> impl Iterator<Item = &'s Seen<'a>> {
    scene.after(at).filter(|one| {
        let own = scene.issuer(one);
        own.is_some_and(|(own, _)| own.id() == issuer.id())
    })
}

/// A token was used after its end: by its times, or because the server says so.
pub(super) fn token_expired(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        let is_told = one.says_expired() && one.has_bearer() && one.reading.endpoint.is_some();
        let is_refused = match one.status()? {
            401 | 403 => true,
            status => is_told && (400..500).contains(&status),
        };
        let issued = scene.issuer(one);
        let ended = issued.and_then(|(issuer, answer)| {
            let used = one.moment()?;
            let expired = end(issuer, answer)?;
            let is_over = is_told || is_old(one, issuer, answer) == Some(true);
            let late = used.duration_since(expired) >= leeway(one, is_told);
            (late && is_over).then_some((issuer, used, expired))
        });
        if !is_refused || ended.is_none() && !is_told {
            return None;
        }
        let severity = Severity::error_if(!scene.recovered(at));
        let late = ended.map_or(0, |(_, used, expired)| gap(used, expired));
        let found = Found::about(scene, one, "token-expired", severity)
            .fact("case", if ended.is_some() { "" } else { "told" })
            .fact("late", late);
        let found = ended.iter().fold(found, |found, (issuer, _, expired)| {
            found.at(issuer, "token end", expired)
        });
        Some(found.status(one).header(one, "Date").errors(one).said(one))
    })
}

/// By how much a moment may be passed before it counts: clocks differ. A server that refuses a
/// token as invalid has gone by its own clock, which its `Date` shows to the second.
fn leeway(one: &Seen<'_>, is_told: bool) -> SignedDuration {
    let is_exact = one.status() == Some(401)
        && one.challenged_with("invalid_token")
        && one.reading.server_time().is_some();
    if is_told || is_exact {
        SignedDuration::ZERO
    } else {
        LEEWAY
    }
}

/// When a token ends: its own claim, or what the answer around it says.
fn end(issuer: &Seen<'_>, answer: &TokenAnswer) -> Option<Timestamp> {
    if let Some(jwt) = answer.token.jwt() {
        return jwt.claims.expires;
    }
    let lifetime = Duration::from_secs(u64::try_from(answer.expires_in?).ok()?);
    let begin = answer.issued_at.or_else(|| issuer.reading.server_time())?;
    begin.checked_add(lifetime).ok()
}

/// Whether as much time has passed since a token was issued as it lives; if not, a token that
/// seems expired shows that clocks differ. `None` where no clock tells.
fn is_old(one: &Seen<'_>, issuer: &Seen<'_>, answer: &TokenAnswer) -> Option<bool> {
    let claims = answer.token.jwt().map(|jwt| &jwt.claims);
    let stated = claims.and_then(|c| Some(c.expires?.duration_since(c.issued_at?)));
    let lifetime = stated.or_else(|| Some(SignedDuration::from_secs(answer.expires_in?)));
    let Some(lifetime) = lifetime else {
        return Some(true);
    };
    let passed = one.since(issuer)?.saturating_add(LEEWAY);
    Some(passed >= lifetime)
}

/// Two clocks differ by more than a minute.
pub(super) fn clock_skew(scene: &Scene<'_>) -> Option<Found> {
    skewed_token(scene).or_else(|| skewed_date(scene))
}

/// A token is used before its time, or after its end though it is fresh.
fn skewed_token(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().enumerate().find_map(|(at, one)| {
        let (Some(now), Some((issuer, answer))) = (one.reading.server_time(), scene.issuer(one))
        else {
            return None;
        };
        let claims = answer.token.jwt().map(|jwt| &jwt.claims)?;
        let leeway = leeway(one, false);
        let begins = claims.not_before.or(claims.issued_at);
        let early = begins.filter(|begins| begins.duration_since(now) > leeway);
        let late = claims.expires.filter(|end| {
            now.duration_since(*end) > leeway && is_old(one, issuer, answer) == Some(false)
        });
        let moment = early.or(late)?;
        let refused = one.status() == Some(401) && !scene.recovered(at);
        // A token server that is a second ahead is no clock to be set here.
        let is_close = early.is_some() && moment.duration_since(now) <= LEEWAY;
        let claim = if early.is_some() {
            "token claim nbf"
        } else {
            "token claim exp"
        };
        let found = Found::about(scene, one, "clock-skew", Severity::error_if(refused))
            .at(issuer, claim, moment)
            .header(one, "Date")
            .status(one)
            .fact("case", if is_close { "early" } else { "token" })
            .fact("moment", moment)
            .fact("date", now)
            .fact("issuer", issuer.authority())
            .fact("gap", gap(moment, now));
        Some(every_refusal(found, scene, issuer))
    })
}

/// A server's `Date` is not the time here.
fn skewed_date(scene: &Scene<'_>) -> Option<Found> {
    // A registry and its token server may be two machines under one name.
    let mut servers: Vec<(bool, &Seen<'_>, Option<SignedDuration>)> = Vec::new();
    for one in &scene.seen {
        let Some(date) = one.reading.server_time().filter(|_| one.is_registry()) else {
            continue;
        };
        let issues = one.reading.token_request.is_some();
        let is_same = |other: &(bool, &Seen<'_>, _)| {
            other.0 == issues && other.1.authority() == one.authority()
        };
        if !servers.iter().any(is_same) {
            servers.push((issues, one, offset(one, date)));
        }
    }
    let off: Vec<_> = servers
        .iter()
        .filter_map(|(_, one, offset)| Some((*one, (*offset)?)))
        .collect();
    let (one, gap) = *off.first()?;
    let host = one.authority();
    let agree = |other: SignedDuration| other.saturating_sub(gap).abs() <= LEEWAY;
    let all_off = servers.len() > 1
        && off.len() == servers.len()
        && off.iter().all(|(.., other)| agree(*other));
    let mut found = Found::about(scene, one, "clock-skew", Severity::Warning)
        .header(one, "Date")
        .at(one, "time here", one.exchange.started)
        .fact("case", if all_off { "local" } else { "" })
        .fact("moment", one.exchange.started)
        .fact("date", one.reading.server_time().unwrap_or_default())
        .fact("issuer", host)
        .fact("gap", gap.unsigned_abs().as_secs());
    let refused = scene.seen.iter().enumerate().any(|(at, other)| {
        let issuer = scene.issuer(other).map(|(issuer, _)| issuer.authority());
        issuer == Some(host) && other.challenged_with("invalid_token") && !scene.recovered(at)
    });
    if refused {
        found = every_refusal(found, scene, one).severity(Severity::Error);
    }
    Some(found)
}

/// Adds every 401 that answers a token of this issuer: it is explained.
fn every_refusal(found: Found, scene: &Scene<'_>, issuer: &Seen<'_>) -> Found {
    let refused = scene.seen.iter().filter(|one| {
        let own = scene.issuer(one).map(|(own, _)| own.authority());
        one.status() == Some(401) && own == Some(issuer.authority())
    });
    refused.fold(found, Found::status)
}

/// By how much a server's clock is off from the time between question and answer, when by more
/// than clocks may.
fn offset(one: &Seen<'_>, date: Timestamp) -> Option<SignedDuration> {
    let asked = one.exchange.measured()?;
    let answered = one.exchange.response.as_ref()?.at;
    let off = if date > answered {
        date.duration_since(answered)
    } else if date < asked {
        date.duration_since(asked)
    } else {
        SignedDuration::ZERO
    };
    (off.abs() > LEEWAY && off.abs() < REPLAYED).then_some(off)
}

/// A token lives shorter than clients take for granted.
pub(super) fn short_token(scene: &Scene<'_>) -> Option<Found> {
    scene.seen.iter().find_map(|one| {
        let answer = one.reading.token_answer.as_deref()?;
        let claims = answer.token.jwt().map(|jwt| &jwt.claims);
        let own = claims.and_then(|c| Some(c.expires?.duration_since(c.issued_at?).as_secs()));
        let found = Found::new("short-token", Severity::Warning);
        let found = match (answer.expires_in, own) {
            (Some(seconds), _) if seconds < 60 => found
                .at(one, "expires_in", seconds)
                .fact("seconds", seconds),
            (None, Some(seconds)) if seconds < 60 => {
                let found = found.at(one, "token claim exp", format!("iat + {seconds} s"));
                found.fact("seconds", seconds)
            }
            // A token that says itself when it ends may leave `expires_in` out, as quay.io does;
            // that of an opaque one, as ghcr.io's, is worth knowing and no more.
            (None, None) if claims.is_none_or(|c| c.expires.is_none()) => found
                .severity(Severity::Info)
                .at(one, "expires_in", "absent")
                .fact("case", "absent")
                .fact("seconds", DEFAULT_LIFETIME.as_secs()),
            _ => return None,
        };
        Some(found.fact("issuer", one.authority()))
    })
}

/// Seconds between two moments.
fn gap(one: Timestamp, other: Timestamp) -> u64 {
    one.duration_since(other).unsigned_abs().as_secs()
}
