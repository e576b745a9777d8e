//! A pull at a glance: the image, its blobs, the hosts, and what is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use ratatui::text::Span;

use super::detail::progress;
use super::list::{percent, purpose, severity_role};
use super::names;
use super::pen::Sheet;
use crate::base::text::{count, exact, size, took};
use crate::findings::Severity;
use crate::pulls::{Pull, State as PullState};
use crate::registry::Kind;
use crate::store::Store;
use crate::tui::rows::span;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::words::Lang;

pub(super) fn write(state: &State, store: &Store, pull: &Pull, sheet: &mut Sheet) {
    identity(state, pull, sheet);
    findings(state, store, pull, sheet);
    blobs(pull, sheet);
    critical(state, store, pull, sheet);
    hosts(store, pull, sheet);
}

fn identity(state: &State, pull: &Pull, sheet: &mut Sheet) {
    let pen = sheet.pen;
    let (glyph, role, word) = match pull.state {
        PullState::UnderWay => ("…", Role::Accent, "under way"),
        PullState::Complete => ("✓", Role::Good, "complete"),
        PullState::Failed => ("✗", Role::Bad, "failed"),
    };
    sheet.labels(10);
    sheet.push(vec![
        pen.put(role, format!(" {glyph} ")),
        pen.put(Role::Title, format!("{} {}", purpose(pull), pull.name())),
        pen.put(role, format!("  {word}")),
    ]);
    if let Some(digest) = &pull.digest {
        sheet.value("digest", Role::Info, &digest.to_string());
    }
    sheet.value("registry", Role::Text, &pull.registry);
    if !pull.mirrors.is_empty() {
        sheet.value("mirrors", Role::Text, &pull.mirrors.join(", "));
    }
    sheet.value(
        "platform",
        Role::Text,
        &names::platform(pull.platform.as_ref()),
    );
    sheet.value("client", Role::Text, &pull.client.label());
    let totals = &pull.totals;
    let took_so_far = match pull.ended {
        Some(_) => totals.took,
        None => Duration::try_from(state.now.duration_since(pull.started)).unwrap_or(totals.took),
    };
    sheet.value(
        "time",
        Role::Text,
        &format!(
            "{} from {}",
            took(took_so_far),
            pull.started.strftime("%Y-%m-%d %H:%M:%S UTC")
        ),
    );
    let mut bytes = format!("{} received", exact(totals.received));
    if totals.sent > 0 {
        let _ = write!(bytes, ", {} sent", exact(totals.sent));
    }
    if let Some(promised) = totals.promised {
        let received: u64 = pull.blobs.iter().map(|blob| blob.received).sum();
        let _ = write!(
            bytes,
            "; {}% of the {} the manifest names",
            percent(received, promised),
            size(promised)
        );
    }
    sheet.value("bytes", Role::Text, &bytes);
    let secs = took_so_far.as_secs_f64();
    if secs > 0.0 && totals.received > 1024 * 1024 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a figure for people"
        )]
        let rate = (totals.received as f64 / secs) as u64;
        sheet.value("rate", Role::Text, &format!("{}/s on average", size(rate)));
    }
}

fn findings(state: &State, store: &Store, pull: &Pull, sheet: &mut Sheet) {
    let lang = state.look.lang;
    let pen = sheet.pen;
    let title = if lang == Lang::Zh {
        "发现"
    } else {
        "Findings"
    };
    let found = store.findings_of(pull.id);
    sheet.heading_with(title, &count(found.len(), "finding"));
    if found.is_empty() {
        let text = match (pull.state, lang) {
            (PullState::UnderWay, Lang::En) => "Nothing is wrong so far.",
            (PullState::UnderWay, Lang::Zh) => "目前未发现问题。",
            (_, Lang::En) => "Nothing is wrong with this pull.",
            (_, Lang::Zh) => "这次拉取没有问题。",
        };
        sheet.push(vec![pen.put(Role::Good, format!("  ✓ {text}"))]);
    }
    for finding in found {
        let word = match finding.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let role = severity_role(finding.severity);
        sheet.about(finding.evidence.iter().find_map(|seen| seen.exchange));
        sheet.push(vec![
            pen.put(role, format!("  ● {word}  ")),
            pen.put(Role::Title, finding.title(lang)),
            pen.put(Role::Dim, format!("  {}", finding.rule)),
        ]);
        sheet.text(Role::Text, 4, &finding.sentence(lang));
        let fix = finding.fix(lang);
        if !fix.is_empty() {
            sheet.text(Role::Good, 4, &format!("→ {fix}"));
        }
        for seen in finding.evidence.iter().take(MOST_EVIDENCE) {
            let place = seen
                .exchange
                .and_then(|id| pull.steps.iter().position(|step| step.exchange == id));
            let place = place.map_or_else(String::new, |at| format!("exchange {}: ", at + 1));
            sheet.text(
                Role::Dim,
                4,
                &format!("{place}{} {}", seen.field, seen.value),
            );
        }
        if !finding.link().is_empty() {
            sheet.text(Role::Dim, 4, finding.link());
        }
        sheet.about(None);
    }
    let _ = store;
}

