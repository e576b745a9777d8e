//! Two pulls side by side.

use std::fs;
use std::process::{Command, Output};

use pullscope::export::diff::{self, Comparison, Difference, Side, Verdict};
use pullscope::export::story::Span;
use pullscope::export::story::text::{self, Look};
use pullscope::registry::Lang;
use pullscope::store::Store;
use serde_json::Value;

use crate::golden::article;
use crate::program::PULLSCOPE;

/// The last pull of the one beside the second of the other; of the article the quay pull beside the
/// one by way of the mirror.
pub(crate) fn compared<'a>(a: &'a Store, b: &'a Store) -> Comparison<'a> {
    let side = |source, store: &'a Store, at: usize| Side {
        source,
        store,
        pull: store.pulls().get(at).or(store.pulls().last()).unwrap(),
    };
    diff::compare(side("a.har", a, usize::MAX), side("b.har", b, 1))
}

/// As a terminal shows it.
pub(crate) fn text(compared: &Comparison<'_>, lang: Lang, look: Look) -> String {
    let mut text = String::new();
    for section in diff::told::sections(compared, lang) {
        for line in text::blocks(&section, look, 0) {
            text.extend(line.iter().map(Span::text));
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn side(store: &Store, number: usize) -> Side<'_> {
    Side {
        source: "article.har",
        store,
        pull: &store.pulls()[number],
    }
}

/// The pulls of the article by their place: gcr, the mirror, Docker Hub, quay.
const MIRROR: usize = 1;
const HUB: usize = 2;

#[test]
fn the_mirror_beside_docker_hub() {
    let store = article();
    let compared = diff::compare(side(&store, HUB), side(&store, MIRROR));
    for (lang, width, name) in [
        (Lang::En, 100, "diff"),
        (Lang::En, 80, "diff-narrow"),
        (Lang::Zh, 100, "diff-zh"),
    ] {
        let look = Look {
            width,
            ascii: false,
        };
        let text = text(&compared, lang, look);
        for line in text.lines() {
            assert!(
                unicode_width::UnicodeWidthStr::width(line) <= width,
                "{line}"
            );
        }
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn nothing_differs_from_itself() {
    let store = article();
    for number in 0..store.pulls().len() {
        let compared = diff::compare(side(&store, number), side(&store, number));
        assert!(!compared.steps.is_empty());
        for pair in &compared.steps {
            assert_eq!(pair.differences, [], "{pair:?}");
            assert_eq!(pair.taken.a, pair.taken.b);
        }
        assert_eq!(compared.steps.len(), compared.a.pull.steps.len());
        assert!(
            compared
                .blobs
                .iter()
                .all(|pair| pair.blobs.a == pair.blobs.b)
        );
        assert!(compared.hosts.iter().all(|(_, pair)| pair.a == pair.b));
        assert!(compared.phases.iter().all(|(_, pair)| pair.a == pair.b));
        assert!(compared.findings.iter().all(|(_, pair)| pair.a == pair.b));
        assert!(matches!(compared.verdict, Verdict::Same { .. }));
    }
}

#[test]
fn the_other_way_round_is_the_same_the_other_way_round() {
    let store = article();
    for (one, other) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
        let there = diff::compare(side(&store, one), side(&store, other));
        let back = diff::compare(side(&store, other), side(&store, one));
        // Every step of both is told once, whichever is first.
        for compared in [&there, &back] {
            let number = |taken: &Option<diff::Taken>| taken.as_ref().map(|taken| taken.number);
            let mut a: Vec<_> = compared
                .steps
                .iter()
                .filter_map(|p| number(&p.taken.a))
                .collect();
            let mut b: Vec<_> = compared
                .steps
                .iter()
                .filter_map(|p| number(&p.taken.b))
                .collect();
            assert!(a.is_sorted(), "the first keeps its order: {a:?}");
            a.dedup();
            b.sort_unstable();
            b.dedup();
            assert_eq!(a.len(), compared.a.pull.steps.len());
            assert_eq!(b.len(), compared.b.pull.steps.len());
        }
        let count = |compared: &Comparison<'_>, difference| {
            let pairs = compared.steps.iter();
            pairs
                .filter(|pair| pair.differences.contains(&difference))
                .count()
        };
        for (there_is, back_is) in [
            (Difference::OnlyA, Difference::OnlyB),
            (Difference::OnlyB, Difference::OnlyA),
            (Difference::Host, Difference::Host),
            (Difference::Status, Difference::Status),
            (Difference::Digest, Difference::Digest),
        ] {
            assert_eq!(
                count(&there, there_is),
                count(&back, back_is),
                "{there_is:?}"
            );
        }
        for ((host, pair), (same, turned)) in there.hosts.iter().zip(&back.hosts) {
            assert_eq!((host, pair.a, pair.b), (same, turned.b, turned.a));
        }
    }
}

fn pullscope(folder: &std::path::Path, args: &[&str]) -> Output {
    Command::new(PULLSCOPE)
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_stale_mirror_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &str| {
        let args: Vec<_> = args.split(' ').collect();
        let output = pullscope(folder.path(), &args);
        assert!(output.status.success(), "{output:?}");
        text_of(&output.stdout)
    };
    run("demo --no-tui --provider mirror --fault stale-mirror");
    fs::rename(
        folder.path().join("pullscope-demo.har"),
        folder.path().join("mirror.har"),
    )
    .unwrap();
    run("demo --no-tui --provider hub");
    let told = run("diff pullscope-demo.har mirror.har --width 200");
    let first = told.lines().next().unwrap();
    assert!(
        first.contains("the tag that B was given is stale"),
        "{told}"
    );
    let told = run("diff mirror.har pullscope-demo.har --lang zh --width 200");
    assert!(
        told.lines()
            .next()
            .unwrap()
            .contains("A 得到的标签是过期的"),
        "{told}"
    );

    let json: Value =
        serde_json::from_str(&run("diff pullscope-demo.har mirror.har --json")).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["verdict"]["result"], "tag_differs");
    assert_eq!(json["verdict"]["age"]["stale"], true);
    assert_eq!(json["verdict"]["age"]["older_is_a"], false);
    // 2020-04-24 and 2020-05-29.
    assert_eq!(
        json["verdict"]["age"]["seconds"].as_u64().unwrap() / 86_400,
        35
    );
    let steps = json["steps"].as_array().unwrap();
    assert_eq!(steps[0]["kind"], "ping");
    assert_eq!(steps[0]["a"]["kind"], "challenge");
    assert_eq!(steps[1]["differences"], serde_json::json!(["only_a"]));
    let blobs = json["blobs"].as_array().unwrap();
    assert!(
        blobs.len() == 4
            && blobs
                .iter()
                .all(|blob| blob["a"].is_null() != blob["b"].is_null())
    );
    assert!(json["phases_ms"]["wait"]["a"].as_f64().unwrap() > 0.0);
    // What the demo's tokens looked like is nobody's business.
    assert!(!json.to_string().contains("eyJ"));

    run("diff pullscope-demo.har mirror.har --html -o diff.html");
    let page = fs::read_to_string(folder.path().join("diff.html")).unwrap();
    assert!(page.contains("the tag that B was given is stale") && page.contains("过期"));
}

#[test]
fn which_pulls_are_meant_is_found_or_asked() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &str| {
        let args: Vec<_> = args.split(' ').collect();
        pullscope(folder.path(), &args)
    };
    assert!(run("demo --no-tui").status.success());
    fs::rename(
        folder.path().join("pullscope-demo.har"),
        folder.path().join("four.har"),
    )
    .unwrap();
    assert!(run("demo --no-tui --provider quay").status.success());
    let one = "pullscope-demo.har";
    // The one pull of the same name.
    let found = run(&format!("diff {one} four.har"));
    assert!(found.status.success(), "{found:?}");
    let said = text_of(&found.stderr);
    assert!(
        said.contains("comparing pull 1 of pullscope-demo.har with pull 4 of four.har"),
        "{said}"
    );
    assert!(text_of(&found.stdout).starts_with("Both got the same image"));
    let chosen = run("diff four.har four.har --pull-a 1 --pull-b 4");
    assert!(text_of(&chosen.stdout).starts_with("They asked for different things"));
    for (args, says) in [
        (
            "diff four.har four.har",
            "--pull-a 3  gcr.io/google-containers/kube-controller-manager:v1.16.10",
        ),
        (
            "diff four.har four.har --pull-a 9",
            "--pull-a 9: there is none of that number in four.har; it has 4",
        ),
        (
            "diff four.har four.har --json --html",
            "cannot be used with",
        ),
    ] {
        let refused = run(args);
        assert_eq!(refused.status.code(), Some(2), "{args}");
        assert!(refused.stdout.is_empty());
        assert!(
            text_of(&refused.stderr).contains(says),
            "{args}: {refused:?}"
        );
    }
    let absent = run(&format!("diff {one} absent.har"));
    assert_eq!(absent.status.code(), Some(1));
    assert!(text_of(&absent.stderr).contains("failed to open absent.har"));
}
