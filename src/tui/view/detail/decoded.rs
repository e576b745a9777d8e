//! What an exchange says, for the kinds that need few words, and what surrounds each.

use ratatui::text::Span;

use super::{Subject, cause};
use crate::base::text::exact;
use crate::exchange::Ending;
use crate::findings::Finding;
use crate::registry::Kind;
use crate::tui::theme::Role;
use crate::tui::view::info::explanation;
use crate::tui::view::list::severity_role;
use crate::tui::view::pen::Sheet;
use crate::tui::view::{decoded_blob, names};

pub(super) fn challenge(subject: &Subject<'_>, sheet: &mut Sheet) {
    let reading = &subject.entry.reading;
    let pen = sheet.pen;
    sheet.labels(9);
    for challenge in &reading.challenges {
        sheet.heading_with("The registry asks for credentials", "WWW-Authenticate");
        sheet.value("scheme", Role::Text, &challenge.scheme);
        for (name, value) in &challenge.params {
            sheet.value(name, Role::Text, value);
        }
        for scope in challenge.scopes() {
            sheet.field(
                "means",
                vec![
                    pen.put(Role::Dim, format!("may {} ", scope.actions.join(", "))),
                    pen.put(Role::Info, format!("{} {}", scope.resource, scope.name)),
                ],
            );
        }
        if let Some(problem) = challenge.problem {
            sheet.value("problem", Role::Warn, problem);
        }
    }
    if reading.challenges.is_empty() {
        sheet.heading("A 401 without a challenge");
        sheet.text(
            Role::Bad,
            2,
            "No WWW-Authenticate field says how to authenticate; clients give up here.",
        );
    }
    errors(subject, sheet);
}

pub(super) fn error(subject: &Subject<'_>, sheet: &mut Sheet) {
    let reading = &subject.entry.reading;
    sheet.labels(9);
    let title = match reading.status {
        Some(status) => format!("The answer is {status}"),
        None => "There is no answer".to_owned(),
    };
    sheet.heading(&title);
    request_line(subject, sheet);
    errors(subject, sheet);
    ending(subject, sheet);
    if let Some(limit) = &reading.rate_limit
        && let Some(seconds) = limit.retry_after
    {
        sheet.value("retry", Role::Warn, &format!("after {seconds} s"));
    }
}

pub(super) fn summary(subject: &Subject<'_>, sheet: &mut Sheet) {
    let reading = &subject.entry.reading;
    let pen = sheet.pen;
    sheet.labels(9);
    sheet.heading(subject.entry.kind.word());
    request_line(subject, sheet);
    let digests = &reading.digests;
    for (label, digest) in [
        ("asked", &digests.requested),
        ("stated", &digests.stated),
        ("computed", &digests.computed),
    ] {
        if let Some(digest) = digest {
            sheet.value(label, Role::Info, &digest.to_string());
        }
    }
    match digests.agree() {
        Some(true) => sheet.field(
            "verified",
            vec![pen.put(Role::Good, "✓ the content is what its digest promises")],
        ),
        Some(false) => sheet.field(
            "verified",
            vec![pen.put(Role::Bad, "✗ the content is not what its digest promises")],
        ),
        None => {}
    }
    if !reading.content_type.is_empty() {
        sheet.value("type", Role::Text, reading.content_type.as_str());
    }
    if let Some(length) = reading.content_length {
        sheet.value("length", Role::Text, &exact(length));
    }
    if let Some(range) = &reading.range {
        sheet.value("range", Role::Warn, range);
    }
    errors(subject, sheet);
    ending(subject, sheet);
    decoded_blob(subject.pull, subject.entry, sheet);
}

fn request_line(subject: &Subject<'_>, sheet: &mut Sheet) {
    let reading = &subject.entry.reading;
    let path = reading.path();
    sheet.value(
        "request",
        Role::Text,
        &format!("{} {}{path}", reading.method, reading.authority),
    );
    sheet.value("about", Role::Text, &names::subject(reading, false));
}

