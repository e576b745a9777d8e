//! A token: what was asked, what was granted, and for how long it holds.

use jiff::Timestamp;
use ratatui::text::Span;

use super::{Subject, decoded, json, wire};
use crate::base::text::{size, took};
use crate::registry::{Credentials, Jwt, Scope, Signature, TokenAnswer};
use crate::tui::screen::Doc;
use crate::tui::theme::Role;
use crate::tui::view::list::{ratio, remaining};
use crate::tui::view::pen::Sheet;

pub(super) fn doc(subject: &Subject<'_>, mut sheet: Sheet) -> Doc {
    let beside_fits = subject.area.width >= 100;
    let split = subject.area.width * 55 / 100;
    if beside_fits {
        sheet.width = usize::from(split) - 1;
    }
    asked(subject, &mut sheet);
    if let Some(answer) = &subject.entry.reading.token_answer {
        granted(subject, answer, &mut sheet);
    } else {
        sheet.heading("Granted");
        sheet.text(Role::Dim, 2, "No token could be read from the answer.");
    }
    used_by(subject, &mut sheet);
    decoded::around(subject, &mut sheet);
    let mut raw = Sheet::new(
        sheet.pen,
        usize::from(subject.area.width.saturating_sub(split + 3)),
    );
    beside(subject, &mut raw);
    if beside_fits {
        return Doc {
            beside: raw.lines,
            split: Some(split),
            ..sheet.finish()
        };
    }
    sheet.blank();
    let mut doc = sheet.finish();
    doc.lines.extend(raw.lines);
    doc
}

fn asked(subject: &Subject<'_>, sheet: &mut Sheet) {
    let Some(request) = &subject.entry.reading.token_request else {
        return;
    };
    let cause = subject
        .pull
        .and_then(|pull| pull.step(subject.entry.exchange.id)?.cause);
    match cause {
        Some(cause) => {
            let number = position(subject, cause.exchange);
            sheet.heading_with(
                "Asked",
                &format!("as exchange {number} told: WWW-Authenticate"),
            );
        }
        None => sheet.heading("Asked"),
    }
    sheet.labels(9);
    sheet.value("realm", Role::Text, &request.realm);
    sheet.value(
        "service",
        Role::Text,
        request.service.as_deref().unwrap_or("-"),
    );
    for scope in &request.scopes {
        sheet.value("scope", Role::Text, &scope.to_string());
    }
    if let Some(client) = &request.client_id {
        sheet.value("client_id", Role::Text, client);
    }
    let sent_as = match request.credentials {
        Credentials::Anonymous => "anonymous (no Authorization header)",
        Credentials::Password => "user name and password",
        Credentials::RefreshToken => "a refresh token",
        Credentials::Other => "another kind of credentials",
    };
    sheet.value("sent as", Role::Text, sent_as);
}

fn granted(subject: &Subject<'_>, answer: &TokenAnswer, sheet: &mut Sheet) {
    let request = subject.entry.reading.token_request.as_ref();
    let asked: &[Scope] = request.map_or(&[], |request| &request.scopes);
    let pen = sheet.pen;
    let jwt = answer.token.jwt();
    let what = if jwt.is_some() {
        "JWT payload"
    } else {
        "an opaque token; only its server can read it"
    };
    sheet.heading_with("Granted", what);
    match answer.granted() {
        Some([]) => sheet.value("access", Role::Bad, "✗ nothing"),
        Some(scopes) => {
            for scope in scopes {
                let all = asked.iter().all(|asked| {
                    asked
                        .actions
                        .iter()
                        .all(|action| scope.name != asked.name || scope.allows(&asked.name, action))
                });
                let (role, verdict) = if all {
                    (Role::Good, "  ✓ as asked")
                } else {
                    (Role::Warn, "  less than asked")
                };
                sheet.field(
                    "access",
                    vec![
                        pen.put(Role::Text, scope.to_string()),
                        pen.put(role, verdict),
                    ],
                );
            }
        }
        None => {}
    }
    if let Some(jwt) = jwt {
        claims(jwt, sheet);
    }
    let at = subject
        .exchange
        .ended
        .as_ref()
        .map_or(subject.exchange.started, |(at, _)| *at);
    let expires = jwt
        .and_then(|jwt| jwt.claims.expires)
        .unwrap_or(at + answer.lifetime());
    let issued = jwt.and_then(|jwt| jwt.claims.issued_at).unwrap_or(at);
    lifetime(subject, sheet, issued, expires);
    if answer.refresh_token {
        sheet.value("refresh", Role::Secret, "a refresh token came along");
    }
    if let Some(jwt) = jwt {
        signed(jwt, sheet);
    }
}

fn claims(jwt: &Jwt, sheet: &mut Sheet) {
    let claims = &jwt.claims;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    sheet.value("iss", Role::Text, &or_none(&claims.issuer));
    sheet.value("aud", Role::Text, &claims.audience.join(", "));
    let subject = if claims.is_anonymous() {
        "\"\"  (anonymous)".to_owned()
    } else {
        or_none(&claims.subject)
    };
    sheet.value("sub", Role::Text, &subject);
}

