//! `pullscope record`, run as a program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A recording by the real program, ended in any case.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    /// Where its CA's certificate is.
    pub(crate) ca: PathBuf,
    lines: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it in `dir`, where it writes `trace.har`, `session` and `stderr`.
    pub(crate) fn record(dir: &Path, args: &[&str]) -> Self {
        Self::record_with(dir, &[&["--listen", "127.0.0.1:0"], args].concat(), &[])
    }

    /// The same, on an address that the flags say, with these variables.
    pub(crate) fn record_with(dir: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = command(dir)
            .envs(variables.iter().copied())
            .args(["record", "--json"])
            .args(["-o", "trace.har", "--session", "session"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        Self {
            child,
            address: first["address"].as_str().unwrap().to_owned(),
            ca: first["ca"].as_str().unwrap().into(),
            lines,
        }
    }

    /// Asks it to end, which must succeed; returns what it printed from its second line on.
    pub(crate) fn stop(self) -> String {
        self.stop_with(0)
    }

    /// Asks it to end, which must be with this exit code.
    pub(crate) fn stop_with(mut self, code: i32) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut stdout = String::new();
        self.lines.read_to_string(&mut stdout).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
        stdout
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `pullscope ARGS` in `dir` to its end.
pub(crate) fn pullscope(dir: &Path, args: &[&str]) -> Output {
    command(dir).args(args).output().unwrap()
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullscope"));
    command
        .current_dir(dir)
        .env("HOME", dir)
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("XDG_STATE_HOME", dir.join("state"))
        .env_remove("PULLSCOPE_LOG");
    command
}
