//! Traces after the facts of public reports of pulls and pushes that failed, or that were thought
//! to: what is said of each.
//!
//! `tests/data/reports` holds a file for each and `expected.toml`: how its pulls stand, what is
//! found, and the sentence of the gravest finding. `PULLSCOPE_UPDATE_REPORTS=1 cargo test --test
//! reports` writes that file anew; read what has changed in it.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is said of one trace.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Told {
    /// Each pull: how it stands, and its name.
    pulls: Vec<String>,
    /// Each finding: severity and rule.
    findings: Vec<String>,
    /// What the first of them says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    says: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reports")
}

fn pullscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .args(args)
        .env("PULLSCOPE_LANG", "en")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn told(file: &Path, scratch: &Path) -> Told {
    let mut file = file.to_str().unwrap().to_owned();
    if !file.contains(".har") {
        let har = scratch.join("imported.har").to_str().unwrap().to_owned();
        let _ = fs::remove_file(&har);
        let done = pullscope(&["import", &file, "-o", &har]);
        assert!(done.status.success(), "{file}: {done:?}");
        file = har;
    }
    let shown = pullscope(&["show", "--json", &file]);
    if !shown.status.success() {
        let error = String::from_utf8(shown.stderr).unwrap();
        return Told {
            pulls: Vec::new(),
            findings: Vec::new(),
            says: error.replace(folder().to_str().unwrap(), "reports"),
        };
    }
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut findings = Vec::new();
    let mut failed = false;
    for pull in list(&shown["pulls"]) {
        let found = list(&pull["findings"]);
        let is_error = found.iter().any(|one| one["severity"] == "error");
        match text(&pull["state"]).as_str() {
            "failed" => assert!(is_error, "{file}: failed, and no error is found"),
            "complete" => assert!(!is_error, "{file}: complete, and an error is found"),
            _ => {}
        }
        failed |= is_error;
        findings.extend(found);
    }
    let loose = list(&shown["findings"]);
    failed |= loose.iter().any(|one| one["severity"] == "error");
    findings.extend(loose);
    // What CI would make of it.
    let judged = pullscope(&["show", "--fail-on", "state:failed | severity:error", &file]);
    assert_eq!(
        judged.status.code() == Some(4),
        failed,
        "{file}: {judged:?}"
    );
    let pulls = list(&shown["pulls"]);
    let pulls = pulls.iter();
    let of_pull = |pull: &Value| format!("{}: {}", text(&pull["state"]), text(&pull["name"]));
    let of_finding = |one: &Value| format!("{} {}", text(&one["severity"]), text(&one["rule"]));
    Told {
        pulls: pulls.map(of_pull).collect(),
        findings: findings.iter().map(of_finding).collect(),
        says: findings
            .first()
            .map_or_else(String::new, |one| text(&one["sentence"])),
    }
}

#[test]
fn what_is_said_of_each_report() {
    let expected = folder().join("expected.toml");
    let scratch = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| *path != expected)
        .collect();
    files.sort();
    assert!(files.len() > 100, "reports are gone");
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.split('.').next().unwrap().to_owned()
    };
    let all: BTreeMap<String, Told> = files
        .iter()
        .map(|file| (name(file), told(file, scratch.path())))
        .collect();
    if std::env::var_os("PULLSCOPE_UPDATE_REPORTS").is_some() {
        fs::write(&expected, toml::to_string(&all).unwrap()).unwrap();
        return;
    }
    let written: BTreeMap<String, Told> =
        toml::from_str(&fs::read_to_string(&expected).unwrap()).unwrap();
    let names = |all: &BTreeMap<String, Told>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&all), names(&written));
    for (name, told) in &all {
        assert_eq!(told, &written[name], "{name}");
    }
}

#[test]
fn a_page_is_no_other_image() {
    let page = folder().join("middlebox-page-without-type.har");
    let image = folder().join("diff-page-with-image.har");
    let done = pullscope(&["diff", page.to_str().unwrap(), image.to_str().unwrap()]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(!text.contains("stood for different"), "{text}");
    assert!(text.contains("got no image"), "{text}");
}

#[test]
fn no_secret_of_a_helper_is_left() {
    let flows = folder().join("real-api-flows.har");
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("clean.har");
    let files = [flows.to_str().unwrap(), out.to_str().unwrap()];
    let done = pullscope(&["redact", files[0], "-o", files[1]]);
    assert!(done.status.success(), "{done:?}");
    let text = fs::read_to_string(&out).unwrap();
    let marks = [
        "ACRPW",
        "OIDCTOKEN",
        "STSSECRETKEY",
        "STSSESSIONTOKEN",
        "IMDSV2TOKEN",
        "IMDSSECRET",
        "IMDSTOKEN",
        "ya29.",
        "CSRFkk",
        "HARBORROBOT",
        "QUAYROBOT",
        "K8STOKEN",
        "gldt-",
        "QRYaccess",
        "HDRx",
        "eyJhdXRocyI6",
        "dTpTRUNSRVR",
    ];
    let before = fs::read_to_string(files[0]).unwrap();
    for mark in marks {
        assert!(before.contains(mark), "{mark} was never there");
        assert!(!text.contains(mark), "{mark} is left");
    }
}
