//! What is wrong, in words.

use super::{Block, Cell, Span, Telling, Tone, shorten};
use crate::findings::{Finding, Severity};
use crate::pulls::Pull;
use crate::store::Entry;
use crate::words::Lang;
use crate::words::say;

/// One finding: what, why, what to do, and where it shows.
pub fn finding(finding: &Finding, pull: Option<&Pull>, lang: Lang) -> Vec<Block> {
    let (sign, tone) = match finding.severity {
        Severity::Error => ("✗", Tone::Bad),
        Severity::Warning => ("!", Tone::Warn),
        Severity::Info => ("·", Tone::Plain),
    };
    let head = vec![
        Span::new(format!("{sign} {}", finding.severity.name(lang)), tone),
        Span::plain("  "),
        Span::strong(finding.title(lang)),
        Span::dim(format!("  {}", finding.rule)),
    ];
    let mut inside = vec![
        Block::Paragraph(vec![Span::plain(shorten(&finding.sentence(lang)))]),
        Block::Paragraph(vec![
            Span::strong(say("label.fix", lang)),
            Span::plain(format!(" {}", shorten(&finding.fix(lang)))),
        ]),
    ];
    let evidence: Vec<(Span, Cell)> = finding
        .evidence
        .iter()
        .take(MOST_EVIDENCE)
        .map(|evidence| {
            let step = evidence.exchange.and_then(|id| {
                let mut steps = pull?.steps.iter();
                steps.position(|step| step.exchange == id)
            });
            let place = match (step, evidence.exchange) {
                (Some(at), _) => format!("{} {}", say("label.step", lang), at + 1),
                (None, Some(id)) => format!("#{id}"),
                (None, None) => "-".to_owned(),
            };
            let value = vec![
                Span::plain(&evidence.field),
                Span::plain(": "),
                Span::plain(shorten(&evidence.value)),
            ];
            (Span::dim(place), value)
        })
        .collect();
    if !evidence.is_empty() {
        inside.push(Block::Pairs(evidence));
    }
    if !finding.link().is_empty() {
        inside.push(Block::Paragraph(vec![
            Span::dim(say("label.see", lang)),
            Span::dim(format!(" {}", finding.link())),
        ]));
    }
    vec![Block::Heading(head), Block::Inset(inside)]
}

/// The findings that an exchange is evidence of, under a heading.
pub fn findings_shown_by(entry: &Entry, pull: Option<&Pull>, telling: &Telling<'_>) -> Vec<Block> {
    let found = telling.store.findings_shown_by(entry);
    let told: Vec<_> = found
        .flat_map(|one| finding(one, pull, telling.lang))
        .collect();
    if told.is_empty() {
        return told;
    }
    Block::under(say("label.findings", telling.lang), told)
}

/// More evidence of one finding is not listed.
const MOST_EVIDENCE: usize = 8;
