//! The web page, opened in Chromium.

use std::path::PathBuf;
use std::process::Command;

use pullscope::export::html;
use pullscope::har;
use pullscope::store::{Entry, Store};
use pullscope::story::Telling;
use pullscope::words::Lang;
use serde_json::Value;

use crate::components::{available, program};
use crate::diff::compared;
use crate::golden::article;
use crate::hostile::hostile;

const CHROMIUM: &str = "/usr/bin/chromium";

/// What Chromium made of a trace's page; `None` where the browser or its driver is not installed.
fn open(store: &Store) -> Option<Value> {
    let telling = Telling {
        store,
        lang: Lang::En,
        now: None,
    };
    let all = |_: &Entry| true;
    let bodies = har::HarDocument::default();
    let mut page = Vec::new();
    html::write(&telling, &all, true, false, &bodies, &mut page).unwrap();
    open_page(&page)
}

fn open_page(page: &[u8]) -> Option<Value> {
    let target = option_env!("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let home = target.join("readers/pages");
    // `tests/readers/install.sh` installs what it is opened by.
    let installed = home.join("installed");
    if !available(&["node", CHROMIUM, installed.to_str().unwrap()]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new(program("node"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/pages/check.mjs"
        ))
        .arg(&file)
        .arg(CHROMIUM)
        .args(std::env::var_os("PULLSCOPE_PICTURES"))
        .current_dir(&home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// No error, no request but for the page itself, nothing that could run or load.
fn is_inert(told: &Value) {
    for what in ["errors", "dialogs"] {
        assert_eq!(told[what].as_array().unwrap().len(), 0, "{}", told[what]);
    }
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let markup = &told["markup"];
    assert_eq!(markup["foreign"], 0);
    assert_eq!(markup["handlers"], 0);
    assert_eq!(markup["links"], serde_json::json!([]));
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(told) = open(&article()) else {
        return;
    };
    is_inert(&told);
    assert_eq!(told["markup"]["scripts"], 1);
    assert_eq!(told["markup"]["pulls"], 4);
    assert_eq!(told["markup"]["steps"], 28);
    let keys = &told["keys"];
    assert_ne!(keys["first"], keys["second"]);
    assert_eq!(keys["first"], keys["back"]);
    assert_eq!(keys["opened"], 1);
    assert_eq!(keys["all_open"], 28);
    assert_eq!(keys["language"], "zh-CN");
    assert_eq!(keys["dark"], "rgb(22, 24, 27)");
    assert_eq!(keys["none"], 0);
    assert_eq!(keys["again"], 28);
    assert_eq!(told["phone_overflow"], 0);
}

#[test]
fn hostile_text_stays_text_in_a_browser() {
    let store = hostile();
    let Some(told) = open(&store) else {
        return;
    };
    is_inert(&told);
    assert_eq!(told["markup"]["scripts"], 1);
    assert_eq!(told["markup"]["steps"], store.entries().len());
    let text = told["markup"]["text"].as_str().unwrap();
    assert!(text.contains("<script>alert(1)</script>"), "{text}");
    assert!(text.contains("onerror=alert(2)"), "{text}");
}

#[test]
fn two_pulls_side_by_side_in_a_browser() {
    let (article, hostile) = (article(), hostile());
    for (a, b, shows) in [
        (&article, &article, "2h3po24q.mirror.aliyuncs.com"),
        (&hostile, &article, "<script>alert(1)<"),
    ] {
        let compared = compared(a, b);
        let mut page = Vec::new();
        html::write_comparison(&compared, Lang::En, false, &mut page).unwrap();
        let Some(told) = open_page(&page) else {
            return;
        };
        is_inert(&told);
        assert_eq!(told["markup"]["scripts"], 0);
        assert_eq!(told["phone_overflow"], 0);
        let text = told["markup"]["text"].as_str().unwrap();
        assert!(text.contains(shows), "{text}");
    }
}
