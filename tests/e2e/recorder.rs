//! `pullscope record`, run as a user runs it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::client::Route;
use crate::process::{Finished, Process, bound, isolated};
use crate::site::{Site, Upstream};
use crate::trace::Trace;

/// The program under test.
const PULLSCOPE: &str = env!("CARGO_BIN_EXE_pullscope");
const START: Duration = Duration::from_secs(30);
const EVENT: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(60);

/// A running pullscope; dropping it kills it.
pub(crate) struct Recorder {
    process: Process,
    /// Its folder: trace, session and CA.
    dir: PathBuf,
    session: PathBuf,
    proxy: String,
    ca: PathBuf,
}

/// A Recorder that ended by itself.
pub(crate) struct Stopped {
    pub(crate) finished: Finished,
    pub(crate) trace: Trace,
}

impl Recorder {
    /// Records traffic to these servers; `args` are more arguments.
    pub(crate) fn start(site: &impl Upstream, args: &[&str]) -> Self {
        let dir = site.dir().join("pullscope");
        let session = dir.join("session");
        Self::launch(site, bound(PULLSCOPE), dir, session, args)
    }

    /// The same, its session on a disk of this many bytes (it takes `root`).
    pub(crate) fn start_on_small_disk(site: &Site, bytes: u32) -> Self {
        let dir = site.dir().join("pullscope");
        let disk = dir.join("disk");
        fs::create_dir_all(&disk).expect("the folder is writable");
        let mount = format!("mount -t tmpfs -o size={bytes} tmpfs {}", disk.display());
        let session = disk.join("session");
        Self::launch(site, isolated(&[], &mount, PULLSCOPE), dir, session, &[])
    }

    fn launch(
        site: &impl Upstream,
        mut command: Command,
        dir: PathBuf,
        session: PathBuf,
        args: &[&str],
    ) -> Self {
        fs::create_dir_all(&dir).expect("the folder is writable");
        in_home(&mut command, &dir)
            .args(["record", "--listen", "127.0.0.1:0", "--json", "-o"])
            .arg(dir.join("trace.har"))
            .arg("--session")
            .arg(&session)
            .arg("--upstream-ca")
            .arg(site.root());
        for mapping in site.connect_to() {
            command.args(["--connect-to", &mapping]);
        }
        let mut process = Process::start("pullscope", &dir, command.args(args));
        let listening = process.until("its first event", START, |out, _| {
            events(out).into_iter().next()
        });
        assert_eq!(listening["event"], "listening", "{listening}");
        let text = |name: &str| {
            let value = listening[name].as_str();
            value.unwrap_or_else(|| panic!("no {name} in {listening}"))
        };
        Self {
            proxy: format!("http://{}", text("address")),
            ca: text("ca").into(),
            process,
            dir,
            session,
        }
    }

    /// How a client gets here that trusts our CA.
    pub(crate) fn route(&self) -> Route {
        Route {
            proxy: self.proxy.clone(),
            trust: Some(self.ca.clone()),
        }
    }

    /// How a client gets here that does not trust our CA.
    pub(crate) fn untrusted_route(&self) -> Route {
        Route {
            trust: None,
            ..self.route()
        }
    }

    /// Where everything is that it writes.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits until `ask` finds what it looks for among the events so far.
    pub(crate) fn until<T>(&mut self, what: &str, ask: impl Fn(&[Value]) -> Option<T>) -> T {
        self.process.until(what, EVENT, |out, _| ask(&events(out)))
    }

    /// Waits until `ask` finds what it looks for in what it said to people.
    pub(crate) fn said(&mut self, what: &str, ask: impl Fn(&str) -> bool) {
        self.process
            .until(what, EVENT, |_, err| ask(err).then_some(()));
    }

    /// Asks it to end, as an init system does.
    pub(crate) fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Asks it to end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.process.signal(Signal::INT);
    }

    /// Asks it to end, waits, and reads the trace.
    pub(crate) fn stop(self) -> Trace {
        self.terminate();
        self.stopped().trace
    }

    /// Waits for its end, which must be a success, and reads the trace.
    pub(crate) fn stopped(self) -> Stopped {
        let Stopped { finished, trace } = self.ended();
        Stopped {
            finished: finished.succeeded(),
            trace,
        }
    }

    /// The same, and it may end with any exit code.
    pub(crate) fn ended(self) -> Stopped {
        let trace = self.dir.join("trace.har");
        Stopped {
            finished: self.process.finish(END),
            trace: Trace::read(&trace),
        }
    }

    /// Kills it with no chance to write anything, then rebuilds the trace from the session.
    pub(crate) fn kill_and_export(self) -> Trace {
        self.process.signal(Signal::KILL);
        self.process.finish(END).failed();
        let trace = self.dir.join("exported.har");
        let mut export = bound(PULLSCOPE);
        in_home(&mut export, &self.dir)
            .arg("export")
            .arg(&self.session)
            .args(["--format", "har", "-o"])
            .arg(&trace);
        Process::start("export", &self.dir, &mut export)
            .finish(END)
            .succeeded();
        Trace::read(&trace)
    }
}

/// Runs `pullscope ARGS` with the same home as a [`Recorder`] of this folder.
pub(crate) fn pullscope<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> Finished {
    let mut command = bound(PULLSCOPE);
    in_home(&mut command, dir).args(args);
    Process::start("pullscope-command", dir, &mut command).finish(END)
}

/// Keeps it away from the CA and the settings of whoever runs the tests.
pub(crate) fn in_home<'a>(command: &'a mut Command, dir: &Path) -> &'a mut Command {
    command
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("XDG_STATE_HOME", dir.join("state"))
        .env_remove("PULLSCOPE_LOG")
        .env_remove("SUDO_UID")
        .current_dir(dir)
}

/// The whole lines of NDJSON so far.
fn events(out: &str) -> Vec<Value> {
    out.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}")))
        .collect()
}
