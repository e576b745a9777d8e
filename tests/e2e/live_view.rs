//! The live view in a real terminal, with a real client's pull going through it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::{Route, skopeo};
use crate::components::available;
use crate::lab::{IMAGES, Lab, PULLSCOPE};
use crate::site::Upstream as _;
use crate::terminal::Terminal;

const NEEDS: &[&str] = &["root", "setpriv", "skopeo", "stty", "tmux"];
const WAITING: &str = "Waiting for the first request";
const ALPINE: &str = IMAGES[0];
const LARGE: &str = IMAGES[1];

/// A live view in a terminal, and how a client gets through it.
struct View {
    terminal: Terminal,
    route: Route,
    dir: PathBuf,
}

impl View {
    fn start(lab: &Lab, size: (u16, u16)) -> Self {
        let dir = lab.dir().join("view");
        let data = dir.join("data");
        let mut run = format!(
            "env HOME={0} XDG_DATA_HOME={1} XDG_STATE_HOME={0}/state LANG=C.UTF-8 {PULLSCOPE} record --tui \
             --listen 127.0.0.1:0 -o {0}/trace.har --upstream-ca {2}",
            dir.display(),
            data.display(),
            lab.root().display()
        );
        for mapping in lab.connect_to() {
            run.extend([" --connect-to ", &mapping]);
        }
        let terminal = Terminal::start(&dir, size, &run);
        let screen = terminal.until(&[WAITING]);
        let address = screen
            .split("127.0.0.1:")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        let route = Route {
            proxy: format!(
                "http://127.0.0.1:{}",
                address.expect("the header has the address")
            ),
            trust: Some(data.join("pullscope/ca.pem")),
        };
        Self {
            terminal,
            route,
            dir,
        }
    }

    fn copy(&self, image: &str, to: &str) {
        let to = format!("dir:{}", self.dir.join(to).display());
        skopeo(
            &self.route,
            &self.dir,
            &["copy", &format!("docker://{image}"), &to],
        )
        .succeeded();
    }
}

fn exchanges(har: &Path) -> usize {
    pullscope::har::read(har).unwrap().trace.exchanges.len()
}

#[test]
fn a_pull_is_seen_exported_and_left() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (120, 36));
    let terminal = &view.terminal;
    assert!(terminal.is_alternate());
    view.copy(ALPINE, "alpine");
    // The last requests of the pull may take a frame longer than the first.
    terminal.until(&[
        "pull ✓ alpine:latest",
        "LIVE ●",
        "layer 1/1",
        "challenge",
        "token",
        "manifest",
        "config",
        "linux/amd64",
        "skopeo",
    ]);
    terminal.keys(&["g", "Enter"]);
    terminal.until(&[
        "complete",
        "nothing is wrong with it",
        "critical path",
        "auth.docker.io",
    ]);
    terminal.keys(&["s"]);
    terminal.until(&["pullscope", "GET /v2/", "401 Bearer", "Bearer"]);
    terminal.keys(&["v"]);
    terminal.until(&["critical path", "◆"]);
    terminal.keys(&["q", "f"]);
    terminal.types("kind:token");
    terminal.keys(&["Enter"]);
    terminal.until(&["filter: kind:token (1)"]);
    terminal.keys(&["G", "Enter"]);
    terminal.until(&["[1 Token]", "granted", "as asked", "left", "signature"]);
    terminal.keys(&["q", "f", "C-u", "Enter", "x", "Enter"]);
    terminal.until(&["save har as:"]);
    let saved = view.dir.join("saved.har");
    terminal.keys(&["C-u"]);
    terminal.types(saved.to_str().unwrap());
    terminal.keys(&["Enter"]);
    terminal.until(&["wrote"]);
    terminal.keys(&["q"]);
    assert_eq!(terminal.ended(), 0);
    assert!(!terminal.is_alternate());
    let said = terminal.screen();
    assert!(
        said.contains("wrote") && said.contains("recorded"),
        "{said}"
    );
    let whole = exchanges(&view.dir.join("trace.har"));
    assert!(whole >= 6, "{whole}");
    assert_eq!(exchanges(&saved), whole);
}

