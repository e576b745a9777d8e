//! A Markdown article: every pull with its steps explained, decoded and in full.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{mermaid, transcript};
use crate::exchange::{Bodies, ExchangeId};
use crate::pulls::{Pull, Purpose};
use crate::store::Entry;
use crate::story;
use crate::story::{Block, Span, StepStory, Table, Telling, Tone};
use crate::words::say;

/// Writes the article. `takes` says of an exchange whether it is asked for; what is no exchange
/// is told where `whole`.
///
/// # Errors
/// When the stream fails.
pub fn write(
    telling: &Telling<'_>,
    takes: &dyn Fn(&Entry) -> bool,
    whole: bool,
    bodies: &dyn Bodies,
    mut out: impl Write,
) -> io::Result<()> {
    let store = telling.store;
    let wanted = |id: ExchangeId| store.entry(id).is_some_and(takes);
    writeln!(out, "# {}", say("label.article", telling.lang))?;
    let pulls = store.pulls().iter();
    let has_wanted = |pull: &&Pull| pull.steps.iter().any(|step| wanted(step.exchange));
    let pulls: Vec<_> = pulls.filter(has_wanted).collect();
    let mut top = String::new();
    blocks(&mut top, story::tally(&pulls, whole, telling).as_slice(), 2);
    out.write_all(top.as_bytes())?;
    for pull in pulls {
        out.write_all(one_pull(pull, telling, &wanted, bodies).as_bytes())?;
    }
    let loose: Vec<_> = store.loose().filter(|entry| takes(entry)).collect();
    if !loose.is_empty() {
        let mut text = String::new();
        heading(
            &mut text,
            2,
            &[Span::plain(say("label.loose", telling.lang))],
        );
        for (entry, number) in loose.into_iter().zip(1..) {
            step(
                &mut text,
                &story::loose(entry, number, telling),
                telling,
                bodies,
            );
        }
        out.write_all(text.as_bytes())?;
    }
    if whole {
        let mut text = String::new();
        for blocks in [story::unread(telling), story::beyond_pulls(telling)] {
            self::blocks(&mut text, &blocks, 2);
        }
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

fn one_pull(
    pull: &Pull,
    telling: &Telling<'_>,
    wanted: &dyn Fn(ExchangeId) -> bool,
    bodies: &dyn Bodies,
) -> String {
    let lang = telling.lang;
    let mut text = String::new();
    heading(&mut text, 2, &story::title(pull, lang));
    if let Some(command) = command(pull) {
        fenced(&mut text, "sh", &command);
    }
    let told = story::pull(pull, telling, wanted);
    blocks(&mut text, &told.overview, 3);
    let entries = || {
        let steps = pull.steps.iter().filter(|step| wanted(step.exchange));
        steps.filter_map(|step| telling.store.entry(step.exchange))
    };
    fenced(&mut text, "mermaid", &mermaid::diagram(entries, telling));
    heading(&mut text, 3, &[Span::plain(say("label.steps", lang))]);
    for one in &told.steps {
        step(&mut text, one, telling, bodies);
    }
    blocks(&mut text, &told.blobs, 3);
    heading(&mut text, 3, &[Span::plain(say("label.findings", lang))]);
    if told.findings.is_empty() {
        let _ = writeln!(text, "\n{}", told.without_findings.text());
    }
    blocks(&mut text, &told.findings, 4);
    text
}

/// What the user probably typed.
fn command(pull: &Pull) -> Option<String> {
    if pull.purpose != Purpose::Pull || pull.repository.is_empty() {
        return None;
    }
    let name = pull.name();
    let full = if name.starts_with(&pull.registry) {
        name.clone()
    } else {
        let between = if pull.repository.starts_with("library/") {
            "library/"
        } else {
            ""
        };
        format!("docker.io/{between}{name}")
    };
    match pull.client.name.as_str() {
        "docker" => Some(format!("docker pull {name}")),
        "containerd" => Some(format!("ctr images pull {full}")),
        "podman" => Some(format!("podman pull {full}")),
        "skopeo" | "containers/image" => Some(format!("skopeo copy docker://{full} dir:image")),
        _ => None,
    }
}

fn step(text: &mut String, step: &StepStory, telling: &Telling<'_>, bodies: &dyn Bodies) {
    let mut head = step.head.iter();
    let (status, method, kind) = (head.next(), head.next(), head.next());
    let mut title = vec![Span::plain(format!("{}. ", step.number))];
    title.extend(kind.into_iter().flatten().cloned());
    heading(text, 4, &title);
    let mut line = Vec::new();
    for cell in status.into_iter().chain(method).chain(head) {
        if !line.is_empty() {
            line.push(Span::plain(" · "));
        }
        line.extend(cell.iter().cloned());
    }
    let _ = writeln!(text, "\n{}", spans(&line));
    let explanation = Span::plain(story::shorten(&step.explanation));
    let _ = writeln!(text, "\n{}", spans(&[explanation]));
    blocks(text, &step.decoded, 5);
    if let Some(entry) = telling.store.entry(step.exchange) {
        let summary = say("label.transcript", telling.lang);
        let _ = write!(text, "\n<details><summary>{summary}</summary>\n");
        fenced(text, "http", &transcript::exchange(&entry.exchange, bodies));
        text.push_str("\n</details>\n");
    }
}

fn blocks(text: &mut String, blocks: &[Block], level: usize) {
    for block in blocks {
        match block {
            Block::Heading(cell) => heading(text, level, cell),
            Block::Paragraph(cell) => {
                let _ = writeln!(text, "\n{}", spans(cell));
            }
            Block::Pairs(pairs) => {
                text.push_str("\n| | |\n|---|---|\n");
                for (name, value) in pairs {
                    let name = spans(std::slice::from_ref(name));
                    let _ = writeln!(text, "| {name} | {} |", spans(value));
                }
            }
            Block::Table(rows) => table(text, rows),
            Block::Verbatim(lines) => fenced(text, "", lines),
            Block::Inset(inside) => self::blocks(text, inside, level + 1),
        }
    }
}

fn table(text: &mut String, table: &Table) {
    text.push_str("\n|");
    for (name, _) in &table.head {
        let _ = write!(text, " {} |", spans(std::slice::from_ref(name)));
    }
    text.push_str("\n|");
    for (_, right) in &table.head {
        text.push_str(if *right { "---:|" } else { "---|" });
    }
    text.push('\n');
    for row in &table.rows {
        text.push('|');
        for cell in row {
            let _ = write!(text, " {} |", spans(cell));
        }
        text.push('\n');
    }
}

fn heading(text: &mut String, level: usize, cell: &[Span]) {
    let marks = "#".repeat(level.clamp(1, 6));
    // A heading is bold as it is.
    let plain: Vec<_> = cell.iter().map(|span| Span::plain(span.text())).collect();
    let _ = writeln!(text, "\n{marks} {}", spans(&plain));
}

/// Spans in line; nothing in them is markup.
fn spans(cell: &[Span]) -> String {
    let mut text = String::new();
    for span in cell {
        let inside = span.text().trim();
        if span.tone == Tone::Strong && !inside.is_empty() {
            // White space inside the marks would make them text.
            let (before, after) = span.text().split_once(inside).unwrap_or_default();
            let _ = write!(text, "{before}**{}**{after}", escape(inside));
        } else {
            text.push_str(&escape(span.text()));
        }
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '$' | '!' => {
                escaped.extend(['\\', c]);
            }
            // What would begin a list, a heading or a rule.
            '#' | '+' | '-' | '=' if at == 0 => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A block of code, whatever is in it.
fn fenced(text: &mut String, language: &str, code: &str) {
    let mut longest = 2;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let end = if code.ends_with('\n') { "" } else { "\n" };
    let _ = write!(text, "\n{fence}{language}\n{code}{end}{fence}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escape("# <b>a</b> | [x](y) `z` a_b"),
            "\\# &lt;b&gt;a&lt;/b&gt; \\| \\[x\\](y) \\`z\\` a\\_b"
        );
        let mut text = String::new();
        fenced(&mut text, "http", "a\n```\nb");
        assert_eq!(text, "\n````http\na\n```\nb\n````\n");
        let cell = [Span::strong(" a "), Span::plain("b")];
        assert_eq!(spans(&cell), " **a** b");
    }
}
