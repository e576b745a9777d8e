//! All outputs say the same of a pull: what the lab's faults do to each provider's, told by every
//! command and the live view.
#![expect(
    clippy::string_slice,
    clippy::match_same_arms,
    reason = "outputs are cut where a mark was found; each fault has its own reason"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use pullscope::exchange::Bodies;
use pullscope::export;
use pullscope::export::diff::{self, ComparedPull, Verdict};
use pullscope::har;
use pullscope::lab::{Era, Fault, Provider};
use pullscope::pulls::State;
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Entry, Store};
use pullscope::story::Telling;
use pullscope::story::text::Look as TextLook;
use pullscope::tui::{Facts, Look, State as View, render};
use pullscope::words::Lang;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::diff::{pullscope, text as diff_text, text_of};

/// What an output tells of a pull.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// `✗ failed at step 7 error, layer 1: Signed URL has expired`.
    verdict: String,
    /// Severity and rule of each finding, in order.
    findings: Vec<String>,
}

/// The pulls of a trace, by number.
type All = BTreeMap<u64, Told>;

#[test]
fn no_two_outputs_disagree() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for (name, more) in HEALTHY {
        record(dir, name, more);
    }
    // Most of the time goes by in waiting.
    thread::scope(|scope| {
        for faults in Fault::ALL.chunks(Fault::ALL.len().div_ceil(4)) {
            scope.spawn(move || faults.iter().for_each(|fault| compare_outputs(dir, *fault)));
        }
    });
    let stands = compare_all(dir, "healthy", "healthy");
    assert_eq!(stands, [State::Complete; 4]);
    let stands = compare_all(dir, "today", "today");
    assert_eq!(stands, [State::Complete; 10]);
}

/// Traces without a fault, and how they are made.
const HEALTHY: [(&str, &[&str]); 4] = [
    ("healthy", &[]),
    ("today", &["--era", "2026"]),
    ("attested", &["--era", "2026", "--as", "docker-29"]),
    ("partial", &["--era", "2026", "--as", "podman-5"]),
];

/// The lab's client pulls from all providers through the program.
fn record(dir: &Path, name: &str, more: &[&str]) {
    let file = format!("{name}.har");
    let demo = ["demo", "--no-tui", "-o", &file];
    let output = pullscope(dir, &[&demo[..], more].concat());
    // With a fault asked for, a pull that fails is what was to be shown.
    let fails = name == "partial";
    assert_eq!(output.status.success(), !fails, "{name}: {output:?}");
}

fn compare_outputs(dir: &Path, fault: Fault) {
    let is_old = fault.providers().iter().any(|p| p.era() == Era::Article);
    let name = fault.name();
    let healthy = match name.split('-').next() {
        // There is no healthy push to compare with.
        Some("push") => name,
        Some("referrers") => "attested",
        Some("ranges") => "partial",
        _ if is_old => "healthy",
        _ => "today",
    };
    let like = HEALTHY.iter().find(|(name, _)| *name == healthy);
    let like = like.map_or(&[][..], |(_, args)| args);
    record(dir, name, &[like, &["--fault", name]].concat());
    let stands = compare_all(dir, name, healthy);
    let providers: Vec<_> = match (fault.is_of_push(), is_old) {
        (true, _) => fault.providers().to_vec(),
        (_, true) => Era::Article.providers().collect(),
        (_, false) => Era::Today.providers().collect(),
    };
    // Docker Hub has a model beside its image.
    let images = |provider| if provider == Provider::HubToday { 2 } else { 1 };
    let providers: Vec<_> = providers
        .into_iter()
        .flat_map(|provider| std::iter::repeat_n(provider, images(provider)))
        .collect();
    assert_eq!(stands.len(), providers.len(), "{fault}");
    for (provider, state) in providers.into_iter().zip(stands) {
        let struck = fault.providers().contains(&provider);
        let wanted = match fault {
            // Its store takes one range alone.
            _ if !struck && healthy == "partial" && provider == Provider::Ghcr => State::Failed,
            _ if !struck => State::Complete,
            // It costs time, or is got over, or only another client stumbles over it.
            Fault::TruncatedLayer | Fault::SlowLayer | Fault::MissingDigest => State::Complete,
            Fault::Head405 | Fault::RedirectHttp | Fault::StaleMirror => State::Complete,
            Fault::MovingHost | Fault::Ranges400 | Fault::RangesIgnored => State::Complete,
            Fault::PushHttpLocation => State::Complete,
            // The manifest came: what the client makes of it does not show.
            Fault::Schema1 => State::Complete,
            // The mirror wants no token, so nobody reads its clock.
            Fault::SkewedClock if provider == Provider::Mirror => State::Complete,
            // An index arrived, and nothing in it was for the client.
            Fault::NoPlatform => State::Unfinished,
            _ => State::Failed,
        };
        assert_eq!(state, wanted, "{provider}:{fault}");
    }
}

