//! What was asked of a token server, and what it granted.

use jiff::Timestamp;

use super::blob::known;
use super::block::{cell, spaced};
use super::labelled::Labelled;
use super::{Block, Cell, Span, Telling, Tone, naming};
use crate::pulls::Pull;
use crate::registry::{
    Challenge, Claims, Credentials, Jwt, Kind, Reading, Scope, Signature, TokenAnswer, TokenRequest,
};
use crate::store::Entry;
use crate::words::Lang;
use crate::words::figures::span;
use crate::words::{phrase, say};

/// The challenges of a 401.
pub(super) fn challenges(challenges: &[Challenge], lang: Lang) -> Vec<Block> {
    challenges
        .iter()
        .flat_map(|challenge| {
            let mut fields = Labelled::new(lang);
            let scheme = vec![Span::strong(&challenge.scheme)];
            fields.named(Span::dim("WWW-Authenticate"), scheme);
            for (name, value) in &challenge.params {
                fields.named(Span::dim(name), cell(value));
            }
            if let Some(problem) = challenge.problem {
                fields.toned("image.problem", Tone::Warn, problem.name(lang));
            }
            fields.blocks()
        })
        .collect()
}

/// Request and answer of a token server.
pub(super) fn token(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let reading = &entry.reading;
    let mut fields = Labelled::new(telling.lang);
    if let Some(request) = &reading.token_request {
        asked(&mut fields, request);
    }
    if let Some(answer) = &reading.token_answer {
        let wanted = reading.token_request.as_ref().map(|r| r.scopes.as_slice());
        granted(
            &mut fields,
            answer,
            wanted.unwrap_or_default(),
            entry,
            telling,
        );
        if let Some(pull) = pull {
            used(&mut fields, answer, pull, telling);
        }
    }
    fields.blocks()
}

fn asked(fields: &mut Labelled, request: &TokenRequest) {
    fields.text("token.realm", &request.realm);
    fields.texts("token.service", request.service.as_deref());
    fields.texts("token.scope", request.asked());
    fields.texts("token.client-id", request.client_id.as_deref());
    fields.text("token.sent-as", request.credentials.name(fields.lang));
}

fn granted(
    fields: &mut Labelled,
    answer: &TokenAnswer,
    wanted: &[Scope],
    entry: &Entry,
    telling: &Telling<'_>,
) {
    let (reading, lang) = (&entry.reading, telling.lang);
    if let Some(scopes) = answer.granted() {
        let as_asked = scopes == wanted;
        let lacks = wanted.iter().any(|scope| !scope.is_granted_by(scopes));
        let (mark, key, tone) = if as_asked {
            ("✓ ", "token.as-asked", Tone::Good)
        } else if lacks {
            ("✗ ", "token.otherwise", Tone::Bad)
        } else {
            ("", "token.otherwise", Tone::Warn)
        };
        let verdict = Span::new(format!("{mark}{}", say(key, lang)), tone);
        let text: Vec<_> = scopes.iter().map(Scope::to_string).collect();
        let text = known(Some(text.join(" ")).filter(|text| !text.is_empty()));
        if as_asked {
            let value = spaced(text.into_iter().chain([verdict]));
            fields.add("token.granted", value);
        } else {
            fields.add("token.granted", text);
            fields.add("token.granted", vec![verdict]);
        }
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
    fields.add("token.lifetime", lifetime);
    if let Some(jwt) = answer.token.jwt() {
        self::claims(fields, &jwt.claims, reading);
        signature(fields, jwt);
    } else {
        let told = match answer.token.length {
            Some(length) => phrase("token.opaque").with(lang, length.to_string()),
            None => say("token.redacted", lang).to_owned(),
        };
        fields.text("token.token", told);
    }
    if answer.refresh_token {
        fields.text("token.token", say("token.refresh-came", lang));
    }
}

/// The requests that carried the token, and that those to other hosts did not.
fn used(fields: &mut Labelled, answer: &TokenAnswer, pull: &Pull, telling: &Telling<'_>) {
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
            // That a blob is not there yet is an answer, too.
            let refused = matches!(entry.kind, Kind::Error | Kind::Challenge);
            let status = entry.reading.status;
            let good = status.is_some_and(|status| status < 400 || !refused);
            carriers.extend([Span::plain(" "), Span::mark(good)]);
        }
        withheld |= step.kind == Kind::Cdn && sent.is_none();
    }
    if carriers.is_empty() {
        carriers.push(Span::label("token.nobody-carried-it", lang));
    }
    fields.add("token.used-by", carriers);
    if withheld {
        let text = format!("✓ {}", say("token.never-to-the-cdn", lang));
        fields.toned("token.used-by", Tone::Good, text);
    }
}

fn claims(fields: &mut Labelled, claims: &Claims, reading: &Reading) {
    let lang = fields.lang;
    fields.texts("token.issuer", claims.issuer.as_deref());
    let subject = claims.subject.as_deref().unwrap_or_default();
    let mut subject = cell(format!("\"{subject}\""));
    if claims.is_anonymous() {
        let anonymous = Credentials::Anonymous.name(lang);
        subject.push(Span::dim(format!(" ({anonymous})")));
    }
    fields.add("token.subject", subject);
    fields.text("token.audience", claims.audience.join(" "));
    let moments = [
        ("token.not-before", claims.not_before),
        ("token.issued-at", claims.issued_at),
        ("token.expires", claims.expires),
    ];
    for (label, at) in moments {
        if let Some(at) = at {
            fields.add(label, moment(at, claims.issued_at, lang));
        }
    }
    let skew = reading.server_time().zip(claims.issued_at);
    let skew = skew.map(|(date, issued)| date.duration_since(issued).as_secs().unsigned_abs());
    if let Some(seconds) = skew.filter(|seconds| *seconds > MUCH_SKEW) {
        let text = phrase("token.skew-value").with(lang, span(seconds, lang));
        fields.toned("token.skew", Tone::Warn, text);
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

fn signature(fields: &mut Labelled, jwt: &Jwt) {
    let (label, tone) = match jwt.signature {
        Signature::Valid => ("token.signature-valid", Tone::Good),
        Signature::Invalid => ("token.signature-invalid", Tone::Bad),
        Signature::NoKey => ("token.signature-no-key", Tone::Dim),
        Signature::UnknownAlgorithm => ("token.signature-unknown", Tone::Dim),
        Signature::Redacted => ("token.signature-redacted", Tone::Dim),
        Signature::Missing => ("token.signature-missing", Tone::Warn),
    };
    let label = Span::new(say(label, fields.lang), tone);
    let verdict = spaced([Span::plain(&jwt.algorithm), label]);
    fields.add("token.signature", verdict);
    fields.texts("token.key", jwt.key_id.as_deref());
    let certificates = jwt.certificates.iter();
    fields.texts("token.certificate", certificates.map(|it| &it.subject));
}

/// Clocks that are no further apart than this, in seconds, agree well enough.
const MUCH_SKEW: u64 = 60;
