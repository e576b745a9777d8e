//! Child processes that end with the test, however it ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::components::program;
use crate::wait;

/// What a test's own environment could say to a client behind the test's back.
const UNWANTED: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "REGISTRY_AUTH_FILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSLKEYLOGFILE",
];

/// A running child; dropping it kills it.
pub(crate) struct Process {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// What a child left when it ended.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
    name: String,
}

/// A command that the kernel kills when the thread that started it ends.
pub(crate) fn command(program_name: &str) -> Command {
    bound(program(program_name))
}

/// The same, in a mount namespace of its own: `script` runs first, as the shell's, and may mount
/// what nobody else then sees. `flags` are more of unshare's.
pub(crate) fn isolated(flags: &[&str], script: &str, file: impl AsRef<OsStr>) -> Command {
    let mut command = command("unshare");
    command
        .args(["--mount", "--propagation=private"])
        .args(flags)
        .args(["sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"])
        .arg(file);
    command
}

/// The same as [`command`], for a program outside of the usual places.
pub(crate) fn bound(file: impl AsRef<OsStr>) -> Command {
    // Tests that run in a shell's background inherit that SIGINT is ignored.
    let mut command = Command::new("env");
    command
        .arg("--default-signal=INT")
        .arg(program("setpriv"))
        .args(["--pdeathsig", "KILL", "--"])
        .arg(file);
    for name in UNWANTED {
        command.env_remove(name);
    }
    command
}

impl Process {
    /// Starts it, its output in files under `dir`.
    pub(crate) fn start(name: &str, dir: &Path, command: &mut Command) -> Self {
        let out = dir.join(format!("{name}.out"));
        let err = dir.join(format!("{name}.err"));
        let file = |path| Stdio::from(File::create(path).expect("the test's folder is writable"));
        let child = command
            .stdin(Stdio::null())
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            name: name.into(),
            child,
            out,
            err,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child is ours");
    }

    /// Waits until `ask` finds what it looks for in what the child printed (stdout, stderr).
    ///
    /// # Panics
    /// When the child ends first, or does not get there in time.
    pub(crate) fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut ask: impl FnMut(&str, &str) -> Option<T>,
    ) -> T {
        let what = format!("{}: {what}", self.name);
        wait::until(&what, limit, || {
            let ended = self.child.try_wait().expect("the child is ours");
            let answer = ask(&read(&self.out), &read(&self.err));
            assert!(
                answer.is_some() || ended.is_none(),
                "{what}, but it ended: {}",
                read(&self.err)
            );
            answer
        })
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub(crate) fn finish(mut self, limit: Duration) -> Finished {
        let what = format!("the end of {}", self.name);
        let status = wait::until(&what, limit, || {
            self.child.try_wait().expect("the child is ours")
        });
        Finished {
            status,
            out: read(&self.out),
            err: read(&self.err),
            name: self.name.clone(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            print_tail(&self.name, &read(&self.err));
        }
    }
}

impl Finished {
    /// The same, and it must have succeeded.
    pub(crate) fn succeeded(self) -> Self {
        assert!(
            self.status.success(),
            "{} failed, {}:\n{}{}",
            self.name,
            self.status,
            self.out,
            self.err
        );
        self
    }

    /// The same, and it must have failed.
    pub(crate) fn failed(self) -> Self {
        assert!(
            !self.status.success(),
            "{} should not have succeeded:\n{}{}",
            self.name,
            self.out,
            self.err
        );
        self
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Shows what a child last said when its test fails.
#[expect(
    clippy::print_stderr,
    reason = "the test runner shows it with the failure"
)]
fn print_tail(name: &str, text: &str) {
    let lines: Vec<_> = text.lines().collect();
    let tail = lines.len().saturating_sub(40);
    eprintln!("--- {name} said last:");
    for line in lines.iter().skip(tail) {
        eprintln!("{line}");
    }
}