fn blobs(pull: &Pull, sheet: &mut Sheet) {
    if pull.blobs.is_empty() {
        return;
    }
    let pen = sheet.pen;
    sheet.heading_with("Blobs", &count(pull.blobs.len(), "blob"));
    let bar = if sheet.width >= 90 { 24 } else { 12 };
    for blob in &pull.blobs {
        sheet.about(blob.exchanges.last().copied());
        let digest = blob
            .digest
            .as_ref()
            .map_or_else(|| "-".to_owned(), crate::registry::Digest::short);
        let mut line = vec![
            pen.fit(Role::Receive, format!("  {}", names::part(blob.part)), 14),
            pen.fit(Role::Info, digest, 12),
            pen.right(
                Role::Text,
                blob.size.map_or_else(|| "-".to_owned(), size),
                8,
            ),
            Span::raw("  "),
        ];
        line.extend(progress(pen, Some(blob), bar));
        if let Some(took_so_far) = blob.took {
            line.push(pen.put(Role::Dim, format!("  {}", took(took_so_far))));
        }
        sheet.push(line);
    }
    sheet.about(None);
}

fn critical(state: &State, store: &Store, pull: &Pull, sheet: &mut Sheet) {
    if pull.critical_path.is_empty() {
        return;
    }
    let pen = sheet.pen;
    sheet.heading_with(
        "Critical path",
        "what decided how long it took; v shows it on the time axis",
    );
    let mut line = vec![Span::raw("  ")];
    for (at, id) in pull.critical_path.iter().enumerate() {
        let Some(step) = pull.step(*id) else { continue };
        let time = store
            .entry(*id)
            .map(|entry| span(entry, state.now))
            .unwrap_or_default();
        let word = match (step.kind, step.part) {
            (Kind::Redirect, _) | (_, None) => step.kind.word().to_owned(),
            (_, part) => names::part(part),
        };
        let arrow = if at == 0 { "" } else { " → " };
        let piece = [
            pen.put(Role::Faint, arrow),
            pen.put(Role::Text, word),
            pen.put(Role::Dim, format!(" {}", took(time))),
        ];
        if super::pen::width(&line) + super::pen::width(&piece) + 1 > sheet.width {
            sheet.push(std::mem::replace(&mut line, vec![Span::raw("    ")]));
        }
        line.extend(piece);
    }
    sheet.push(line);
}

fn hosts(store: &Store, pull: &Pull, sheet: &mut Sheet) {
    let pen = sheet.pen;
    let mut hosts: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for entry in pull
        .steps
        .iter()
        .filter_map(|step| store.entry(step.exchange))
    {
        let (exchanges, bytes) = hosts.entry(&entry.reading.authority).or_default();
        *exchanges += 1;
        *bytes += entry.exchange.received;
    }
    sheet.heading("Hosts");
    for (host, (exchanges, bytes)) in hosts {
        sheet.push(vec![
            pen.fit(
                Role::Text,
                format!("  {host}"),
                sheet.width.saturating_sub(30).min(64),
            ),
            pen.right(Role::Dim, count(exchanges, "exchange"), 14),
            pen.right(Role::Text, size(bytes), 10),
        ]);
    }
}

/// Pieces of evidence that are shown for one finding.
const MOST_EVIDENCE: usize = 4;
