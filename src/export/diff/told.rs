//! The comparison as blocks of text, in either language.

use std::time::Duration;

use super::{
    Age, BlobPair, ComparedPull, Comparison, Difference, Pair, StepPair, Taken, Traffic, Verdict,
};
use crate::exchange::Phase;
use crate::findings::{Finding, Severity};
use crate::pulls::{Blob, BlobState, Part, Pull, Purpose, State};
use crate::registry::{Digest, Kind};
use crate::story::{self, Block, Cell, Span, Table, Telling, Tone, cell, millis, shorten, spaced};
use crate::words::figures::{bytes, span};
use crate::words::{Lang, phrase, say};

/// Everything that is told of a comparison, in sections.
pub fn sections(compared: &Comparison<'_>, lang: Lang) -> Vec<Vec<Block>> {
    let tables = [
        ("label.steps", None, steps(&compared.steps, lang)),
        ("comparison.hosts", None, hosts(&compared.hosts, lang)),
        (
            "label.blobs",
            Some(shared(&compared.blobs, lang)),
            blobs(&compared.blobs, lang),
        ),
        (
            "comparison.where-time-went",
            None,
            phases(&compared.phases, lang),
        ),
        ("label.findings", None, findings(&compared.findings, lang)),
    ];
    let headline = headline(compared, lang).into_iter();
    let mut sections = vec![
        headline.map(Block::Paragraph).collect(),
        vec![Block::Table(overview(compared, lang))],
    ];
    for (label, intro, table) in tables {
        if !table.rows.is_empty() {
            let intro = intro.map(Block::Paragraph).into_iter();
            sections.push(vec![
                Block::Heading(vec![Span::strong(say(label, lang))]),
                Block::Inset(intro.chain([Block::Table(table)]).collect()),
            ]);
        }
    }
    let wrong = match &compared.verdict {
        Verdict::TagDiffers { age, .. } => age.is_some_and(|age| age.stale),
        _ => [compared.a, compared.b]
            .iter()
            .any(|side| side.pull.state != State::Complete),
    };
    if compared.findings.is_empty() && !wrong {
        let none = format!("✓ {}", say("label.no-findings", lang));
        sections.push(vec![Block::Paragraph(vec![Span::new(none, Tone::Good)])]);
    }
    sections
}

/// What both got, why one has nothing, and what took longer.
fn headline(compared: &Comparison<'_>, lang: Lang) -> Vec<Cell> {
    let mut told: Vec<_> = verdict(&compared.verdict, lang).into_iter().collect();
    for (name, side) in [("A", compared.a), ("B", compared.b)] {
        let pull = side.pull;
        let without = |key| phrase(key).with(lang, name);
        let label = match (pull.state, pull.purpose) {
            (State::Complete, _) => continue,
            (State::Failed | State::Stopped, Purpose::Push) => without("comparison.not-pushed"),
            (State::Failed | State::Stopped, _) => without("comparison.no-image"),
            _ => format!("{name}:"),
        };
        let mut why = vec![Span::strong(label), Span::plain(" ")];
        why.extend(story::verdict(pull, &Telling::of(side.store, lang)));
        told.push(why);
    }
    let took = |taken: &Option<Taken>| taken.as_ref().map_or(0, |taken| micros(taken.took));
    let longer = |pair: &StepPair| (took(&pair.taken.b) - took(&pair.taken.a)).abs();
    let most = compared.steps.iter().max_by_key(|pair| longer(pair));
    if let Some(most) = most.filter(|pair| longer(pair) >= NAMED) {
        let shown = |side: &Option<Taken>| match side {
            Some(_) => duration(took(side).unsigned_abs()),
            None => "-".to_owned(),
        };
        let facts = [
            ("n", step_name(most, lang)),
            ("a", shown(&most.taken.a)),
            ("b", shown(&most.taken.b)),
        ];
        let text = phrase("comparison.longest").fill(lang, &facts);
        told.push(vec![Span::plain(text)]);
    }
    told
}