/// Reads every output of a trace, and returns how its pulls stand.
fn compare_all(dir: &Path, name: &str, healthy: &str) -> Vec<State> {
    let file = format!("{name}.har");
    let args = [
        "show",
        &file,
        "--width",
        "500",
        "--fail-on",
        "severity:error",
    ];
    let output = pullscope(dir, &args);
    let code = output.status.code().unwrap();
    let shown = text_of(&output.stdout);
    let expected = by_lines(&shown, name);
    let (store, healthy) = (read(dir, name), read(dir, healthy));
    let pulls = store.pulls();
    assert_eq!(expected.len(), pulls.len(), "{name}: {shown}");
    let states: Vec<_> = pulls.iter().map(|pull| pull.state).collect();
    tallied(&shown, &states);
    let wanted = if states.contains(&State::Failed) {
        4
    } else {
        0
    };
    assert_eq!(code, wanted, "{name}: --fail-on\n{shown}");

    let agrees = |output: &str, told: &All| assert_eq!(told, &expected, "{name}: {output}");
    let telling = Telling::of(&store, Lang::En);
    let all = |_: &Entry| true;
    let mut json = Vec::new();
    export::json::write(&telling, &all, true, false, &mut json).unwrap();
    agrees("JSON", &by_json(&text_of(&json)));
    let mut markdown = Vec::new();
    export::markdown::write(&telling, &all, true, &InStore, &mut markdown).unwrap();
    let markdown = plain_markdown(&text_of(&markdown));
    tallied(&markdown, &states);
    agrees("Markdown", &by_lines(&markdown, name));
    let mut page = Vec::new();
    export::html::write(&telling, &all, true, false, &InStore, &mut page).unwrap();
    let page = plain_html(&text_of(&page));
    tallied(&page, &states);
    agrees("HTML", &by_lines(&page, name));
    agrees("live view", &on_screen(&store, name));

    for (at, pull) in pulls.iter().enumerate() {
        let told = &expected[&pull.id.0];
        for other in [&store, &healthy] {
            let compared = diff::compare(side(other, at), side(&store, at));
            let text = diff_text(&compared, Lang::En, LOOK);
            compare_diff(&text, told, pull.state, name);
            let same = matches!(compared.verdict, Verdict::Same { .. });
            assert!(!same || pull.state == State::Complete, "{name}: {text}");
            if pull.state == State::Failed {
                let none =
                    ["got", "pushed"].map(|did| format!("B {did} no image: {}\n", told.verdict));
                assert!(none.iter().any(|none| text.contains(none)), "{text}");
                assert!(!text.starts_with("The same tag"), "{text}");
            }
        }
    }
    states
}

fn read(dir: &Path, name: &str) -> Store {
    let document = har::read(&dir.join(format!("{name}.har"))).unwrap();
    Store::of_trace(document.trace, &InMemoryOnly)
}

fn side(store: &Store, at: usize) -> ComparedPull<'_> {
    ComparedPull {
        source: "a.har",
        store,
        pull: &store.pulls()[at],
    }
}

