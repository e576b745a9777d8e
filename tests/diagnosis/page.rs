//! `docs/reference/findings.md` is made from the rules.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pullscope::registry::{FindingText, Lang, Rule, Severity};

#[test]
fn the_page_is_what_the_rules_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/findings.md");
    let page = page();
    if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/reference/findings.md is not what the rules say: run \
         PULLSCOPE_UPDATE_DOCS=1 cargo test --test diagnosis page"
    );
}

fn page() -> String {
    let mut page = String::from(HEAD);
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let mut rules: Vec<_> = Rule::ALL
            .iter()
            .filter(|r| r.severity == severity)
            .collect();
        rules.sort_by_key(|rule| rule.id);
        let _ = writeln!(
            page,
            "\n## {} · {}",
            capitalised(severity.name(Lang::En)),
            severity.name(Lang::Zh)
        );
        for rule in rules {
            section(&mut page, rule);
        }
    }
    page
}

const HEAD: &str = "\
# Findings

<!-- Made from the rules by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test diagnosis page`. -->

pullscope judges each pull by these rules. What it finds has a word, a severity, the fields in
which it shows, a sentence, and what to do about it. The severity here is the usual one: where a
client gets over a fault by itself, an error becomes a warning, and where a warning is why a pull
fails, it becomes an error. In the sentences, words in braces stand for what was observed.

What is normal is never reported: the first 401 of an anonymous client, quay.io's `true` as
`text/html`, the bodies of redirects, HEAD without a body, blobs as `application/octet-stream`,
and a 404 that answers a question (does the registry have this blob, is there a signature?).
";

fn section(page: &mut String, rule: &Rule) {
    let texts = FindingText::find(rule.id).unwrap();
    let (en, zh) = (Lang::En, Lang::Zh);
    let _ = writeln!(
        page,
        "\n### `{}`: {} · {}\n",
        rule.id,
        texts.title.of(en),
        texts.title.of(zh)
    );
    for (case, text) in texts.sentences {
        let case = if case.is_empty() {
            String::new()
        } else {
            format!("({case}) ")
        };
        let _ = writeln!(page, "- {case}{}\n  {}", text.of(en), text.of(zh));
    }
    let _ = writeln!(page, "\nWhat to do:\n");
    for (case, text) in texts.fixes {
        let case = if case.is_empty() {
            String::new()
        } else {
            format!("({case}) ")
        };
        let _ = writeln!(page, "- {case}{}\n  {}", text.of(en), text.of(zh));
    }
    let _ = writeln!(page, "\n[How it should be]({})", rule.link);
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|first| first.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}
