//! `pullscope exec --tui`: a command behind the live view, in a real terminal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::components::available;
use crate::lab::{IMAGES, Lab, PULLSCOPE};
use crate::recorder::pullscope;
use crate::site::Upstream as _;
use crate::terminal::Terminal;
use crate::trace::Trace;

const NEEDS: &[&str] = &["root", "setpriv", "skopeo", "stty", "tmux"];

/// Runs a shell script behind the view.
fn start(lab: &Lab, script: &str) -> (Terminal, PathBuf) {
    let dir = lab.dir().join("view");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("command.sh"), script).unwrap();
    let mut run = format!(
        "env HOME={0} TMPDIR={0} LANG=C.UTF-8 {PULLSCOPE} exec --tui -o {0}/trace.har --upstream-ca {1}",
        dir.display(),
        lab.root().display()
    );
    for mapping in lab.connect_to() {
        run.extend([" --connect-to ", &mapping]);
    }
    run.extend([" -- sh ", &dir.join("command.sh").display().to_string()]);
    (Terminal::start(&dir, (120, 36), &run), dir)
}

fn trace(dir: &Path) -> Trace {
    Trace::read(&dir.join("trace.har"))
}

#[test]
fn a_command_runs_behind_the_view_and_its_output_follows() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    let script = format!(
        "read line && echo 'there is input'\ntest -t 1 && echo 'there is a terminal'\n\
         skopeo inspect --format 'the image is {{{{.Name}}}}' docker://{}\n\
         echo 'told on stderr' >&2\nexit 3\n",
        IMAGES[0]
    );
    let (terminal, dir) = start(&lab, &script);
    let screen = terminal.until(&["ended with exit code 3", "alpine:latest", "manifest"]);
    assert!(!screen.contains("the image is"), "{screen}");
    assert!(terminal.is_alternate());
    terminal.keys(&["q"]);
    assert_eq!(terminal.ended(), 3);
    let screen = terminal.until(&["the image is", "told on stderr", "wrote"]);
    assert!(!terminal.is_alternate());
    for never in ["there is input", "there is a terminal"] {
        assert!(!screen.contains(never), "{screen}");
    }
    let trace = trace(&dir);
    trace.assert_healthy();
    trace.find("the manifest", |entry| entry.url().contains("/manifests/"));
}

#[test]
fn leaving_the_view_asks_the_command_to_end() {
    if !available(NEEDS) {
        return;
    }
    let lab = Lab::start(&[]);
    // What it has started must end too, or `wait` would hold it up.
    let script = "trap 'echo it was asked; exit 7' TERM\nsleep 600 & echo begun\nwait\n";
    let (terminal, dir) = start(&lab, script);
    terminal.until(&["Waiting for the first request", "running sh "]);
    terminal.keys(&["q"]);
    assert_eq!(terminal.ended(), 7);
    terminal.until(&["begun", "it was asked", "made no request through the proxy"]);
    assert!(dir.join("trace.har").is_file());
}

#[test]
fn without_a_terminal_there_is_no_view() {
    let dir = tempfile::tempdir().unwrap();
    let finished = pullscope(dir.path(), &["exec", "--tui", "--", "true"]).failed();
    assert_eq!(finished.status.code(), Some(125), "{}", finished.err);
    assert!(
        finished.err.contains("--tui needs a terminal"),
        "{}",
        finished.err
    );
    assert!(!dir.path().join("pullscope.har").exists());
}