/// A pull's verdict and findings in a comparison of which it is the second.
fn compare_diff(text: &str, told: &Told, state: State, name: &str) {
    let said = text.contains(&told.verdict);
    assert_eq!(
        said,
        state != State::Complete || text.contains("state"),
        "{name}: {text}"
    );
    let rows: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().rev();
            let (b, _a, rule) = (words.next()?, words.next()?, words.next()?);
            let is_severity = matches!(b, "error" | "warning" | "info");
            is_severity.then(|| format!("{b} {rule}"))
        })
        .collect();
    for finding in &told.findings {
        let rule = finding.split(' ').nth(1).unwrap();
        // The first of a rule stands for all.
        let first = told
            .findings
            .iter()
            .find(|one| one.ends_with(&format!(" {rule}")));
        assert!(rows.contains(first.unwrap()), "{name}: {finding}: {text}");
    }
    assert!(
        rows.iter().all(|row| told.findings.contains(row)),
        "{name}: {text}"
    );
    if state != State::Complete {
        assert!(
            !text.contains("the same image") && !text.contains("nothing is wrong"),
            "{name}: {text}"
        );
    }
}

/// The line above all pulls.
fn tallied(text: &str, states: &[State]) {
    // A single pull needs no such line, and of many the first are named.
    if states.len() == 1 {
        return;
    }
    let line = text.lines().find(|line| line.contains(" pulls: "));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(
        line.trim_start()
            .starts_with(&format!("{} pulls: ", states.len())),
        "{line}"
    );
    let failed = states
        .iter()
        .zip(1..)
        .filter(|(state, _)| **state == State::Failed);
    let failed: Vec<_> = failed.map(|(_, at)| format!("#{at}")).collect();
    let named = failed
        .iter()
        .take(8)
        .map(String::as_str)
        .collect::<Vec<_>>();
    let more = if failed.len() > 8 { " …" } else { "" };
    let wanted = format!("✗ {} failed ({}{more})", failed.len(), named.join(" "));
    assert_eq!(line.contains(&wanted), !failed.is_empty(), "{line}");
}

fn by_json(text: &str) -> All {
    let whole: Value = serde_json::from_str(text).unwrap();
    let pulls = whole["pulls"].as_array().unwrap().iter();
    pulls
        .map(|pull| {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            let findings = pull["findings"].as_array().unwrap().iter();
            let verdict = word(&pull["verdict"]);
            let state = word(&pull["state"]).replace('_', " ");
            assert!(
                verdict[3..].trim_start().starts_with(&state),
                "{verdict}: {state}"
            );
            let steps = pull["steps"].as_array().unwrap();
            if let Some(decided) = pull["decided_by"].as_u64() {
                let step = steps
                    .iter()
                    .find(|step| step["exchange"] == decided)
                    .unwrap();
                let at = format!(" at step {} ", step["number"]);
                assert!(verdict.contains(&at), "{verdict}: {at}");
            }
            let told = Told {
                verdict,
                findings: findings
                    .map(|one| format!("{} {}", word(&one["severity"]), word(&one["rule"])))
                    .collect(),
            };
            (pull["id"].as_u64().unwrap(), told)
        })
        .collect()
}

/// What lines of text say: a pull's heading, its verdict, its findings' headings.
fn by_lines(text: &str, name: &str) -> All {
    let mut told = All::new();
    let mut at = None;
    for line in text.lines().map(str::trim) {
        let number = line
            .strip_prefix('#')
            .and_then(|rest| rest.split(' ').next());
        let state = line.rfind(['✓', '✗', '■', '◐', '–']);
        let finding = ["✗ error ", "! warning ", "· info "];
        let finding = finding.iter().find(|mark| line.starts_with(**mark));
        if let (Some(Ok(id)), Some(state)) = (number.map(str::parse::<u64>), state) {
            at = Some((id, &line[state..]));
        } else if let (Some(rest), Some((id, title))) = (line.strip_prefix("verdict "), at) {
            let verdict = rest.trim().to_owned();
            assert!(verdict.starts_with(title), "{name}: {title}: {verdict}");
            let findings = Vec::new();
            told.entry(id).or_insert(Told { verdict, findings });
        } else if let (Some(mark), Some((id, _))) = (finding, at)
            && let Some(told) = told.get_mut(&id)
        {
            let severity = mark.split(' ').nth(1).unwrap();
            let rule = line.split(' ').next_back().unwrap();
            told.findings.push(format!("{severity} {rule}"));
        }
    }
    told
}

