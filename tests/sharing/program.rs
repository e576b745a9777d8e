//! The program itself: what commands print, and what bad input meets.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) const PULLSCOPE: &str = env!("CARGO_BIN_EXE_pullscope");

/// A lab in a process of its own, ended in any case.
pub(crate) struct Lab {
    child: Child,
    pub(crate) ca: PathBuf,
    /// `host:port:address:port`, as curl's `--connect-to` takes it.
    pub(crate) routes: Vec<String>,
}

impl Lab {
    pub(crate) fn start(folder: &Path) -> Self {
        let ca = folder.join("lab-ca.pem");
        let mut child = Command::new(PULLSCOPE)
            .args(["lab", "--ca-out"])
            .arg(&ca)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut routes = Vec::new();
        for line in stdout.lines() {
            let line = line.unwrap();
            let words: Vec<_> = line.split_whitespace().collect();
            routes.extend(
                words
                    .iter()
                    .zip(words.iter().skip(1))
                    .filter(|(word, _)| **word == "--connect-to")
                    .map(|(_, route)| route.trim_matches('\'').to_owned()),
            );
            if line.contains("--upstream-ca") {
                break;
            }
        }
        assert!(!routes.is_empty());
        Self { child, ca, routes }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pullscope(folder: &Path, args: &[&str]) -> Output {
    Command::new(PULLSCOPE)
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

const TRANSCRIPT: &str = "\
GET https://registry-1.docker.io/v2/library/alpine/manifests/3.20 HTTP/1.1
Host: registry-1.docker.io
User-Agent: docker/28.2.2
Authorization: Basic dXNlcjpodW50ZXIyLWh1bnRlcjI=

HTTP/1.1 200 OK
Content-Length: 2
Date: Thu, 20 Aug 2020 06:17:41 GMT

{}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), TRANSCRIPT).unwrap();
    folder
}

#[test]
fn a_transcript_becomes_a_har_and_comes_back() {
    let folder = folder();
    let run = |args: &[&str]| pullscope(folder.path(), args);
    let said = run(&["import", "a.txt", "-o", "a.har"]);
    assert!(said.status.success() && said.stdout.is_empty());
    let text = stdout(&run(&["export", "a.har", "--format", "http"]));
    let redacted = text
        .lines()
        .find(|line| line.starts_with("Authorization: "))
        .unwrap();
    assert!(
        redacted.starts_with("Authorization: Basic REDACTED-"),
        "{redacted}"
    );
    let without = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("Authorization"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without(&text), without(TRANSCRIPT));
    let kept = run(&["import", "a.txt", "--keep-secrets", "-o", "kept.har"]);
    assert!(kept.status.success());
    let args = ["export", "kept.har", "--format", "http", "--keep-secrets"];
    assert_eq!(stdout(&run(&args)), TRANSCRIPT);
    let clean = stdout(&run(&["redact", "kept.har"]));
    assert!(clean.contains("REDACTED-") && !clean.contains("dXNlcjpod"));
    let pretty = stdout(&run(&["redact", "kept.har", "--pretty"]));
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(
        read(&pretty)["log"]["version"],
        read(&clean)["log"]["version"]
    );
    assert!(pretty.lines().count() > 50);
}

