//! Two pulls side by side.

use std::fs;
use std::process::{Command, Output};

use jiff::Timestamp;
use pullscope::export::diff::{self, ComparedPull, Comparison, Difference, Verdict};
use pullscope::export::transcript;
use pullscope::pulls::Part;
use pullscope::registry::Algorithm;
use pullscope::registry::{Digest, InMemoryOnly};
use pullscope::store::Store;
use pullscope::story::Span;
use pullscope::story::text;
use pullscope::story::text::Look;
use pullscope::words::Lang;
use serde_json::Value;

use crate::golden::article;
use crate::program::PULLSCOPE;

/// The last pull of the one beside the second of the other; of the article the quay pull beside the
/// one by way of the mirror.
pub(crate) fn compared<'a>(a: &'a Store, b: &'a Store) -> Comparison<'a> {
    let side = |source, store: &'a Store, at: usize| ComparedPull {
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

fn side(store: &Store, number: usize) -> ComparedPull<'_> {
    ComparedPull {
        source: "article.har",
        store,
        pull: &store.pulls()[number],
    }
}

/// The pulls of the article by their place: gcr, the mirror, Docker Hub, quay.
const MIRROR: usize = 1;
const HUB: usize = 2;

/// The guide shows what the program says.
#[test]
fn the_guide_quotes_a_comparison() {
    let store = article();
    let compared = diff::compare(side(&store, HUB), side(&store, MIRROR));
    let look = Look {
        width: 100,
        ascii: false,
    };
    let told = text(&compared, Lang::En, look);
    let guide = include_str!("../../docs/howto/compare.md");
    let quoted = guide.split("```text\n").nth(1).unwrap();
    let quoted = quoted.split("```").next().unwrap();
    assert!(quoted.lines().count() > 10, "{quoted}");
    for line in quoted.lines() {
        assert!(told.lines().any(|own| own == line), "{line}");
    }
}

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

pub(crate) fn pullscope(folder: &std::path::Path, args: &[&str]) -> Output {
    Command::new(PULLSCOPE)
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

pub(crate) fn text_of(bytes: &[u8]) -> String {
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

/// The transcript of a pull of `alpine:3.20` whose image was made on that day of May.
fn pull_of(registry: &str, repository: &str, day: u8, layers: &[&str]) -> String {
    let digest = |text: &str| Digest::of(Algorithm::Sha256, text.as_bytes()).to_string();
    let config = format!(
        "{{\"created\":\"2026-05-{day:02}T00:00:00Z\",\"architecture\":\"amd64\",\"os\":\"linux\",\
         \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[]}}}}"
    );
    let described: Vec<_> = layers
        .iter()
        .map(|layer| {
            format!(
                "{{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"{}\",\
                 \"size\":{}}}",
                digest(layer),
                layer.len()
            )
        })
        .collect();
    let manifest = format!(
        "{{\"schemaVersion\":2,\"config\":{{\
         \"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"{}\",\"size\":{}}},\
         \"layers\":[{}]}}",
        digest(&config),
        config.len(),
        described.join(",")
    );
    let get = |path: &str, kind: &str, body: &str| {
        format!(
            "GET https://{registry}/v2/{repository}/{path} HTTP/1.1\nHost: {registry}\n\
             User-Agent: skopeo/1.9.3\n\nHTTP/1.1 200 OK\nContent-Type: {kind}\n\
             Docker-Content-Digest: {}\nContent-Length: {}\n\n{body}\n\n",
            digest(body),
            body.len()
        )
    };
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let mut text = get("manifests/3.20", kind, &manifest);
    for blob in std::iter::once(config.as_str()).chain(layers.iter().copied()) {
        let path = format!("blobs/{}", digest(blob));
        text.push_str(&get(&path, "application/json", blob));
    }
    text
}

fn store_of(text: &str) -> Store {
    let trace = transcript::read(text.as_bytes(), Timestamp::UNIX_EPOCH).trace;
    Store::of_trace(trace, &InMemoryOnly)
}

#[test]
fn a_mirror_may_have_the_repository_under_a_longer_path() {
    let hub = pull_of("registry-1.docker.io", "library/alpine", 20, &["{}"]);
    let hub = store_of(&hub);
    for (repository, stale) in [
        ("docker.io/library/alpine", true),
        ("alpine", true),
        ("notlibrary/alpine", false),
        ("pine", false),
    ] {
        let mirror = store_of(&pull_of("mirror.example", repository, 3, &["{}"]));
        for (one, other) in [(&hub, &mirror), (&mirror, &hub)] {
            let verdict = diff::compare(side(one, 0), side(other, 0)).verdict;
            assert_eq!(
                matches!(&verdict, Verdict::TagDiffers { age: Some(age), .. } if age.stale),
                stale,
                "{repository}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_layer_that_both_have_is_the_same_step_whatever_its_number() {
    let before = pull_of("r.example", "a", 1, &["{\"base\":1}", "{\"app\":1}"]);
    let patched = ["{\"patch\":1}", "{\"base\":1}", "{\"app\":2}"];
    let after = pull_of("r.example", "a", 2, &patched);
    let (before, after) = (store_of(&before), store_of(&after));
    for (one, other, wanted) in [(&before, &after, (3, 4)), (&after, &before, (4, 3))] {
        let compared = diff::compare(side(one, 0), side(other, 0));
        let layers = compared.steps.iter().filter(|pair| {
            let layer = matches!(pair.part, Some(Part::Layer { .. }));
            layer && pair.taken.both().is_some()
        });
        let same: Vec<_> = layers
            .filter(|pair| pair.differences.is_empty())
            .map(|pair| pair.taken.both().unwrap())
            .map(|(a, b)| (a.number, b.number))
            .collect();
        // Behind the manifest and the configuration: the first layer before, the second after.
        assert_eq!(same, [wanted]);
    }
}

#[test]
fn secrets_stay_out_unless_kept_and_scripts_may_ask() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| pullscope(folder.path(), args);
    // The password stands in a field that a comparison shows.
    let login = "Authorization: Basic dXNlcjpodW50ZXIyLWh1bnRlcjI=\nUser-Agent: hunter2-hunter2";
    for (name, day) in [("a", 1), ("b", 2)] {
        let text = pull_of("r.example", "a", day, &["{}"]);
        let text = text.replace("User-Agent: skopeo/1.9.3", login);
        fs::write(folder.path().join("in.txt"), text).unwrap();
        let output = format!("{name}.har");
        let made = run(&["import", "in.txt", "--keep-secrets", "-o", &output]);
        assert!(made.status.success(), "{made:?}");
    }
    for form in [&[][..], &["--json"], &["--html"]] {
        let args = [&["diff", "a.har", "b.har"], form].concat();
        let clean = run(&args);
        assert!(clean.status.success(), "{clean:?}");
        assert!(!text_of(&clean.stdout).contains("hunter2"), "{clean:?}");
        let kept = run(&[&args[..], &["--keep-secrets"]].concat());
        assert!(text_of(&kept.stdout).contains("hunter2"), "{kept:?}");
    }
    let differs = run(&["diff", "a.har", "b.har", "--exit-code"]);
    assert_eq!(differs.status.code(), Some(4), "{differs:?}");
    assert!(text_of(&differs.stdout).starts_with("The same tag stood for different images"));
    let same = run(&["diff", "a.har", "a.har", "--exit-code"]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
}
