//! Being asked to end, politely and otherwise.

use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::program::{NAME, Program, ask, export, server, tunnel, until};
use crate::rig::read_head;

/// A server that sends a byte at a time, until told to finish.
async fn slow() -> (u16, tokio::sync::watch::Sender<bool>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (finish, finished) = tokio::sync::watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
            stream.write_all(head).await.unwrap();
            while !*finished.borrow() && stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    (port, finish, tasks)
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_the_first_signal_drains_and_the_second_ends_at_once() {
    for second in [None, Some(Signal::TERM)] {
        let dir = tempfile::tempdir().unwrap();
        let (port, finish, _server) = slow().await;
        let mut program = Program::start(dir.path(), &[], port, &["--drain", "60"]);
        let mut stream = tunnel(&program.address).await.unwrap();
        let ask = format!("GET /slow HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        read_head(&mut stream).await;

        program.signal(Signal::TERM);
        until("its word", || program.said().contains("SIGTERM")).await;
        let mut some = [0; 4];
        stream.read_exact(&mut some).await.unwrap();
        if let Some(second) = second {
            program.signal(second);
            assert_eq!(program.ended().code(), Some(130));
            let trace = export(dir.path());
            assert_eq!(trace["log"]["entries"].as_array().unwrap().len(), 1);
        } else {
            finish.send(true).unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(program.ended().success(), "{}", program.said());
            let trace = std::fs::read_to_string(dir.path().join("trace.har")).unwrap();
            assert!(trace.contains("/slow"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_storm_of_signals_leaves_a_readable_session() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let dir = tempfile::tempdir().unwrap();
        let (port, _server) = server().await;
        let mut program = Program::start(dir.path(), &[], port, &[]);
        for _ in 0..5 {
            assert!(program.serves().await);
        }
        until("their ends", || program.complete().len() == 5).await;
        for _ in 0..100 {
            if rustix::process::kill_process(program.pid(), signal).is_err() {
                break;
            }
        }
        let code = program.ended().code();
        assert!(
            matches!(code, Some(0 | 130)),
            "{code:?}: {}",
            program.said()
        );
        if dir.path().join("session/here").exists() {
            assert_eq!(
                export(dir.path())["log"]["entries"]
                    .as_array()
                    .unwrap()
                    .len(),
                5
            );
        } else {
            // The trace was written whole, and a session beside it was not asked to stay.
            assert!(dir.path().join("trace.har").exists());
        }
    }
}

/// Nobody reads the events, and nothing waits for that.
#[tokio::test(flavor = "multi_thread")]
async fn security_24_a_reader_of_events_that_stops_reading_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    let mut program = Program::start_unread(dir.path(), port);
    // More than the pipe holds.
    let mut stream = tunnel(&program.address).await.unwrap();
    for n in 0..200 {
        assert!(ask(&mut stream, &format!("/{n}")).await);
    }
    program.signal(Signal::TERM);
    assert!(program.ended().success(), "{}", program.said());
    assert!(
        program.said().contains("recorded 200 exchanges"),
        "{}",
        program.said()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn security_23_a_crash_leaves_no_core() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    let mut program = Program::start(
        dir.path(),
        &["prlimit", "--core=unlimited:unlimited"],
        port,
        &[],
    );
    let limits = format!("/proc/{}/limits", program.pid().as_raw_nonzero());
    let limits = std::fs::read_to_string(limits).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.unwrap().split_whitespace().collect();
    // The soft one, which counts; the hard one is for the commands that `exec` runs.
    assert_eq!(words[4], "0", "{limits}");
    program.signal(Signal::QUIT);
    let status = program.ended();
    assert!(
        !std::os::unix::process::ExitStatusExt::core_dumped(&status),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_other_machines_are_let_in_only_by_two_flags() {
    let dir = tempfile::tempdir().unwrap();
    for (flags, refused) in [
        (&["--listen", "0.0.0.0:0"][..], true),
        (&["--listen", "[::]:0", "--allow-remote"], true),
        (
            &["--listen", "0.0.0.0:0", "--proxy-credentials", "u:p"],
            true,
        ),
        (
            &[
                "--listen",
                "0.0.0.0:0",
                "--allow-remote",
                "--proxy-credentials",
                "u",
            ],
            true,
        ),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_pullscope"))
            .arg("record")
            .args(flags)
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code() == Some(2),
            refused,
            "{flags:?}: {said}"
        );
        assert!(said.contains("--proxy-credentials"), "{said}");
    }
    let sessions = walk(dir.path()).filter(|path| path.ends_with("journal.ndjson"));
    assert_eq!(sessions.count(), 0, "a refused start left a session");
}

fn walk(dir: &std::path::Path) -> Box<dyn Iterator<Item = std::path::PathBuf>> {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    Box::new(entries.flat_map(|path| {
        let inside = path.is_dir().then(|| walk(&path)).into_iter().flatten();
        std::iter::once(path.clone()).chain(inside)
    }))
}
