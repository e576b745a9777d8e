//! What was asked of a token server, and what it granted.

use jiff::Timestamp;

use super::block::{cell, spaced};
use super::{Block, Cell, Span, Telling, Tone, naming};
use crate::pulls::Pull;
use crate::registry::{
    Challenge, Claims, Credentials, Jwt, Kind, Reading, Scope, Signature, TokenAnswer, TokenRequest,
};
use crate::store::Entry;
use crate::words::Lang;
use crate::words::figures::span;
use crate::words::{Phrase, phrase, say};

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
                pairs.push((
                    Span::label("image.problem", lang),
                    vec![Span::new(problem.name(lang), Tone::Warn)],
                ));
            }
            Block::Pairs(pairs)
        })
        .collect()
}

/// Request and answer of a token server.
pub(super) fn token(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let (reading, lang) = (&entry.reading, telling.lang);
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
            entry,
            telling,
        );
        if let Some(pull) = pull {
            used(&mut pairs, answer, pull, telling);
        }
    }
    if pairs.is_empty() {
        Vec::new()
    } else {
        vec![Block::Pairs(pairs)]
    }
}

pub(super) type Pairs = Vec<(Span, Cell)>;

fn asked(pairs: &mut Pairs, request: &TokenRequest, lang: Lang) {
    let mut add = |label: Phrase, cell| pairs.push((label.dim(lang), cell));
    add(phrase("token.realm"), cell(&request.realm));
    if let Some(service) = &request.service {
        add(phrase("token.service"), cell(service));
    }
    for scope in request.asked() {
        add(phrase("token.scope"), cell(scope));
    }
    if let Some(client) = &request.client_id {
        let name = Span::label("token.client-id", lang);
        pairs.push((name, cell(client)));
    }
    let sent_as = cell(request.credentials.name(lang));
    pairs.push((Span::label("token.sent-as", lang), sent_as));
}

fn granted(
    pairs: &mut Pairs,
    answer: &TokenAnswer,
    wanted: &[Scope],
    entry: &Entry,
    telling: &Telling<'_>,
) {
    let (reading, lang) = (&entry.reading, telling.lang);
    if let Some(scopes) = answer.granted() {
        let as_asked = scopes == wanted;
        let verdict = if as_asked {
            Span::new(format!("✓ {}", say("token.as-asked", lang)), Tone::Good)
        } else {
            Span::new(say("token.otherwise", lang), Tone::Warn)
        };
        let text: Vec<_> = scopes.iter().map(Scope::to_string).collect();
        let text = if text.is_empty() {
            Span::dim("-")
        } else {
            Span::plain(text.join(" "))
        };
        pairs.push((Span::label("token.granted", lang), spaced([text, verdict])));
    }
    let lifetime = match answer.expires_in {
        Some(_) => span(answer.lifetime().as_secs(), lang),
        None => say("token.not-stated", lang).to_owned(),
    };
    let mut lifetime = cell(lifetime);
    let came = entry.exchange.ended.as_ref();
    let came = came.map_or(entry.exchange.started, |(at, _)| *at);
    let claims = answer.token.jwt().map(|jwt| &jwt.claims);
    let issued = claims.and_then(|claims| claims.issued_at).unwrap_or(came);
    let expires = claims.and_then(|claims| claims.expires);
    lifetime.extend(telling.left(expires.unwrap_or(came + answer.lifetime()), issued));
    pairs.push((Span::label("token.lifetime", lang), lifetime));
    if let Some(jwt) = answer.token.jwt() {
        self::claims(pairs, &jwt.claims, reading, lang);
        signature(pairs, jwt, lang);
    } else {
        let told = match answer.token.length {
            Some(length) => phrase("token.opaque").with(lang, length.to_string()),
            None => say("token.redacted", lang).to_owned(),
        };
        pairs.push((Span::label("token.token", lang), cell(told)));
    }
    if answer.refresh_token {
        pairs.push((
            Span::label("token.token", lang),
            cell(say("token.refresh-came", lang)),
        ));
    }
}