#[test]
fn a_small_window_and_resizing() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (80, 24));
    view.copy(ALPINE, "alpine");
    view.terminal.until(&["pull ✓ alpine:latest", "layer 1/1"]);
    view.terminal.resize(60, 16);
    view.terminal.until(&["REPO · REFERENCE", "layer 1/1"]);
    view.terminal.resize(30, 6);
    view.terminal.until(&["enlarge the window"]);
    view.terminal.resize(120, 36);
    view.terminal.until(&["METH", "HOST", "connect+TLS"]);
    view.terminal.keys(&["q"]);
    assert_eq!(view.terminal.ended(), 0);
}

#[test]
fn the_terminal_is_given_back_after_sigterm() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (120, 36));
    view.copy(ALPINE, "alpine");
    view.terminal.until(&["pull ✓ alpine:latest"]);
    let pid = Pid::from_raw(view.terminal.pid()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(view.terminal.ended(), 0);
    assert!(!view.terminal.is_alternate());
    assert!(exchanges(&view.dir.join("trace.har")) >= 6);
}

#[test]
fn the_terminal_is_given_back_after_a_panic_and_the_trace_is_whole() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (120, 36));
    view.copy(ALPINE, "alpine");
    view.terminal.until(&["pull ✓ alpine:latest"]);
    view.terminal.types(":panic");
    view.terminal.keys(&["Enter"]);
    assert_eq!(view.terminal.ended(), 1);
    assert!(!view.terminal.is_alternate());
    let said = view.terminal.screen();
    assert!(said.contains(":panic was typed"), "{said}");
    assert!(exchanges(&view.dir.join("trace.har")) >= 6);
}

#[test]
fn a_terminal_whose_output_is_stopped_slows_no_pull() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (120, 36));
    view.terminal.stop_output(true);
    let before = view.terminal.screen();
    // Keys that make the view draw more than a terminal takes while it is stopped.
    for _ in 0..40 {
        view.terminal.keys(&["?", "q", "E", "q"]);
    }
    let began = Instant::now();
    view.copy(LARGE, "large");
    view.copy(ALPINE, "alpine");
    // Far more than they take; a proxy that waited for the terminal would wait for ever.
    assert!(began.elapsed() < Duration::from_secs(100));
    assert_eq!(view.terminal.screen(), before, "the output was stopped");
    view.terminal.stop_output(false);
    view.terminal
        .until(&["kube-controller-manager", "pull ✓ alpine:latest"]);
    view.terminal.keys(&["q"]);
    assert_eq!(view.terminal.ended(), 0);
}

#[test]
fn it_can_be_left_while_the_output_is_stopped() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let view = View::start(&lab, (120, 36));
    view.terminal.stop_output(true);
    for _ in 0..40 {
        view.terminal.keys(&["?", "q"]);
    }
    let pid = Pid::from_raw(view.terminal.pid()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(view.terminal.ended(), 0);
}

#[test]
fn a_trace_is_looked_at_and_the_demo_shows_itself() {
    if !available(&["setpriv", "stty", "tmux"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().display();
    let run = format!("env HOME={home} LANG=C.UTF-8 {PULLSCOPE} demo -o {home}/demo.har");
    let demo = Terminal::start(&dir.path().join("demo"), (120, 36), &run);
    demo.until(&["LIVE ●", "pull ✓ quay.io/watchdogpolska/alpine-curl"]);
    demo.keys(&["q"]);
    assert_eq!(demo.ended(), 0);
    assert_eq!(exchanges(&dir.path().join("demo.har")), 34);
    let run = format!("env HOME={home} LANG=C.UTF-8 {PULLSCOPE} view {home}/demo.har");
    let view = Terminal::start(&dir.path().join("view"), (120, 36), &run);
    view.until(&["FILE", "demo.har", "4 pulls", "34 exchanges"]);
    view.keys(&["q"]);
    assert_eq!(view.ended(), 0);
    for (name, signal) in [
        ("term", Signal::TERM),
        ("hup", Signal::HUP),
        ("int", Signal::INT),
    ] {
        let view = Terminal::start(&dir.path().join(name), (120, 36), &run);
        view.until(&["FILE", "demo.har"]);
        kill_process(Pid::from_raw(view.pid()).unwrap(), signal).unwrap();
        assert_eq!(view.ended(), 0, "{name}");
        assert!(!view.is_alternate(), "{name}: the terminal is given back");
    }
    fs::remove_file(dir.path().join("demo.har")).unwrap();
}
