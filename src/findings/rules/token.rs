//! Tokens: what they allow, for whom, and how long.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::findings::Severity;
use crate::findings::found::Found;
use crate::findings::scene::{Scene, Seen, scopes};
use crate::registry::Credentials;
use crate::registry::token::{DEFAULT_LIFETIME, TokenAnswer};

/// Clocks that differ by less are as good as clocks get.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// A clock that is further off lets no certificate verify: what has such a date was recorded
/// once and is played back.
const REPLAYED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A token does not allow what is then refused.
pub(super) fn scope_mismatch(scene: &Scene<'_>) -> Option<Found> {
    let mut found: Option<Found> = None;
    for (_, one) in scene.unexplained() {
        let (Some(401 | 403), Some(repository)) = (one.status(), one.repository()) else {
            continue;
        };
        let Some((issuer, answer)) = scene.issuer(one) else {
            continue;
        };
        let Some(granted) = answer.granted() else {
            continue;
        };
        if one.reading.endpoint.is_none()
            || granted
                .iter()
                .any(|scope| scope.allows(repository, one.action()))
        {
            continue;
        }
        let next = found.unwrap_or_else(|| {
            let request = issuer.reading.token_request.as_deref();
            let anonymous =
                request.is_none_or(|request| request.credentials == Credentials::Anonymous);
            Found::new("scope-mismatch", Severity::Error)
                .at(issuer, "token request scope", issuer.asked_scopes())
                .at(issuer, "token access", scopes(granted))
                .fact("case", if anonymous { "anonymous" } else { "" })
                .fact("issuer", issuer.authority())
                .fact("host", one.authority())
                .fact("repository", repository)
                .fact("action", one.action())
                .fact("granted", scopes(granted))
        });
        found = Some(next.status(one));
    }
    found
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
        let mut found = Found::new("aud-mismatch", Severity::Warning)
            .at(issuer, "token request service", service)
            .at(issuer, "token claim aud", &audience)
            .fact("service", service)
            .fact("audience", &audience)
            .fact("issuer", issuer.authority());
        if let Some(refused) = refused_use(scene, at, issuer) {
            found = found.status(refused).severity(Severity::Error);
        }
        Some(found)
    })
}

/// The first 401 that answers a token of this issuer.
fn refused_use<'s, 'a>(scene: &'s Scene<'a>, at: usize, issuer: &Seen<'_>) -> Option<&'s Seen<'a>> {
    scene.after(at).find(|one| {
        one.status() == Some(401)
            && scene
                .issuer(one)
                .is_some_and(|(own, _)| own.id() == issuer.id())
    })
}

/// A token was used after its end.
pub(super) fn token_expired(scene: &Scene<'_>) -> Option<Found> {
    scene.unexplained().find_map(|(at, one)| {
        let (Some(401 | 403), Some((issuer, answer))) = (one.status(), scene.issuer(one)) else {
            return None;
        };
        let used = one.moment()?;
        let expired = end(issuer, answer)?;
        if !is_later(used, expired) || is_old(one, issuer, answer) != Some(true) {
            return None;
        }
        let severity = if scene.recovered(at) {
            Severity::Warning
        } else {
            Severity::Error
        };
        Some(
            Found::new("token-expired", severity)
                .at(issuer, "token end", expired)
                .status(one)
                .header(one, "Date")
                .fact("host", one.authority())
                .fact("late", gap(used, expired)),
        )
    })
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
        let begins = claims.not_before.or(claims.issued_at);
        let early = begins.filter(|begins| is_later(*begins, now));
        let late = claims
            .expires
            .filter(|end| is_later(now, *end) && is_old(one, issuer, answer) == Some(false));
        let moment = early.or(late)?;
        let refused = one.status() == Some(401) && !scene.recovered(at);
        let claim = if early.is_some() {
            "token claim nbf"
        } else {
            "token claim exp"
        };
        let found = Found::new(
            "clock-skew",
            if refused {
                Severity::Error
            } else {
                Severity::Warning
            },
        )
        .at(issuer, claim, moment)
        .header(one, "Date")
        .status(one)
        .fact("case", "token")
        .fact("issuer", issuer.authority())
        .fact("host", one.authority())
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
    let mut found = Found::new("clock-skew", Severity::Warning)
        .header(one, "Date")
        .at(one, "time here", one.exchange.started)
        .fact("case", if all_off { "local" } else { "" })
        .fact("host", host)
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
    scene
        .seen
        .iter()
        .filter(|one| one.status() == Some(401))
        .filter(|one| {
            let own = scene.issuer(one).map(|(own, _)| own.authority());
            own == Some(issuer.authority())
        })
        .fold(found, Found::status)
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

/// Whether one moment is later than another by more than clocks may differ.
fn is_later(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other) > LEEWAY
}

/// Seconds between two moments.
fn gap(one: Timestamp, other: Timestamp) -> u64 {
    one.duration_since(other).unsigned_abs().as_secs()
}