/// The requests that carried the token, and that those to other hosts did not.
fn used(pairs: &mut Pairs, answer: &TokenAnswer, pull: &Pull, telling: &Telling<'_>) {
    let lang = telling.lang;
    let mut carriers = Cell::new();
    let mut withheld = false;
    for step in &pull.steps {
        let Some(entry) = telling.store.entry(step.exchange) else {
            continue;
        };
        let sent = entry.reading.authorization.as_ref();
        if sent.is_some_and(|sent| answer.issued(sent.fingerprint)) {
            if !carriers.is_empty() {
                carriers.push(Span::plain("  "));
            }
            carriers.extend(naming::step(pull, step, lang));
            let good = entry.reading.status.is_some_and(|status| status < 400);
            carriers.extend([Span::plain(" "), Span::mark(good)]);
        }
        withheld |= step.kind == Kind::Cdn && sent.is_none();
    }
    if carriers.is_empty() {
        carriers.push(Span::label("token.nobody-carried-it", lang));
    }
    pairs.push((Span::label("token.used-by", lang), carriers));
    if withheld {
        let text = format!("✓ {}", say("token.never-to-the-cdn", lang));
        pairs.push((
            Span::label("token.used-by", lang),
            vec![Span::new(text, Tone::Good)],
        ));
    }
}

fn claims(pairs: &mut Pairs, claims: &Claims, reading: &Reading, lang: Lang) {
    let mut add = |label: Phrase, cell| pairs.push((label.dim(lang), cell));
    if let Some(issuer) = &claims.issuer {
        add(phrase("token.issuer"), cell(issuer));
    }
    let mut subject = vec![Span::plain(format!(
        "\"{}\"",
        claims.subject.as_deref().unwrap_or_default()
    ))];
    if claims.is_anonymous() {
        subject.push(Span::dim(format!(
            " ({})",
            Credentials::Anonymous.name(lang)
        )));
    }
    add(phrase("token.subject"), subject);
    if !claims.audience.is_empty() {
        add(phrase("token.audience"), cell(claims.audience.join(" ")));
    }
    let moments = [
        (phrase("token.not-before"), claims.not_before),
        (phrase("token.issued-at"), claims.issued_at),
        (phrase("token.expires"), claims.expires),
    ];
    for (label, at) in moments {
        if let Some(at) = at {
            add(label, moment(at, claims.issued_at, lang));
        }
    }
    let skew = reading.server_time().zip(claims.issued_at);
    let skew = skew.map(|(date, issued)| date.duration_since(issued).as_secs().unsigned_abs());
    if let Some(seconds) = skew.filter(|seconds| *seconds > MUCH_SKEW) {
        let text = phrase("token.skew-value").with(lang, span(seconds, lang));
        add(phrase("token.skew"), vec![Span::new(text, Tone::Warn)]);
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
        ..0 => phrase("token.before-issue"),
        _ => phrase("token.after-issue"),
    };
    let text = label.with(lang, span(seconds.unsigned_abs(), lang));
    cell.push(Span::dim(format!("  {text}")));
    cell
}

fn signature(pairs: &mut Pairs, jwt: &Jwt, lang: Lang) {
    let (label, tone) = match jwt.signature {
        Signature::Valid => (phrase("token.signature-valid"), Tone::Good),
        Signature::Invalid => (phrase("token.signature-invalid"), Tone::Bad),
        Signature::NoKey => (phrase("token.signature-no-key"), Tone::Dim),
        Signature::UnknownAlgorithm => (phrase("token.signature-unknown"), Tone::Dim),
        Signature::Redacted => (phrase("token.signature-redacted"), Tone::Dim),
        Signature::Missing => (phrase("token.signature-missing"), Tone::Warn),
    };
    let verdict = spaced([Span::plain(&jwt.algorithm), Span::new(label.of(lang), tone)]);
    pairs.push((Span::label("token.signature", lang), verdict));
    if let Some(key) = &jwt.key_id {
        pairs.push((Span::label("token.key", lang), cell(key)));
    }
    for certificate in &jwt.certificates {
        pairs.push((
            Span::label("token.certificate", lang),
            cell(&certificate.subject),
        ));
    }
}

/// Clocks that are no further apart than this, in seconds, agree well enough.
const MUCH_SKEW: u64 = 60;