/// What became of the name that was asked for.
fn verdict(verdict: &Verdict, lang: Lang) -> Option<Cell> {
    Some(match verdict {
        Verdict::NoImage { .. } => return None,
        Verdict::Same { digest } => {
            let same = phrase("comparison.same-image").with(lang, digest.short());
            vec![Span::new(same, Tone::Good)]
        }
        Verdict::Other => vec![Span::plain(say("comparison.other-images", lang))],
        Verdict::Unknown => vec![Span::plain(say("comparison.image-unknown", lang))],
        Verdict::TagDiffers { a, b, age } => {
            let differ = phrase("comparison.tag-differs");
            let differ = differ.fill(lang, &[("a", a.short()), ("b", b.short())]);
            let (means, tone) = match age {
                Some(age) => (
                    meaning(*age, lang),
                    if age.stale { Tone::Bad } else { Tone::Warn },
                ),
                None => (say("comparison.no-age", lang).to_owned(), Tone::Dim),
            };
            spaced([Span::new(differ, Tone::Warn), Span::new(means, tone)])
        }
    })
}

fn meaning(age: Age, lang: Lang) -> String {
    let label = phrase(match (age.stale, age.older_is_a) {
        (true, true) => "comparison.stale-a",
        (true, false) => "comparison.stale-b",
        (false, true) => "comparison.moved-a",
        (false, false) => "comparison.moved-b",
    });
    label.with(lang, span(age.seconds, lang))
}

/// A table with these columns, then one for each pull, and one for what differs where that is said.
fn table(columns: &[&'static str], differs: bool, lang: Lang, rows: Vec<Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|key| match *key {
        // What stands in a row is named there.
        "" => Span::default(),
        key => Span::dim(say(key, lang)),
    });
    let difference = differs.then(|| Span::dim(say("comparison.difference", lang)));
    let head = columns
        .chain(["A", "B"].map(Span::strong))
        .chain(difference);
    Table {
        head: head.map(|name| (name, false)).collect(),
        rows,
    }
}

/// What a pull has of something.
type TextOf<'a> = &'a dyn Fn(ComparedPull<'_>) -> Option<String>;
/// A figure of a pull: its name, how large it is, and how it is shown.
type Figure<'a> = (&'static str, fn(&Pull) -> u128, &'a dyn Fn(u128) -> String);

fn overview(compared: &Comparison<'_>, lang: Lang) -> Table {
    let (a, b) = (compared.a, compared.b);
    let mut rows = Vec::new();
    let mut row = |key: &'static str, a: Option<Cell>, b: Option<Cell>, difference: Span| {
        if a.is_some() || b.is_some() {
            let [a, b] = [a, b].map(|cell| cell.unwrap_or_else(nothing));
            let name = vec![Span::dim(say(key, lang))];
            rows.push(vec![name, a, b, vec![difference]]);
        }
    };
    let source =
        |side: ComparedPull<'_>| Some(cell(format!("{} #{}", side.source, side.pull.id.0)));
    row("comparison.source", source(a), source(b), Span::default());
    let protocols = |side: ComparedPull<'_>| {
        let found: Vec<_> = side.protocols().into_iter().collect();
        (!found.is_empty()).then(|| found.join(", "))
    };
    let texts: [(&'static str, TextOf<'_>); 8] = [
        ("image.image", &|side| Some(shorten(&side.pull.name()))),
        ("label.client", &|side| Some(side.pull.client.label())),
        ("label.registry", &|side| Some(side.pull.registry.clone())),
        ("label.mirrors", &|side| {
            let mirrors = &side.pull.mirrors;
            (!mirrors.is_empty()).then(|| mirrors.join(" "))
        }),
        ("label.platform", &|side| {
            Some(side.pull.platform.as_ref()?.to_string())
        }),
        ("label.digest", &|side| {
            Some(side.pull.digest.as_ref()?.short())
        }),
        ("image.state", &|side| {
            let (mark, _) = story::mark(side.pull.state);
            Some(format!("{mark} {}", side.pull.state.name(lang)))
        }),
        ("comparison.protocols", &protocols),
    ];
    for (key, of) in texts {
        let (a, b) = (of(a), of(b));
        let difference = if a == b {
            Span::dim("=")
        } else {
            Span::new("≠", Tone::Warn)
        };
        row(key, a.map(cell), b.map(cell), difference);
    }
    let started = |side: ComparedPull<'_>| Some(cell(format!("{:.3}", side.pull.started)));
    let later = b.pull.started.duration_since(a.pull.started);
    let later = more(later.as_micros(), &|micros| {
        let seconds = u64::try_from(micros / 1_000_000).unwrap_or(u64::MAX);
        match seconds {
            0..120 => duration(micros),
            seconds => span(seconds, lang),
        }
    });
    row("label.started", started(a), started(b), later);
    let count = |value: u128| bytes(u64::try_from(value).unwrap_or(u64::MAX));
    let figures: [Figure<'_>; 4] = [
        (
            "comparison.exchange-count",
            |pull| pull.steps.len() as u128,
            &|n| n.to_string(),
        ),
        ("comparison.sent", |pull| pull.totals.sent.into(), &count),
        (
            "comparison.received",
            |pull| pull.totals.received.into(),
            &count,
        ),
        (
            "comparison.took",
            |pull| pull.totals.took.as_micros(),
            &duration,
        ),
    ];
    for (key, of, shown) in figures {
        let (a, b) = (of(a.pull), of(b.pull));
        let by = i128::try_from(b).unwrap_or(i128::MAX) - i128::try_from(a).unwrap_or(i128::MAX);
        let [a, b] = [a, b].map(|figure| Some(cell(shown(figure))));
        row(key, a, b, more(by, shown));
    }
    table(&[""], true, lang, rows)
}

