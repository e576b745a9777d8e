//! What pullscope says of a recording: how each pull stands, why, and with which exit code.

use std::collections::BTreeSet;
use std::path::Path;

use pullscope::pulls::{Purpose, State};
use pullscope::words::Lang;
use serde_json::Value;

use crate::process::Finished;
use crate::recorder::{Recorder, pullscope};

/// What a check is told to stop at, as the documentation has it.
const BAD: &str = "state:failed | severity:error";
/// [`Recorder`]'s arguments for a recording that is told afterwards.
pub(crate) const CHECKED: &[&str] = &["--fail-on", BAD];

/// What must be said of one pull: its name, what the client was up to, how it stands, and the
/// rules that find something in it.
pub(crate) type Expected<'a> = (&'a str, Purpose, State, &'a [&'a str]);

/// A recording that has ended.
pub(crate) struct Told {
    json: Value,
    text: String,
    codes: [Option<i32>; 2],
}

impl Told {
    /// Ends a recording that was started with [`CHECKED`], and asks what it holds.
    pub(crate) fn of(recorder: Recorder) -> Self {
        let dir = recorder.dir().to_owned();
        recorder.terminate();
        let ended = recorder.ended().finished;
        let shown = show(&dir, &["--json", "--fail-on", BAD]);
        Self {
            json: serde_json::from_str(&shown.out).expect("show --json writes JSON"),
            text: show(&dir, &[]).succeeded().out,
            codes: [ended.status.code(), shown.status.code()],
        }
    }

    /// These pulls are told and no others, nothing is found besides, and the exit code is 4 when
    /// one of them failed.
    #[track_caller]
    pub(crate) fn assert(&self, what: &str, expected: &[Expected<'_>]) {
        let text = &self.text;
        let pulls = self.list("pulls");
        let told: Vec<_> = pulls.iter().map(told).collect();
        let wanted: Vec<_> = expected.iter().map(wanted).collect();
        assert_eq!(told, wanted, "{what}:\n{text}");
        let besides = self.besides();
        assert!(besides.is_empty(), "{what}: besides {besides:?}:\n{text}");
        for (pull, (name, _, state, _)) in pulls.iter().zip(expected) {
            let start = format!("#{} ", pull["id"]);
            let heading = text.lines().find(|line| line.starts_with(&start));
            let heading = heading.unwrap_or_else(|| panic!("{what}: no {start}in\n{text}"));
            // A digest is shortened there.
            let name = name
                .split_once("@sha256:")
                .map_or(*name, |(before, _)| before);
            let says = heading.contains(name) && heading.contains(state.name(Lang::En));
            assert!(says, "{what}: {heading}");
        }
        let failed = expected
            .iter()
            .any(|(_, _, state, _)| *state == State::Failed);
        let code = Some(if failed { 4 } else { 0 });
        assert_eq!(self.codes, [code, code], "{what}:\n{text}");
    }

    /// What is said of it to people.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether people are told this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.text.split_whitespace().any(|told| told == word)
    }

    /// People are told this, wherever lines are broken.
    #[track_caller]
    pub(crate) fn assert_says(&self, what: &str, sentence: &str) {
        let words: Vec<_> = self.text.split_whitespace().collect();
        let is_said = words.join(" ").contains(sentence);
        assert!(is_said, "{what}: no “{sentence}” in\n{}", self.text);
    }

    /// How far each blob of a pull got, and how many there are.
    pub(crate) fn blobs(&self, pull: usize) -> Vec<&str> {
        let blobs = self.list("pulls").get(pull).map(|pull| &pull["blobs"]);
        let blobs = blobs.and_then(Value::as_array).expect("a pull has blobs");
        blobs.iter().map(|blob| word(&blob["state"])).collect()
    }

    /// The rules that find something beside the pulls.
    pub(crate) fn besides(&self) -> Vec<&str> {
        self.list("findings").iter().map(rule).collect()
    }

    /// What was pulled and pushed.
    pub(crate) fn names(&self) -> Vec<&str> {
        let pulls = self.list("pulls").iter();
        pulls.map(|pull| word(&pull["name"])).collect()
    }

    /// What a pull's client calls itself.
    pub(crate) fn client(&self, pull: usize) -> &str {
        let pull = self.list("pulls").get(pull).expect("it is told");
        word(&pull["client"]["name"])
    }

    /// What each exchange of a pull was for.
    pub(crate) fn kinds(&self, pull: usize) -> Vec<&str> {
        let pull = self.list("pulls").get(pull).expect("it is told");
        let steps = pull["steps"].as_array().expect("a list");
        steps.iter().map(|step| word(&step["kind"])).collect()
    }

    /// In how many pieces a blob of a pull came.
    pub(crate) fn pieces(&self, pull: usize, blob: usize) -> usize {
        let pull = self.list("pulls").get(pull).expect("it is told");
        let pieces = pull["blobs"][blob]["pieces"].as_array();
        pieces.expect("a blob has pieces").len()
    }

    /// What the connections of a pull offered when TLS began, each of it once.
    pub(crate) fn offered(&self, pull: usize) -> BTreeSet<Vec<&str>> {
        let id = &self.list("pulls").get(pull).expect("it is told")["id"];
        let exchanges = self.list("exchanges").iter();
        let exchanges = exchanges.filter(|one| one["pull"] == *id);
        let tls = exchanges.map(|one| &one["client_tls"]);
        let offers = tls.filter(|tls| tls.is_object()).map(|tls| {
            let offered = tls["offered"].as_array().map_or(&[][..], Vec::as_slice);
            offered.iter().map(word).collect()
        });
        offers.collect()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.json[name].as_array().expect("a list")
    }
}

fn show(dir: &Path, args: &[&str]) -> Finished {
    let trace = dir.join("trace.har");
    let trace = trace.to_str().expect("temporary folders have plain names");
    pullscope(dir, &[&["show", trace], args].concat())
}

type Line<'a> = (&'a str, &'a str, &'a str, BTreeSet<&'a str>);

fn told(pull: &Value) -> Line<'_> {
    let findings = pull["findings"].as_array().expect("a list");
    let rules = findings.iter().map(rule).collect();
    let [name, purpose, state] = ["name", "purpose", "state"].map(|field| word(&pull[field]));
    (name, purpose, state, rules)
}

fn wanted<'a>((name, purpose, state, rules): &Expected<'a>) -> Line<'a> {
    let rules = rules.iter().copied().collect();
    (name, purpose.into(), state.into(), rules)
}

fn rule(finding: &Value) -> &str {
    word(&finding["rule"])
}

fn word(value: &Value) -> &str {
    value.as_str().expect("a word")
}