fn errors(subject: &Subject<'_>, sheet: &mut Sheet) {
    let pen = sheet.pen;
    for error in &subject.entry.reading.errors {
        sheet.field("error", vec![pen.put(Role::Bad, &error.code)]);
        sheet.value("", Role::Text, &error.message);
        if let Some(detail) = &error.detail {
            sheet.value("", Role::Dim, detail);
        }
    }
    for warning in &subject.entry.reading.warnings {
        sheet.value("warning", Role::Warn, &warning.text);
    }
}

fn ending(subject: &Subject<'_>, sheet: &mut Sheet) {
    match &subject.exchange.ended {
        Some((_, Ending::Aborted { by, detail })) => {
            let who = match by {
                crate::exchange::Side::Client => "the client",
                crate::exchange::Side::Upstream => "the server",
                crate::exchange::Side::Shutdown => "pullscope's shutdown",
                crate::exchange::Side::Capture => "the end of the capture",
            };
            sheet.value("cut off", Role::Bad, &format!("by {who}: {detail}"));
        }
        Some((_, Ending::Failed { detail, .. })) => sheet.value("failed", Role::Bad, detail),
        _ => {}
    }
}

/// What every decoded exchange ends with: why it happened, what it led to, what is wrong.
pub(super) fn around(subject: &Subject<'_>, sheet: &mut Sheet) {
    let lang = subject.state.look.lang;
    let id = subject.entry.exchange.id;
    let text = explanation(subject.entry, subject.pull, lang);
    if subject.state.explain && !text.is_empty() {
        sheet.heading("Why?");
        sheet.text(Role::Text, 2, &text);
    }
    let Some(pull) = subject.pull else { return };
    let place = |id| {
        pull.steps
            .iter()
            .position(|step| step.exchange == id)
            .map_or(0, |at| at + 1)
    };
    let because = pull.step(id).and_then(|step| step.cause);
    let led_to: Vec<_> = pull
        .steps
        .iter()
        .filter(|step| step.cause.is_some_and(|cause| cause.exchange == id))
        .collect();
    if because.is_some() || !led_to.is_empty() {
        sheet.heading("In its pull");
        sheet.labels(9);
    }
    if let Some(because) = because {
        let kind = pull
            .step(because.exchange)
            .map_or("", |step| step.kind.word());
        let text = format!("↑ {} {kind}: {}", place(because.exchange), cause(because));
        sheet.value("caused by", Role::Text, &text);
    }
    for step in led_to.iter().take(MOST_FOLLOWERS) {
        let why = step.cause.map_or("", cause);
        let what = match step.kind {
            Kind::Redirect | Kind::Cdn | Kind::Exists | Kind::Error => {
                format!("{}, {}", step.kind, names::part(step.part))
            }
            Kind::Layer => names::part(step.part),
            kind => kind.word().to_owned(),
        };
        let text = format!("↓ {} {what}: {why}", place(step.exchange));
        sheet.value("led to", Role::Text, &text);
    }
    let findings = subject.store.findings_shown_by(subject.entry);
    for (at, found) in findings.enumerate() {
        if at == 0 {
            sheet.heading("Findings");
        }
        finding(subject, sheet, found);
    }
}

fn finding(subject: &Subject<'_>, sheet: &mut Sheet, finding: &Finding) {
    let lang = subject.state.look.lang;
    let role = severity_role(finding.severity);
    let pen = sheet.pen;
    sheet.push(vec![
        pen.put(role, "  ● "),
        pen.put(Role::Title, finding.title(lang)),
        pen.put(Role::Dim, format!("  {}", finding.rule)),
    ]);
    sheet.text(Role::Text, 4, &finding.sentence(lang));
    let fix = finding.fix(lang);
    if !fix.is_empty() {
        sheet.text(Role::Good, 4, &format!("→ {fix}"));
    }
    sheet.push(vec![Span::raw("")]);
}

/// Followers of one exchange that are listed.
const MOST_FOLLOWERS: usize = 12;