fn steps(steps: &[StepPair], lang: Lang) -> Table {
    let rows = steps.iter().map(|pair| {
        let sizes = pair.differences.contains(&Difference::Size);
        let went = |taken: Option<&Taken>| taken.map_or_else(nothing, |taken| went(taken, sizes));
        vec![
            vec![Span::plain(step_name(pair, lang))],
            went(pair.taken.a.as_ref()),
            went(pair.taken.b.as_ref()),
            step_difference(pair, lang),
        ]
    });
    table(&["label.step"], true, lang, rows.collect())
}

/// What a step was for, and the part of the image unless that says it already.
fn step_name(pair: &StepPair, lang: Lang) -> String {
    let kind = match pair.taken.both() {
        Some((a, b)) if a.kind != b.kind => pair.kind,
        _ => pair.taken.any().map_or(pair.kind, |taken| taken.kind),
    };
    match (kind, pair.part) {
        (Kind::Index, Some(Part::Index))
        | (Kind::Manifest, Some(Part::Manifest))
        | (Kind::Config, Some(Part::Config))
        | (_, None) => kind.name(lang).to_owned(),
        (kind, Some(part)) => format!("{} · {}", kind.name(lang), part.short(lang)),
    }
}

/// Number, status and duration of a step, and its size where that is of interest.
fn went(taken: &Taken, sizes: bool) -> Cell {
    let status = taken
        .status
        .map_or_else(|| "---".to_owned(), |status| status.to_string());
    let tone = match taken.status {
        None | Some(402..) => Tone::Bad,
        Some(401) => Tone::Warn,
        _ => Tone::Plain,
    };
    let mut went = vec![
        Span::dim(format!("{:>2}", taken.number)),
        Span::new(status, tone),
    ];
    if !taken.took.is_zero() {
        went.push(Span::plain(millis(taken.took)));
    }
    if sizes {
        went.push(Span::plain(bytes(taken.received)));
    }
    spaced(went)
}

fn step_difference(pair: &StepPair, lang: Lang) -> Cell {
    let label = |difference: &Difference| match difference {
        Difference::OnlyA => "comparison.only-a",
        Difference::OnlyB => "comparison.only-b",
        Difference::Method => "comparison.method",
        Difference::Status => "comparison.status",
        Difference::Host => "comparison.host",
        Difference::Digest => "label.digest",
        Difference::Size => "image.size",
    };
    let differences = pair.differences.iter();
    let mut words: Vec<String> = differences
        .map(|difference| say(label(difference), lang).to_owned())
        .collect();
    if let Some((a, b)) = pair.taken.both() {
        let longer = micros(b.took) - micros(a.took);
        if longer.abs() >= SHOWN {
            words.push(more(longer, &duration).text().to_owned());
        }
    }
    if words.is_empty() {
        return vec![Span::dim("=")];
    }
    let grave = pair
        .differences
        .iter()
        .any(|d| !matches!(d, Difference::Size));
    let tone = if grave { Tone::Warn } else { Tone::Plain };
    vec![Span::new(words.join(", "), tone)]
}

fn hosts(hosts: &[(String, Pair<Traffic>)], lang: Lang) -> Table {
    let traffic = |traffic: Option<Traffic>| {
        traffic.map_or_else(nothing, |traffic| {
            let received = bytes(traffic.received);
            cell(format!("{} × ↓ {received}", traffic.exchanges))
        })
    };
    let rows = hosts.iter();
    let rows =
        rows.map(|(host, pair)| vec![vec![Span::plain(host)], traffic(pair.a), traffic(pair.b)]);
    table(&["comparison.host"], false, lang, rows.collect())
}