/// Markdown without its marks.
fn plain_markdown(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line
            .trim_start_matches(['#', ' ', '|'])
            .trim_end_matches(['|', ' ']);
        let line = line
            .replacen(" | ", "  ", 1)
            .replace("**", "")
            .replace('\\', "");
        line.replace("&gt;", ">")
            .replace("&lt;", "<")
            .replace("&amp;", "&")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The English of a page.
fn plain_html(page: &str) -> String {
    let mut rest = page.split("<main").nth(1).unwrap();
    let mut english = String::new();
    while let Some(at) = rest.find(" data-l=\"zh\"") {
        let start = rest[..at].rfind('<').unwrap();
        english.push_str(&rest[..start]);
        rest = behind_element(&rest[start..], &rest[start + 1..at]);
    }
    english.push_str(rest);
    let mut text = String::new();
    for piece in english.split('<') {
        let (tag, said) = piece.split_once('>').unwrap_or(("", piece));
        let ends_line = ["/h", "/dd", "/p", "/li", "/summary", "/tr"];
        text.push_str(match tag {
            "/dt" => "  ",
            tag if ends_line.iter().any(|end| tag.starts_with(end)) => "\n",
            _ => "",
        });
        text.push_str(said);
    }
    let text = text.replace("&#39;", "'").replace("&quot;", "\"");
    text.replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

/// What follows the element that a text begins with.
fn behind_element<'a>(text: &'a str, element: &str) -> &'a str {
    let (start, end) = (format!("<{element}"), format!("</{element}>"));
    let (mut depth, mut at) = (0, 0);
    loop {
        let close = at + text[at..].find(&end).expect("an element's end");
        depth += text[at..close].matches(&start).count();
        depth -= 1;
        at = close + end.len();
        if depth == 0 {
            return &text[at..];
        }
    }
}

/// What the view shows on the page of each pull, and that its list has the same mark.
fn on_screen(store: &Store, name: &str) -> All {
    let mut told = All::new();
    for pull in store.pulls() {
        let mut view = View::new(Facts::default(), Look::default(), pull.started);
        let mut press = |keys: &str| {
            for key in keys.chars() {
                let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
                view.key(&key, store);
                view.prepare(store, &InStore, SIZE);
            }
            let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
            render(store, &view, &mut buffer);
            lines(&buffer)
        };
        let number = format!("#{} ", pull.id.0);
        let mut keys = "g";
        let rows = (0..MOST_ROWS).find_map(|_| {
            let list = press(keys);
            // What stands above is folded.
            keys = "hj";
            let row = list.lines().find(|line| line.starts_with('>')).unwrap();
            row.contains(&number).then(|| row.to_owned())
        });
        let row = rows.unwrap();
        let page = by_lines(&press("p"), name);
        let mark = page[&pull.id.0].verdict.chars().next().unwrap();
        assert!(row.contains(mark), "{name}: {mark}: {row}");
        told.extend(page);
    }
    told
}

fn lines(buffer: &Buffer) -> String {
    let rows = buffer.content().chunks(usize::from(buffer.area.width));
    let rows = rows.map(|row| {
        row.iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
    });
    rows.map(|row| row.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Bodies are in the store.
struct InStore;

impl Bodies for InStore {}

const LOOK: TextLook = TextLook {
    width: 500,
    ascii: false,
};
/// More than the pulls, tunnels and refusals of a demo.
const MOST_ROWS: usize = 20;
/// Large enough for everything.
const SIZE: (u16, u16) = (400, 80);