fn lifetime(subject: &Subject<'_>, sheet: &mut Sheet, issued: Timestamp, expires: Timestamp) {
    let pen = sheet.pen;
    let clock = |at: Timestamp| at.strftime("%H:%M:%S").to_string();
    let whole = remaining(expires, issued).unwrap_or_default();
    sheet.field("iat", vec![pen.put(Role::Text, clock(issued))]);
    if !subject.state.facts.live {
        let text = format!("{}  lives {}", clock(expires), took(whole));
        sheet.field("exp", vec![pen.put(Role::Text, text)]);
        return;
    }
    match remaining(expires, subject.state.now) {
        Some(left) => {
            let part = ratio(left.as_secs(), whole.as_secs().max(1));
            let role = if part > 0.2 { Role::Good } else { Role::Warn };
            let mut value = vec![pen.put(Role::Text, format!("{}   ", clock(expires)))];
            value.extend(pen.bar(role, part, 20));
            value.push(pen.put(Role::Secret, format!("  {} left", took(left))));
            sheet.field("exp", value);
        }
        None => sheet.field(
            "exp",
            vec![
                pen.put(Role::Text, clock(expires)),
                pen.put(Role::Dim, format!("  over; it lived {}", took(whole))),
            ],
        ),
    }
}

fn signed(jwt: &Jwt, sheet: &mut Sheet) {
    let pen = sheet.pen;
    sheet.heading_with("Signed by", "JWT header");
    let (role, verdict) = match jwt.signature {
        Signature::Valid => (Role::Good, "signature verifies ✓"),
        Signature::Invalid => (Role::Bad, "signature does not verify ✗"),
        Signature::NoKey => (Role::Dim, "only the issuer has the key"),
        Signature::UnknownAlgorithm => (Role::Warn, "an algorithm that is not checked"),
        Signature::Redacted => (Role::Dim, "signature taken out of the record"),
        Signature::Missing => (Role::Warn, "no signature"),
    };
    sheet.field(
        "alg",
        vec![
            pen.put(Role::Text, format!("{}  ", jwt.algorithm)),
            pen.put(role, verdict),
        ],
    );
    if let Some(key) = &jwt.key_id {
        sheet.value("kid", Role::Text, key);
    }
    for (at, certificate) in jwt.certificates.iter().enumerate() {
        sheet.value(&format!("x5c[{at}]"), Role::Text, &certificate.subject);
    }
}

/// The requests that carried this token.
fn used_by(subject: &Subject<'_>, sheet: &mut Sheet) {
    let Some(answer) = &subject.entry.reading.token_answer else {
        return;
    };
    let Some(pull) = subject.pull else { return };
    let pen = sheet.pen;
    let mut spans = Vec::new();
    let mut elsewhere = 0;
    for (at, step) in pull.steps.iter().enumerate() {
        let Some(entry) = subject.store.entry(step.exchange) else {
            continue;
        };
        let carries = entry
            .reading
            .authorization
            .as_ref()
            .is_some_and(|sent| answer.issued(sent.fingerprint));
        if carries {
            let good = entry.reading.status.is_some_and(|status| status < 400);
            spans.push(pen.put(Role::Text, format!("{} {} ", at + 1, step.kind)));
            spans.push(pen.tick(good));
            spans.push(Span::raw("  "));
        } else if step.kind == crate::registry::Kind::Cdn && entry.reading.authorization.is_none() {
            elsewhere += 1;
        }
    }
    sheet.heading("Used by");
    if spans.is_empty() {
        sheet.text(Role::Dim, 2, "No request that carried it was seen.");
    }
    let mut line = vec![Span::raw("  ")];
    for piece in spans.chunks(3) {
        if super::super::pen::width(&line) + super::super::pen::width(piece) > sheet.width {
            sheet.push(std::mem::replace(&mut line, vec![Span::raw("  ")]));
        }
        line.extend(piece.iter().cloned());
    }
    sheet.push(line);
    if elsewhere > 0 {
        sheet.push(vec![pen.put(Role::Good, "  never sent to the CDN ✓")]);
    }
}

/// The answer as it was, beside what it means.
fn beside(subject: &Subject<'_>, sheet: &mut Sheet) {
    let pen = sheet.pen;
    let shown = if subject.state.reveals() {
        "shown"
    } else if subject.state.facts.secrets_kept {
        "masked, R reveals for 10 s"
    } else {
        "secrets are not recorded"
    };
    sheet.push(vec![
        pen.put(Role::Title, " Raw"),
        pen.put(Role::Dim, format!("  {shown}")),
    ]);
    let body = subject.exchange.response_body.as_ref();
    let loaded = body.map(|body| wire::load(subject, body));
    let text = match &loaded {
        Some(Ok(Some(bytes))) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) => {
            for line in json::lines(pen, &value) {
                json::push(sheet, 1, MOST_ROWS, line);
            }
        }
        Err(_) if text.is_empty() => sheet.text(Role::Dim, 1, "The body was not kept."),
        Err(_) => sheet.text(Role::Text, 1, &text),
    }
    if let Some(jwt) = subject
        .entry
        .reading
        .token_answer
        .as_ref()
        .and_then(|answer| answer.token.jwt())
    {
        let length = subject
            .entry
            .reading
            .token_answer
            .as_ref()
            .map_or(0, |answer| answer.token.length);
        sheet.blank();
        sheet.push(vec![
            pen.put(Role::Title, " Payload"),
            pen.put(
                Role::Dim,
                format!(
                    "  of a token of {}",
                    size(u64::try_from(length).unwrap_or(0))
                ),
            ),
        ]);
        for line in json::lines(pen, &jwt.claims.all.value()) {
            json::push(sheet, 1, MOST_ROWS, line);
        }
    }
}

fn position(subject: &Subject<'_>, id: crate::exchange::ExchangeId) -> usize {
    let steps = subject.pull.map_or(&[][..], |pull| &pull.steps);
    steps
        .iter()
        .position(|step| step.exchange == id)
        .map_or(0, |at| at + 1)
}

/// Rows of one long string.
const MOST_ROWS: usize = 4;