/// How many blobs both have, and how many one alone, with their bytes.
fn shared(blobs: &[BlobPair<'_>], lang: Lang) -> Cell {
    let sum = |wanted: &dyn Fn(&BlobPair<'_>) -> bool| {
        let wanted = blobs.iter().filter(|pair| wanted(pair));
        let sizes = wanted.clone().filter_map(|pair| pair.size);
        let size = sizes.fold(0, u64::saturating_add);
        format!("{} ({})", wanted.count(), bytes(size))
    };
    let parts = [
        phrase("comparison.both-have").with(lang, sum(&|pair| pair.blobs.both().is_some())),
        phrase("comparison.a-has").with(lang, sum(&|pair| pair.blobs.b.is_none())),
        phrase("comparison.b-has").with(lang, sum(&|pair| pair.blobs.a.is_none())),
    ];
    vec![Span::plain(parts.join("; "))]
}

fn blobs(blobs: &[BlobPair<'_>], lang: Lang) -> Table {
    let state = |blob: Option<&Blob>| {
        blob.map_or_else(nothing, |blob| {
            let tone = match blob.state {
                BlobState::Verified => Tone::Good,
                BlobState::Mismatch | BlobState::Failed => Tone::Bad,
                _ => Tone::Plain,
            };
            let took = blob.took.filter(|took| !took.is_zero());
            let took = took.map(|took| Span::plain(millis(took)));
            let name = Span::new(blob.state.name(lang), tone);
            spaced(std::iter::once(name).chain(took))
        })
    };
    let told = |text: Option<String>| text.map_or_else(nothing, cell);
    let rows = blobs.iter().map(|pair| {
        vec![
            told(pair.part.map(|part| part.short(lang))),
            told(pair.digest.map(Digest::short)),
            told(pair.size.map(bytes)),
            state(pair.blobs.a),
            state(pair.blobs.b),
        ]
    });
    let columns = ["comparison.blob", "label.digest", "image.size"];
    let mut table = table(&columns, false, lang, rows.collect());
    if let Some(size) = table.head.get_mut(2) {
        size.1 = true;
    }
    table
}

fn phases(phases: &[(Phase, Pair<Duration>)], lang: Lang) -> Table {
    let time = |time: Option<Duration>| time.map_or_else(nothing, |time| cell(millis(time)));
    let rows = phases.iter().map(|(phase, pair)| {
        let by = pair.both().map(|(a, b)| micros(*b) - micros(*a));
        vec![
            vec![Span::dim(phase.name(lang))],
            time(pair.a),
            time(pair.b),
            by.map_or_else(nothing, |by| vec![more(by, &duration)]),
        ]
    });
    table(&["comparison.phase"], true, lang, rows.collect())
}

fn findings(findings: &[(&'static str, Pair<&Finding>)], lang: Lang) -> Table {
    let mark = |finding: Option<&Finding>| {
        finding.map_or_else(nothing, |finding| {
            let tone = match finding.severity {
                Severity::Info => Tone::Plain,
                Severity::Warning => Tone::Warn,
                Severity::Error => Tone::Bad,
            };
            vec![Span::new(finding.severity.name(lang), tone)]
        })
    };
    let rows = findings.iter().map(|(rule, pair)| {
        let title = pair.any().map_or("", |finding| finding.title(lang));
        let name = spaced([Span::plain(title), Span::dim(*rule)]);
        vec![name, mark(pair.a), mark(pair.b)]
    });
    table(&["comparison.finding"], false, lang, rows.collect())
}

/// Microseconds by which a step must have taken longer for the headline to name it.
const NAMED: i128 = 10_000;
/// Microseconds by which a step must have taken longer for that to be told.
const SHOWN: i128 = 100;

fn nothing() -> Cell {
    vec![Span::dim("-")]
}

/// How much more the second has: `+1.2 s`, `−3 ms`, `=`.
fn more(by: i128, shown: &dyn Fn(u128) -> String) -> Span {
    let size = shown(by.unsigned_abs());
    match by {
        0 => Span::dim("="),
        1.. => Span::plain(format!("+{size}")),
        _ => Span::plain(format!("-{size}")),
    }
}

fn micros(duration: Duration) -> i128 {
    i128::try_from(duration.as_micros()).unwrap_or(i128::MAX)
}

fn duration(micros: u128) -> String {
    millis(Duration::from_micros(
        u64::try_from(micros).unwrap_or(u64::MAX),
    ))
}
