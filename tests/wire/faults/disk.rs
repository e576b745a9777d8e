//! A capture whose disk is full, or broken.

use std::fs;
use std::path::Path;

use super::program::{Program, export, fetch, server, until};
use crate::components::available;

/// In a mount namespace of its own, with a small disk under the session.
const SMALL_DISK: &str = "mkdir -p session && mount -t tmpfs -o size=400k tmpfs session \
    && head -c 200000 /dev/zero > session/ballast && exec \"$@\"";

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_full_disk_is_one_warning_and_recording_resumes_when_there_is_room() {
    if !available(&["root", "unshare"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    let wrapper = [
        "unshare",
        "--mount",
        "--propagation=private",
        "sh",
        "-ec",
        SMALL_DISK,
        "sh",
    ];
    let program = Program::start(dir.path(), &wrapper, port, &["--keep-blobs"]);
    let mut failed = 0;
    for n in 0..400 {
        let kind = if n % 10 == 0 { "blob" } else { "json" };
        failed += u32::from(!fetch(&program.address, &format!("/{kind}/{n}")).await);
    }
    assert_eq!(failed, 0, "a full disk cost pulls");
    until("the warning", || program.said().contains("No space left")).await;

    let disk = format!("/proc/{}/root", program.pid().as_raw_nonzero());
    let session = dir.path().join("session");
    let inside = Path::new(&disk).join(session.strip_prefix("/").unwrap());
    fs::remove_file(inside.join("ballast")).unwrap();
    // The disk is tried again every few seconds.
    let mut n = 0;
    let journal = inside.join("here/journal.ndjson");
    until("recording again", || {
        n += 1;
        fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"event\":\"gap\""))
            || !futures(fetch(&program.address, &format!("/again/{n}")))
    })
    .await;
    assert!(program.serves().await);
    let journal_after = fs::read_to_string(&journal).unwrap();
    let (_, after) = journal_after.split_once("\"event\":\"gap\"").unwrap();
    assert!(
        after.contains("/again/") || after.contains("\"ended\""),
        "{after}"
    );
    let said = program.stop();
    assert_eq!(said.matches("cannot be written").count(), 1, "{said}");
    assert!(said.contains("not recorded"), "{said}");
    assert!(said.lines().count() < 15, "{said}");
}

/// Runs to the end from a closure of a task.
fn futures(work: impl Future<Output = bool>) -> bool {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_broken_disk_is_one_warning_and_costs_counted_records_only() {
    if !available(&["strace"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    let inject = "inject=pwrite64:error=EIO:when=40..41";
    let wrapper = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=pwrite64",
        "-e",
        inject,
    ];
    let program = Program::start(dir.path(), &wrapper, port, &[]);
    let mut n = 0;
    until("the end of the fault", || {
        n += 1;
        assert!(
            futures(fetch(&program.address, &format!("/{n}"))),
            "a broken disk cost a pull"
        );
        let journal = fs::read_to_string(dir.path().join("session/here/journal.ndjson"));
        journal.is_ok_and(|text| text.contains("\"event\":\"gap\""))
    })
    .await;
    assert!(program.serves().await);
    let said = program.stop();
    assert_eq!(said.matches("cannot be written").count(), 1, "{said}");
    assert!(said.contains("Input/output error"), "{said}");
    let trace = export(dir.path());
    let urls = trace["log"]["entries"].as_array().unwrap().iter();
    assert!(
        urls.clone()
            .any(|entry| entry["request"]["url"].as_str().unwrap().ends_with("/good"))
    );
}