#[test]
fn what_was_odd_about_a_file_is_said() {
    let folder = folder();
    let run = |args: &[&str]| pullscope(folder.path(), args);
    let said = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    assert!(run(&["import", "a.txt", "-o", "a.har"]).status.success());
    let har = fs::read_to_string(folder.path().join("a.har")).unwrap();
    let units: Vec<_> = har.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(folder.path().join("wide.har"), units).unwrap();
    fs::write(folder.path().join("nuls.har"), har.clone() + "\0\0\0").unwrap();
    fs::write(folder.path().join("zip.har"), "PK\u{3}\u{4}").unwrap();
    let story = stdout(&run(&["show", "a.har"]));
    for (name, warning) in [("wide.har", "UTF-16"), ("nuls.har", "NUL bytes")] {
        let output = run(&["show", name]);
        assert!(said(&output).contains(warning), "{output:?}");
        assert_eq!(stdout(&output), story);
        let output = run(&["redact", name]);
        assert!(output.status.success() && said(&output).contains(warning));
    }
    let refused = run(&["redact", "zip.har", "-o", "a.har"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("it is packed (zip); unpack it first"));
    let kept = fs::read_to_string(folder.path().join("a.har")).unwrap();
    assert_eq!(kept, har, "nothing is lost by that");

    let curl = "$ curl -v https://r.example/v2/\n* Could not resolve host: r.example\n\
        curl: (6) Could not resolve host: r.example\n";
    fs::write(folder.path().join("curl.txt"), curl).unwrap();
    let output = run(&["import", "curl.txt", "-o", "curl.har"]);
    assert!(said(&output).contains("read as the output of curl -v"));
    let story = stdout(&run(&["show", "curl.har"]));
    assert!(
        story.contains("The name r.example could not be resolved"),
        "{story}"
    );
    let alone = curl.lines().last().unwrap();
    fs::write(folder.path().join("curl.txt"), alone).unwrap();
    let output = run(&["import", "curl.txt", "-o", "none.har"]);
    assert!(!output.status.success());
    assert!(said(&output).contains("Could not resolve host: r.example"));
    assert!(!folder.path().join("none.har").exists());
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = folder();
    let run = |args: &[&str]| stdout(&pullscope(folder.path(), args));
    pullscope(folder.path(), &["import", "a.txt", "-o", "a.har"]);
    assert!(!run(&["show", "a.har"]).contains('\u{1b}'));
    let coloured = run(&["show", "a.har", "--color", "always"]);
    assert!(coloured.contains("\u{1b}[32m200\u{1b}[0m"), "{coloured}");
    let ascii = run(&["show", "a.har", "--ascii"]);
    assert!(ascii.is_ascii() && ascii.contains("200"));
    let other = Command::new(PULLSCOPE)
        .args(["show", "a.har"])
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(stdout(&other).is_ascii());
}

#[test]
fn mistakes_say_what_and_what_to_do() {
    let folder = folder();
    pullscope(folder.path(), &["import", "a.txt", "-o", "a.har"]);
    fs::write(folder.path().join("empty.txt"), "nothing\n").unwrap();
    let cases: [(&[&str], i32, &str); 9] = [
        (
            &["show", "a.har", "--filter", "knd:x"],
            2,
            "did you mean kind:?",
        ),
        (
            &["show", "a.har", "--filter", "knd:x"],
            2,
            "\n  knd:x\n  ^^^",
        ),
        (&["show", "a.har", "--pull", "7"], 2, "the trace has"),
        (&["show", "a.har", "--step", "7"], 2, "steps, from 1 on"),
        (
            &["show", "a.har", "--step", "x"],
            2,
            "give the number of a step",
        ),
        (&["show", "missing.har"], 1, "failed to open missing.har"),
        (&["show", "a.txt"], 1, "read a.txt as HAR: line 1"),
        (&["import", "empty.txt"], 1, "there is no request in it"),
        (
            &["export", "a.har", "--format", "docx"],
            2,
            "possible values: har, http",
        ),
    ];
    for (args, code, wanted) in cases {
        let output = pullscope(folder.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(wanted), "{args:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_was_not_to_be_there_is_exit_code_4() {
    let folder = folder();
    pullscope(folder.path(), &["import", "a.txt", "-o", "a.har"]);
    for json in [&[][..], &["--json"]] {
        let run = |filter: &str| {
            let show = ["show", "a.har", "--fail-on", filter];
            pullscope(folder.path(), &[&show[..], json].concat())
        };
        let found = run("host:docker.io status:2xx");
        assert_eq!(found.status.code(), Some(4), "{found:?}");
        assert!(!found.stdout.is_empty());
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        let named = "exchange 1: GET registry-1.docker.io/v2/library/alpine/manifests/3.20: 200\n";
        assert!(said.contains(named), "{said}");
        assert!(!stdout(&run("status:5xx")).is_empty());
        let wrong = run("statsu:5xx");
        assert_eq!(wrong.status.code(), Some(2));
        assert!(wrong.stdout.is_empty());
        let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(said.contains("--fail-on: ") && said.contains("did you mean status:?"));
    }
}

#[test]
fn a_command_without_requests_leaves_an_older_trace_as_it_was() {
    let folder = folder();
    let run = |args: &[&str]| pullscope(folder.path(), args);
    let said = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    assert!(run(&["import", "a.txt", "-o", "a.har"]).status.success());
    let before = fs::read(folder.path().join("a.har")).unwrap();
    let output = run(&["exec", "-o", "a.har", "--", "true"]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said(&output).contains("a.har is left as it was"),
        "{output:?}"
    );
    assert_eq!(fs::read(folder.path().join("a.har")).unwrap(), before);
    let output = run(&["exec", "-o", "new.har", "--", "true"]);
    assert!(output.status.success() && folder.path().join("new.har").exists());
    fs::write(folder.path().join("podman"), "#!/bin/sh\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path().join("podman"), mode).unwrap();
    let output = run(&["exec", "--", "./podman", "create", "alpine"]);
    assert!(said(&output).contains("--http-proxy=false"), "{output:?}");
}

#[test]
fn nothing_found_is_said_and_is_no_failure() {
    let folder = folder();
    pullscope(folder.path(), &["import", "a.txt", "-o", "a.har"]);
    let output = pullscope(folder.path(), &["show", "a.har", "--filter", "kind:layer"]);
    assert!(output.status.success() && output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("nothing in it is what was asked for"),
        "{said}"
    );
}

#[test]
fn every_format_is_written_to_a_file_of_ones_own() {
    let folder = folder();
    pullscope(folder.path(), &["import", "a.txt", "-o", "a.har"]);
    for format in [
        "har",
        "http",
        "json",
        "md",
        "html",
        "curl",
        "mermaid",
        "otlp",
        "allowlist",
    ] {
        for lang in ["en", "zh"] {
            let args = [
                "export", "a.har", "--format", format, "--lang", lang, "-o", "out",
            ];
            let output = pullscope(folder.path(), &args);
            assert!(
                output.status.success() && output.stdout.is_empty(),
                "{output:?}"
            );
            let file = folder.path().join("out");
            assert!(
                fs::read_to_string(&file)
                    .unwrap()
                    .contains("registry-1.docker.io")
            );
            let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap());
            assert_eq!(mode & 0o777, 0o600, "{format}");
        }
    }
}
