//! What was asked of a token server, and what it granted.

use jiff::Timestamp;

use super::block::{cell, spaced};
use super::label as say;
use super::{Block, Cell, Label, Span, Tone};
use crate::registry::{
    Challenge, Claims, Credentials, Jwt, Reading, Scope, Signature, TokenAnswer, TokenRequest,
};
use crate::words::Lang;
use crate::words::figures::span;

/// The challenges of a 401.
pub(super) fn challenges(challenges: &[Challenge], lang: Lang) -> Vec<Block> {
    challenges
        .iter()
        .map(|challenge| {
            let scheme = vec![Span::strong(&challenge.scheme)];
            let params = challenge.params.iter();
            let mut pairs = vec![(Span::dim("WWW-Authenticate"), scheme)];
            pairs.extend(params.map(|(name, value)| (Span::dim(name), cell(value))));
            if let Some(problem) = challenge.problem {
                pairs.push((say::PROBLEM.dim(lang), vec![Span::new(problem, Tone::Warn)]));
            }
            Block::Pairs(pairs)
        })
        .collect()
}

/// Request and answer of a token server.
pub(super) fn token(reading: &Reading, lang: Lang) -> Vec<Block> {
    let mut pairs = Vec::new();
    if let Some(request) = &reading.token_request {
        asked(&mut pairs, request, lang);
    }
    if let Some(answer) = &reading.token_answer {
        let wanted = reading.token_request.as_ref().map(|r| r.scopes.as_slice());
        granted(
            &mut pairs,
            answer,
            wanted.unwrap_or_default(),
            reading,
            lang,
        );
    }
    if pairs.is_empty() {
        Vec::new()
    } else {
        vec![Block::Pairs(pairs)]
    }
}

type Pairs = Vec<(Span, Cell)>;

fn asked(pairs: &mut Pairs, request: &TokenRequest, lang: Lang) {
    let mut add = |label: Label, cell| pairs.push((label.dim(lang), cell));
    add(say::REALM, cell(&request.realm));
    if let Some(service) = &request.service {
        add(say::SERVICE, cell(service));
    }
    for scope in &request.scopes {
        add(say::SCOPE, cell(scope.to_string()));
    }
    let credentials = match request.credentials {
        Credentials::Anonymous => say::ANONYMOUS,
        Credentials::Password => say::PASSWORD,
        Credentials::RefreshToken => say::REFRESH_TOKEN,
        Credentials::Other => say::OTHER_CREDENTIALS,
    };
    add(say::SENT_AS, cell(credentials.of(lang)));
}

fn granted(
    pairs: &mut Pairs,
    answer: &TokenAnswer,
    wanted: &[Scope],
    reading: &Reading,
    lang: Lang,
) {
    if let Some(scopes) = answer.granted() {
        let as_asked = scopes == wanted;
        let verdict = if as_asked {
            Span::new(format!("✓ {}", say::AS_ASKED.of(lang)), Tone::Good)
        } else {
            Span::new(say::OTHERWISE.of(lang), Tone::Warn)
        };
        let text: Vec<_> = scopes.iter().map(Scope::to_string).collect();
        let text = if text.is_empty() {
            Span::dim("-")
        } else {
            Span::plain(text.join(" "))
        };
        pairs.push((say::GRANTED.dim(lang), spaced([text, verdict])));
    }
    let lifetime = match answer.expires_in {
        Some(_) => span(answer.lifetime().as_secs(), lang),
        None => say::NOT_STATED.of(lang).to_owned(),
    };
    pairs.push((say::LIFETIME.dim(lang), cell(lifetime)));
    if let Some(jwt) = answer.token.jwt() {
        claims(pairs, &jwt.claims, reading, lang);
        signature(pairs, jwt, lang);
    } else {
        let length = answer.token.length.to_string();
        pairs.push((say::TOKEN.dim(lang), cell(say::OPAQUE.with(lang, length))));
    }
    if answer.refresh_token {
        pairs.push((say::TOKEN.dim(lang), cell(say::REFRESH_CAME.of(lang))));
    }
}

fn claims(pairs: &mut Pairs, claims: &Claims, reading: &Reading, lang: Lang) {
    let mut add = |label: Label, cell| pairs.push((label.dim(lang), cell));
    if let Some(issuer) = &claims.issuer {
        add(say::ISSUER, cell(issuer));
    }
    let mut subject = vec![Span::plain(format!(
        "\"{}\"",
        claims.subject.as_deref().unwrap_or_default()
    ))];
    if claims.is_anonymous() {
        subject.push(Span::dim(format!(" ({})", say::ANONYMOUS.of(lang))));
    }
    add(say::SUBJECT, subject);
    if !claims.audience.is_empty() {
        add(say::AUDIENCE, cell(claims.audience.join(" ")));
    }
    let moments = [
        (say::NOT_BEFORE, claims.not_before),
        (say::ISSUED_AT, claims.issued_at),
        (say::EXPIRES, claims.expires),
    ];
    for (label, at) in moments {
        if let Some(at) = at {
            add(label, moment(at, claims.issued_at, lang));
        }
    }
    let skew = reading.server_time().zip(claims.issued_at);
    let skew = skew.map(|(date, issued)| date.duration_since(issued).as_secs().unsigned_abs());
    if let Some(seconds) = skew.filter(|seconds| *seconds > MUCH_SKEW) {
        let text = say::SKEW_VALUE.with(lang, span(seconds, lang));
        add(say::SKEW, vec![Span::new(text, Tone::Warn)]);
    }
}

/// A moment, and how far from the token's issue it is.
fn moment(at: Timestamp, issued: Option<Timestamp>, lang: Lang) -> Cell {
    let mut cell = cell(at.to_string());
    let Some(issued) = issued else {
        return cell;
    };
    let seconds = at.duration_since(issued).as_secs();
    let label = match seconds {
        0 => return cell,
        ..0 => say::BEFORE_ISSUE,
        _ => say::AFTER_ISSUE,
    };
    let text = label.with(lang, span(seconds.unsigned_abs(), lang));
    cell.push(Span::dim(format!("  {text}")));
    cell
}

fn signature(pairs: &mut Pairs, jwt: &Jwt, lang: Lang) {
    let (label, tone) = match jwt.signature {
        Signature::Valid => (say::SIGNATURE_VALID, Tone::Good),
        Signature::Invalid => (say::SIGNATURE_INVALID, Tone::Bad),
        Signature::NoKey => (say::SIGNATURE_NO_KEY, Tone::Dim),
        Signature::UnknownAlgorithm => (say::SIGNATURE_UNKNOWN, Tone::Dim),
        Signature::Redacted => (say::SIGNATURE_REDACTED, Tone::Dim),
        Signature::Missing => (say::SIGNATURE_MISSING, Tone::Warn),
    };
    let verdict = spaced([Span::plain(&jwt.algorithm), Span::new(label.of(lang), tone)]);
    pairs.push((say::SIGNATURE.dim(lang), verdict));
    if let Some(key) = &jwt.key_id {
        pairs.push((say::KEY.dim(lang), cell(key)));
    }
    for certificate in &jwt.certificates {
        pairs.push((say::CERTIFICATE.dim(lang), cell(&certificate.subject)));
    }
}

/// Clocks that are no further apart than this, in seconds, agree well enough.
const MUCH_SKEW: u64 = 60;
