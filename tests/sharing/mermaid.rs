//! Diagrams, parsed by Mermaid itself.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use pullscope::export::mermaid;
use pullscope::store::Store;
use pullscope::story::Telling;
use pullscope::words::Lang;
use serde_json::Value;

use crate::golden::article;
use crate::hostile::hostile;

/// What Mermaid understood; `None` where it is not installed.
fn parse(diagram: &str) -> Option<Value> {
    let target = option_env!("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let home = target.join("readers/diagrams");
    if !home.join("installed").is_file() {
        let required = std::env::var_os("PULLSCOPE_E2E").is_some_and(|value| value == "required");
        assert!(
            !required,
            "Mermaid is not here: run tests/readers/install.sh"
        );
        // Not `eprintln!`, which the test runner hides for tests that pass.
        let said = "SKIPPED mermaid: not here: tests/readers/install.sh";
        writeln!(std::io::stderr(), "{said}").expect("stderr is open");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("diagram.mmd");
    std::fs::write(&file, diagram).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diagrams/parse.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(&file)
        .current_dir(&home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{diagram}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn diagram(store: &Store, lang: Lang) -> String {
    mermaid::diagram(
        || store.entries(),
        &Telling {
            store,
            lang,
            now: None,
        },
    )
}

#[test]
fn mermaid_reads_the_article() {
    for lang in [Lang::En, Lang::Zh] {
        let Some(read) = parse(&diagram(&article(), lang)) else {
            return;
        };
        assert_eq!(read["type"], "sequence");
        assert_eq!(read["actors"].as_array().unwrap().len(), 10);
        // A question and an answer for each exchange, and a note for each pull.
        let messages = read["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 28 * 2 + 4);
        let said = |at: usize| messages[at][2].as_str().unwrap();
        assert_eq!(said(1), "GET /v2/");
        assert!(said(2).starts_with("401 "));
    }
}

#[test]
fn mermaid_takes_hostile_text_for_text() {
    let store = hostile();
    let count = store.entries().len();
    let Some(read) = parse(&diagram(&store, Lang::En)) else {
        return;
    };
    let messages = read["messages"].as_array().unwrap();
    let notes = store.pulls().len();
    assert_eq!(messages.len(), count * 2 + notes);
    let all = read.to_string();
    assert!(all.contains("<script>"), "{all}");
}
